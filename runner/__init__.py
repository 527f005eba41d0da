"""vmfix: shows, gets approved, runs and proves the fix of a failed Azure VM backup."""

__version__ = "0.1.0"
