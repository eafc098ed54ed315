"""The tables behind the trust in vouchers: their status list, live codes, and keys that are blocked."""

import sqlalchemy as sa

from kernel import db

status_changes = sa.Table(
    "voucher_status_changes",
    db.metadata,
    db.city_column(),
    sa.Column("change_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("status_index", sa.BigInteger, nullable=False),
    sa.Column("invalid", sa.Boolean, nullable=False, comment="False: a redemption was taken back"),
    sa.Column("version", sa.Integer, comment="Of the list that has it first; empty: of the next one"),
    sa.Column("changed_at", db.UtcDateTime, nullable=False),
    sa.Index("ix_voucher_status_changes_version", "city_id", "version", "change_id"),
    comment="What became invalid, kept for some days so that verifiers can ask for what is new",
)

status_lists = sa.Table(
    "voucher_status_lists",
    db.metadata,
    db.city_column(),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("issued_at", db.UtcDateTime, nullable=False),
    sa.Column("kid", sa.String(8), nullable=False, comment="The key that signed list and head"),
    sa.Column("size", sa.BigInteger, nullable=False, comment="Places in the list"),
    sa.Column("invalid_count", sa.BigInteger, nullable=False),
    sa.Column("lst", sa.LargeBinary, nullable=False, comment="The bits, compressed"),
    sa.Column("token", sa.LargeBinary, nullable=False, comment="The list as it is published"),
    sa.Column("head", sa.LargeBinary, nullable=False, comment="Signed digest, for those who ask for changes"),
    sa.Column("changes_after", sa.Integer, nullable=False, comment="Changes since this version are kept"),
    sa.Column("swept_until", db.UtcDateTime, nullable=False, comment="What ran out by then is in it"),
    comment="The newest status list of a city",
)

live_secrets = sa.Table(
    "live_secrets",
    db.metadata,
    db.city_column(),
    sa.Column("sealed", sa.LargeBinary(200), nullable=False, comment="All keys of live codes follow from it"),
    sa.Column("made_at", db.UtcDateTime, nullable=False),
)

key_blocks = sa.Table(
    "key_blocks",
    db.metadata,
    db.city_column(),
    sa.Column("block_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kid", sa.String(8), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("asked_by", sa.String(60), nullable=False),
    sa.Column("asked_at", db.UtcDateTime, nullable=False),
    sa.Column("status", sa.String(9), nullable=False),
    sa.Column("decided_by", sa.String(60)),
    sa.Column("decided_at", db.UtcDateTime),
    sa.Index("ix_key_blocks_kid", "city_id", "kid", "block_id"),
    sa.ForeignKeyConstraint(["city_id", "kid"], ["issuing_keys.city_id", "issuing_keys.kid"]),
    sa.CheckConstraint("status IN ('asked', 'confirmed', 'withdrawn')", name="status"),
    comment="One person asks for a key to be blocked, another confirms",
)

key_reissues = sa.Table(
    "key_reissues",
    db.metadata,
    db.city_column(),
    sa.Column("kid", sa.String(8), primary_key=True, comment="The blocked key"),
    sa.Column("started_at", db.UtcDateTime, nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False, comment="Vouchers of the key that had not run out"),
    sa.Column("looked_at", sa.BigInteger, nullable=False),
    sa.Column("reissued", sa.BigInteger, nullable=False, comment="Those that were open: signed anew"),
    sa.Column("after_index", sa.BigInteger, nullable=False, comment="Where to go on"),
    sa.Column("finished_at", db.UtcDateTime),
    sa.ForeignKeyConstraint(["city_id", "kid"], ["issuing_keys.city_id", "issuing_keys.kid"]),
    comment="Open vouchers of a blocked key get a new code",
)
