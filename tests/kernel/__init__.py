"""The shared kernel's tests."""
