"""Composition root: application factory, JSON API, pages, worker, command line, migrations."""
