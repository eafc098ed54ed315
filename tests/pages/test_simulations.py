"""Trying a rule on the past in the browser: asked for, watched, cancelled, read, taken away, refused."""

import re
from pathlib import Path
from typing import Any

from api import importing, simulating
from identity.roles import Role
from rewards import action_types, programme, rules, simulations
from rewards.programme import RuleStatus
from rewards.rehearsing import Window
from rewards.simulations import State
from tests.api.edge import Edge

DATA = Path(__file__).parents[1] / "data"
GERMAN = {"Accept-Language": "de"}
CSV = "person;action;at;category\n1;litter-report;2026-05-01;litter\n2;flying;2026-05-01;\n"


def draft(edge: Edge) -> str:
    """Save a draft that gives more for litter; return its hash."""
    (starter,) = (one for one in action_types.starter_rules() if one.action == "litter-report")
    version = rules.read(starter.document() | {"effect": {"kind": "fixed", "points": 70}})
    return edge.database.run(
        edge.city.city_id, lambda work: programme.draft(work, edge.city, version, 77).version_hash
    )


def work(edge: Edge) -> int:
    """Let the worker do what waits."""
    return simulating.run_due(edge.app.state.services, edge.city)


def status(edge: Edge, version_hash: str) -> RuleStatus:
    """Return where the version stands."""
    with edge.database.reading(edge.city.city_id) as reading:
        return programme.get(reading, version_hash).status


def started(edge: Edge, path: str, fields: dict[str, str], key: str, **form: Any) -> Any:
    """Send the form."""
    files = form.pop("files", None)
    data = {**fields, "idempotency_key": key, "source": "past", **form}
    return edge.client.post(path, data=data, files=files, headers=GERMAN)


def test_from_the_form_to_the_table(edge: Edge) -> None:
    """A draft is tried on what happened; the result stays with its hash, and the version counts as simulated."""
    importing.reports(
        edge.database, edge.city, (DATA / "reports.json").read_bytes(), origin="x", reporters=14, seed=1
    )
    version_hash = draft(edge)
    _, token = edge.person("rita@example.org", Role.RULE_EDITOR)
    fields = edge.browse(token)
    path = f"/office/rules/{version_hash}/simulation"

    assert "Noch nicht erprobt" in edge.client.get(path, headers=GERMAN).text
    asked = started(edge, path, fields, "a-1", first="2016-01-01", last="2026-05-04")
    place = asked.headers["location"]
    assert "Wird gerade erprobt" in edge.client.get(place, headers=GERMAN).text
    assert edge.client.get(f"{place}/report.csv").status_code == 404
    again = started(edge, path, fields, "a-2")
    assert (422, True) == (again.status_code, "wird schon simuliert" in again.text)

    assert work(edge) == 1
    assert work(edge) == 0

    shown = edge.client.get(place, headers=GERMAN).text
    assert all(one in shown for one in ("Punkte mit dieser Fassung", "Wer gewinnt, wer verliert", "<svg"))
    assert RuleStatus.SIMULATED is status(edge, version_hash)
    table = edge.client.get(f"{place}/report.csv")
    assert "attachment" in table.headers["content-disposition"]
    assert table.content.decode("utf-8-sig").startswith("part;name;detail")
    refreshed = edge.client.get(place, headers={"hx-request": "true"})
    assert refreshed.headers["hx-refresh"] == "true"
    assert place in edge.client.get(f"/office/rules/{version_hash}").text
    assert "rule-simulation-asked" in edge.audited()


def test_a_file_is_tried_and_forgotten(edge: Edge) -> None:
    """Faulty lines are named in the report; a file without any use fails with a reason; both are deleted."""
    version_hash = draft(edge)
    _, token = edge.person("rita@example.org", Role.RULE_EDITOR)
    fields = edge.browse(token)
    path = f"/office/rules/{version_hash}/simulation"

    good = started(edge, path, fields, "f-1", source="file", files={"file": ("a.csv", CSV)})
    work(edge)
    bad = started(edge, path, fields, "f-2", source="file", files={"file": ("a.csv", "name\n")})
    work(edge)

    assert "Zeile 3: es gibt keine Aktion „flying“" in edge.client.get(good.headers["location"]).text
    assert "Diese Spalten fehlen" in edge.client.get(bad.headers["location"], headers=GERMAN).text
    with edge.database.reading(edge.city.city_id) as reading:
        every = simulations.of_version(reading, version_hash)
        assert [State.FAILED, State.DONE] == [one.state for one in every]
        assert {None} == {simulations.file_of(reading, one.simulation_id) for one in every}


