"""The postings of settlements and payouts of a period, for DATEV."""

import datetime as dt

from kernel.cities import City
from kernel.db import Reading
from kernel.errors import Invalid
from merchants import billing, crediting, datev, settlements, venues
from merchants.datev import Posting

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
            name = names.get(one.venue_id, "")
            issued_on = city.day_of(one.issued_at)
            if one.settlement_id in with_note and first <= issued_on <= last:
                note = crediting.get(reading, one.settlement_id)
                postings += datev.of_credit_note(note, profile, name)
            if one.paid_on and first <= one.paid_on <= last:
                postings.append(
                    datev.of_payout(
                        profile,
                        venue_id=one.venue_id,
                        cents=one.settled_cents,
                        paid_on=one.paid_on,
                        number=f"GS-{one.number}",
                        venue_name=name,
                    )
                )
    postings.sort(key=lambda posting: (posting.day, posting.document))
    return datev.write(
        profile, postings, first=first, last=last, made_at=reading.now, name=f"Duiscoin {city.name}"
    )


def name_of(first: dt.date, last: dt.date) -> str:
    """Return the name that DATEV expects of such a file."""
    return f"EXTF_Buchungsstapel_{first:%Y%m%d}_{last:%Y%m%d}.csv"
