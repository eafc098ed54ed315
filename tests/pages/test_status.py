"""What everybody may know of the ledger: the page, the JSON, each state in words, nothing about persons."""

import datetime as dt
import json
import re
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, ViewportSize

from api import migrating
from api.metering import Meter
from api.standings import Finding, Light, worst
from api.wording import standing as words
from kernel import outbox
from kernel.clock import FixedClock
from kernel.db import Work
from kernel.writing import Batch
from ledger import log_seals, log_tables, sealing, verifying
from tests.api.edge import Edge
from tests.browser import town as towns
from tests.fixtures import chromium
from tests.ledger.test_verifying import cut_off
from tests.web.test_gallery import AXE, DESKTOP, SMALL_PHONE

WITNESS = "witness.example/w1"


def judged(edge: Edge) -> dict[str, tuple[str, str]]:
    """Return light and code of each part, and the light of all."""
    found = edge.client.get("/status.json").json()
    parts = ("seal", "verification", "witnesses", "outbox", "writer")
    codes = {part: (found[part]["judged"]["light"], found[part]["judged"]["code"]) for part in parts}
    return {**codes, "all": (found["light"], "")}


def shown(edge: Edge, language: str = "en") -> str:
    """Return the page."""
    answer = edge.client.get("/status", headers={"Accept-Language": language})
    assert 200 == answer.status_code
    return str(answer.text)


def verify(edge: Edge) -> None:
    """Verify the book."""
    verifying.verify(edge.database, edge.city.city_id)


def seal(edge: Edge) -> int:
    """Seal what is booked; return how many transfers that are."""
    sealed = sealing.seal(edge.app.state.services.log(edge.city))
    assert sealed is not None
    return sealed.size


def witness(edge: Edge, *, size: int = 0, last_error: str | None = None) -> None:
    """Have a witness that confirmed as much."""

    def command(work: Work) -> None:
        mine = {"city_id": work.city_id}
        work.connection.execute(
            sa.delete(log_tables.witnesses).where(log_tables.witnesses.c.city_id == work.city_id)
        )
        known = {"name": WITNESS, "url": "https://witness.example", "public_key": b"\1" * 32}
        rest = {"added_at": work.now, "failures": 0, "last_error": last_error}
        work.connection.execute(sa.insert(log_tables.witnesses).values(**mine, **known, **rest))
        if size:
            line = {"size": size, "witness": WITNESS, "line": "x", "cosigned_at": work.now}
            work.connection.execute(sa.insert(log_tables.cosignatures).values(**mine, **line))

    edge.database.run(edge.city.city_id, command)


def test_a_new_installation(edge: Edge) -> None:
    """Never sealed, never verified, no witness: said in words, in both languages."""
    assert {
        "seal": ("amber", "never-sealed"),
        "verification": ("amber", "never-verified"),
        "witnesses": ("off", "no-witness"),
        "outbox": ("green", "delivered"),
        "writer": ("green", "writer-idle"),
        "all": ("amber", ""),
    } == judged(edge)
    assert all(sentence in shown(edge) for sentence in ("Never sealed", "Never verified", "No witness"))
    assert all(sentence in shown(edge, "de") for sentence in ("Nie versiegelt", "Nie geprüft", "Kein Zeuge"))


def test_all_is_well(edge: Edge) -> None:
    """Sealed, verified and confirmed: green, and the page says so without colours."""
    verify(edge)
    seal(edge)
    sequence = edge.client.get("/status.json").json()["book"]["sequence"]
    witness(edge, size=sequence)

    found = edge.client.get("/status.json").json()

    assert {"green"} == {light for light, _ in judged(edge).values()}
    assert (sequence, 0) == (found["seal"]["size"], found["seal"]["unsealed"])
    assert (1, sequence) == (found["verification"]["from_sequence"], found["verification"]["to_sequence"])
    assert [(WITNESS, sequence)] == [(one["name"], one["size"]) for one in found["witnesses"]["items"]]
    assert edge.database.backend == found["build"]["database"]
    assert "Everything is in order" in shown(edge)
    assert "Alles ist in Ordnung" in shown(edge, "de")


