"""The tables between a statement and the bank: contested lines, payout runs, and what the bank reported."""

import sqlalchemy as sa

from kernel import db


def _of_settlement() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["city_id", "settlement_id"], ["settlements.city_id", "settlements.settlement_id"]
    )


contests = sa.Table(
    "settlement_contests",
    db.metadata,
    db.city_column(),
    sa.Column("contest_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("settlement_id", sa.BigInteger, nullable=False),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("use_id", sa.Uuid, nullable=False, comment="Group of the transfers, or the single one"),
    sa.Column("product", sa.String(120), nullable=False),
    sa.Column("booked_points", sa.BigInteger, nullable=False, comment="As it stands on the statement"),
    sa.Column("expected_points", sa.BigInteger, nullable=False, comment="As it should be"),
    sa.Column("booked_cents", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("expected_cents", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("party", sa.String(5), nullable=False),
    sa.Column("raised_by", sa.String(40), nullable=False),
    sa.Column("raised_at", db.UtcDateTime, nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("decided_by", sa.String(40)),
    sa.Column("decided_at", db.UtcDateTime),
    sa.Column("answer", sa.String(500), nullable=False),
    sa.UniqueConstraint("city_id", "settlement_id", "use_id"),
    sa.Index("ix_settlement_contests_state", "city_id", "state", "contest_id"),
    sa.CheckConstraint("party IN ('venue', 'city')", name="party"),
    sa.CheckConstraint("state IN ('open', 'accepted', 'declined')", name="state"),
    _of_settlement(),
)

runs = sa.Table(
    "payout_runs",
    db.metadata,
    db.city_column(),
    sa.Column("run_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False, comment="Without gap within city and year"),
    sa.Column("state", sa.String(9), nullable=False),
    sa.Column("execute_on", sa.Date, nullable=False),
    sa.Column("order_count", sa.Integer, nullable=False),
    sa.Column("total_cents", sa.BigInteger, nullable=False),
    sa.Column("document", sa.Text, nullable=False, comment="pain.001, as the bank gets it"),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("made_by", sa.String(40), nullable=False),
    sa.Column("made_at", db.UtcDateTime, nullable=False),
    sa.Column("released_by", sa.String(40)),
    sa.Column("released_at", db.UtcDateTime),
    sa.Column("fetched_at", db.UtcDateTime, comment="When the file was downloaded first"),
    sa.Column("cancelled_by", sa.String(40)),
    sa.Column("cancelled_at", db.UtcDateTime),
    sa.UniqueConstraint("city_id", "year", "ordinal"),
    sa.CheckConstraint("state IN ('made', 'released', 'cancelled')", name="state"),
    sa.CheckConstraint("released_by IS NULL OR released_by <> made_by", name="second_person"),
)

orders = sa.Table(
    "payout_orders",
    db.metadata,
    db.city_column(),
    sa.Column("run_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("settlement_id", sa.BigInteger, nullable=False),
    sa.Column("venue_id", sa.Integer, nullable=False),
    sa.Column("end_to_end_id", sa.String(35), nullable=False),
    sa.Column("payee_name", sa.String(70), nullable=False),
    sa.Column("iban", sa.String(34), nullable=False),
    sa.Column("cents", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(9), nullable=False),
    sa.Column("payee_check", sa.String(8), comment="What the bank said about name and IBAN"),
    sa.Column("paid_on", sa.Date),
    sa.Column("return_reason", sa.String(40)),
    sa.UniqueConstraint("city_id", "end_to_end_id"),
    sa.Index("ix_payout_orders_settlement_id", "city_id", "settlement_id", "run_id"),
    sa.CheckConstraint("state IN ('planned', 'sent', 'paid', 'returned', 'cancelled')", name="state"),
    sa.CheckConstraint("payee_check IN ('match', 'close', 'no-match')", name="payee_check"),
    sa.CheckConstraint("cents > 0", name="cents"),
    sa.ForeignKeyConstraint(["city_id", "run_id"], ["payout_runs.city_id", "payout_runs.run_id"]),
    _of_settlement(),
)

bank_files = sa.Table(
    "payout_bank_files",
    db.metadata,
    db.city_column(),
    sa.Column("file_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("statement_ids", sa.String(200), nullable=False),
    sa.Column("uploaded_by", sa.String(40), nullable=False),
    sa.Column("uploaded_at", db.UtcDateTime, nullable=False),
    sa.Column("entry_count", sa.Integer, nullable=False),
    sa.Column("incoming_count", sa.Integer, nullable=False, comment="Money of others: not kept here"),
    sa.UniqueConstraint("city_id", "sha256"),
)

bank_entries = sa.Table(
    "payout_bank_entries",
    db.metadata,
    db.city_column(),
    sa.Column("entry_key", sa.String(32), primary_key=True, comment="bank_statements.BankEntry.key"),
    sa.Column("file_id", sa.BigInteger, nullable=False),
    sa.Column("booked_on", sa.Date, nullable=False),
    sa.Column("cents", sa.BigInteger, nullable=False, comment="Below zero: left the account"),
    sa.Column("end_to_end_id", sa.String(35), nullable=False),
    sa.Column("bank_reference", sa.String(40), nullable=False),
    sa.Column("outcome", sa.String(12), nullable=False),
    sa.Column("run_id", sa.BigInteger),
    sa.Column("position", sa.Integer),
    sa.Column("cleared_by", sa.String(40)),
    sa.Column("cleared_at", db.UtcDateTime),
    sa.Index("ix_payout_bank_entries_file_id", "city_id", "file_id", "booked_on"),
    sa.Index("ix_payout_bank_entries_outcome", "city_id", "outcome", "booked_on"),
    sa.ForeignKeyConstraint(
        ["city_id", "file_id"], ["payout_bank_files.city_id", "payout_bank_files.file_id"]
    ),
    comment="Only what left the account or came back to it; rows are only added, but may be cleared",
)
