"""The table of what the city decided about redemptions that citizens say were not theirs."""

import sqlalchemy as sa

from kernel import db

decisions = sa.Table(
    "claim_decisions",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("claim_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("outcome", sa.String(8), nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False, comment="Given back"),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("decided_by", sa.String(40), nullable=False),
    sa.Column("decided_at", db.UtcDateTime, nullable=False),
    sa.CheckConstraint("outcome IN ('city', 'venue', 'declined')", name="outcome"),
    sa.ForeignKeyConstraint(
        ["city_id", "claim_id"],
        ["redemption_claims.city_id", "redemption_claims.claim_id"],
        name="fk_claim_decisions_claim",
    ),
)