def test_what_is_booked_counts_by_time(edge: Edge, clock: FixedClock) -> None:
    """Transfers a second of the last minute and hour, from the book itself."""
    person, _ = edge.person()
    clock.advance(dt.timedelta(minutes=30))
    edge.give(person, 1)
    clock.advance(dt.timedelta(minutes=40))
    for _ in range(3):
        edge.give(person, 1)

    book = edge.client.get("/status.json").json()["book"]

    assert (3, 4) == (book["booked_last_minute"], book["booked_last_hour"])
    assert (0.05, 0.001) == (book["per_second_last_minute"], book["per_second_last_hour"])


def test_late_seals(edge: Edge, clock: FixedClock) -> None:
    """What counts is how long a transfer waits, not how old the checkpoint is."""
    person, _ = edge.person()
    seal(edge)
    clock.advance(dt.timedelta(days=9))
    assert ("green", "sealed") == judged(edge)["seal"]
    edge.give(person, 1)
    assert ("green", "sealed") == judged(edge)["seal"]
    clock.advance(dt.timedelta(hours=3))
    assert ("amber", "seal-late") == judged(edge)["seal"]
    clock.advance(dt.timedelta(days=1))
    assert ("red", "seal-stale") == judged(edge)["seal"]
    assert "There is a fault" in shown(edge)


def test_late_and_failed_verifications(edge: Edge, clock: FixedClock) -> None:
    """Late is amber; findings are red, told by their check and number, without what they say."""
    verify(edge)
    clock.advance(dt.timedelta(days=3))
    assert ("amber", "verification-late") == judged(edge)["verification"]
    cut_off(edge.database, edge.city.city_id)
    verify(edge)

    found = edge.client.get("/status.json").json()["verification"]

    assert ("red", {"head-matches": 1}) == (found["judged"]["light"], found["findings"])
    assert "Nothing is cut off at the end" in shown(edge)
    assert "1 Befund: Am Ende fehlt nichts" in re.sub(r"\s+", " ", shown(edge, "de"))


def test_witnesses(edge: Edge, clock: FixedClock) -> None:
    """One that never confirmed, one that stopped, one that contradicts."""
    seal(edge)
    witness(edge)
    assert ("amber", "never-confirmed") == judged(edge)["witnesses"]
    with edge.database.reading(edge.city.city_id) as reading:
        first = log_seals.last(reading)
    assert first is not None
    witness(edge, size=first.size)
    person, _ = edge.person()
    edge.give(person, 1)
    seal(edge)
    clock.advance(dt.timedelta(hours=23))
    assert ("green", "confirmed") == judged(edge)["witnesses"]
    clock.advance(dt.timedelta(hours=2))
    assert ("amber", "witness-late") == judged(edge)["witnesses"]
    witness(edge, last_error="log-witness-contradicts")
    assert ("red", "witness-contradicts") == judged(edge)["witnesses"]
    assert "Saw another log" in shown(edge)


def test_messages(edge: Edge, clock: FixedClock) -> None:
    """Waiting is no fault for five minutes, attention up to an hour, a fault then; given up is attention."""
    event_id = edge.database.run(edge.city.city_id, lambda work: outbox.append(work, "test", {}))
    for minutes, expected in ((1, ("green", "delivered")), (5, ("amber", "delivery-late"))):
        clock.advance(dt.timedelta(minutes=minutes))
        assert expected == judged(edge)["outbox"]
    clock.advance(dt.timedelta(hours=1))
    assert ("red", "delivery-stuck") == judged(edge)["outbox"]
    with edge.database.reading(edge.city.city_id) as reading:
        (event,) = outbox.due(reading)
    assert event_id == event.event_id
    last_try = replace(event, attempts=outbox.ATTEMPTS_MAX - 1)
    edge.database.run(edge.city.city_id, lambda work: outbox.failed(work, last_try, "no answer"))
    assert ("amber", "given-up") == judged(edge)["outbox"]


