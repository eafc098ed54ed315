"""Faults: the server is killed at any moment."""
