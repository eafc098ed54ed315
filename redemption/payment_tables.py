"""The tables of orders, payments, refunds and disputes. What is owed and paid is the ledger's to say."""

import sqlalchemy as sa

from kernel import db


def _city() -> sa.Column[int]:
    return sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False)


orders = sa.Table(
    "orders",
    db.metadata,
    _city(),
    sa.Column("order_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(7), nullable=False),
    sa.Column("status", sa.String(9), nullable=False),
    sa.Column("owner", sa.String(40), nullable=False),
    sa.Column("offer_id", sa.Integer, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("cents", sa.BigInteger, nullable=False, comment="The part in euros"),
    sa.Column("rate_cents_per_point", sa.Integer, nullable=False),
    sa.Column("seat", sa.String(12), comment="Of numbered ones; kept while the order is open"),
    sa.Column("reference", sa.String(40), comment="Of the fine"),
    sa.Column("fine_cents", sa.BigInteger, comment="What the register asks for"),
    sa.Column("hold_count", sa.Integer, nullable=False, comment="Ids of the holds follow from order_id"),
    sa.Column("voucher_id", sa.String(16), comment="What was bought, once it is paid"),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("expires_at", db.UtcDateTime, nullable=False),
    sa.Column(
        "ending", sa.String(9), comment="As what it ends if no money comes: the buyer or the clock said so"
    ),
    sa.Column("closed_at", db.UtcDateTime),
    sa.Column("reason", sa.String(60), nullable=False, comment="Why it failed, as a code"),
    sa.Column("due_at", db.UtcDateTime, comment="When money that nothing is left for is sent back"),
    sa.CheckConstraint("kind IN ('voucher', 'fine', 'fee')", name="kind"),
    sa.CheckConstraint("status IN ('open', 'done', 'failed', 'expired', 'cancelled')", name="status"),
    sa.Index("ix_orders_owner", "city_id", "owner", "order_id"),
    sa.Index("ix_orders_voucher_id", "city_id", "voucher_id"),
    sa.Index("ix_orders_reference", "city_id", "reference"),
    sa.Index("ix_orders_due_at", "city_id", "due_at"),
    sa.ForeignKeyConstraint(["city_id", "offer_id"], ["offers.city_id", "offers.offer_id"]),
)

payments = sa.Table(
    "payments",
    db.metadata,
    _city(),
    sa.Column("payment_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("order_id", sa.BigInteger, nullable=False),
    sa.Column("provider", sa.String(20), nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("cents", sa.BigInteger, nullable=False),
    sa.Column("received_cents", sa.BigInteger, nullable=False, comment="For good; refunds are not taken off"),
    sa.Column("request_key", sa.String(80), nullable=False, comment="Stored before the provider is called"),
    sa.Column("subject", sa.String(250), nullable=False, comment="What the payer reads"),
    sa.Column("reference", sa.String(35), nullable=False, comment="What the city reads in its books"),
    sa.Column("language", sa.String(10), nullable=False),
    sa.Column("return_url", sa.String(500), nullable=False),
    sa.Column("provider_reference", sa.String(120), comment="The provider's name for it"),
    sa.Column("page_url", sa.String(2000), comment="Where the payer pays"),
    sa.Column("method", sa.String(20), nullable=False),
    sa.Column("failure", sa.String(100), nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("asked_at", db.UtcDateTime, comment="When the provider was first asked to collect"),
    sa.Column("looked_at", db.UtcDateTime),
    sa.Column("looks", sa.Integer, nullable=False, comment="Calls since the last news"),
    sa.Column("due_at", db.UtcDateTime, comment="When the provider is asked next; empty: never again"),
    sa.Column("trouble", sa.String(100), nullable=False, comment="What the last call came to grief on"),
    sa.UniqueConstraint("city_id", "order_id"),
    sa.UniqueConstraint("city_id", "request_key"),
    sa.UniqueConstraint("city_id", "provider", "provider_reference"),
    sa.Index("ix_payments_due_at", "city_id", "due_at"),
    sa.ForeignKeyConstraint(["city_id", "order_id"], ["orders.city_id", "orders.order_id"]),
)

refunds = sa.Table(
    "refunds",
    db.metadata,
    _city(),
    sa.Column("refund_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("payment_id", sa.BigInteger, nullable=False),
    sa.Column("order_id", sa.BigInteger, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, comment="Of sending this money back"),
    sa.Column("status", sa.String(9), nullable=False),
    sa.Column("cents", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("request_key", sa.String(80), nullable=False, comment="Stored before the provider is called"),
    sa.Column("provider_reference", sa.String(120)),
    sa.Column("failure", sa.String(100), nullable=False),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("finished_at", db.UtcDateTime),
    sa.Column("looks", sa.Integer, nullable=False, comment="Calls since the last news"),
    sa.Column("due_at", db.UtcDateTime, comment="When the provider is asked next; empty: never again"),
    sa.Column("trouble", sa.String(100), nullable=False, comment="What the last call came to grief on"),
    sa.UniqueConstraint("city_id", "request_key"),
    sa.Index("ix_refunds_order_id", "city_id", "order_id", "refund_id"),
    sa.Index("ix_refunds_provider_reference", "city_id", "provider_reference"),
    sa.Index("ix_refunds_due_at", "city_id", "due_at"),
    sa.CheckConstraint("cents > 0", name="cents"),
    sa.ForeignKeyConstraint(["city_id", "payment_id"], ["payments.city_id", "payments.payment_id"]),
)

disputes = sa.Table(
    "payment_disputes",
    db.metadata,
    _city(),
    sa.Column("provider", sa.String(20), primary_key=True),
    sa.Column("provider_reference", sa.String(120), primary_key=True),
    sa.Column("payment_id", sa.BigInteger, nullable=False),
    sa.Column("order_id", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(4), nullable=False),
    sa.Column("cents", sa.BigInteger, nullable=False),
    sa.Column("fee_cents", sa.BigInteger, nullable=False),
    sa.Column("loss_cents", sa.BigInteger, nullable=False, comment="What the city bears"),
    sa.Column("opened_at", db.UtcDateTime, nullable=False),
    sa.Column("closed_at", db.UtcDateTime),
    sa.CheckConstraint("status IN ('open', 'won', 'lost')", name="status"),
    sa.Index("ix_payment_disputes_order_id", "city_id", "order_id"),
    sa.ForeignKeyConstraint(["city_id", "payment_id"], ["payments.city_id", "payments.payment_id"]),
)

events = sa.Table(
    "payment_events",
    db.metadata,
    _city(),
    sa.Column("provider", sa.String(20), primary_key=True),
    sa.Column("event_id", sa.String(120), primary_key=True, comment="A message has its effect once"),
    sa.Column("topic", sa.String(10), nullable=False),
    sa.Column("received_at", db.UtcDateTime, nullable=False),
)
