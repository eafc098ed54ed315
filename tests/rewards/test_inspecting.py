"""Saving a rule looks at its city: what it does not have, and which rules would pay for the same thing."""

import datetime as dt
from typing import Any

import pytest

from kernel import cities
from kernel.db import Database, Work
from ledger import chart
from rewards import campaigns, combinations, districts, programme
from rewards.campaigns import Campaign
from tests.rewards import made
from tests.rewards.test_ruling import MITTE

AUTHOR, APPROVER = 1, 2
MAY = ("2026-05-01", "2026-05-31")


@pytest.fixture
def town(database: Database, city_id: int) -> Database:
    """Give a city with a district, a campaign, a budget, and a rule that pays for litter in May."""

    def found(work: Work) -> None:
        chart.open_chart(work)
        chart.fund_budget(
            work, "litter", 1000, effective=dt.date(2026, 1, 1), reference="x", transfer_id=work.ids.uuid()
        )
        districts.replace(work, districts.read(MITTE))
        campaigns.save(
            work,
            Campaign("spring", {"de": "Frühling", "en": "Spring"}, dt.date(2026, 5, 1), dt.date(2026, 5, 31)),
        )
        stored = programme.draft(
            work, cities.get(work), made.rule(valid_from=MAY[0], valid_until=MAY[1]), AUTHOR
        )
        programme.approve(work, stored.version_hash, APPROVER)
        programme.activate(work, stored.version_hash)

    database.run(city_id, found)
    return database


def _found(town: Database, city_id: int, **changes: Any) -> list[tuple[str, str, dict[str, Any]]]:
    with town.reading(city_id) as reading:
        found = programme.lint(reading, cities.get(reading), made.rule(**changes))
    return [(one.severity.value, one.code, dict(one.details)) for one in found]


def _sum_up(town: Database, city_id: int, campaign: str) -> None:
    def choose(work: Work) -> None:
        proposed = combinations.propose(work, campaign, "sum", AUTHOR)
        combinations.approve(work, proposed.combination_id, APPROVER)

    town.run(city_id, choose)


def test_what_the_city_does_not_have_is_an_error(town: Database, city_id: int) -> None:
    """A campaign or a district that is not there is named with its place; one that is there is fine."""

    def asks(campaign: str, district: str) -> list[tuple[str, str, dict[str, Any]]]:
        when = {
            "op": "all",
            "of": [{"op": "campaign", "code": campaign}, {"op": "district", "districts": [district]}],
        }
        return _found(town, city_id, when=when)

    assert [] == asks("spring", "mitte")
    assert [
        ("error", "campaign-unknown", {"campaign": "winter"}),
        ("error", "district-unknown", {"district": "atlantis"}),
    ] == asks("winter", "atlantis")


def test_a_budget_without_points_is_told(town: Database, city_id: int) -> None:
    """It is no error: it may be funded before the rule comes into force."""
    assert [("warning", "budget-not-funded", {"budget": "trees"})] == _found(town, city_id, budget="trees")


def test_two_rules_that_pay_for_the_same_thing_are_told(town: Database, city_id: int) -> None:
    """Only where both would pay: added up, of one action, at one time, under conditions that can meet."""
    other: dict[str, Any] = {"code": "extra", "effect": {"kind": "fixed", "points": 40}}
    dumping = {"op": "compare", "fact": "category", "comparison": "==", "value": "dumping"}
    assert [] == _found(town, city_id, **other), "of several the best counts"

    _sum_up(town, city_id, "litter")

    twice = [("warning", "pays-twice", {"rule": "litter", "points": 90})]
    assert twice == _found(town, city_id, **other)
    assert twice == _found(town, city_id, **other, valid_from="2026-05-31")
    assert [] == _found(town, city_id, **other, valid_from="2026-06-01"), "another time"
    assert [] == _found(town, city_id, **other, when=dumping), "never both"
    assert [] == _found(town, city_id, **other | {"code": "litter"}), "its own next version"
    assert [] == _found(town, city_id, **other, action="suggestion", when=made.ALWAYS), "another action"
