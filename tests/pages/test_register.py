"""The public register: every version that was in force, readable by anybody, naming nobody."""

import datetime as dt
import hashlib
import json

from identity.roles import Role
from kernel.clock import FixedClock
from kernel.db import Work
from rewards import canonical, programme
from tests.api.edge import Edge
from tests.rewards import made


def _new_version(edge: Edge, *, at: dt.datetime | None = None) -> str:
    """Put a new version of the rule for suggestions in force; its author and approver have names."""
    author, _ = edge.person("Autor.Geheim@example.org", Role.RULE_EDITOR)
    approver, _ = edge.person("Frei.Geheim@example.org", Role.APPROVER)
    version = made.rule(code="suggestion", action="suggestion", when=made.ALWAYS, budget="participation")

    def command(work: Work) -> str:
        stored = programme.draft(work, edge.city, version, author.person_id)
        programme.approve(work, stored.version_hash, approver.person_id, note="Geheime Notiz")
        return programme.activate(work, stored.version_hash, at=at, actor_id=approver.person_id).version_hash

    return edge.database.run(edge.city.city_id, command)


def test_every_version_ever_in_force_stays_readable(edge: Edge, clock: FixedClock) -> None:
    """In German and English, with its times in force and the roles, without a name; drafts are not shown."""
    clock.advance(dt.timedelta(days=1))
    version_hash = _new_version(edge)

    data = edge.client.get("/rules.json").json()
    (rule,) = [one for one in data["rules"] if one["code"] == "suggestion"]
    new, old = rule["versions"]

    assert (version_hash, "active", "retired") == (new["version_hash"], new["status"], old["status"])
    assert new["in_force"] == [{"from": "2026-05-05T07:30:00Z", "until": None}]
    assert old["in_force"] == [{"from": "2026-05-04T07:30:00Z", "until": "2026-05-05T07:30:00Z"}]
    assert ("rule-editor", "approver") == (new["written_by"], new["approved_by"])
    assert {"de", "en"} == new["description"].keys()
    assert hashlib.sha256(canonical.encode(new["document"])).hexdigest() == version_hash
    for path in ("/rules", f"/rules/{version_hash}", f"/rules/{old['version_hash']}", "/rules.json"):
        answer = edge.client.get(path)
        assert (200, False) == (answer.status_code, "eheim" in answer.text)
    german = edge.client.get(f"/rules/{version_hash}?lang=de").text
    assert "Für: " in german
    assert "For: " in edge.client.get(f"/rules/{version_hash}?lang=en").text
    assert new == edge.client.get(f"/rules/{version_hash}.json").json()
    for path in ("/rules/feed", "/rules/feed.json"):
        assert 404 == edge.client.get(path).status_code


def test_what_is_decided_for_the_future_is_public_at_once(edge: Edge, clock: FixedClock) -> None:
    """A scheduled version can be read before it holds; one taken back disappears; drafts never appear."""
    version_hash = _new_version(edge, at=clock.now() + dt.timedelta(days=3))

    assert "scheduled" == edge.client.get(f"/rules/{version_hash}.json").json()["status"]
    edge.database.run(edge.city.city_id, lambda work: programme.withdraw(work, version_hash))
    assert 404 == edge.client.get(f"/rules/{version_hash}").status_code


def test_caches_may_keep_the_data_and_ask_again(edge: Edge) -> None:
    """An unchanged register is answered without a body; a changed one has another tag."""
    first = edge.client.get("/rules.json")
    tag = first.headers["etag"]
    assert "public, max-age=300" == first.headers["cache-control"]
    again = edge.client.get("/rules.json", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (304, b"", tag) == (again.status_code, again.content, again.headers["etag"])

    _new_version(edge)
    assert 200 == edge.client.get("/rules.json", headers={"If-None-Match": tag}).status_code


def test_catalogues_of_open_data_find_a_description(edge: Edge) -> None:
    """DCAT-AP.de: what it is, whose, in which languages, how it is licensed and where it is."""
    answer = edge.client.get("/rules/dataset.jsonld")
    found = json.loads(answer.content)

    assert "application/ld+json" == answer.headers["content-type"]
    assert ("dcat:Dataset", "Duisburg") == (found["@type"], found["dct:publisher"]["foaf:name"])
    assert {"de", "en"} == {one["@language"] for one in found["dct:title"]}
    assert found["dcatde:politicalGeocodingLevelURI"]["@id"].endswith("/Level/municipality")
    shared = found["dcat:distribution"]
    assert shared["dct:license"]["@id"] == "http://dcat-ap.de/def/licenses/dl-zero-de/2.0"
    assert edge.client.get(shared["dcat:downloadURL"]["@id"].partition("8000")[2] or "/rules.json").json()[
        "rules"
    ]
    used = {name.partition(":")[0] for name in found if not name.startswith("@")}
    assert used <= found["@context"].keys()
