"""What becoming a venue needs: bounds, applications, signed contracts, invitations, proposed offers."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_becoming_a_venue"
down_revision = "20261127_devices_by_invitation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "venue_bounds",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rate_least", sa.Integer(), nullable=False, comment="Cents per point"),
        sa.Column("rate_most", sa.Integer(), nullable=False),
        sa.Column("payout_delay_days", sa.Integer(), nullable=False),
        sa.Column("receipt_numbers", sa.Boolean(), nullable=False),
        sa.Column("owner_publishes", sa.Boolean(), nullable=False),
        sa.CheckConstraint("0 < rate_least AND rate_least <= rate_most", name=op.f("ck_venue_bounds_rates")),
        sa.CheckConstraint("payout_delay_days >= 0", name=op.f("ck_venue_bounds_delay")),
        sa.PrimaryKeyConstraint("city_id", name=op.f("pk_venue_bounds")),
        comment="On what terms a city takes new venues; no row: the defaults",
    )
    op.create_table(
        "venue_applications",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "person_id",
            sa.BigInteger(),
            nullable=True,
            comment="Empty: approved, and the owner was erased since",
        ),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("typed", db.Json, nullable=False, comment="The form as it was filled in"),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("submitted_at", db.UtcDateTime(), nullable=True),
        sa.Column("signed_name", sa.String(length=80), server_default="", nullable=False),
        sa.Column("contract_text", sa.Text(), nullable=True, comment="As the applicant signed it"),
        sa.Column("contract_sha256", sa.String(length=64), nullable=True),
        sa.Column(
            "payee_check", sa.String(length=8), nullable=True, comment="What a bank said about name and IBAN"
        ),
        sa.Column("answer", sa.String(length=500), server_default="", nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=True),
        sa.Column("decided_at", db.UtcDateTime(), nullable=True),
        sa.Column("venue_id", sa.Integer(), nullable=True, comment="Which it became"),
        sa.CheckConstraint(
            "payee_check IN ('match', 'close', 'no-match')", name=op.f("ck_venue_applications_payee_check")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'asked', 'approved', 'rejected', 'withdrawn')",
            name=op.f("ck_venue_applications_state"),
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "venue_id"],
            ["venues.city_id", "venues.venue_id"],
            name=op.f("fk_venue_applications_city_id_venue_id_venues"),
        ),
        sa.PrimaryKeyConstraint("city_id", "application_id", name=op.f("pk_venue_applications")),
    )
    op.create_index(
        "ix_venue_applications_person_id",
        "venue_applications",
        ["city_id", "person_id", "application_id"],
        unique=False,
    )
    op.create_index(
        "ix_venue_applications_state",
        "venue_applications",
        ["city_id", "state", "submitted_at"],
        unique=False,
    )
    op.create_table(
        "venue_invitations",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("invitation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False, comment="kernel.ids.secret_hash"),
        sa.Column("inviter_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.Column("valid_until", db.UtcDateTime(), nullable=False, comment="Exclusive"),
        sa.Column("accepted_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("role IN ('venue-owner', 'venue-staff')", name=op.f("ck_venue_invitations_role")),
        sa.ForeignKeyConstraint(
            ["city_id", "venue_id"],
            ["venues.city_id", "venues.venue_id"],
            name=op.f("fk_venue_invitations_city_id_venue_id_venues"),
        ),
        sa.PrimaryKeyConstraint("city_id", "invitation_id", name=op.f("pk_venue_invitations")),
        sa.UniqueConstraint("city_id", "token_hash", name=op.f("uq_venue_invitations_city_id_token_hash")),
    )
    op.create_index("ix_venue_invitations_email", "venue_invitations", ["city_id", "email"], unique=False)
    op.create_index(
        "ix_venue_invitations_venue_id",
        "venue_invitations",
        ["city_id", "venue_id", "invitation_id"],
        unique=False,
    )
    op.create_table(
        "venue_application_proofs",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("proof_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("storage_key", sa.String(length=80), nullable=False),
        sa.Column(
            "media_type", sa.String(length=20), nullable=False, comment="By content, not by what was said"
        ),
        sa.Column(
            "name", sa.String(length=80), nullable=False, comment="Of the file, for whoever looks at it"
        ),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("uploaded_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "application_id"],
            ["venue_applications.city_id", "venue_applications.application_id"],
            name="fk_venue_application_proofs_application",
        ),
        sa.PrimaryKeyConstraint("city_id", "proof_id", name=op.f("pk_venue_application_proofs")),
    )
    op.create_index(
        "ix_venue_application_proofs_application_id",
        "venue_application_proofs",
        ["city_id", "application_id", "proof_id"],
        unique=False,
    )
    op.create_table(
        "venue_contract_documents",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="Frozen"),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="Of the text in UTF-8, in hex"),
        sa.Column("venue_signer", sa.String(length=80), nullable=False),
        sa.Column("venue_signed_at", db.UtcDateTime(), nullable=False),
        sa.Column("city_signer", sa.String(length=80), nullable=False),
        sa.Column("city_signed_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "contract_id"],
            ["venue_contracts.city_id", "venue_contracts.contract_id"],
            name="fk_venue_contract_documents_contract",
        ),
        sa.PrimaryKeyConstraint("city_id", "contract_id", name=op.f("pk_venue_contract_documents")),
        comment="What both sides signed; rows are only added",
    )
    op.create_table(
        "offer_proposals",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("proposed_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["city_id", "offer_id"],
            ["offers.city_id", "offers.offer_id"],
            name=op.f("fk_offer_proposals_city_id_offer_id_offers"),
        ),
        sa.PrimaryKeyConstraint("city_id", "offer_id", name=op.f("pk_offer_proposals")),
        comment="Drafts of owners; an administrator publishes them, or the owner where the contract says so",
    )
    op.create_index(
        "ix_offer_proposals_venue_id", "offer_proposals", ["city_id", "venue_id", "offer_id"], unique=False
    )
    op.add_column(
        "venue_contracts",
        sa.Column(
            "payout_delay_days",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="From the end of a period until its statement may be paid",
        ),
    )
    op.add_column(
        "venue_contracts",
        sa.Column(
            "receipt_numbers",
            sa.Boolean(),
            server_default="0",
            nullable=False,
            comment="Each redemption names the receipt of the till",
        ),
    )
    op.add_column(
        "venue_contracts",
        sa.Column(
            "owner_publishes",
            sa.Boolean(),
            server_default="0",
            nullable=False,
            comment="The owner's offers need no administrator",
        ),
    )


def downgrade() -> None:
    op.drop_column("venue_contracts", "owner_publishes")
    op.drop_column("venue_contracts", "receipt_numbers")
    op.drop_column("venue_contracts", "payout_delay_days")
    op.drop_index("ix_offer_proposals_venue_id", table_name="offer_proposals")
    op.drop_table("offer_proposals")
    op.drop_table("venue_contract_documents")
    op.drop_index("ix_venue_application_proofs_application_id", table_name="venue_application_proofs")
    op.drop_table("venue_application_proofs")
    op.drop_index("ix_venue_invitations_venue_id", table_name="venue_invitations")
    op.drop_index("ix_venue_invitations_email", table_name="venue_invitations")
    op.drop_table("venue_invitations")
    op.drop_index("ix_venue_applications_state", table_name="venue_applications")
    op.drop_index("ix_venue_applications_person_id", table_name="venue_applications")
    op.drop_table("venue_applications")
    op.drop_table("venue_bounds")
