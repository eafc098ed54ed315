"""Shared kernel: what at least two rooms need and that imports no room. At most twelve files."""
