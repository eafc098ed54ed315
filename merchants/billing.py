"""The city as debtor: what stands on invoices and payment files, and how it settles."""

import re
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from stdnum.de import leitweg
from stdnum.eu import vat

from kernel import db
from kernel.errors import Conflict, Invalid
from merchants import ibans
from merchants.billing_tables import billing_profiles as table

CONTEST_DAYS = 14
CONTEST_DAYS_MAX = 90
_LENGTHS = {"name": 70, "street": 70, "postcode": 16, "town": 35, "email": 120}
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_COUNTRY = re.compile(r"[A-Z]{2}")
DATEV_NUMBER_MAX = 99_999_999


@dataclass(frozen=True, slots=True)
class Profile:
    """Who pays, from which account, and by which rules."""

    name: str
    street: str
    """With house number."""
    postcode: str
    town: str
    email: str
    buyer_reference: str
    """Leitweg-ID: where e-invoices to this authority go."""
    iban: str
    country: str = "DE"
    vat_id: str = ""
    bic: str = ""
    contest_days: int = CONTEST_DAYS
    """For how many days after it was made a statement may be contested."""
    settles_itself: bool = True
    """Whether the worker settles what is due."""
    datev_consultant: int = 1001
    datev_client: int = 1
    datev_expense_account: int = 4900
    datev_first_creditor: int = 70_000
    datev_bank_account: int = 1200
    datev_transit_account: int = 1590
    """Where euros lie that guests paid for venues."""


_NAMES = tuple(Profile.__dataclass_fields__)


def find(reading: db.Reading) -> Profile | None:
    """Return the city's profile, if it has one yet."""
    columns = [table.c[name] for name in _NAMES]
    row = reading.connection.execute(sa.select(*columns).where(table.c.city_id == reading.city_id)).first()
    return Profile(**row._mapping) if row else None


def get(reading: db.Reading) -> Profile:
    """Return the city's profile. Raises Conflict `billing-profile-missing`."""
    found = find(reading)
    if found is None:
        raise Conflict("billing-profile-missing")
    return found


def contest_days(reading: db.Reading) -> int:
    """Return for how many days a statement may be contested."""
    found = find(reading)
    return found.contest_days if found else CONTEST_DAYS


def save(work: db.Work, profile: Profile) -> Profile:
    """Keep the profile in place of the one before.

    Raises Invalid with `field`: `venue-field-missing`, `venue-field-too-long`, `iban-invalid`, `bic-invalid`,
    `email-invalid`, `country-invalid`, `vat-id-invalid`, `buyer-reference-invalid`, `contest-days-invalid`,
    `datev-number-invalid`.
    """
    values = _checked(profile)
    made = db.insert(work, table).values(city_id=work.city_id, **values)
    work.connection.execute(made.on_conflict_do_update(index_elements=["city_id"], set_=values))
    return Profile(**values)


def checked_texts(values: dict[str, Any], lengths: dict[str, int]) -> dict[str, Any]:
    """Return the values with the named texts stripped. Raises Invalid for one that is empty or too long."""
    for name, longest in lengths.items():
        text = " ".join(str(values[name]).split())
        if not text:
            raise Invalid("venue-field-missing", field=name)
        if len(text) > longest:
            raise Invalid("venue-field-too-long", field=name, maximum=longest)
        values = values | {name: text}
    return values


def checked_email(written: str, field: str) -> str:
    """Return an e-mail address. Raises Invalid `email-invalid`."""
    if not _EMAIL.fullmatch(written):
        raise Invalid("email-invalid", field=field)
    return written


def checked_country(written: str) -> str:
    """Return the code of a country in capitals. Raises Invalid `country-invalid`."""
    country = written.strip().upper()
    if not _COUNTRY.fullmatch(country):
        raise Invalid("country-invalid", field="country")
    return country


def checked_vat_id(written: str) -> str:
    """Return a VAT identifier without spaces, or nothing. Raises Invalid `vat-id-invalid`."""
    compact = "".join(written.split()).upper()
    if compact and not vat.is_valid(compact):
        raise Invalid("vat-id-invalid", field="vat_id")
    return compact


def _checked(profile: Profile) -> dict[str, Any]:
    values = checked_texts(asdict(profile), _LENGTHS)
    bic = "".join(profile.bic.split()).upper()
    if bic and not _BIC.fullmatch(bic):
        raise Invalid("bic-invalid", field="bic")
    reference = "".join(profile.buyer_reference.split())
    if not leitweg.is_valid(reference):
        raise Invalid("buyer-reference-invalid", field="buyer_reference")
    if not 1 <= profile.contest_days <= CONTEST_DAYS_MAX:
        raise Invalid("contest-days-invalid", field="contest_days", maximum=CONTEST_DAYS_MAX)
    for name, number in values.items():
        if name.startswith("datev_") and not 1 <= int(str(number)) <= DATEV_NUMBER_MAX:
            raise Invalid("datev-number-invalid", field=name, maximum=DATEV_NUMBER_MAX)
    return values | {
        "email": checked_email(str(values["email"]), "email"),
        "country": checked_country(profile.country),
        "vat_id": checked_vat_id(profile.vat_id),
        "iban": ibans.normal(profile.iban),
        "bic": bic,
        "buyer_reference": reference,
    }
