"""The presentation kit's tests."""
