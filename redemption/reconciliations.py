"""What comparing books, banks, payment services and registers has found, as it was kept."""

import datetime as dt
import enum
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from kernel import db
from redemption.collecting_tables import reconciliations as table
from redemption.volumes import Network, Volume

KEPT = 400
"""Runs that are kept: a year and a month of nights."""


class Trouble(enum.StrEnum):
    """Why two sides differ; pages have a cause and a next step for each."""

    BOOKS_DIFFER = "books-differ"
    """The ledger says something else than the list that it was posted from."""
    PAYMENT_BEHIND = "payment-behind"
    """The payment service is further than we know."""
    PAYMENT_MISSING = "payment-missing"
    """The payment service knows nothing of a payment that we have."""
    PAYMENT_UNSURE = "payment-unsure"
    """The payment service did not answer."""
    MONEY_UNCLAIMED = "money-unclaimed"
    """Money came that nobody has claimed."""
    REFUND_WAITS = "refund-waits"
    """Somebody has to send money back by hand, for more than a week."""
    REFUND_FAILED = "refund-failed"
    """Money that was sent back came back too often."""
    DISPUTE_OPEN = "dispute-open"
    """A payer's bank has taken money back, and nothing is decided."""
    DRAWER_UNCOUNTED = "drawer-uncounted"
    """A drawer of an earlier day was never counted."""
    CASH_DIFFERENCE = "cash-difference"
    """A drawer had more or less than expected."""
    FINE_UNREPORTED = "fine-unreported"
    """The register was not told of a paid fine for more than a day."""
    FINE_FORGOTTEN = "fine-forgotten"
    """The register was told and doesn't have it."""
    FINE_AMOUNT = "fine-amount"
    """The register has another amount."""
    FINE_FOREIGN = "fine-foreign"
    """The register has a payment from here that the books do not."""
    REGISTER_UNSURE = "register-unsure"
    """The register did not answer, or has no list of payments."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Two sides that ought to be equal."""

    subject: str
    """An account, a payment service or a register."""
    ours_cents: int
    theirs_cents: int

    @property
    def agrees(self) -> bool:
        """Whether they are."""
        return self.ours_cents == self.theirs_cents


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not agree."""

    trouble: Trouble
    subject: str
    """What it is about: an account, the number of an order, a reference."""
    cents: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One comparison of everything."""

    run_id: int
    finished_at: dt.datetime
    compared: tuple[Compared, ...]
    differences: tuple[Difference, ...]
    volumes: tuple[Volume, ...]
    """What was redeemed in the twelve months before."""

    @property
    def is_clean(self) -> bool:
        """Whether everything agrees."""
        return not self.differences


def keep(
    work: db.Work,
    compared: tuple[Compared, ...],
    differences: tuple[Difference, ...],
    measured: tuple[Volume, ...],
) -> Reconciliation:
    """Keep the result of a comparison; very old ones are forgotten."""
    made = Reconciliation(work.ids.next(), work.now, compared, differences, measured)
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            run_id=made.run_id,
            finished_at=made.finished_at,
            compared=[asdict(one) for one in compared],
            differences=[{**asdict(one), "trouble": one.trouble.value} for one in differences],
            volumes=[{**asdict(one), "network": one.network.value} for one in measured],
        )
    )
    oldest = work.connection.execute(
        sa.select(table.c.run_id)
        .where(table.c.city_id == work.city_id)
        .order_by(table.c.run_id.desc())
        .offset(KEPT)
        .limit(1)
    ).scalar()
    if oldest is not None:
        work.connection.execute(
            sa.delete(table).where(table.c.city_id == work.city_id, table.c.run_id <= oldest)
        )
    return made


def newest(reading: db.Reading) -> Reconciliation | None:
    """Return the last comparison, if there was one."""
    found = page(reading, limit=1)
    return found[0] if found else None


def page(reading: db.Reading, *, limit: int = 14) -> list[Reconciliation]:
    """Return the last comparisons, newest first."""
    found = reading.connection.execute(
        sa.select(table)
        .where(table.c.city_id == reading.city_id)
        .order_by(table.c.run_id.desc())
        .limit(limit)
    )
    return [_reconciliation(row) for row in found]


def _reconciliation(row: sa.Row[Any]) -> Reconciliation:
    return Reconciliation(
        row.run_id,
        row.finished_at,
        tuple(Compared(**one) for one in row.compared),
        tuple(Difference(**{**one, "trouble": Trouble(one["trouble"])}) for one in row.differences),
        tuple(Volume(**{**one, "network": Network(one["network"])}) for one in row.volumes or ()),
    )
