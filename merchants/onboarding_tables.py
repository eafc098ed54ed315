"""The tables of becoming a venue: bounds, applications with proofs, contracts as signed, invitations."""

import sqlalchemy as sa

from kernel import db

bounds = sa.Table(
    "venue_bounds",
    db.metadata,
    db.city_column(),
    sa.Column("rate_least", sa.Integer, nullable=False, comment="Cents per point"),
    sa.Column("rate_most", sa.Integer, nullable=False),
    sa.Column("payout_delay_days", sa.Integer, nullable=False),
    sa.Column("receipt_numbers", sa.Boolean, nullable=False),
    sa.Column("owner_publishes", sa.Boolean, nullable=False),
    sa.Column("scanned_only", sa.Boolean, nullable=False, server_default="0"),
    sa.CheckConstraint("0 < rate_least AND rate_least <= rate_most", name="rates"),
    sa.CheckConstraint("payout_delay_days >= 0", name="delay"),
    comment="On what terms a city takes new venues; no row: the defaults",
)

applications = sa.Table(
    "venue_applications",
    db.metadata,
    db.city_column(),
    sa.Column("application_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("person_id", sa.BigInteger, comment="Empty: approved, and the owner was erased since"),
    sa.Column("state", sa.String(9), nullable=False),
    sa.Column("typed", db.Json, nullable=False, comment="The form as it was filled in"),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("submitted_at", db.UtcDateTime),
    sa.Column("signed_name", sa.String(80), nullable=False, server_default=""),
    sa.Column("contract_text", sa.Text, comment="As the applicant signed it"),
    sa.Column("contract_sha256", sa.String(64)),
    sa.Column("payee_check", sa.String(8), comment="What a bank said about name and IBAN"),
    sa.Column("answer", sa.String(500), nullable=False, server_default=""),
    sa.Column("decided_by", sa.String(40)),
    sa.Column("decided_at", db.UtcDateTime),
    sa.Column("venue_id", sa.Integer, comment="Which it became"),
    sa.Index("ix_venue_applications_person_id", "city_id", "person_id", "application_id"),
    sa.Index("ix_venue_applications_state", "city_id", "state", "submitted_at"),
    sa.CheckConstraint(
        "state IN ('draft', 'submitted', 'asked', 'approved', 'rejected', 'withdrawn')", name="state"
    ),
    sa.CheckConstraint("payee_check IN ('match', 'close', 'no-match')", name="payee_check"),
    sa.ForeignKeyConstraint(["city_id", "venue_id"], ["venues.city_id", "venues.venue_id"]),
)

proofs = sa.Table(
    "venue_application_proofs",
    db.metadata,
    db.city_column(),
    sa.Column("proof_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("application_id", sa.BigInteger, nullable=False),
    sa.Column("storage_key", sa.String(80), nullable=False),
    sa.Column("media_type", sa.String(20), nullable=False, comment="By content, not by what was said"),
    sa.Column("name", sa.String(80), nullable=False, comment="Of the file, for whoever looks at it"),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("uploaded_at", db.UtcDateTime, nullable=False),
    sa.Index("ix_venue_application_proofs_application_id", "city_id", "application_id", "proof_id"),
    sa.ForeignKeyConstraint(
        ["city_id", "application_id"],
        ["venue_applications.city_id", "venue_applications.application_id"],
        name="fk_venue_application_proofs_application",
    ),
)

documents = sa.Table(
    "venue_contract_documents",
    db.metadata,
    db.city_column(),
    sa.Column("contract_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False, comment="Frozen"),
    sa.Column("sha256", sa.String(64), nullable=False, comment="Of the text in UTF-8, in hex"),
    sa.Column("venue_signer", sa.String(80), nullable=False),
    sa.Column("venue_signed_at", db.UtcDateTime, nullable=False),
    sa.Column("city_signer", sa.String(80), nullable=False),
    sa.Column("city_signed_at", db.UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(
        ["city_id", "contract_id"],
        ["venue_contracts.city_id", "venue_contracts.contract_id"],
        name="fk_venue_contract_documents_contract",
    ),
    comment="What both sides signed; rows are only added",
)

invitations = sa.Table(
    "venue_invitations",
    db.metadata,
    db.city_column(),
    sa.Column("invitation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("role", sa.String(12), nullable=False),
    sa.Column("token_hash", sa.String(64), nullable=False, comment="kernel.ids.secret_hash"),
    sa.Column("inviter_id", sa.BigInteger, nullable=False),
    sa.Column("made_at", db.UtcDateTime, nullable=False),
    sa.Column("valid_until", db.UtcDateTime, nullable=False, comment="Exclusive"),
    sa.Column("accepted_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "token_hash"),
    sa.Index("ix_venue_invitations_venue_id", "city_id", "venue_id", "invitation_id"),
    sa.Index("ix_venue_invitations_email", "city_id", "email"),
    sa.CheckConstraint("role IN ('venue-owner', 'venue-staff')", name="role"),
    sa.ForeignKeyConstraint(["city_id", "venue_id"], ["venues.city_id", "venues.venue_id"]),
)
