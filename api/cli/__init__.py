"""The command line `duiscoin`."""
