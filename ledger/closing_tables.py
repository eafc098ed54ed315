"""The tables of what is closed and stated for good: periods, and the monthly statements of the supply."""

import sqlalchemy as sa

from kernel import db

periods = sa.Table(
    "ledger_periods",
    db.metadata,
    db.city_column(),
    sa.Column("closed_until", sa.Date, primary_key=True, comment="No new effective date up to this day"),
    sa.Column("closed_at", db.UtcDateTime, nullable=False),
    sa.Column("closed_by", sa.String(60), nullable=False, comment="Actor as in the audit log"),
    sa.Column("sequence", sa.BigInteger, nullable=False, comment="Newest transfer at the closing"),
    sa.Column(
        "trial_balance", sa.LargeBinary(32), nullable=False, comment="Of all accounts at that transfer"
    ),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, comment="Of this row and the digest before it"),
    comment="Append-only: every closing of a period",
)

supply_statements = sa.Table(
    "ledger_supply_statements",
    db.metadata,
    db.city_column(),
    sa.Column("month", sa.Date, primary_key=True, comment="Its first day"),
    sa.Column("campaign", sa.String(120), primary_key=True),
    sa.Column("issued", sa.BigInteger, nullable=False),
    sa.Column("redeemed", sa.BigInteger, nullable=False, comment="At venues or settled"),
    sa.Column("expired", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False, comment="Promised awards, vouchers not used yet"),
    sa.Column("outstanding", sa.BigInteger, nullable=False, comment="In budgets and wallets"),
    sa.Column("in_budgets", sa.BigInteger, nullable=False, comment="Contained in outstanding"),
    sa.Column("in_wallets", sa.BigInteger, nullable=False, comment="Contained in outstanding"),
    sa.Column(
        "recipients", sa.SmallInteger, nullable=False, comment="Persons ever given to, counted up to 5"
    ),
    sa.CheckConstraint("issued = redeemed + expired + held + outstanding", name="adds_up"),
    sa.ForeignKeyConstraint(
        ["city_id", "month"], ["ledger_supply_months.city_id", "ledger_supply_months.month"]
    ),
    comment="Append-only: where the points of each campaign were at the end of a month",
)

supply_months = sa.Table(
    "ledger_supply_months",
    db.metadata,
    db.city_column(),
    sa.Column("month", sa.Date, primary_key=True, comment="Its first day"),
    sa.Column("sequence", sa.BigInteger, nullable=False, comment="Newest transfer of the month"),
    sa.Column("checkpoint_size", sa.BigInteger, comment="Of the seal it was computed at"),
    sa.Column("checkpoint_root", sa.LargeBinary(32)),
    sa.Column("computed_at", db.UtcDateTime, nullable=False),
    sa.Column(
        "state", sa.LargeBinary, nullable=False, comment="Whose points stand where: ledger.attribution"
    ),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, comment="Of this month and the digest before it"),
    comment="Append-only: the months whose supply is stated",
)
