"""Orders for points and euros together: their payments, refunds, disputes and messages."""

import sqlalchemy as sa
from alembic import op

from kernel import db

revision = "20261127_orders"
down_revision = "20261127_trust_in_vouchers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment_events",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("event_id", sa.String(length=120), nullable=False, comment="A message has its effect once"),
        sa.Column("topic", sa.String(length=10), nullable=False),
        sa.Column("received_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("city_id", "provider", "event_id", name=op.f("pk_payment_events")),
    )
    op.create_table(
        "orders",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=7), nullable=False),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False, comment="The part in euros"),
        sa.Column("rate_cents_per_point", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=True, comment="Of the fine"),
        sa.Column("fine_cents", sa.BigInteger(), nullable=True, comment="What the register asks for"),
        sa.Column(
            "hold_count", sa.Integer(), nullable=False, comment="Ids of the holds follow from order_id"
        ),
        sa.Column(
            "voucher_id", sa.String(length=16), nullable=True, comment="What was bought, once it is paid"
        ),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "ending",
            sa.String(length=9),
            nullable=True,
            comment="As what it ends if no money comes: the buyer or the clock said so",
        ),
        sa.Column("closed_at", db.UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=False, comment="Why it failed, as a code"),
        sa.Column(
            "due_at",
            db.UtcDateTime(),
            nullable=True,
            comment="When money that nothing is left for is sent back",
        ),
        sa.CheckConstraint("kind IN ('voucher', 'fine')", name=op.f("ck_orders_kind")),
        sa.CheckConstraint(
            "status IN ('open', 'done', 'failed', 'expired', 'cancelled')", name=op.f("ck_orders_status")
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "offer_id"],
            ["offers.city_id", "offers.offer_id"],
            name=op.f("fk_orders_city_id_offer_id_offers"),
        ),
        sa.PrimaryKeyConstraint("city_id", "order_id", name=op.f("pk_orders")),
    )
    op.create_index("ix_orders_due_at", "orders", ["city_id", "due_at"], unique=False)
    op.create_index("ix_orders_owner", "orders", ["city_id", "owner", "order_id"], unique=False)
    op.create_index("ix_orders_reference", "orders", ["city_id", "reference"], unique=False)
    op.create_index("ix_orders_voucher_id", "orders", ["city_id", "voucher_id"], unique=False)
    op.create_table(
        "payments",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("payment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column(
            "received_cents", sa.BigInteger(), nullable=False, comment="For good; refunds are not taken off"
        ),
        sa.Column(
            "request_key",
            sa.String(length=80),
            nullable=False,
            comment="Stored before the provider is called",
        ),
        sa.Column("subject", sa.String(length=250), nullable=False, comment="What the payer reads"),
        sa.Column(
            "reference", sa.String(length=35), nullable=False, comment="What the city reads in its books"
        ),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("return_url", sa.String(length=500), nullable=False),
        sa.Column(
            "provider_reference", sa.String(length=120), nullable=True, comment="The provider's name for it"
        ),
        sa.Column("page_url", sa.String(length=2000), nullable=True, comment="Where the payer pays"),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("failure", sa.String(length=100), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "asked_at",
            db.UtcDateTime(),
            nullable=True,
            comment="When the provider was first asked to collect",
        ),
        sa.Column("looked_at", db.UtcDateTime(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False, comment="Calls since the last news"),
        sa.Column(
            "due_at",
            db.UtcDateTime(),
            nullable=True,
            comment="When the provider is asked next; empty: never again",
        ),
        sa.Column(
            "trouble", sa.String(length=100), nullable=False, comment="What the last call came to grief on"
        ),
        sa.ForeignKeyConstraint(
            ["city_id", "order_id"],
            ["orders.city_id", "orders.order_id"],
            name=op.f("fk_payments_city_id_order_id_orders"),
        ),
        sa.PrimaryKeyConstraint("city_id", "payment_id", name=op.f("pk_payments")),
        sa.UniqueConstraint("city_id", "order_id", name=op.f("uq_payments_city_id_order_id")),
        sa.UniqueConstraint(
            "city_id",
            "provider",
            "provider_reference",
            name=op.f("uq_payments_city_id_provider_provider_reference"),
        ),
        sa.UniqueConstraint("city_id", "request_key", name=op.f("uq_payments_city_id_request_key")),
    )
    op.create_index("ix_payments_due_at", "payments", ["city_id", "due_at"], unique=False)
    op.create_table(
        "payment_disputes",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("provider_reference", sa.String(length=120), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=4), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("fee_cents", sa.BigInteger(), nullable=False),
        sa.Column("loss_cents", sa.BigInteger(), nullable=False, comment="What the city bears"),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("closed_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("status IN ('open', 'won', 'lost')", name=op.f("ck_payment_disputes_status")),
        sa.ForeignKeyConstraint(
            ["city_id", "payment_id"],
            ["payments.city_id", "payments.payment_id"],
            name=op.f("fk_payment_disputes_city_id_payment_id_payments"),
        ),
        sa.PrimaryKeyConstraint(
            "city_id", "provider", "provider_reference", name=op.f("pk_payment_disputes")
        ),
    )
    op.create_index("ix_payment_disputes_order_id", "payment_disputes", ["city_id", "order_id"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("city_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("refund_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="Of sending this money back"),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column(
            "request_key",
            sa.String(length=80),
            nullable=False,
            comment="Stored before the provider is called",
        ),
        sa.Column("provider_reference", sa.String(length=120), nullable=True),
        sa.Column("failure", sa.String(length=100), nullable=False),
        sa.Column("created_at", db.UtcDateTime(), nullable=False),
        sa.Column("finished_at", db.UtcDateTime(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False, comment="Calls since the last news"),
        sa.Column(
            "due_at",
            db.UtcDateTime(),
            nullable=True,
            comment="When the provider is asked next; empty: never again",
        ),
        sa.Column(
            "trouble", sa.String(length=100), nullable=False, comment="What the last call came to grief on"
        ),
        sa.CheckConstraint("cents > 0", name=op.f("ck_refunds_cents")),
        sa.ForeignKeyConstraint(
            ["city_id", "payment_id"],
            ["payments.city_id", "payments.payment_id"],
            name=op.f("fk_refunds_city_id_payment_id_payments"),
        ),
        sa.PrimaryKeyConstraint("city_id", "refund_id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("city_id", "request_key", name=op.f("uq_refunds_city_id_request_key")),
    )
    op.create_index("ix_refunds_due_at", "refunds", ["city_id", "due_at"], unique=False)
    op.create_index("ix_refunds_order_id", "refunds", ["city_id", "order_id", "refund_id"], unique=False)
    op.create_index(
        "ix_refunds_provider_reference", "refunds", ["city_id", "provider_reference"], unique=False
    )
    op.add_column(
        "fine_payments",
        sa.Column(
            "paid_cents", sa.BigInteger(), server_default="0", nullable=False, comment="In euros, by an order"
        ),
    )
    op.add_column(
        "vouchers",
        sa.Column(
            "paid_cents", sa.BigInteger(), server_default="0", nullable=False, comment="In euros, by an order"
        ),
    )
    op.add_column(
        "vouchers",
        sa.Column(
            "frozen_at",
            db.UtcDateTime(),
            nullable=True,
            comment="While its payment is disputed nobody gets in with it",
        ),
    )


def downgrade() -> None:
    op.drop_column("vouchers", "frozen_at")
    op.drop_column("vouchers", "paid_cents")
    op.drop_column("fine_payments", "paid_cents")
    op.drop_index("ix_refunds_provider_reference", table_name="refunds")
    op.drop_index("ix_refunds_order_id", table_name="refunds")
    op.drop_index("ix_refunds_due_at", table_name="refunds")
    op.drop_table("refunds")
    op.drop_index("ix_payment_disputes_order_id", table_name="payment_disputes")
    op.drop_table("payment_disputes")
    op.drop_index("ix_payments_due_at", table_name="payments")
    op.drop_table("payments")
    op.drop_index("ix_orders_voucher_id", table_name="orders")
    op.drop_index("ix_orders_reference", table_name="orders")
    op.drop_index("ix_orders_owner", table_name="orders")
    op.drop_index("ix_orders_due_at", table_name="orders")
    op.drop_table("orders")
    op.drop_table("payment_events")
