"""The tables of scan logs as they were handed in, and of what citizens are asked about them."""

import sqlalchemy as sa

from kernel import db

scan_logs = sa.Table(
    "scan_logs",
    db.metadata,
    db.city_column(),
    sa.Column("device_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("through_seq", sa.BigInteger, nullable=False, comment="Everything up to it is here"),
    sa.Column("head", sa.LargeBinary(32), nullable=False, comment="SHA-256 of that event"),
    sa.Column("gap_since", db.UtcDateTime, comment="When it was first seen that events are missing"),
    sa.Column("fault", sa.String(30), comment="Why the device is in quarantine"),
    comment="How far the log of each device is known",
)

scan_log_events = sa.Table(
    "scan_log_events",
    db.metadata,
    db.city_column(),
    sa.Column("device_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "event_id", sa.BigInteger, nullable=False, comment="Also the scan_id of what was redeemed by it"
    ),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("data", sa.LargeBinary, comment="As it was signed; empty once its voucher's owner is erased"),
    sa.Column("kind", sa.Integer, nullable=False),
    sa.Column("tier", sa.Integer, nullable=False),
    sa.Column("decision", sa.String(24), nullable=False, comment="What the device showed"),
    sa.Column("voucher_id", sa.String(16)),
    sa.Column("uses", sa.Integer, nullable=False),
    sa.Column("refers", sa.BigInteger, nullable=False, comment="The scan that is taken back; 0: none"),
    sa.Column("happened_at", db.UtcDateTime, nullable=False, comment="Clamped: see redemption.merging"),
    sa.Column("received_at", db.UtcDateTime, nullable=False),
    sa.Column("outcome", sa.String(8), nullable=False),
    sa.Column("reason", sa.String(24), comment="Why it is refused or held"),
    sa.Column("won", sa.Integer, nullable=False, comment="Uses that were booked for it"),
    sa.Column("lost", sa.Integer, nullable=False, comment="Uses that the city bears: others had them before"),
    sa.Index("ix_scan_log_events_voucher_id", "city_id", "voucher_id"),
    sa.Index("ix_scan_log_events_venue_id", "city_id", "venue_id", "event_id"),
    sa.CheckConstraint("outcome IN ('open', 'known', 'refused', 'held')", name="outcome"),
    sa.CheckConstraint("won >= 0 AND lost >= 0", name="shares"),
    comment="Every event of every log; rows are only added, and what they got changes",
)

scan_log_oddities = sa.Table(
    "scan_log_oddities",
    db.metadata,
    db.city_column(),
    sa.Column("device_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="Where it stood, or said that it stands"),
    sa.Column("fault", sa.String(30), nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("received_at", db.UtcDateTime, nullable=False),
    comment="What could not be taken in: unreadable, or against what is known. Kept as it came",
)

redemption_claims = sa.Table(
    "redemption_claims",
    db.metadata,
    db.city_column(),
    sa.Column("claim_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("about", sa.String(60), nullable=False, comment="Names what is asked about: asked once"),
    sa.Column("voucher_id", sa.String(16), nullable=False),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("facts", db.Json, nullable=False, comment="What is told with the question"),
    sa.Column("asked_at", db.UtcDateTime, nullable=False),
    sa.Column("answer", sa.String(3), comment="yes: it was me; no: it was not"),
    sa.Column("remark", sa.String(500)),
    sa.Column("answered_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "owner", "about"),
    sa.Index("ix_redemption_claims_venue_id", "city_id", "venue_id", "claim_id"),
    sa.CheckConstraint("kind IN ('used-twice', 'disputed')", name="kind"),
    sa.CheckConstraint("answer IN ('yes', 'no')", name="answer"),
    comment="Was that you? Asked by the city, or said by the citizen",
)