def test_the_writer(edge: Edge) -> None:
    """Its batches come in percentiles; slow ones need attention."""
    anna = edge.person()[1]
    assert 200 == edge.call("PATCH", "/api/v1/me", anna, json={"name": "Anna"}).status_code
    meter = edge.app.state.services.meter

    for size in (1, 1, 4):
        meter.observe(Batch(size, 0.002, 0.01))
    assert ("green", "writer-fluent") == judged(edge)["writer"]
    meter.observe(Batch(1, 0.002, 1.5))
    found = edge.client.get("/status.json").json()["writer"]

    assert ("amber", "writer-slow") == judged(edge)["writer"]
    assert {"p50": 1, "p99": 4} == found["figures"]["batch_size"]
    assert 1.5 == found["figures"]["commit_seconds"]["p99"]
    assert "1,500.0 ms" in shown(edge)
    assert meter.process not in json.dumps(found)


def test_figures_grow_old() -> None:
    """What is older than the window counts no more."""
    now = [0.0]
    meter = Meter("here", lambda: now[0])
    meter.observe(Batch(3, 0.1, 0.2))
    assert (1, 3) == (meter.figures().batches, meter.figures().commands)
    now[0] = 301.0
    assert (0, None) == (meter.figures().batches, meter.figures().batch_size)


def test_nothing_about_persons(edge: Edge) -> None:
    """Neither names nor owners nor accounts, even when a finding speaks of one; another city has its own."""
    person, _ = edge.person("anna@example.org")
    edge.give(person, 100)

    def overdraw(work: Work) -> None:
        finding = {"check": "guard-held", "message": f"wallet/{person.owner} is overdrawn", "sequence": 7}
        rows = migrating.metadata().tables["ledger_verifications"]
        made = {"started_at": work.now, "finished_at": work.now, "from_sequence": 1, "to_sequence": 7}
        work.connection.execute(
            sa.insert(rows).values(
                city_id=work.city_id,
                verification_id=work.ids.next(),
                ok=False,
                finding_count=1,
                findings=[finding],
                **made,
            )
        )

    edge.database.run(edge.city.city_id, overdraw)

    for text in (shown(edge), edge.client.get("/status.json").text):
        assert person.owner not in text
        assert "anna" not in text


def test_every_state_has_words() -> None:
    """No light and no finding without a sentence; off does not count among lights."""
    assert set(Finding) == set(words.SENTENCES)
    assert set(Light) == set(words.LIGHTS)
    assert Light.RED is worst([Light.GREEN, Light.RED, Light.AMBER])
    assert Light.GREEN is worst([Light.OFF])


@pytest.mark.browser
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("viewport", [SMALL_PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("state", ["new", "well", "broken"])
def test_the_page_is_accessible_and_fits(
    edge: Edge, browser: Browser, viewport: ViewportSize, language: str, state: str
) -> None:
    """In each state, on a phone and on a desktop, axe finds nothing and nothing sticks out sideways."""
    if state != "new":
        verify(edge)
        witness(edge, size=seal(edge), last_error=None if state == "well" else "log-witness-contradicts")
        edge.app.state.services.meter.observe(Batch(4, 0.002, 0.01))
    if state == "broken":
        cut_off(edge.database, edge.city.city_id)
        verify(edge)
    settings = edge.app.state.services.settings
    with (
        towns.serving(settings, edge.database) as url,
        browser.new_context(viewport=viewport, reduced_motion="reduce", locale=language) as context,
    ):
        opened = context.new_page()
        complaints = chromium.watch(opened)
        opened.goto(f"{url}/status")
        width: int = opened.evaluate("document.documentElement.scrollWidth")
        opened.evaluate(AXE.read_text(encoding="utf-8") + ";0")
        findings: list[dict[str, Any]] = opened.evaluate("axe.run().then(result => result.violations)")

    assert [] == [(one["id"], one["nodes"][0]["html"]) for one in findings]
    assert width <= viewport["width"]
    assert [] == complaints
