"""The administration's conspicuous venues: where it is worth looking, and why. Nobody is named."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller
from api.pages import bar_charts, framing
from api.pages.framing import Area
from api.v1.shapes import ShortId
from identity.roles import Role
from merchants import devices, venues
from redemption import anomalies, claims, visits
from redemption.anomalies import Sign
from web import formats
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/anomalies")
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, Role.AUDITOR))]

DAYS: Final = 30
SIGN_WORDS: Mapping[Sign, tuple[str, str]] = {
    Sign.COUNT: (
        N_("Many redemptions"),
        N_("More than other venues by over {limit} times the usual spread. Popular places do so, too."),
    ),
    Sign.FULL_VALUE: (
        N_("Nearly always the dearest offer, in percent"),
        N_("Over {limit} percent, although there are cheaper ones. Who trades vouchers takes the dearest."),
    ),
    Sign.FIRST_DAY: (
        N_("People on their first day, in percent"),
        N_("Over {limit} percent bought their first voucher that day. Accounts made for it look like this."),
    ),
    Sign.DEVICE: (
        N_("People on one device in an hour"),
        N_("Over {limit}. At a festival that is right; in a shop somebody may scan a stack of codes."),
    ),
    Sign.NIGHT: (
        N_("At night, in percent"),
        N_("Over {limit} percent between 23 and 6 o'clock."),
    ),
    Sign.PRESENTED: (
        N_("Redeemed on guests' own phones, in percent"),
        N_("Over {limit} percent although a device scans there, too. Redeeming without a visit looks so."),
    ),
    Sign.DISTANCE: (
        N_("Too fast from place to place"),
        N_("Over {limit} times one person's vouchers were used at two venues faster than anybody travels."),
    ),
}


@router.get("")
def every(request: Request, caller: Administrator) -> Response:
    """Show all venues with their figures, the conspicuous ones first."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = anomalies.all_venues(reading, caller.city, reading.now - dt.timedelta(days=DAYS))
    return framing.show(
        request, caller, "office/anomalies.html", area=Area.OFFICE, venues=found, words=SIGN_WORDS,
        limits=anomalies.THRESHOLDS, days=DAYS, least=anomalies.LEAST,
        may_decide=caller.has(Role.ADMINISTRATOR),
    )  # fmt: skip


@router.get("/{venue_id}")
def one(request: Request, caller: Administrator, venue_id: ShortId) -> Response:
    """Show what is behind a venue's figures: its days, its devices, its objections, single redemptions."""
    city = caller.city
    with services.of(request).database.reading(city.city_id) as reading:
        venue = venues.get(reading, venue_id)
        since = reading.now - dt.timedelta(days=DAYS)
        found = anomalies.all_venues(reading, city, since)
        hours = visits.by_hour(reading, venue_id, since, reading.now)
        uses = visits.newest(reading, venue_id)
        names = {one.device_id: one.name for one in devices.of_venue(reading, venue_id)}
        objections = [one for one in claims.of_venue(reading, venue_id) if one.asked_at >= since]
        today = city.day_of(reading.now)
    counted = {today - dt.timedelta(days=back): 0 for back in range(DAYS, -1, -1)}
    for hour in hours:
        day = city.day_of(hour.begins_at)
        counted[day] = counted.get(day, 0) + hour.visits
    chart = bar_charts.drawn([(formats.short_day(day, caller.language), n) for day, n in counted.items()])
    standing = next((one for one in found if one.venue.venue_id == venue_id), None)
    return framing.show(
        request, caller, "office/anomaly.html", area=Area.OFFICE, venue=venue, standing=standing, chart=chart,
        uses=uses, names=names, objections=len(objections), words=SIGN_WORDS, limits=anomalies.THRESHOLDS,
        days=DAYS, may_decide=caller.has(Role.ADMINISTRATOR),
    )  # fmt: skip
