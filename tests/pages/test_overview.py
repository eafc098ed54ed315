"""What an owner sees of their venue: money, visits, offers, the next payout, all papers."""

import datetime as dt

import pytest

from identity.roles import Role
from kernel.clock import FixedClock
from merchants import contracts, next_payout, settling
from merchants.contracts import Extras
from merchants.periods import PeriodKind
from redemption import codes
from tests.api.edge import Edge
from tests.pages.test_venue import Gate

GERMAN = {"Accept-Language": "de"}


@pytest.fixture
def gate(edge: Edge) -> Gate:
    """Give a device at the pool."""
    return Gate(edge)


def _page(edge: Edge, query: str = "") -> str:
    _, token = edge.person("boss@pool.test", Role.VENUE_OWNER)
    edge.browse(token)
    answer = edge.client.get(f"/venue/overview{query}", headers=GERMAN)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_before_the_first_guest(edge: Edge) -> None:
    """An empty venue is told what to do next, not shown empty charts."""
    page = _page(edge)

    assert "Keine Besuche in dieser Zeit" in page
    assert '<svg class="chart"' not in page


def test_figures_of_two_visits(gate: Gate, clock: FixedClock) -> None:
    """Visits stand at their hour in the city's time; points and euros follow from the ledger."""
    clock.move_to(dt.datetime(2026, 5, 4, 12, 30, tzinfo=dt.UTC))
    for _ in range(2):
        gate.scan(codes.app_text(gate.buy().token))
    gate.scan("99999-00000")

    page = _page(gate.edge)

    points = 2 * gate.edge.swim.price_points
    assert "<title>14: 2</title>" in page
    assert "<title>Mo.: 2</title>" in page
    assert f'<p class="stat__value">{points}</p>' in page
    assert 'data-next-payout="' in page
    assert "Als Tabelle" in page
    assert _page(gate.edge, "?days=365").count("Woche vom") >= 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_only_owners(gate: Gate) -> None:
    """Staff see no money."""
    gate.edge.browse(gate.token)

    assert gate.edge.client.get("/venue/overview").status_code == 403


def test_next_payout(gate: Gate, clock: FixedClock) -> None:
    """First what was taken so far, then what is settled, not before the days of the contract."""
    edge, city = gate.edge, gate.edge.city
    number = edge.pool.venue_id
    begin = dt.date(2026, 5, 4)

    def sign() -> None:
        edge.database.run(
            city.city_id,
            lambda work: contracts.sign(
                work, number, rate_cents_per_point=3, period=PeriodKind.WEEK, valid_from=begin,
                extras=Extras(payout_delay_days=14),
            ),
        )  # fmt: skip

    def coming() -> next_payout.NextPayout:
        with edge.database.reading(city.city_id) as reading:
            return next_payout.find(reading, city, number)

    sign()
    gate.scan(codes.app_text(gate.buy().token))
    cents = 3 * edge.swim.price_points
    last_day = begin + dt.timedelta(days=6)
    due = last_day + dt.timedelta(days=14)
    assert coming() == next_payout.NextPayout(cents, due, is_expected=True, is_under_way=False)
    clock.move_to(dt.datetime.combine(last_day + dt.timedelta(days=2), dt.time(12), dt.UTC))
    edge.database.run(city.city_id, lambda work: settling.settle(work, city, number, begin))
    assert coming() == next_payout.NextPayout(cents, due, is_expected=False, is_under_way=False)
