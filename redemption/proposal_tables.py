"""The table of offers that venues propose."""

import sqlalchemy as sa

from kernel import db

proposals = sa.Table(
    "offer_proposals",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("offer_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("proposed_at", db.UtcDateTime, nullable=False),
    sa.Index("ix_offer_proposals_venue_id", "city_id", "venue_id", "offer_id"),
    sa.ForeignKeyConstraint(["city_id", "offer_id"], ["offers.city_id", "offers.offer_id"]),
    comment="Drafts of owners; an administrator publishes them, or the owner where the contract says so",
)
