"""Tests of the hub: the application on a machine of a venue."""
