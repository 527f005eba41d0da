"""The only code that touches the network or starts processes on a target."""
