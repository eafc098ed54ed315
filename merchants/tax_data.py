"""What the tax office wants to read about a venue on its credit notes."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from stdnum.de import stnr

from kernel import db
from kernel.errors import Conflict, Invalid
from merchants import billing, venues
from merchants.billing_tables import venue_tax_data as table

RATES = (19, 7, 0)
"""German rates of value added tax in percent."""
_LENGTHS = {
    "registered_name": 120,
    "street": 70,
    "postcode": 16,
    "town": 35,
    "contact_name": 100,
    "contact_phone": 40,
    "contact_email": 120,
}
_REASON_MAX = 200
_PHONE = re.compile(r"(?:\D*\d){3,}\D*")


@dataclass(frozen=True, slots=True)
class TaxData:
    """A venue as supplier: its registered name and seat, its tax numbers, whom to ask."""

    registered_name: str
    street: str
    """With house number."""
    postcode: str
    town: str
    contact_name: str
    contact_phone: str
    contact_email: str
    country: str = "DE"
    vat_id: str = ""
    tax_number: str = ""
    """One of the two is needed."""
    is_small_business: bool = False
    """Shows no tax (section 19 of the German act)."""
    rate_percent: int = 19
    """Where the offer says none."""
    exemption_reason: str = ""
    """Why what it sells is free of tax, if its rate is 0."""


_NAMES = tuple(TaxData.__dataclass_fields__)


def find(reading: db.Reading, venue_id: int) -> TaxData | None:
    """Return the tax data of a venue, if it gave them."""
    return by_venue(reading, [venue_id]).get(venue_id)


def get(reading: db.Reading, venue_id: int) -> TaxData:
    """Return the tax data of a venue. Raises Conflict `tax-data-missing`."""
    found = find(reading, venue_id)
    if found is None:
        raise Conflict("tax-data-missing", venue_id=venue_id)
    return found


def by_venue(reading: db.Reading, venue_ids: Iterable[int]) -> dict[int, TaxData]:
    """Return the tax data of those of the venues that gave them."""
    columns = [table.c[name] for name in _NAMES]
    wanted = table.c.venue_id.in_(sorted(set(venue_ids)))
    rows = reading.connection.execute(
        sa.select(table.c.venue_id, *columns).where(table.c.city_id == reading.city_id, wanted)
    )
    return {row.venue_id: TaxData(*row[1:]) for row in rows}


def save(work: db.Work, venue_id: int, data: TaxData) -> TaxData:
    """Keep a venue's tax data in place of those before; documents that were made stay as they are.

    Raises NotFound `venue-not-found`; Invalid with `field`: `venue-field-missing`, `venue-field-too-long`,
    `vat-id-invalid`, `tax-number-invalid`, `tax-number-missing`, `tax-rate-invalid`,
    `exemption-reason-missing`, `phone-invalid`, `email-invalid`, `country-invalid`.
    """
    venues.get(work, venue_id)
    values = _checked(data)
    made = db.insert(work, table).values(
        city_id=work.city_id, venue_id=venue_id, changed_at=work.now, **values
    )
    work.connection.execute(
        made.on_conflict_do_update(
            index_elements=["city_id", "venue_id"], set_={**values, "changed_at": work.now}
        )
    )
    return TaxData(**values)


def _checked(data: TaxData) -> dict[str, Any]:
    values = billing.checked_texts(asdict(data), _LENGTHS)
    vat_id, tax_number = billing.checked_vat_id(data.vat_id), " ".join(data.tax_number.split())
    if tax_number and not stnr.is_valid(tax_number):
        raise Invalid("tax-number-invalid", field="tax_number")
    if not vat_id and not tax_number:
        raise Invalid("tax-number-missing", field="tax_number")
    if data.rate_percent not in RATES:
        raise Invalid("tax-rate-invalid", field="rate_percent")
    reason = " ".join(data.exemption_reason.split())
    if len(reason) > _REASON_MAX:
        raise Invalid("venue-field-too-long", field="exemption_reason", maximum=_REASON_MAX)
    if not reason and not data.rate_percent and not data.is_small_business:
        raise Invalid("exemption-reason-missing", field="exemption_reason")
    if not _PHONE.fullmatch(data.contact_phone):
        raise Invalid("phone-invalid", field="contact_phone")
    billing.checked_email(str(values["contact_email"]), "contact_email")
    return values | {
        "country": billing.checked_country(data.country),
        "vat_id": vat_id,
        "tax_number": tax_number,
        "exemption_reason": reason,
    }
