"""The postings of settlements and payouts of a period, for DATEV."""

import datetime as dt

from kernel.cities import City
from kernel.db import Reading
from kernel.errors import Invalid
from merchants import billing, crediting, datev, settlements, venues
from merchants.datev import Document, Posting

DAYS_MAX = 366


def make(reading: Reading, city: City, first: dt.date, last: dt.date) -> bytes:
    """Return the file. Raises Conflict `billing-profile-missing`; Invalid `day-invalid` (not one year)."""
    if not first <= last or first.year != last.year:
        raise Invalid("day-invalid", field="last_day")
    profile = billing.get(reading)
    names = {venue.venue_id: venue.name for venue in venues.every(reading)}
    postings: list[Posting] = []
    before = None
    while found := settlements.page(reading, before=before, limit=settlements.PAGE_MAX):
        before = found[-1].settlement_id
        with_note = crediting.issued(reading, [one.settlement_id for one in found])
        for one in found:
            name, issued_on = names.get(one.venue_id, ""), city.day_of(one.issued_at)
            # All postings of a statement bear one number, so that the creditor's account is balanced by it.
            number = f"GS-{one.number}" if one.settled_cents else one.number
            of = Document(one.venue_id, name, number)
            if first <= issued_on <= last:
                if one.settlement_id in with_note:
                    postings += datev.of_credit_note(crediting.get(reading, one.settlement_id), profile, name)
                if one.collected_cents:
                    postings.append(datev.of_collected(profile, of, one.collected_cents, issued_on))
            if one.paid_on and first <= one.paid_on <= last:
                postings.append(datev.of_payout(profile, of, one.payout_cents, one.paid_on))
    postings.sort(key=lambda posting: (posting.day, posting.document))
    return datev.write(
        profile, postings, first=first, last=last, made_at=reading.now, name=f"Duiscoin {city.name}"
    )


def name_of(first: dt.date, last: dt.date) -> str:
    """Return the name that DATEV expects of such a file."""
    return f"EXTF_Buchungsstapel_{first:%Y%m%d}_{last:%Y%m%d}.csv"
