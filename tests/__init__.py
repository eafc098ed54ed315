"""Tests, room by room. Each docstring is the claim that its test proves."""
