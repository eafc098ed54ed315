"""History of the schema: Alembic revisions, shipped inside the wheel."""
