"""What the trust in vouchers stands on: status lists, live codes, blocked keys and their alarm."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_trust_in_vouchers"
down_revision = "20261127_payout_runs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "live_secrets",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "sealed",
            sa.LargeBinary(length=200),
            nullable=False,
            comment="All keys of live codes follow from it",
        ),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", name=op.f("pk_live_secrets")),
    )
    op.create_table(
        "voucher_status_changes",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status_index", sa.BigInteger(), nullable=False),
        sa.Column("invalid", sa.Boolean(), nullable=False, comment="False: a redemption was taken back"),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=True,
            comment="Of the list that has it first; empty: of the next one",
        ),
        sa.Column("changed_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "change_id", name=op.f("pk_voucher_status_changes")),
        comment="What became invalid, kept for some days so that verifiers can ask for what is new",
    )
    op.create_index(
        "ix_voucher_status_changes_version",
        "voucher_status_changes",
        ["city_id", "version", "change_id"],
        unique=False,
    )
    op.create_table(
        "voucher_status_lists",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("issued_at", db.UtcDateTime(), nullable=False),
        sa.Column("kid", sa.String(length=8), nullable=False, comment="The key that signed list and head"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="Places in the list"),
        sa.Column("invalid_count", sa.BigInteger(), nullable=False),
        sa.Column("lst", sa.LargeBinary(), nullable=False, comment="The bits, compressed"),
        sa.Column("token", sa.LargeBinary(), nullable=False, comment="The list as it is published"),
        sa.Column(
            "head", sa.LargeBinary(), nullable=False, comment="Signed digest, for those who ask for changes"
        ),
        sa.Column(
            "changes_after", sa.Integer(), nullable=False, comment="Changes since this version are kept"
        ),
        sa.Column("swept_until", db.UtcDateTime(), nullable=False, comment="What ran out by then is in it"),
        sa.PrimaryKeyConstraint("city_id", name=op.f("pk_voucher_status_lists")),
        comment="The newest status list of a city",
    )
    op.create_table(
        "key_blocks",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("block_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kid", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_by", sa.String(length=60), nullable=False),
        sa.Column("asked_at", db.UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("decided_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status IN ('asked', 'confirmed', 'withdrawn')", name=op.f("ck_key_blocks_status")
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "kid"],
            ["issuing_keys.city_id", "issuing_keys.kid"],
            name=op.f("fk_key_blocks_city_id_kid_issuing_keys"),
        ),
        sa.PrimaryKeyConstraint("city_id", "block_id", name=op.f("pk_key_blocks")),
        comment="One person asks for a key to be blocked, another confirms",
    )
    op.create_index("ix_key_blocks_kid", "key_blocks", ["city_id", "kid", "block_id"], unique=False)
    op.create_table(
        "key_reissues",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kid", sa.String(length=8), nullable=False, comment="The blocked key"),
        sa.Column("started_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "total", sa.BigInteger(), nullable=False, comment="Vouchers of the key that had not run out"
        ),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("reissued", sa.BigInteger(), nullable=False, comment="Those that were open: signed anew"),
        sa.Column("after_index", sa.BigInteger(), nullable=False, comment="Where to go on"),
        sa.Column("finished_at", db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["city_id", "kid"],
            ["issuing_keys.city_id", "issuing_keys.kid"],
            name=op.f("fk_key_reissues_city_id_kid_issuing_keys"),
        ),
        sa.PrimaryKeyConstraint("city_id", "kid", name=op.f("pk_key_reissues")),
        comment="Open vouchers of a blocked key get a new code",
    )
    op.add_column(
        "issuing_keys",
        sa.Column(
            "foreign_seen", sa.BigInteger(), server_default="0", nullable=False, comment="Never issued here"
        ),
    )
    op.add_column(
        "issuing_keys",
        sa.Column(
            "alarmed_at",
            db.UtcDateTime(),
            nullable=True,
            comment="When administrators were told that somebody else signs",
        ),
    )
    op.add_column(
        "offers",
        sa.Column("live_code", sa.Boolean(), server_default="0", nullable=False, comment="No still code"),
    )
    op.create_index("ix_vouchers_kid", "vouchers", ["city_id", "kid", "status_index"], unique=False)
    op.create_index("ix_vouchers_valid_until", "vouchers", ["city_id", "valid_until"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_vouchers_valid_until", table_name="vouchers")
    op.drop_index("ix_vouchers_kid", table_name="vouchers")
    op.drop_column("offers", "live_code")
    op.drop_column("issuing_keys", "alarmed_at")
    op.drop_column("issuing_keys", "foreign_seen")
    op.drop_table("key_reissues")
    op.drop_index("ix_key_blocks_kid", table_name="key_blocks")
    op.drop_table("key_blocks")
    op.drop_table("voucher_status_lists")
    op.drop_index("ix_voucher_status_changes_version", table_name="voucher_status_changes")
    op.drop_table("voucher_status_changes")
    op.drop_table("live_secrets")
