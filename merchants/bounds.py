"""On what terms a city takes new venues: which rates they may ask for, what else their contracts say."""

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import Invalid
from merchants.contracts import DELAY_DAYS_MAX, RATE_MAX, Extras
from merchants.onboarding_tables import bounds as table

DELAY_DAYS = 14
"""Long enough for a guest to notice a redemption that was not theirs, short enough to live with."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is possible without talking to the city first."""

    rate_least: int = 1
    """In cents per point."""
    rate_most: int = 2
    payout_delay_days: int = DELAY_DAYS
    receipt_numbers: bool = False
    owner_publishes: bool = False
    scanned_only: bool = False

    @property
    def extras(self) -> Extras:
        """What the city's contracts say beside rate and period."""
        return Extras(self.payout_delay_days, self.receipt_numbers, self.owner_publishes, self.scanned_only)


DEFAULT = Bounds()


def find(reading: db.Reading) -> Bounds:
    """Return the city's bounds, the usual ones if it never chose."""
    columns = [table.c[name] for name in Bounds.__dataclass_fields__]
    row = reading.connection.execute(sa.select(*columns).where(table.c.city_id == reading.city_id)).first()
    return Bounds(**row._mapping) if row else DEFAULT


def save(work: db.Work, chosen: Bounds) -> Bounds:
    """Keep the bounds for contracts that are signed from now on.

    Raises Invalid with `field`: `contract-rate-invalid`, `contract-rates-crossed`, `contract-delay-invalid`.
    """
    for field in ("rate_least", "rate_most"):
        if not 1 <= getattr(chosen, field) <= RATE_MAX:
            raise Invalid("contract-rate-invalid", field=field, maximum=RATE_MAX)
    if chosen.rate_least > chosen.rate_most:
        raise Invalid("contract-rates-crossed", field="rate_most")
    if not 0 <= chosen.payout_delay_days <= DELAY_DAYS_MAX:
        raise Invalid("contract-delay-invalid", field="payout_delay_days", maximum=DELAY_DAYS_MAX)
    values = asdict(chosen)
    made = db.insert(work, table).values(city_id=work.city_id, **values)
    work.connection.execute(made.on_conflict_do_update(index_elements=["city_id"], set_=values))
    return chosen
