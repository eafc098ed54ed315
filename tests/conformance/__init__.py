"""Conformance: what the ledger promises, asked of every database that it may run on."""
