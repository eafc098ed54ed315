"""Tests of who somebody is: accounts, sign-in, sessions, roles, API clients, the audit log."""
