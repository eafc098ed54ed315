"""The demo's treasury: billing data, settled months with credit notes, a payout run that waits."""

import datetime as dt

from api import settlements_due
from api.demo.peopling import Cast
from identity import auditing
from identity.roles import Role
from kernel.cities import City
from kernel.db import Database, Work
from merchants import billing, paying, payout_runs, settlements, tax_data, venues
from merchants.billing import Profile
from merchants.tax_data import TaxData
from merchants.venues import VenueKind

_PROFILE = Profile(
    name="Stadt Duisburg, Stadtkämmerei",
    street="Burgplatz 19",
    postcode="47051",
    town="Duisburg",
    email="kaemmerei@duisburg.example",
    buyer_reference="05112000-KAEMM-38",
    iban="DE02100500000024290661",
    vat_id="DE129273398",
    settles_itself=False,
)
"""Settles by hand, so that there is something to do."""
_PUBLIC = {VenueKind.MUSEUM, VenueKind.THEATRE, VenueKind.ZOO, VenueKind.LIBRARY}


def settle_up(database: Database, city: City, cast: Cast) -> None:
    """Settle what is due, pay the first month, leave a payout run to the second person."""
    treasurer = f"person/{cast.staff[Role.TREASURER].person_id}"
    database.run(city.city_id, lambda work: _prepare(work, city))
    settlements_due.settle(database, city, treasurer)
    database.run(city.city_id, lambda work: _pay(work, city, treasurer))


def _prepare(work: Work, city: City) -> None:
    billing.save(work, _PROFILE)
    for venue in venues.every(work):
        public = venue.kind in _PUBLIC
        tax_data.save(
            work,
            venue.venue_id,
            TaxData(
                registered_name=venue.payee_name,
                street=venue.street,
                postcode=venue.postcode,
                town=city.name,
                contact_name="Buchhaltung",
                contact_phone="0203 555 0100",
                contact_email=f"rechnung-{venue.venue_id}@partner.example",
                tax_number=f"107/5{venue.venue_id:03}/1{venue.venue_id:03}",
                is_small_business=venue.kind is VenueKind.CLUB,
                rate_percent=0 if public else 7 if venue.kind is VenueKind.POOL else 19,
                exemption_reason="Steuerfrei nach § 4 Nr. 20 UStG." if public else "",
            ),
        )


def _pay(work: Work, city: City, treasurer: str) -> None:
    """Book a third of the payouts, put a third into a run, leave the rest to do."""
    banked = {venue.venue_id for venue in venues.every(work) if venue.iban}
    found = [one.settlement_id for one in settlements.unpaid(work) if one.venue_id in banked]
    today, third = city.day_of(work.now), len(found) // 3
    for settlement_id in found[:third]:
        paying.confirm(work, settlement_id, paid_on=today, by=treasurer)
    chosen = found[third : 2 * third]
    if not chosen:
        return
    run = payout_runs.make(work, chosen, execute_on=today + dt.timedelta(days=1), by=treasurer)
    details = {"orders": run.order_count, "cents": run.total_cents, "sha256": run.sha256}
    auditing.record(work, treasurer, "payout-run-made", f"payout-run/{run.number}", details)
