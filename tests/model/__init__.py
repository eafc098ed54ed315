"""Model tests: random histories against a few dictionaries."""
