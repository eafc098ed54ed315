"""What `scripts/bench/ledger.py` runs: each part makes a city of its own, measures, and verifies the book."""
