"""Points in circulation: for everybody, on a phone too, and never the figures of single persons."""

import base64
import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ViewportSize

from api import supply_due, working
from api.pages.supply import Bar, ceiling
from api.services import Services, log_of
from kernel.clock import FixedClock
from kernel.db import Work
from ledger import chart, posting, transfers, wallets
from ledger.log_parts import Log
from ledger.log_store import LogFolder
from tests.api.edge import Edge
from tests.browser import town as towns
from tests.browser.town import Town
from tests.fixtures import chromium

AXE = Path(__file__).parents[1] / "web" / "vendor" / "axe.min.js"
GERMAN = {"Accept-Language": "de"}
LAST_DAY = dt.date(2028, 12, 31)


def give(work: Work, campaign: str, persons: int, points: int) -> None:
    """Let a campaign give points to so many people."""
    today = work.now.date()
    chart.fund_budget(work, campaign, 1000, effective=today, reference="DS 1", transfer_id=work.ids.uuid())
    for number in range(persons):
        lot = wallets.open_lot(work, f"{campaign}-{number}", LAST_DAY)
        gift = transfers.post(
            work.ids.uuid(), f"budget/{campaign}", lot, points, effective=today, purpose="test"
        )
        posting.post_or_raise(work, [gift])


def months_pass(place: Edge | Town, clock: FixedClock, log: Log, count: int) -> None:
    """Let months pass; each is stated."""
    for _ in range(count):
        clock.advance(dt.timedelta(days=31))
        supply_due.state(log, place.city)


@pytest.fixture
def log(edge: Edge) -> Log:
    """Give the log of the city behind the edge."""
    services: Services = edge.app.state.services
    return services.log(edge.city)


def test_nothing_is_shown_before_there_is_enough(edge: Edge, clock: FixedClock, log: Log) -> None:
    """Before a month is over, and while fewer than five people have points, the page says when figures will appear."""
    before = edge.client.get("/supply", headers=GERMAN)
    edge.database.run(edge.city.city_id, lambda work: give(work, "trees", 4, 13))
    months_pass(edge, clock, log, 1)
    few = edge.client.get("/supply", headers=GERMAN)

    for page in (before, few):
        assert page.status_code == 200
        assert "Noch keine Zahlen" in page.text
        assert "<table" not in page.text
    assert {"city": "Duisburg", "asset": "DUC", "months": []} == edge.client.get("/supply.json").json()


def test_everybody_sees_the_figures(edge: Edge, clock: FixedClock, log: Log) -> None:
    """Without signing in: a row for each month and each campaign, a chart that is described, and the same as JSON."""
    edge.database.run(edge.city.city_id, lambda work: give(work, "trees", 6, 13))
    months_pass(edge, clock, log, 3)

    page = edge.client.get("/supply", headers=GERMAN).text
    data = edge.client.get("/supply.json").json()

    assert ["2026-07", "2026-06", "2026-05"] == [one["month"] for one in data["months"]]
    trees = next(one for one in data["months"][0]["campaigns"] if one["campaign"] == "trees")
    assert (1000, 78, 922) == (trees["issued"], trees["in_wallets"], trees["in_budgets"])
    for one in (*data["months"][0]["campaigns"], data["months"][0]["total"]):
        assert one["issued"] == one["redeemed"] + one["expired"] + one["held"] + one["outstanding"]
    assert page.count("data-month=") == page.count("<rect") == 3
    assert 'data-campaign="trees"' in page
    assert "78 Punkte im Umlauf Ende Juli 2026" in page