def test_what_is_refused(edge: Edge) -> None:
    """No file, days the wrong way round, no day, a version that nobody knows, somebody who may only look."""
    version_hash = draft(edge)
    _, token = edge.person("rita@example.org", Role.RULE_EDITOR)
    fields = edge.browse(token)
    path = f"/office/rules/{version_hash}/simulation"
    for number, (form, sentence) in enumerate(
        (
            ({"source": "file"}, "Bitte eine Datei wählen"),
            ({"first": "2026-05-02", "last": "2026-05-01"}, "liegt vor dem ersten"),
            ({"first": "soon"}, "Bitte geben Sie einen Tag an."),
        )
    ):
        answer = started(edge, path, fields, f"r-{number}", **form)
        assert (422, True) == (answer.status_code, sentence in answer.text)
    assert edge.client.get(f"/office/rules/{'0' * 64}/simulation").status_code == 404
    assert edge.client.get("/office/rules/simulations/1").status_code == 404
    _, other = edge.person("cara@example.org", Role.CASE_WORKER)
    fields = edge.browse(other)
    page = edge.client.get(path, headers=GERMAN).text
    assert "Wer Regeln schreibt oder freigibt" in page
    assert started(edge, path, fields, "r-9").status_code == 403


def test_cancelled(edge: Edge) -> None:
    """While it waits or runs it can be cancelled; then there is no result and the draft stays a draft."""
    version_hash = draft(edge)
    _, token = edge.person("rita@example.org", Role.RULE_EDITOR)
    fields = edge.browse(token)
    path = f"/office/rules/{version_hash}/simulation"
    place = started(edge, path, fields, "c-1").headers["location"]
    cancelled = edge.client.post(f"{place}/cancel", data={**fields, "idempotency_key": "c-2"})
    assert f"{path}?notice=simulation-cancelled" == cancelled.headers["location"]
    assert work(edge) == 0
    assert "Abgebrochen" in edge.client.get(place, headers=GERMAN).text

    place = started(edge, path, fields, "c-3", source="file", files={"file": ("a.csv", CSV)}).headers[
        "location"
    ]
    number = int(re.findall(r"\d+", place)[-1])
    city_id = edge.city.city_id
    edge.database.run(city_id, lambda work: simulations.claim(work, number))
    assert edge.database.run(city_id, lambda work: simulations.beat(work, number, 1, 2))
    assert "1 von 2 Schritten" in edge.client.get(place, headers=GERMAN | {"hx-request": "true"}).text
    edge.database.run(city_id, lambda work: simulations.cancel(work, number))
    assert not edge.database.run(city_id, lambda work: simulations.beat(work, number, 2, 2))
    edge.database.run(city_id, lambda work: simulations.finish(work, number, {}))
    assert RuleStatus.DRAFT is status(edge, version_hash)


def test_whoever_dies_is_replaced(edge: Edge, clock: Any) -> None:
    """What somebody took up and did not go on with begins anew a minute later, in a process of its own too."""
    version_hash = draft(edge)
    city_id = edge.city.city_id
    number = edge.database.run(
        city_id, lambda work: simulations.ask(work, version_hash, None, Window()).simulation_id
    )
    assert edge.database.run(city_id, lambda work: simulations.claim(work, number)) is not None
    assert edge.database.run(city_id, lambda work: simulations.claim(work, number)) is None
    assert work(edge) == 0
    clock.advance(simulations.SILENCE_MAX * 2)

    simulating.elsewhere(edge.database, edge.city, number)

    with edge.database.reading(city_id) as reading:
        assert State.DONE is simulations.get(reading, number).state
