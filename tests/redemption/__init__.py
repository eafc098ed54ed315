"""The tests of redemption."""
