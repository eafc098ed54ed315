"""Deterministic simulation: the ledger among virtual callers, on storage that fails, against the model."""
