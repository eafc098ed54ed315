"""Terms of offers: uses, activation, events with seats, discounts, limits, refunds; fees beside fines."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_offer_terms"
down_revision = "20261127_receipts"
branch_labels = None
depends_on = None

_CHECKS = {
    "kind": ("'ticket', 'pool', 'discount', 'fine'", "'ticket', 'pool', 'discount', 'fine', 'fee'"),
    "status": ("'draft', 'published', 'withdrawn'", "'draft', 'published', 'withdrawn', 'cancelled'"),
}


def upgrade() -> None:
    for column in _offer_columns():
        op.add_column("offers", column)
    for column in _voucher_columns():
        op.add_column("vouchers", column)
    op.create_index("ix_vouchers_offer_id", "vouchers", ["city_id", "offer_id", "status_index"])
    op.create_table(
        "offer_seats",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.Integer(), autoincrement=False, nullable=False, comment="The best is the first"
        ),
        sa.Column("seat", sa.String(12), nullable=False),
        sa.Column("voucher_id", sa.String(16), comment="Who sits there; empty: free"),
        sa.ForeignKeyConstraint(
            ["city_id", "offer_id"],
            ["offers.city_id", "offers.offer_id"],
            name=op.f("fk_offer_seats_city_id_offer_id_offers"),
        ),
        sa.PrimaryKeyConstraint("city_id", "offer_id", "position", name=op.f("pk_offer_seats")),
        sa.UniqueConstraint("city_id", "offer_id", "seat", name=op.f("uq_offer_seats_city_id_offer_id_seat")),
        comment="The seats of published offers with numbered ones",
    )
    op.create_index("ix_offer_seats_voucher_id", "offer_seats", ["city_id", "voucher_id"])
    _count_uses()
    for name, (before, after) in _CHECKS.items():
        _change_check(name, before, after)


def downgrade() -> None:
    for name, (before, after) in _CHECKS.items():
        _change_check(name, after, before)
    # A second use has no place in the table of before: the first one is kept.
    op.execute("DELETE FROM redemptions WHERE use_number > 1")
    with op.batch_alter_table("redemptions") as redemptions:
        redemptions.drop_constraint("pk_redemptions", type_="primary")
        redemptions.create_primary_key("pk_redemptions", ["city_id", "voucher_id"])
        redemptions.drop_column("undone_at")
        redemptions.drop_column("use_number")
    op.drop_table("offer_seats")
    op.drop_index("ix_vouchers_offer_id", "vouchers")
    for table, columns in (("vouchers", _voucher_columns()), ("offers", _offer_columns())):
        for column in columns:
            op.drop_column(table, column.name)


def _count_uses() -> None:
    """Let a voucher be redeemed several times, each use under its number."""
    undone: sa.Column[Any] = sa.Column("undone_at", db.UtcDateTime(), comment="The venue took it back")
    number = sa.Column(
        "use_number", sa.Integer(), nullable=False, server_default="1", comment="Each use is redeemed once"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("redemptions", number)
        op.add_column("redemptions", undone)
        op.alter_column("redemptions", "use_number", server_default=None)
        op.alter_column("redemptions", "device_id", nullable=True, comment="Empty: activated by its holder")
        op.alter_column("redemptions", "scan_id", nullable=True)
        op.alter_column("redemptions", "voucher_id", comment=None)
        op.drop_constraint("pk_redemptions", "redemptions", type_="primary")
        op.create_primary_key("pk_redemptions", "redemptions", ["city_id", "voucher_id", "use_number"])
        return
    _copy_redemptions()


def _copy_redemptions() -> None:
    """SQLite can't alter a primary key; nothing refers to this table, so that it can be copied."""
    op.create_table(
        "redemptions_new",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("voucher_id", sa.String(16), nullable=False),
        sa.Column("use_number", sa.Integer(), nullable=False),
        sa.Column("venue_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger()),
        sa.Column("scan_id", sa.BigInteger()),
        sa.Column("redeemed_at", db.UtcDateTime(), nullable=False),
        sa.Column("undone_at", db.UtcDateTime()),
        sa.ForeignKeyConstraint(
            ["city_id", "voucher_id"],
            ["vouchers.city_id", "vouchers.voucher_id"],
            name=op.f("fk_redemptions_city_id_voucher_id_vouchers"),
        ),
        sa.PrimaryKeyConstraint("city_id", "voucher_id", "use_number", name=op.f("pk_redemptions")),
    )
    copied = sa.text(
        "INSERT INTO redemptions_new"
        " (city_id, voucher_id, use_number, venue_id, device_id, scan_id, redeemed_at)"
        " SELECT city_id, voucher_id, 1, venue_id, device_id, scan_id, redeemed_at"
        " FROM redemptions WHERE city_id = :city_id"
    )
    for city_id in op.get_bind().execute(sa.text("SELECT city_id FROM cities")).scalars().all():
        op.execute(copied.bindparams(city_id=city_id))
    op.drop_table("redemptions")
    op.rename_table("redemptions_new", "redemptions")


def _change_check(name: str, before: str, after: str) -> None:
    """Replace a list of allowed values.

    SQLite can't alter a constraint; vouchers refer to offers, so that they can't be copied either. Where
    nothing on disk changes, its documentation (ALTER TABLE, section 7) writes the schema's text.
    """
    constraint, bind = op.f(f"ck_offers_{name}"), op.get_bind()
    if bind.dialect.name == "postgresql":
        op.drop_constraint(constraint, "offers", type_="check")
        op.create_check_constraint(constraint, "offers", f"{name} IN ({after})")
        return
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'offers'",
        (f"{name} IN ({before})", f"{name} IN ({after})"),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=OFF")


def _offer_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("uses", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("activation_minutes", sa.Integer(), comment="Valid for so long once activated"),
        sa.Column("event_begins_at", db.UtcDateTime()),
        sa.Column("event_ends_at", db.UtcDateTime()),
        sa.Column("doors_at", db.UtcDateTime()),
        sa.Column("seats", db.Json, comment="Names of numbered seats, best first"),
        sa.Column("personal", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("transferable", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("discount_percent", sa.Integer()),
        sa.Column("discount_cents", sa.BigInteger()),
        sa.Column("minimum_cents", sa.BigInteger(), comment="Least purchase for the discount"),
        sa.Column("per_month_limit", sa.Integer(), comment="For one person in a month of the calendar"),
        sa.Column("trust_least", sa.String(10), nullable=False, server_default="anonymous"),
        sa.Column("age_least", sa.Integer()),
        sa.Column("refund_rule", sa.String(6), nullable=False, server_default="always"),
        sa.Column("refund_hours", sa.Integer(), comment="Before the event, or before the validity ends"),
        sa.Column("undo_minutes", sa.Integer(), nullable=False, server_default="0"),
    )


def _voucher_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("uses", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("use_holds", db.Json, comment="Places of each use's holds; empty: all are of the only use"),
        sa.Column("seat", sa.String(12)),
        sa.Column("payer", sa.String(40), comment="Whose points are held, where that is not the owner"),
        sa.Column("activated_at", db.UtcDateTime()),
        sa.Column("active_until", db.UtcDateTime(), comment="Exclusive"),
        sa.Column("reminded_at", db.UtcDateTime()),
    )
