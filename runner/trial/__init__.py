"""Playbooks on machines that exist in a file only: the real path from observing to the verdict, without a target."""
