"""Tables of the edge: answers kept so that a repeated request gets them again."""

import sqlalchemy as sa

from kernel import db

idempotency_keys = sa.Table(
    "idempotency_keys",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("scope", sa.String(80), primary_key=True, comment="Who asked: a person, a device or a client"),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False, comment="SHA-256 of method, path and body"),
    sa.Column("answer", sa.LargeBinary, nullable=False, comment="JSON as it was sent the first time"),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Index("ix_idempotency_keys_created_at", "city_id", "created_at"),
)
