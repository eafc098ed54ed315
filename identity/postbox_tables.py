"""Tables of the postbox."""

import sqlalchemy as sa

from kernel import db

postbox_entries = sa.Table(
    "postbox_entries",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("entry_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column(
        "code", sa.String(60), nullable=False, comment="Which sentences; they are made where it is read"
    ),
    sa.Column("facts", db.Json, nullable=False, comment="What the sentences tell"),
    sa.Column("words", sa.String(400), nullable=False, comment="Small letters, for searching"),
    sa.Column("event_key", sa.String(80), comment="What is told under it is told once"),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("read_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "owner", "event_key"),
    sa.Index("ix_postbox_entries_owner", "city_id", "owner", "entry_id"),
    sa.CheckConstraint("kind IN ('receipt', 'voucher', 'message')", name="kind"),
)

postbox_choices = sa.Table(
    "postbox_choices",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.String(40), primary_key=True),
    sa.Column("chosen_at", db.UtcDateTime, nullable=False),
    comment="Who wants the postbox by e-mail, too; nobody is in it without having asked",
)
