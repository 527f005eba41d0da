"""Doing what was approved, and nothing else. Emits events; prints nothing; asks nobody."""
