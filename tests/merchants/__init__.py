"""Tests of the venues: contracts, devices, settlement, payouts."""
