"""What rules refer to in the demo: districts, a campaign, a proposal and a draft that wait for somebody."""

import datetime as dt
import json
from collections.abc import Sequence
from importlib import resources
from typing import Any

from api.demo.catalogue import Catalogue, District
from api.demo.peopling import Cast
from identity.roles import Role
from kernel.cities import City
from kernel.db import Database, Work
from rewards import campaigns, combinations, districts, programme
from rewards.campaigns import Campaign
from rewards.polygons import Corner

_MARGIN_E6 = 9_000
"""About a kilometre around the centres of the outermost quarters. Real borders are the surveyor's to give."""


def surround(database: Database, city: City, cast: Cast, told: Catalogue) -> None:
    """Draw the districts, let a campaign run, and leave something to approve."""
    text = (resources.files("api.demo") / "data" / "rule_surroundings.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    author = cast.staff[Role.ADMINISTRATOR].person_id

    def command(work: Work) -> None:
        districts.replace(work, [_district(one) for one in told.city.districts])
        today = city.day_of(work.now)
        begun, ends = today - dt.timedelta(days=10), today + dt.timedelta(days=20)
        campaigns.save(work, Campaign(data["campaign"]["code"], data["campaign"]["names"], begun, ends))
        programme.draft(work, city, programme.parse(data["rule"]), author)
        combinations.propose(work, data["rule"]["budget"], "sum", author)

    database.run(city.city_id, command)


def _district(one: District) -> districts.District:
    corners = [
        (quarter.latitude_e6 + north, quarter.longitude_e6 + east)
        for quarter in one.quarters
        for north in (-_MARGIN_E6, _MARGIN_E6)
        for east in (-_MARGIN_E6, _MARGIN_E6)
    ]
    return districts.District(one.code, one.name, (tuple(_hull(corners)),))


def _hull(corners: Sequence[Corner]) -> list[Corner]:
    """Return the corners of the smallest convex polygon around points (Andrew's monotone chain)."""
    ordered = sorted(set(corners))
    return [*_chain(ordered)[:-1], *_chain(ordered[::-1])[:-1]]


def _chain(ordered: list[Corner]) -> list[Corner]:
    chain: list[Corner] = []
    for y, x in ordered:
        while len(chain) > 1:
            (y1, x1), (y2, x2) = chain[-2:]
            if (y2 - y1) * (x - x1) > (x2 - x1) * (y - y1):
                break
            chain.pop()
        chain.append((y, x))
    return chain
