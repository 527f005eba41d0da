"""The machine behind the endpoint: Wine's cmd.exe, registry and service manager, and tools of our own."""
