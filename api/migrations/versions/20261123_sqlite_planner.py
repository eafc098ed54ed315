"""SQLite is told how the ledger's tables are filled: many rows a city, few for each further column.

Without figures it takes a city to hold about ten rows, and reads the whole book to find one transfer.
`ANALYZE` would learn it from the rows, but nobody runs it; a later one replaces these figures by true ones.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_sqlite_planner"
down_revision = "20261123_erasure"
branch_labels = None
depends_on = None

# Rows, then rows with the same first column, the same first two, ... (SQLite's file format, section stat1).
ASSUMED = {
    ("ledger_transfers", "ledger_transfers"): "1000000 1000000 1",
    ("ledger_transfers", "uq_ledger_transfers_transfer_id"): "1000000 1000000 1",
    ("ledger_transfers", "uq_ledger_transfers_refers_to"): "1000000 1000000 1",
    ("ledger_transfers", "ix_ledger_transfers_group_id"): "1000000 1000000 3",
    ("ledger_transfers", "ix_ledger_transfers_debit"): "1000000 1000000 1000 1",
    ("ledger_transfers", "ix_ledger_transfers_credit"): "1000000 1000000 1000 1",
    ("ledger_accounts", "sqlite_autoindex_ledger_accounts_1"): "100000 100000 1",
    ("ledger_accounts", "sqlite_autoindex_ledger_accounts_2"): "100000 100000 1",
    ("ledger_accounts", "ix_ledger_accounts_owner"): "100000 100000 3",
    ("ledger_accounts", "ix_ledger_accounts_expires_on"): "100000 100000 1000",
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    # Makes the table of figures; the ledger's tables may be empty, and then it has none to give.
    op.execute("ANALYZE")
    for (table, index), figures in ASSUMED.items():
        values = {"table": table, "index": index, "figures": figures}
        op.execute(
            sa.text("DELETE FROM sqlite_stat1 WHERE tbl = :table AND idx = :index").bindparams(
                table=table, index=index
            )
        )
        op.execute(
            sa.text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:table, :index, :figures)").bindparams(
                **values
            )
        )
    # This connection has read the figures already, and would not look again.
    op.execute("ANALYZE sqlite_master")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DELETE FROM sqlite_stat1 WHERE tbl IN ('ledger_transfers', 'ledger_accounts')")
