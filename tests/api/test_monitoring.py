"""Metrics: what is in the database, what this process counted, and who may scrape them."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr, ValidationError

from api import self_auditing, services, working
from api.app import create_app
from identity.roles import Role
from kernel.clock import FixedClock
from kernel.writing import Batch
from ledger import queries, verifying
from tests.api.edge import Edge
from tests.api.test_spending import buy, rich
from tests.browser import town as towns
from tests.ledger.test_verifying import cut_off
from tests.pages.test_status import seal, witness

TOKEN = "prometheus-0123456789"
LOCAL, LOCAL_6, ELSEWHERE = ("127.0.0.1", 1), ("::1", 1), ("198.51.100.7", 1)


def scrape(edge: Edge) -> dict[str, float]:
    """Return all samples by name and labels, as Prometheus reads them; the process is left out."""
    answer = TestClient(edge.app, client=LOCAL).get("/metrics")
    assert 200 == answer.status_code
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return dict(_samples(answer.text))


def _samples(text: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(value for name, value in sorted(sample.labels.items()) if name != "process")
            yield f"{sample.name}{{{labels}}}", sample.value


def test_the_book(edge: Edge, clock: FixedClock) -> None:
    """Figures of each city come from the database, so every process tells the same."""
    fresh = scrape(edge)
    assert "duiscoin_ledger_verified_timestamp_seconds{duisburg}" not in fresh
    verifying.verify(edge.database, edge.city.city_id)

    with edge.database.reading(edge.city.city_id) as reading:
        booked = queries.head_sequence(reading)
    found = scrape(edge)

    assert booked > 0
    assert booked == found["duiscoin_ledger_sequence{duisburg}"]
    assert 0 == found["duiscoin_ledger_sealed_size{duisburg}"]
    assert clock.now().timestamp() == found["duiscoin_ledger_verified_timestamp_seconds{duisburg}"]
    assert booked == found["duiscoin_ledger_verified_sequence{duisburg}"]
    assert 1 == found["duiscoin_ledger_verified_ok{duisburg}"]
    assert 0 == found["duiscoin_outbox_waiting{duisburg}"]
    assert any(name.startswith(f"duiscoin_build_info{{{edge.database.backend},") for name in found)


def test_a_broken_book(edge: Edge) -> None:
    """What an alert looks at goes to zero."""
    cut_off(edge.database, edge.city.city_id)
    verifying.verify(edge.database, edge.city.city_id)

    assert 0 == scrape(edge)["duiscoin_ledger_verified_ok{duisburg}"]


def test_the_writer(edge: Edge) -> None:
    """Each commit is observed, each command counted by how it ended."""
    anna = rich(edge, 60)
    assert [201, 409] == [buy(edge, anna).status_code for _ in range(2)]
    edge.app.state.services.meter.observe(Batch(60, 0.004, 0.03))

    found = scrape(edge)

    assert 1 == found["duiscoin_writer_outcomes_total{done}"]
    assert 1 == found["duiscoin_writer_outcomes_total{insufficient-points}"]
    assert found["duiscoin_writer_batch_size_count{}"] >= 2
    size = found["duiscoin_writer_batch_size_bucket{64.0}"] - found["duiscoin_writer_batch_size_bucket{32.0}"]
    assert 1 == size
    assert found["duiscoin_writer_commit_seconds_sum{}"] > 0.03


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_example_alerts_ask_for_metrics_that_exist(edge: Edge) -> None:
    """Each name in the rules of docs/operations.md is a sample, once sealed, verified, confirmed and counted."""
    verifying.verify(edge.database, edge.city.city_id)
    witness(edge, size=seal(edge))
    buy(edge, rich(edge))
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    asked = {name for line in text.splitlines() for name in re.findall(r"duiscoin_[a-z_]+(?=[){\[])", line)}

    assert len(asked) > 8
    assert set() == asked - {name.partition("{")[0] for name in scrape(edge)}


def test_a_failure_counts_as_failed(edge: Edge) -> None:
    """What is no refusal counts, too."""
    meter = edge.app.state.services.meter
    with pytest.raises(KeyError), meter.counted():
        raise KeyError

    assert 1 == scrape(edge)["duiscoin_writer_outcomes_total{failed}"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_two_applications_in_one_process(edge: Edge) -> None:
    """Nothing is registered globally."""
    before = set(REGISTRY._names_to_collectors)
    other = create_app(edge.app.state.services.settings, edge.database)
    other.state.services.meter.observe(Batch(9, 0, 0))
    other.state.services.writer.close()

    assert 0 == scrape(edge)["duiscoin_writer_batch_size_count{}"]
    assert before == set(REGISTRY._names_to_collectors)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_without_a_token_only_this_machine_may_ask(edge: Edge) -> None:
    """Directly; a proxy of this machine asks for somebody else. Roles open nothing."""
    _, token = edge.person("all@example.org", *Role)
    refused = [
        TestClient(edge.app, client=ELSEWHERE).get("/metrics"),
        TestClient(edge.app, client=ELSEWHERE).get("/metrics", headers={"Authorization": "Bearer "}),
        TestClient(edge.app, client=LOCAL).get("/metrics", headers={"X-Forwarded-For": "198.51.100.7"}),
        TestClient(edge.app, client=LOCAL).get("/metrics", headers={"Forwarded": "for=198.51.100.7"}),
        edge.call("GET", "/metrics", token),
    ]

    assert [200, 200] == [
        TestClient(edge.app, client=one).get("/metrics").status_code for one in (LOCAL, LOCAL_6)
    ]
    assert [(401, "metrics-closed")] * 5 == [edge.refused(answer) for answer in refused]
    assert {"Bearer"} == {answer.headers["www-authenticate"] for answer in refused}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_with_a_token_only_the_token_counts(edge: Edge) -> None:
    """From wherever; too short a token is no setting."""
    settings = edge.app.state.services.settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    app = create_app(settings, edge.database)
    anywhere = TestClient(app, client=ELSEWHERE)

    def asked(token: str) -> int:
        return anywhere.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code

    assert [200, 401, 401] == [asked(token) for token in (TOKEN, TOKEN[:-1], "")]
    assert 401 == TestClient(app, client=LOCAL).get("/metrics").status_code
    app.state.services.writer.close()
    with pytest.raises(ValidationError):
        type(settings)(**{**settings.model_dump(), "metrics_token": "short"})


def test_the_books_verify_themselves(edge: Edge, clock: FixedClock) -> None:
    """Once a day, each city; what was found is kept."""
    given = edge.app.state.services
    first = self_auditing.verify_due(given, edge.city)
    assert first is not None
    assert first.ok
    assert self_auditing.verify_due(given, edge.city) is None
    clock.advance(verifying.EVERY)
    cut_off(edge.database, edge.city.city_id)

    second = self_auditing.verify_due(given, edge.city)

    assert second is not None
    assert not second.ok


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_verification_ends_with_its_process(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a verification is none."""
    monkeypatch.setattr("ledger.invariants.CHUNK", 1)
    stop = threading.Event()
    stop.set()

    with pytest.raises(verifying.Stopped):
        self_auditing.verify_due(edge.app.state.services, edge.city, stop)

    with edge.database.reading(edge.city.city_id) as reading:
        assert verifying.last(reading) is None


def test_the_worker_verifies(edge: Edge) -> None:
    """Beside its other work."""
    chosen = edge.app.state.services.settings
    built = services.build(towns.settings(edge.database, chosen.data_directory), edge.database)
    seen = threading.Event()

    def look() -> bool:
        with edge.database.reading(edge.city.city_id) as reading:
            return verifying.last(reading) is not None

    with working.background(built, enabled=True):
        for _ in range(200):
            if look():
                break
            seen.wait(0.05)
    built.writer.close()

    assert look()
