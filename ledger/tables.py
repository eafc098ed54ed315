"""The ledger's tables. `transfers` is the book: triggers in the database refuse to change or delete a row.

The newest transfer of an account carries its balance, so no account row is ever updated for a posting and
a busy account costs no more than a quiet one. On PostgreSQL the book is partitioned by ranges of the sequence
(`ledger.partitions`), so that old ranges can lie on cheap storage. It has no foreign keys: the writer takes
account numbers from accounts that it has read under its lock, and `ledger.invariants` checks them (ADR 9).
"""

import sqlalchemy as sa

from kernel import db

heads = sa.Table(
    "ledger_heads",
    db.metadata,
    db.city_column(),
    sa.Column("sequence", sa.BigInteger, nullable=False, comment="Number of the newest transfer; 0 if none"),
    sa.Column("closed_until", sa.Date, comment="No new effective date up to this day"),
    sa.Column("fence", sa.BigInteger, nullable=False, comment="Another random number after each change"),
    sa.Column(
        "accounts_fence", sa.BigInteger, nullable=False, comment="Another one after each change of an account"
    ),
)

accounts = sa.Table(
    "ledger_accounts",
    db.metadata,
    db.city_column(),
    sa.Column("account_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("path", sa.String(120), nullable=False),
    sa.Column("asset", sa.String(40), nullable=False),
    sa.Column("guard", sa.String(12), nullable=False),
    sa.Column("owner", sa.String(40), comment="Opaque owner of a wallet lot"),
    sa.Column("expires_on", sa.Date, comment="Last day of a wallet lot"),
    sa.Column("opened_at", db.UtcDateTime, nullable=False),
    sa.Column("closed_at", db.UtcDateTime),
    sa.Column("erased_until", sa.BigInteger, comment="Transfers up to this number can't be opened any more"),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, comment="ledger.accounts.row_digest"),
    sa.UniqueConstraint("city_id", "path"),
    sa.Index("ix_ledger_accounts_owner", "city_id", "owner"),
    sa.Index("ix_ledger_accounts_expires_on", "city_id", "expires_on"),
    sa.CheckConstraint("guard IN ('none', 'no-overdraft')", name="guard"),
)

SIDES = ("debit", "credit")
COUNTERS = ("debits_posted", "debits_pending", "credits_posted", "credits_pending")

transfers = sa.Table(
    "ledger_transfers",
    db.metadata,
    db.city_column(),
    # Eight-byte columns first: PostgreSQL pads a row less.
    sa.Column("effective", sa.Date, nullable=False, comment="When it happened"),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("debit_account_id", sa.BigInteger, nullable=False),
    sa.Column("credit_account_id", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    *(
        sa.Column(f"{side}_{counter}", sa.BigInteger, nullable=False, comment="Result on this side")
        for side in SIDES
        for counter in COUNTERS
    ),
    sa.Column("booked_at", db.UtcDateTime, nullable=False, comment="When it was recorded"),
    sa.Column("transfer_id", sa.Uuid, nullable=False, comment="Made by the caller"),
    sa.Column("commitment", sa.LargeBinary(32), nullable=False, comment="ledger.leaves.commitment"),
    sa.Column("kind", sa.String(7), nullable=False),
    sa.Column("purpose", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(120), nullable=False),
    sa.Column("refers_to", sa.Uuid, comment="The hold captured or released, the transfer reversed"),
    sa.Column("group_id", sa.Uuid),
    sa.Column("expires_at", db.UtcDateTime, comment="Of a hold"),
    # Rows are only added, at the end of an account's: their pages need no room for more.
    sa.Index(
        "ix_ledger_transfers_debit",
        "city_id",
        "debit_account_id",
        "sequence",
        unique=True,
        postgresql_with={"fillfactor": 100},
    ),
    sa.Index(
        "ix_ledger_transfers_credit",
        "city_id",
        "credit_account_id",
        "sequence",
        unique=True,
        postgresql_with={"fillfactor": 100},
    ),
    sa.Index(
        "ix_ledger_transfers_group_id",
        "city_id",
        "group_id",
        sqlite_where=sa.text("group_id IS NOT NULL"),
        postgresql_where=sa.text("group_id IS NOT NULL"),
    ),
    # A partitioned table can't have these; there each partition has them, and the writer looks at all.
    sa.Index("uq_ledger_transfers_transfer_id", "city_id", "transfer_id", unique=True).ddl_if("sqlite"),
    # One capture or release for a hold, one reversal for a transfer: held by the database too.
    sa.Index(
        "uq_ledger_transfers_refers_to",
        "city_id",
        "refers_to",
        unique=True,
        sqlite_where=sa.text("refers_to IS NOT NULL"),
    ).ddl_if("sqlite"),
    sa.CheckConstraint("amount > 0", name="amount"),
    sa.CheckConstraint("debit_account_id <> credit_account_id", name="accounts"),
    sa.CheckConstraint("kind IN ('post', 'hold', 'capture', 'release', 'reverse')", name="kind"),
    sa.CheckConstraint("(kind IN ('post', 'hold')) = (refers_to IS NULL)", name="refers_to"),
    postgresql_partition_by="RANGE (sequence)",
    sqlite_with_rowid=False,
)

salt_secrets = sa.Table(
    "ledger_salt_secrets",
    db.metadata,
    db.city_column(),
    sa.Column("account_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("secret", sa.LargeBinary(32), nullable=False, comment="Replaced on erasure"),
    comment="What the salts of an account's transfers are derived from (ledger.leaves)",
)

open_holds = sa.Table(
    "ledger_open_holds",
    db.metadata,
    db.city_column(),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("transfer_id", sa.Uuid, nullable=False),
    sa.Column("debit_account_id", sa.BigInteger, nullable=False),
    sa.Column("credit_account_id", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("expires_at", db.UtcDateTime),
    sa.Index("ix_ledger_open_holds_expires_at", "city_id", "expires_at"),
    comment="Holds neither captured nor released: derived from transfers, checked by ledger.invariants",
)

rejections = sa.Table(
    "ledger_rejections",
    db.metadata,
    db.city_column(),
    sa.Column("transfer_id", sa.Uuid, primary_key=True),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("content_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("rejected_at", db.UtcDateTime, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, comment="Of the other columns"),
    comment="Requests that were refused: asking again gives the same answer",
)
