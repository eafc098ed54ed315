"""Presentation kit: templates, static files, catalogues. No routes, no database."""
