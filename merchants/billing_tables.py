"""The tables of what stands on invoices and payment files: the city as debtor, the venues as suppliers."""

import sqlalchemy as sa

from kernel import db

billing_profiles = sa.Table(
    "billing_profiles",
    db.metadata,
    db.city_column(),
    sa.Column("name", sa.String(70), nullable=False, comment="Of the authority that pays"),
    sa.Column("street", sa.String(70), nullable=False),
    sa.Column("postcode", sa.String(16), nullable=False),
    sa.Column("town", sa.String(35), nullable=False),
    sa.Column("country", sa.String(2), nullable=False),
    sa.Column("email", sa.String(120), nullable=False, comment="Electronic address on invoices"),
    sa.Column("buyer_reference", sa.String(46), nullable=False, comment="Leitweg-ID"),
    sa.Column("vat_id", sa.String(14), nullable=False, comment="Empty if the city has none"),
    sa.Column("iban", sa.String(34), nullable=False, comment="Account that payouts leave"),
    sa.Column("bic", sa.String(11), nullable=False, comment="Empty: the bank finds it by the IBAN"),
    sa.Column("contest_days", sa.Integer, nullable=False),
    sa.Column("settles_itself", sa.Boolean, nullable=False, comment="The worker settles what is due"),
    sa.Column("datev_consultant", sa.Integer, nullable=False),
    sa.Column("datev_client", sa.Integer, nullable=False),
    sa.Column("datev_expense_account", sa.Integer, nullable=False),
    sa.Column("datev_first_creditor", sa.Integer, nullable=False, comment="Venue n has this number plus n"),
    sa.Column("datev_bank_account", sa.Integer, nullable=False),
    sa.Column(
        "datev_transit_account",
        sa.Integer,
        nullable=False,
        server_default="1590",
        comment="Money of others that is passed on",
    ),
    sa.CheckConstraint("contest_days BETWEEN 1 AND 90", name="contest_days"),
)

venue_tax_data = sa.Table(
    "venue_tax_data",
    db.metadata,
    db.city_column(),
    sa.Column("venue_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("registered_name", sa.String(120), nullable=False),
    sa.Column("street", sa.String(70), nullable=False),
    sa.Column("postcode", sa.String(16), nullable=False),
    sa.Column("town", sa.String(35), nullable=False),
    sa.Column("country", sa.String(2), nullable=False),
    sa.Column("vat_id", sa.String(14), nullable=False, comment="Empty if there is a tax number"),
    sa.Column("tax_number", sa.String(20), nullable=False, comment="Empty if there is a VAT id"),
    sa.Column("is_small_business", sa.Boolean, nullable=False, comment="No VAT: section 19 of the act"),
    sa.Column("rate_percent", sa.Integer, nullable=False, comment="Where the offer says none"),
    sa.Column("exemption_reason", sa.String(200), nullable=False, comment="Why rate 0"),
    sa.Column("contact_name", sa.String(100), nullable=False),
    sa.Column("contact_phone", sa.String(40), nullable=False),
    sa.Column("contact_email", sa.String(120), nullable=False),
    sa.Column("changed_at", db.UtcDateTime, nullable=False),
    sa.CheckConstraint("rate_percent BETWEEN 0 AND 30", name="rate"),
    sa.ForeignKeyConstraint(["city_id", "venue_id"], ["venues.city_id", "venues.venue_id"]),
)

credit_notes = sa.Table(
    "credit_notes",
    db.metadata,
    db.city_column(),
    sa.Column("settlement_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seller", db.Json, nullable=False, comment="Tax data as they were"),
    sa.Column("buyer", db.Json, nullable=False, comment="Billing profile as it was"),
    sa.Column("texts", db.Json, nullable=False, comment="What the lines are, by sort, product and tier"),
    sa.Column("sha256", sa.String(64), nullable=False, comment="Of the XML that follows from these"),
    sa.Column("issued_at", db.UtcDateTime, nullable=False),
    sa.ForeignKeyConstraint(
        ["city_id", "settlement_id"], ["settlements.city_id", "settlements.settlement_id"]
    ),
    comment="Rows are only added: a credit note that was issued stays as it is",
)
