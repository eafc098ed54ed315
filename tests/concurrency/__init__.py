"""Real commits by many threads at once."""
