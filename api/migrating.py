"""Bringing a database to the schema of this version, and checking that models and migrations agree."""

from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kernel import db

_TABLES = (
    "kernel.cities",
    "kernel.outbox",
    "ledger.tables",
    "ledger.verifying",
    "ledger.log_tables",
    "ledger.closing_tables",
    "identity.tables",
    "identity.postbox_tables",
    "merchants.tables",
    "merchants.billing_tables",
    "merchants.device_tables",
    "merchants.payout_tables",
    "merchants.account_tables",
    "merchants.onboarding_tables",
    "rewards.tables",
    "rewards.play_tables",
    "rewards.rule_tables",
    "rewards.life_tables",
    "rewards.tag_tables",
    "rewards.case_tables",
    "rewards.simulation_tables",
    "rewards.check_tables",
    "redemption.hand_over_tables",
    "redemption.trust_tables",
    "redemption.log_tables",
    "redemption.hub_tables",
    "redemption.tables",
    "redemption.collecting_tables",
    "redemption.proposal_tables",
    "redemption.offline_tables",
    "redemption.passage_tables",
    "redemption.dispute_tables",
    "redemption.till_receipt_tables",
    "redemption.payment_tables",
    "redemption.receipt_tables",
    "api.tables",
)


def metadata() -> sa.MetaData:
    """Return the metadata with the tables of all rooms."""
    for module in _TABLES:
        import_module(module)
    return db.metadata


def upgrade(engine: sa.Engine) -> None:
    """Bring the database to the newest revision."""
    with engine.execution_options(duiscoin_writes=True).begin() as connection:
        command.upgrade(_config(connection), "head")


def pending(engine: sa.Engine) -> bool:
    """Return whether the database is behind this version (or empty)."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() != head


def differences(engine: sa.Engine) -> list[Any]:
    """Return what the migrations made differently from the models; empty if nothing."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": is_ours}
        )
        return list(compare_metadata(context, metadata()))


def revise(engine: sa.Engine, message: str) -> None:
    """Write a new revision with what the models have and the database lacks."""
    with engine.begin() as connection:
        command.revision(_config(connection), message=message, autogenerate=True)


def is_ours(_object: object, name: str | None, kind: str, _reflected: object, _other: object) -> bool:
    """Leave SQLite's own tables and the partitions of the book out: `ledger.partitions` makes those."""
    return not (kind == "table" and str(name).startswith(("sqlite_", "ledger_transfers_p")))


def _config(connection: sa.Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(slug)s")
    if connection is not None:
        config.attributes["connection"] = connection
    return config
