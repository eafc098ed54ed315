"""Erasing a person: nothing is left of them, and nothing that was proved stops being true."""
