"""The tables of the transparency log: its key, what was sealed, and who confirmed it."""

import sqlalchemy as sa

from kernel import db

NAME_CHARACTERS = 200
"""Longest origin of a log and name of a witness."""


log_keys = sa.Table(
    "ledger_log_keys",
    db.metadata,
    db.city_column(),
    sa.Column("origin", sa.String(NAME_CHARACTERS), nullable=False, comment="Names the log for ever"),
    sa.Column("public_key", sa.LargeBinary(32), nullable=False),
    sa.Column("sealed_seed", sa.LargeBinary, nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    comment="The key with which a city signs the checkpoints of its log",
)

seals = sa.Table(
    "ledger_seals",
    db.metadata,
    db.city_column(),
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False, comment="Transfers 1 to size"),
    sa.Column("root", sa.LargeBinary(32), nullable=False),
    sa.Column("sealed_at", db.UtcDateTime, nullable=False),
    sa.Column("checkpoint", sa.Text, nullable=False, comment="Signed note"),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, comment="Of this row and the digest before it"),
    comment="Append-only: every checkpoint that was signed",
)

witnesses = sa.Table(
    "ledger_witnesses",
    db.metadata,
    db.city_column(),
    sa.Column("name", sa.String(NAME_CHARACTERS), primary_key=True),
    sa.Column("url", sa.String(500), nullable=False, comment="Submission prefix"),
    sa.Column("public_key", sa.LargeBinary(32), nullable=False),
    sa.Column("added_at", db.UtcDateTime, nullable=False),
    sa.Column("tried_at", db.UtcDateTime),
    sa.Column("failures", sa.Integer, nullable=False, comment="In a row"),
    sa.Column("last_error", sa.String(40)),
)

cosignatures = sa.Table(
    "ledger_cosignatures",
    db.metadata,
    db.city_column(),
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("witness", sa.String(NAME_CHARACTERS), primary_key=True),
    sa.Column("line", sa.Text, nullable=False, comment="Signature line of the note"),
    sa.Column("cosigned_at", db.UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(["city_id", "size"], ["ledger_seals.city_id", "ledger_seals.size"]),
    sa.Index("ix_ledger_cosignatures_witness", "city_id", "witness", "size"),
)
