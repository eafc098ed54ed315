"""The owner's overview: what came in, when guests come, how offers do, what is paid next, and all papers."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller
from api.pages import bar_charts, framing
from api.pages.bar_charts import Chart
from api.pages.framing import Area
from api.pages.venue import venues_of
from api.pages.venue_owning import owned
from api.v1.shapes import ChosenVenue
from identity.roles import Role
from kernel.cities import City, LocalizedText
from kernel.db import Reading
from ledger import accounts, daily
from ledger.daily import Moved
from merchants import (
    contracts,
    crediting,
    devices,
    documents,
    next_payout,
    settlements,
    takings,
    venues,
)
from redemption import offers, passages, presenting, visits
from redemption.visits import Hour
from web import formats
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/venue")
Owner = Annotated[Caller, Depends(Access(Role.VENUE_OWNER))]

PERIODS: Final[Mapping[int, str]] = {
    7: N_("7 days"),
    30: N_("30 days"),
    90: N_("90 days"),
    365: N_("one year"),
}
DAYS: Final = 30
_CENTS: Final = 100
PAPERS_SHOWN: Final = 12
_WEEKLY_FROM: Final = 100
"""Days from which on a bar stands for a week."""


@dataclass(frozen=True, slots=True)
class Performance:
    """How an offer did."""

    titles: LocalizedText
    visits: int
    points: int
    cents: int
    """What the city pays for the points."""
    paid_cents: int
    """What guests paid in euros."""
    sold: int


@router.get("/overview")
def overview(request: Request, caller: Owner, venue_id: ChosenVenue = 0, days: int = DAYS) -> Response:
    """Show a venue's figures for the last days."""
    number, span = owned(caller, venue_id), days if days in PERIODS else DAYS
    city = caller.city
    with services.of(request).database.reading(city.city_id) as reading:
        venue = venues.get(reading, number)
        today = city.day_of(reading.now)
        first = today - dt.timedelta(days=span - 1)
        since, until = _midnight(city, first), _midnight(city, today + dt.timedelta(days=1))
        moved = _moved(reading, venues.points_path(number), first, today)
        paid = _moved(reading, venues.takings_path(number), first, today)
        hours = visits.by_hour(reading, number, since, until)
        refused = visits.refused(reading, number, since, until)
        presented = presenting.count(reading, number, since, until)
        signed = contracts.of_venue(reading, number)
        rate = signed[-1].rate_cents_per_point if signed else 0
        performance = _performance(reading, number, (moved, paid), rate, (since, until))
        coming = next_payout.find(reading, city, number)
        papers = settlements.of_venue(reading, number)[:PAPERS_SHOWN]
        notes = crediting.issued(reading, [one.settlement_id for one in papers])
        with_paper = documents.by_contract(reading, [one.contract_id for one in signed])
        guests = passages.guests(reading, number, _midnight(city, today))
        enrolled = [one for one in devices.of_venue(reading, number) if one.revoked_at is None]
    return framing.show(
        request, caller, "venue/overview.html", area=Area.VENUE, venue=venue,
        venues=venues_of(request, caller), days=span, periods=PERIODS, first=first, today=today,
        points=sum(one.amount for one in moved), rate=rate, visits=sum(one.visits for one in hours),
        refused=refused, presented=presented, revenue=_revenue(moved, first, today, caller.language),
        euros=sum(one.amount for one in paid),
        euro_revenue=_revenue(paid, first, today, caller.language, unit=_CENTS),
        is_weekly=span > _WEEKLY_FROM,
        by_hour=_by_hour(hours, city), by_weekday=_by_weekday(hours, city, caller.language),
        performance=performance, coming=coming, papers=papers, notes=notes, contracts=signed[::-1],
        with_paper=with_paper, devices=enrolled, guests=guests,
    )  # fmt: skip


def _moved(reading: Reading, path: str, first: dt.date, last: dt.date) -> list[Moved]:
    """Return what moved on an account of the venue; nothing if there is none yet."""
    return [
        moved
        for one in accounts.by_path(reading, [path])
        for moved in daily.of_account(
            reading, one.account_id, first, last, without=takings.PURPOSE_SETTLEMENT
        )
    ]


def _revenue(moved: Sequence[Moved], first: dt.date, last: dt.date, language: str, *, unit: int = 1) -> Chart:
    """Return the points of each day, or of each week of a long time; euros are cents by a hundred."""
    points: Counter[dt.date] = Counter()
    width = 7 if (last - first).days >= _WEEKLY_FROM else 1
    for one in moved:
        points[first + dt.timedelta(days=(one.day - first).days // width * width)] += one.amount
    begins = [first + dt.timedelta(days=place) for place in range(0, (last - first).days + 1, width)]
    return bar_charts.drawn([(formats.short_day(day, language), points[day] // unit) for day in begins])


def _by_hour(hours: Sequence[Hour], city: City) -> Chart:
    """Return the visits of each hour of the day, from the first to the last with any."""
    counted: Counter[int] = Counter()
    for one in hours:
        counted[one.begins_at.astimezone(city.zone).hour] += one.visits
    seen = counted or Counter({9: 0, 18: 0})
    return bar_charts.drawn([(f"{hour}", counted[hour]) for hour in range(min(seen), max(seen) + 1)])


def _by_weekday(hours: Sequence[Hour], city: City, language: str) -> Chart:
    counted: Counter[int] = Counter()
    for one in hours:
        counted[one.begins_at.astimezone(city.zone).weekday()] += one.visits
    names = formats.weekdays(language)
    return bar_charts.drawn([(names[day], counted[day]) for day in range(visits.WEEKDAYS)])


def _performance(
    reading: Reading,
    venue_id: int,
    taken: tuple[Sequence[Moved], Sequence[Moved]],
    rate: int,
    span: tuple[dt.datetime, dt.datetime],
) -> list[Performance]:
    """Return how each offer did that is sold or was redeemed here, the best first.

    `taken` are the points and the euros. An offer that costs both moves both, so the larger number counts.
    """
    points, paid = (_by_topic((one.topic, one.amount) for one in moved) for moved in taken)
    with_points, with_euros = (_by_topic((one.topic, one.groups) for one in moved) for moved in taken)
    counted = with_points | with_euros
    mine = [one for one in offers.every(reading) if venue_id in one.venue_ids and one.published_at]
    sold = visits.sold(reading, [one.offer_id for one in mine], *span)
    found = [
        Performance(
            one.titles,
            counted[one.code],
            points[one.code],
            points[one.code] * rate,
            paid[one.code],
            sold.get(one.offer_id, 0),
        )
        for one in mine
    ]
    return sorted(found, key=lambda one: (-one.cents - one.paid_cents, -one.sold))


def _by_topic(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for topic, amount in pairs:
        found[topic] += amount
    return found


def _midnight(city: City, day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), city.zone).astimezone(dt.UTC)
