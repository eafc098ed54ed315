"""The sentences for error codes, a module for each room; `api.sentences` puts them together."""
