"""Opening and suspending venues."""

import functools
from dataclasses import replace
from typing import Any

import pytest

from kernel.errors import Invalid, NotFound
from ledger import accounts
from ledger.accounts import Guard
from merchants import venues
from tests.merchants.town import RHEIN_POOL, Town


def test_new_venue_is_kept_as_given(town: Town) -> None:
    """A venue comes back as it was opened: active, with its IBAN without spaces."""
    venue = town.open_venue(name="  Rheinbad ")

    assert venue.active
    assert (venue.name, venue.kind, venue.iban) == ("Rheinbad", RHEIN_POOL.kind, "DE89370400440532013000")
    assert (venue.latitude_e6, venue.longitude_e6) == (51_405_000, 6_760_000)
    assert venue.created_at == town.clock.now()


def test_venues_are_counted_from_one_in_each_city(town: Town, other_town: Town) -> None:
    """Numbers are small and per city, because they go into vouchers; no city sees another's venues."""
    numbers = [town.open_venue(name=name).venue_id for name in ("Rheinbad", "Zoo", "Theater")]
    there = other_town.open_venue(name="Schlosstheater")

    with town.database.reading(town.city_id) as reading:
        names = [venue.name for venue in venues.every(reading)]
        found = venues.by_id(reading, [3, 1, 99])
    assert (numbers, there.venue_id) == ([1, 2, 3], 1)
    assert names == ["Rheinbad", "Zoo", "Theater"]
    assert {number: venue.name for number, venue in found.items()} == {1: "Rheinbad", 3: "Theater"}


def test_venue_has_its_two_accounts(town: Town) -> None:
    """A venue may come to owe points; the city never pays a venue more than it owes."""
    town.open_venue()

    with town.database.reading(town.city_id) as reading:
        points, payable = (accounts.get(reading, path) for path in ("venue/1", "eur/payable/1"))
    assert (points.asset, points.guard) == ("DUC", Guard.NONE)
    assert (payable.asset, payable.guard) == ("EUR", Guard.NO_OVERDRAFT)


def test_suspension_ends(town: Town) -> None:
    """A suspended venue stays in the list and can be let in again; each twice is as good as once."""
    venue_id = town.open_venue().venue_id

    for change, active in ((venues.suspend, False), (venues.suspend, False), (venues.reactivate, True)):
        changed = town.database.run(town.city_id, functools.partial(change, venue_id=venue_id))
        with town.database.reading(town.city_id) as reading:
            assert venues.get(reading, venue_id) == changed
        assert changed.active is active


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": " "}, "venue-field-missing", "name"),
        ({"payee_name": ""}, "venue-field-missing", "payee_name"),
        ({"payee_name": "x" * 71}, "venue-field-too-long", "payee_name"),
        ({"district": "x" * 81}, "venue-field-too-long", "district"),
        ({"iban": "DE88370400440532013000"}, "iban-invalid", "iban"),
        ({"latitude_e6": 90_000_001}, "venue-location-invalid", "latitude_e6"),
        ({"longitude_e6": None}, "venue-location-invalid", "latitude_e6"),
    ],
)
def test_mistyped_venue_is_refused(town: Town, changes: dict[str, Any], code: str, field: str) -> None:
    """A field that is missing, too long or impossible is named, and nothing is opened."""
    with pytest.raises(Invalid) as refusal:
        town.database.run(town.city_id, lambda work: venues.create(work, replace(RHEIN_POOL, **changes)))

    with town.database.reading(town.city_id) as reading:
        assert venues.every(reading) == []
    assert (refusal.value.code, refusal.value.details["field"]) == (code, field)


def test_account_and_place_may_follow_later(town: Town) -> None:
    """A venue can be opened without bank account and without location."""
    new = replace(RHEIN_POOL, iban=None, latitude_e6=None, longitude_e6=None)
    venue = town.database.run(town.city_id, lambda work: venues.create(work, new))

    assert (venue.iban, venue.latitude_e6, venue.longitude_e6) == (None, None, None)


def test_another_city_does_not_know_the_venue(town: Town, other_town: Town) -> None:
    """Neither reading nor suspending reaches a venue of another city."""
    venue_id = town.open_venue().venue_id

    with (
        other_town.database.reading(other_town.city_id) as reading,
        pytest.raises(NotFound, match="venue-not-found"),
    ):
        venues.get(reading, venue_id)
    with pytest.raises(NotFound, match="venue-not-found"):
        other_town.database.run(other_town.city_id, lambda work: venues.suspend(work, venue_id))
