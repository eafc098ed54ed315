"""Table of vouchers that are handed on."""

import sqlalchemy as sa

from kernel import db

hand_overs = sa.Table(
    "hand_overs",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("hand_over_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("voucher_id", sa.String(16), nullable=False),
    sa.Column("giver", sa.String(40), nullable=False),
    sa.Column("receiver", sa.String(40), comment="Who accepted it"),
    sa.Column("code_digest", sa.LargeBinary(32), nullable=False, comment="SHA-256; the code is told once"),
    sa.Column("offered_at", db.UtcDateTime, nullable=False),
    sa.Column("ends_at", db.UtcDateTime, nullable=False),
    sa.Column("accepted_at", db.UtcDateTime),
    sa.Column("withdrawn_at", db.UtcDateTime),
    sa.Column("former_index", sa.BigInteger, comment="In the token that was good until it was accepted"),
    sa.Column("former_code", sa.String(10), comment="Typed, until then"),
    sa.UniqueConstraint("city_id", "code_digest"),
    sa.Index("ix_hand_overs_former_code", "city_id", "former_code"),
    sa.Index("ix_hand_overs_voucher_id", "city_id", "voucher_id"),
    sa.Index("ix_hand_overs_giver", "city_id", "giver"),
    sa.Index("ix_hand_overs_receiver", "city_id", "receiver"),
    sa.ForeignKeyConstraint(["city_id", "voucher_id"], ["vouchers.city_id", "vouchers.voucher_id"]),
    comment="Vouchers handed on to somebody of the household, and offers of it",
)
