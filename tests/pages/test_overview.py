"""What an owner sees of their venue: money, visits, offers, the next payout, all papers."""

import datetime as dt
from dataclasses import replace

import pytest

from identity import roles
from identity.roles import Role
from kernel.clock import FixedClock
from kernel.db import Work
from ledger import accounts, posting, transfers
from ledger.accounts import Guard, NewAccount
from merchants import contracts, next_payout, settling, venues
from merchants.contracts import Extras
from merchants.periods import PeriodKind
from redemption import codes
from tests.api.edge import Edge
from tests.merchants.town import RHEIN_POOL
from tests.pages.test_venue import Gate

GERMAN = {"Accept-Language": "de"}
_THEATRE = replace(RHEIN_POOL, name="Theater am Marientor")


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


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_chosen_venue_with_euros(edge: Edge, clock: FixedClock) -> None:
    """Who owns two venues sees the one that they chose, with what its guests paid in euros beside the points."""
    person, token = edge.person("boss@pool.test", Role.VENUE_OWNER)
    theatre = edge.database.run(edge.city.city_id, lambda work: venues.create(work, _THEATRE))
    number, today = theatre.venue_id, edge.city.day_of(clock.now())
    buyer = NewAccount("eur/receivable/1", transfers.EUR, Guard.NONE)

    def pay(work: Work) -> None:
        roles.grant(work, person.person_id, Role.VENUE_OWNER, venue_id=number, granter_id=None)
        accounts.open_accounts(work, [buyer])
        venues.open_takings(work, [number])
        moved = transfers.post(
            work.ids.uuid(), buyer.path, venues.takings_path(number), 12_345, effective=today,
            purpose="redemption", subject=f"{edge.swim.code}/1",
        )  # fmt: skip
        posting.post_or_raise(work, [moved])

    edge.database.run(edge.city.city_id, pay)
    edge.browse(token)
    first = edge.client.get("/venue/overview", headers=GERMAN).text
    chosen = edge.client.get(f"/venue/overview?venue_id={number}", headers=GERMAN).text
    statements = edge.client.get(f"/venue/statements?venue_id={number}", headers=GERMAN).text

    assert "<h1>Theater am Marientor</h1>" in chosen
    assert "<h1>Theater am Marientor</h1>" not in first
    assert "123,45\N{NO-BREAK SPACE}€</p>" in chosen
    assert "von Ihren Gästen, an die Stadt" in chosen
    assert "von Ihren Gästen, an die Stadt" not in first
    assert "123,45\N{NO-BREAK SPACE}€, die Gäste in Euro bezahlt haben" in statements