def test_the_worker_states_each_month_at_a_checkpoint(edge: Edge, clock: FixedClock) -> None:
    """What the worker does daily includes the months that are over, sealed; another day changes nothing."""
    services: Services = edge.app.state.services
    edge.database.run(edge.city.city_id, lambda work: give(work, "trees", 6, 13))
    clock.advance(dt.timedelta(days=60))

    working.do_daily(services, edge.city)
    data = edge.client.get("/supply.json").json()
    clock.advance(dt.timedelta(days=1))
    working.do_daily(services, edge.city)

    assert ["2026-06", "2026-05"] == [one["month"] for one in data["months"]]
    for month in data["months"]:
        assert month["checkpoint"]["size"] >= month["sequence"] > 0
        assert len(base64.b64decode(month["checkpoint"]["root"])) == 32
    assert data == edge.client.get("/supply.json").json()
    assert "Berechnet beim unterschriebenen Prüfpunkt" in edge.client.get("/supply", headers=GERMAN).text


def test_a_month_waits_for_its_checkpoint(edge: Edge, clock: FixedClock, log: Log) -> None:
    """If the log can't be sealed, a month waits a week; then it is stated, and says that it has no checkpoint."""
    broken = replace(log, store=LogFolder(Path("/proc/nowhere")))
    edge.database.run(edge.city.city_id, lambda work: give(work, "trees", 6, 13))
    clock.advance(dt.timedelta(days=30))

    assert [] == supply_due.state(broken, edge.city)
    clock.advance(dt.timedelta(days=8))
    (may,) = supply_due.state(broken, edge.city)
    assert (None, None) == (may.checkpoint_size, may.checkpoint_root)


def test_few_persons_are_not_shown(edge: Edge, clock: FixedClock, log: Log) -> None:
    """What one person earned from a campaign appears nowhere: it is added up with the smallest larger campaign."""

    def command(work: Work) -> None:
        give(work, "trees", 6, 13)
        give(work, "zebra", 1, 77)

    edge.database.run(edge.city.city_id, command)
    months_pass(edge, clock, log, 1)

    page = edge.client.get("/supply", headers=GERMAN).text
    (month,) = edge.client.get("/supply.json").json()["months"]

    together = next(one for one in month["campaigns"] if one["campaign"] == "-other")
    assert (2000, 78 + 77) == (together["issued"], together["in_wallets"])
    assert {"trees", "zebra"}.isdisjoint(one["campaign"] for one in month["campaigns"])
    assert "Mehrere kleine Kampagnen zusammen" in page
    assert "zebra" not in page
    assert "recipients" not in month["campaigns"][0]


def test_the_chart_ends_at_a_round_number() -> None:
    """The top of the chart is not below any value, and the empty chart has one, too."""
    tops = [ceiling([Bar(0, 0, 0, 0, "", "", value)]) for value in (0, 1, 9, 10, 11, 99, 4430, 100_001)]

    assert [1, 1, 9, 10, 11, 99, 4500, 110_000] == tops
    assert 1 == ceiling([])


@pytest.mark.browser
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_accessible_and_fits(
    town: Town, clock: FixedClock, browser: Browser, tmp_path: Path, width: int
) -> None:
    """With and without figures, on a phone and on a desktop, axe finds nothing and nothing sticks out sideways."""
    with browser.new_context(locale="de-DE", viewport=ViewportSize(width=width, height=800)) as context:
        opened = context.new_page()
        town_log = log_of(towns.settings(town.database, tmp_path), town.database, town.city)
        complaints = chromium.watch(opened)
        for months in (0, 13):
            if months:
                town.database.run(town.city.city_id, lambda work: give(work, "trees", 6, 13))
                months_pass(town, clock, town_log, months)
            opened.goto(f"{town.url}/supply")
            opened.evaluate(AXE.read_text(encoding="utf-8") + ";0")
            findings: list[dict[str, Any]] = opened.evaluate("axe.run().then(result => result.violations)")
            wide = opened.evaluate(
                "[document.documentElement, ...document.querySelectorAll('.table-wrap')]"
                ".filter(e => e.scrollWidth > e.clientWidth).map(e => e.className)"
            )
            assert [] == [(one["id"], one["nodes"][0]["html"]) for one in findings]
            assert [] == wide
    assert [] == complaints
