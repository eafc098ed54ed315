"""Tax data, contested lines, payout runs and what the bank reports.

One ALTER subcommand for each statement, explicit names, referenced tables first (docs/architecture.md,
Storage). Add a column as nullable or with a constant default; drop it one release after nothing reads it.
"""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_payout_runs"
down_revision = "20261127_city_collects"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "billing_profiles",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=70), nullable=False, comment="Of the authority that pays"),
        sa.Column("street", sa.String(length=70), nullable=False),
        sa.Column("postcode", sa.String(length=16), nullable=False),
        sa.Column("town", sa.String(length=35), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("email", sa.String(length=120), nullable=False, comment="Electronic address on invoices"),
        sa.Column("buyer_reference", sa.String(length=46), nullable=False, comment="Leitweg-ID"),
        sa.Column("vat_id", sa.String(length=14), nullable=False, comment="Empty if the city has none"),
        sa.Column("iban", sa.String(length=34), nullable=False, comment="Account that payouts leave"),
        sa.Column(
            "bic", sa.String(length=11), nullable=False, comment="Empty: the bank finds it by the IBAN"
        ),
        sa.Column("contest_days", sa.Integer(), nullable=False),
        sa.Column("settles_itself", sa.Boolean(), nullable=False, comment="The worker settles what is due"),
        sa.Column("datev_consultant", sa.Integer(), nullable=False),
        sa.Column("datev_client", sa.Integer(), nullable=False),
        sa.Column("datev_expense_account", sa.Integer(), nullable=False),
        sa.Column(
            "datev_first_creditor", sa.Integer(), nullable=False, comment="Venue n has this number plus n"
        ),
        sa.Column("datev_bank_account", sa.Integer(), nullable=False),
        sa.CheckConstraint("contest_days BETWEEN 1 AND 90", name="ck_billing_profiles_contest_days"),
        sa.PrimaryKeyConstraint("city_id", name="pk_billing_profiles"),
    )
    op.create_table(
        "payout_bank_files",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("statement_ids", sa.String(length=200), nullable=False),
        sa.Column("uploaded_by", sa.String(length=40), nullable=False),
        sa.Column("uploaded_at", db.UtcDateTime(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("incoming_count", sa.Integer(), nullable=False, comment="Money of others: not kept here"),
        sa.PrimaryKeyConstraint("city_id", "file_id", name="pk_payout_bank_files"),
        sa.UniqueConstraint("city_id", "sha256", name="uq_payout_bank_files_city_id_sha256"),
    )
    op.create_table(
        "payout_runs",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="Without gap within city and year"),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("execute_on", sa.Date(), nullable=False),
        sa.Column("order_count", sa.Integer(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="pain.001, as the bank gets it"),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=40), nullable=False),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.Column("released_by", sa.String(length=40), nullable=True),
        sa.Column("released_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "fetched_at", db.UtcDateTime(), nullable=True, comment="When the file was downloaded first"
        ),
        sa.Column("cancelled_by", sa.String(length=40), nullable=True),
        sa.Column("cancelled_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('made', 'released', 'cancelled')", name="ck_payout_runs_state"),
        sa.CheckConstraint(
            "released_by IS NULL OR released_by <> made_by", name="ck_payout_runs_second_person"
        ),
        sa.PrimaryKeyConstraint("city_id", "run_id", name="pk_payout_runs"),
        sa.UniqueConstraint("city_id", "year", "ordinal", name="uq_payout_runs_city_id_year_ordinal"),
    )
    op.create_table(
        "payout_bank_entries",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_key", sa.String(length=32), nullable=False, comment="bank_statements.BankEntry.key"),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False, comment="Below zero: left the account"),
        sa.Column("end_to_end_id", sa.String(length=35), nullable=False),
        sa.Column("bank_reference", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("cleared_by", sa.String(length=40), nullable=True),
        sa.Column("cleared_at", db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["city_id", "file_id"],
            ["payout_bank_files.city_id", "payout_bank_files.file_id"],
            name="fk_payout_bank_entries_city_id_file_id_payout_bank_files",
        ),
        sa.PrimaryKeyConstraint("city_id", "entry_key", name="pk_payout_bank_entries"),
        comment="Only what left the account or came back to it; rows are only added, but may be cleared",
    )
    op.create_index(
        "ix_payout_bank_entries_file_id",
        "payout_bank_entries",
        ["city_id", "file_id", "booked_on"],
        unique=False,
    )
    op.create_index(
        "ix_payout_bank_entries_outcome",
        "payout_bank_entries",
        ["city_id", "outcome", "booked_on"],
        unique=False,
    )
    op.create_table(
        "venue_tax_data",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("venue_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("registered_name", sa.String(length=120), nullable=False),
        sa.Column("street", sa.String(length=70), nullable=False),
        sa.Column("postcode", sa.String(length=16), nullable=False),
        sa.Column("town", sa.String(length=35), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("vat_id", sa.String(length=14), nullable=False, comment="Empty if there is a tax number"),
        sa.Column("tax_number", sa.String(length=20), nullable=False, comment="Empty if there is a VAT id"),
        sa.Column("is_small_business", sa.Boolean(), nullable=False, comment="No VAT: section 19 of the act"),
        sa.Column("rate_percent", sa.Integer(), nullable=False, comment="Where the offer says none"),
        sa.Column("exemption_reason", sa.String(length=200), nullable=False, comment="Why rate 0"),
        sa.Column("contact_name", sa.String(length=100), nullable=False),
        sa.Column("contact_phone", sa.String(length=40), nullable=False),
        sa.Column("contact_email", sa.String(length=120), nullable=False),
        sa.Column("changed_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("rate_percent BETWEEN 0 AND 30", name="ck_venue_tax_data_rate"),
        sa.ForeignKeyConstraint(
            ["city_id", "venue_id"],
            ["venues.city_id", "venues.venue_id"],
            name="fk_venue_tax_data_city_id_venue_id_venues",
        ),
        sa.PrimaryKeyConstraint("city_id", "venue_id", name="pk_venue_tax_data"),
    )
    op.create_table(
        "payout_orders",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("end_to_end_id", sa.String(length=35), nullable=False),
        sa.Column("payee_name", sa.String(length=70), nullable=False),
        sa.Column("iban", sa.String(length=34), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column(
            "payee_check",
            sa.String(length=8),
            nullable=True,
            comment="What the bank said about name and IBAN",
        ),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("return_reason", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "payee_check IN ('match', 'close', 'no-match')", name="ck_payout_orders_payee_check"
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'sent', 'paid', 'returned', 'cancelled')", name="ck_payout_orders_state"
        ),
        sa.CheckConstraint("cents > 0", name="ck_payout_orders_cents"),
        sa.ForeignKeyConstraint(
            ["city_id", "run_id"],
            ["payout_runs.city_id", "payout_runs.run_id"],
            name="fk_payout_orders_city_id_run_id_payout_runs",
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "settlement_id"],
            ["settlements.city_id", "settlements.settlement_id"],
            name="fk_payout_orders_city_id_settlement_id_settlements",
        ),
        sa.PrimaryKeyConstraint("city_id", "run_id", "position", name="pk_payout_orders"),
        sa.UniqueConstraint("city_id", "end_to_end_id", name="uq_payout_orders_city_id_end_to_end_id"),
    )
    op.create_index(
        "ix_payout_orders_settlement_id",
        "payout_orders",
        ["city_id", "settlement_id", "run_id"],
        unique=False,
    )
    op.create_table(
        "settlement_contests",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contest_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False, comment="Group of the transfers, or the single one"),
        sa.Column("product", sa.String(length=120), nullable=False),
        sa.Column("booked_points", sa.BigInteger(), nullable=False, comment="As it stands on the statement"),
        sa.Column("expected_points", sa.BigInteger(), nullable=False, comment="As it should be"),
        sa.Column("party", sa.String(length=5), nullable=False),
        sa.Column("raised_by", sa.String(length=40), nullable=False),
        sa.Column("raised_at", db.UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=True),
        sa.Column("decided_at", db.UtcDateTime(), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.CheckConstraint("party IN ('venue', 'city')", name="ck_settlement_contests_party"),
        sa.CheckConstraint("state IN ('open', 'accepted', 'declined')", name="ck_settlement_contests_state"),
        sa.ForeignKeyConstraint(
            ["city_id", "settlement_id"],
            ["settlements.city_id", "settlements.settlement_id"],
            name="fk_settlement_contests_city_id_settlement_id_settlements",
        ),
        sa.PrimaryKeyConstraint("city_id", "contest_id", name="pk_settlement_contests"),
        sa.UniqueConstraint(
            "city_id", "settlement_id", "use_id", name="uq_settlement_contests_city_id_settlement_id_use_id"
        ),
    )
    op.create_index(
        "ix_settlement_contests_state",
        "settlement_contests",
        ["city_id", "state", "contest_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_settlement_contests_state", table_name="settlement_contests")
    op.drop_table("settlement_contests")
    op.drop_index("ix_payout_orders_settlement_id", table_name="payout_orders")
    op.drop_table("payout_orders")
    op.drop_table("venue_tax_data")
    op.drop_index("ix_payout_bank_entries_outcome", table_name="payout_bank_entries")
    op.drop_index("ix_payout_bank_entries_file_id", table_name="payout_bank_entries")
    op.drop_table("payout_bank_entries")
    op.drop_table("payout_runs")
    op.drop_table("payout_bank_files")
    op.drop_table("billing_profiles")
