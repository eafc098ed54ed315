"""Venues that take points: contracts, devices, settlement, payouts."""
