"""How commands are written for the shells of targets, and which of them only read; pure."""
