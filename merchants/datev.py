"""Postings for DATEV: a file of the format EXTF, version 700, category 21 (Buchungsstapel). Pure.

Each statement owes the venue its amount (expense to creditor) and the euros that guests paid (transit account
to creditor, without tax: they are the venue's money); each payout settles both (creditor to bank). The tax is
in the credit note's own lines, one posting for each rate, with DATEV's keys for German input tax.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from merchants.billing import Profile
from merchants.credit_notes import CreditNote

_COLUMNS = (
    "Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "WKZ Umsatz", "Kurs", "Basis-Umsatz",
    "WKZ Basis-Umsatz", "Konto", "Gegenkonto (ohne BU-Schlüssel)", "BU-Schlüssel", "Belegdatum",
    "Belegfeld 1", "Belegfeld 2", "Skonto", "Buchungstext",
)  # fmt: skip
_TAX_KEYS = {19: "9", 7: "8"}
"""Keys of input tax; an account of the receiver may need none (`BU-Schlüssel` stays empty)."""
_TEXT_MAX = 60
_FIELD_MAX = 36


@dataclass(frozen=True, slots=True)
class Posting:
    """One line: `account` is debited, `against` credited."""

    cents: int
    account: int
    against: int
    tax_key: str
    day: dt.date
    document: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A statement, as postings name it."""

    venue_id: int
    venue_name: str
    number: str


def of_credit_note(note: CreditNote, profile: Profile, venue_name: str) -> list[Posting]:
    """Return what a credit note posts: the gross amount of each rate from the expense to the creditor."""
    creditor = profile.datev_first_creditor + note.venue_id
    rest = note.rounding_cents
    found: list[Posting] = []
    for group in note.groups:
        gross = group.net_cents + group.tax_cents + rest
        rest = 0
        sides = (profile.datev_expense_account, creditor)
        account, against = sides if gross >= 0 else sides[::-1]
        key = _TAX_KEYS.get(group.rate_percent, "") if group.tax_cents else ""
        if gross:
            found.append(Posting(abs(gross), account, against, key, note.issued_on, note.number, venue_name))
    return found


def of_collected(profile: Profile, of: Document, cents: int, issued_on: dt.date) -> Posting:
    """Return what euros of guests post that are passed on: from the transit account to the creditor."""
    creditor = profile.datev_first_creditor + of.venue_id
    return Posting(cents, profile.datev_transit_account, creditor, "", issued_on, of.number, of.venue_name)


def of_payout(profile: Profile, of: Document, cents: int, paid_on: dt.date) -> Posting:
    """Return what a payout posts: from the creditor to the bank."""
    creditor = profile.datev_first_creditor + of.venue_id
    return Posting(cents, creditor, profile.datev_bank_account, "", paid_on, of.number, of.venue_name)


def write(
    profile: Profile,
    postings: Iterable[Posting],
    *,
    first: dt.date,
    last: dt.date,
    made_at: dt.datetime,
    name: str,
) -> bytes:
    """Return the file in the code page that DATEV reads (Windows-1252)."""
    lines = [_head(profile, first, last, made_at, name), _row(_COLUMNS), *map(_posting, postings)]
    return ("\r\n".join(lines) + "\r\n").encode("cp1252", "replace")


def _head(profile: Profile, first: dt.date, last: dt.date, made_at: dt.datetime, name: str) -> str:
    fields: Sequence[object] = (
        '"EXTF"', 700, 21, '"Buchungsstapel"', 13, f"{made_at:%Y%m%d%H%M%S}{made_at.microsecond // 1000:03}",
        "", '""', '""', '""', profile.datev_consultant, profile.datev_client, f"{first.year}0101", 4,
        f"{first:%Y%m%d}", f"{last:%Y%m%d}", _quoted(name[:30]), '""', 1, 0, 0, '"EUR"', "", '""', "", "",
        '""', "", "", '""', '""',
    )  # fmt: skip
    return ";".join(str(field) for field in fields)


def _posting(one: Posting) -> str:
    return ";".join(
        (
            f"{one.cents // 100},{one.cents % 100:02}",
            '"S"',
            '"EUR"',
            "",
            "",
            '""',
            str(one.account),
            str(one.against),
            _quoted(one.tax_key),
            f"{one.day:%d%m}",
            _quoted(one.document[:_FIELD_MAX]),
            '""',
            "",
            _quoted(one.text[:_TEXT_MAX]),
        )
    )


def _row(names: Sequence[str]) -> str:
    return ";".join(names)


def _quoted(text: str) -> str:
    plain = " ".join(text.split()).replace('"', "'")
    return f'"{plain}"'
