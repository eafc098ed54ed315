"""Bins and quests over the API: from registering to confirmed points, and every refusal on the way."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from identity.roles import Role
from kernel.clock import FixedClock
from rewards import quests, submissions, sun, tag_codes, tags, walking
from rewards.tag_codes import Mode
from rewards.tags import Tag
from tests.api.edge import Edge
from tests.api.test_earning import decide
from tests.browser.town import PLACE

HERE = {"latitude": PLACE[0], "longitude": PLACE[1], "accuracy_m": 8}
FAR = {"latitude": PLACE[0] + 0.05, "longitude": PLACE[1], "accuracy_m": 8}
UID = bytes.fromhex("04DE5F1EACC040")
STATIONS = ((0.0, "Stadttheater"), (0.004, "Rathaus"), (0.008, "Innenhafen"))


def office(edge: Edge) -> str:
    """Return the token of an administrator."""
    return edge.person("ada@example.org", Role.ADMINISTRATOR)[1]


def tag_of(edge: Edge, number: str) -> Tag:
    """Return a tag as the room knows it."""
    with edge.database.reading(edge.city.city_id) as reading:
        return tags.by_number(reading, number)


def new_bin(edge: Edge, mode: Mode = Mode.PRINTED, **changes: Any) -> Tag:
    """Register a bin in the Königstraße."""
    body = {"name": "Königstraße, am Brunnen", "mode": mode.value, **coordinates(0.0), **changes}
    made = edge.call("POST", "/api/v1/bins", office(edge), json=body)
    assert made.status_code == 201, made.text
    return tag_of(edge, made.json()["number"])


def coordinates(north: float) -> dict[str, float]:
    """Return a place so many degrees north of the Königstraße."""
    return {"latitude": PLACE[0] + north, "longitude": PLACE[1]}


def code_of(edge: Edge, tag: Tag, counter: int = 1) -> str:
    """Return what somebody reads who stands before a tag."""
    if tag.mode is Mode.NFC:
        return sun.text(tag_codes.chip_key(tag.secret, tag.generation), UID, counter)
    return tag.code(edge.database.clock.now()) or ""


def throw(
    edge: Edge, token: str, tag: Tag, code: str | None = None, place: Mapping[str, float] | None = HERE
) -> Any:
    """Use a bin."""
    body = {"number": tag.number, "code": code or code_of(edge, tag), **(place or {})}
    return edge.call("POST", "/api/v1/bin-uses", token, json=body)


def points(edge: Edge, token: str) -> int:
    """Return the points that can be spent."""
    return int(edge.call("GET", "/api/v1/wallet", token).json()["available"])


def reasons(edge: Edge, submission_id: str) -> list[str]:
    """Return what the checks found that is not in order."""
    with edge.database.reading(edge.city.city_id) as reading:
        found = submissions.findings(reading, int(submission_id))
    return [one.reason for one in found if one.result != "pass"]


# --- Bins ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "earned"), [(Mode.PRINTED, 1), (Mode.DISPLAY, 3), (Mode.NFC, 3)])
def test_a_bin_earns_at_once(edge: Edge, mode: Mode, earned: int) -> None:
    """The code and the place are checked, points are there; what a phone said of its place is not kept."""
    _, anna = edge.person()
    tag = new_bin(edge, mode)

    used = throw(edge, anna, tag).json()

    assert ("done", earned) == (used["status"], points(edge, anna))
    with edge.database.reading(edge.city.city_id) as reading:
        kept = submissions.get(reading, int(used["submission_id"]))
    assert (None, tag.number, mode.value) == (kept.place, kept.facts["tag"], kept.facts["mode"])
    assert tag.number in [one["number"] for one in edge.call("GET", "/api/v1/bins").json()]


def test_one_person_one_bin_rests_and_a_day_has_two(edge: Edge, clock: FixedClock) -> None:
    """On paper once in eight hours; a third bin on a day is thanked for and earns nothing."""
    _, anna = edge.person()
    first, second, third = new_bin(edge), new_bin(edge), new_bin(edge)

    assert "done" == throw(edge, anna, first).json()["status"]
    assert (409, "tag-pause") == edge.refused(throw(edge, anna, first))
    clock.advance(dt.timedelta(hours=1))
    assert ["done", "done"] == [throw(edge, anna, one).json()["status"] for one in (second, third)]
    assert 2 == points(edge, anna)
    clock.advance(dt.timedelta(hours=24))
    _, anna = edge.person()
    throw(edge, anna, first)
    assert 3 == points(edge, anna)


def test_a_code_that_changes_is_good_once(edge: Edge, clock: FixedClock) -> None:
    """A friend who is sent it gets nothing; the same person again gets the first answer; later it is over."""
    _, anna = edge.person()
    _, ben = edge.person("ben@example.org")
    for mode in (Mode.DISPLAY, Mode.NFC):
        tag = new_bin(edge, mode)
        code = code_of(edge, tag, counter=5)
        first = throw(edge, anna, tag, code).json()
        assert first == throw(edge, anna, tag, code).json()
        assert (409, "tag-code-used") == edge.refused(throw(edge, ben, tag, code))
    assert (409, "tag-code-used") == edge.refused(throw(edge, ben, tag, code_of(edge, tag, counter=4)))
    assert "done" == throw(edge, ben, tag, code_of(edge, tag, counter=6)).json()["status"]
    shown = new_bin(edge, Mode.DISPLAY)
    old = code_of(edge, shown)
    clock.advance(tag_codes.STEP * tag_codes.STEPS_TAKEN)
    assert (422, "tag-code-wrong") == edge.refused(throw(edge, ben, shown, old))


def test_a_photographed_code_from_afar_is_looked_at(edge: Edge) -> None:
    """Far away, no place, bad accuracy, a bin without coordinates: nothing is paid before a person decides."""
    _, anna = edge.person()
    _, worker = edge.person("clara@example.org", Role.CASE_WORKER)
    near, nowhere = new_bin(edge), new_bin(edge, latitude=None, longitude=None, address="Königstraße 10")
    cases = {
        "tag-too-far": (near, FAR),
        "tag-no-place": (new_bin(edge), None),
        "tag-inaccurate": (new_bin(edge), {**HERE, "accuracy_m": 400}),
        "tag-without-place": (nowhere, HERE),
    }

    made = {}
    for reason, (tag, place) in cases.items():
        made[reason] = throw(edge, anna, tag, place=place).json()
        assert ("review", [reason]) == (
            made[reason]["status"], reasons(edge, made[reason]["submission_id"])
        )  # fmt: skip
    assert 0 == points(edge, anna)
    assert (409, "tag-pause") == edge.refused(throw(edge, anna, near))
    decide(edge, worker, made["tag-no-place"]["submission_id"], "accept")
    assert 1 == points(edge, anna)


def test_replaced_and_retired_tags_open_nothing(edge: Edge) -> None:
    """After a replacement the old code is wrong and the new one right; a retired bin says so."""
    _, anna = edge.person()
    token = office(edge)
    tag = new_bin(edge)
    path = f"/api/v1/tags/{tag.tag_id}"
    turned = edge.call("POST", f"{path}/rotation", token).json()

    assert 2 == turned["generation"]
    assert (422, "tag-code-wrong") == edge.refused(throw(edge, anna, tag))
    assert "done" == throw(edge, anna, tag_of(edge, tag.number)).json()["status"]
    assert edge.call("POST", f"{path}/retirement", token).json()["retired_at"]
    assert edge.call("POST", f"{path}/retirement", token).json()["retired_at"]
    assert (409, "tag-retired") == edge.refused(throw(edge, anna, tag))
    assert (409, "tag-retired") == edge.refused(edge.call("POST", f"{path}/rotation", token))
    assert ["tag-created", "tag-rotated", "tag-retired", "tag-retired"] == edge.audited()[-4:]
    unknown = {"number": "ZZZZZ", "code": "000000"}
    assert (404, "tag-not-found") == edge.refused(edge.call("POST", "/api/v1/bin-uses", anna, json=unknown))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": " "}, "tag-name-missing"),
        ({"name": "x" * 121}, "text-too-long"),
        ({"latitude": None, "longitude": None}, "tag-place-missing"),
        ({"latitude": None}, "place-incomplete"),
        ({"latitude": 52.52, "longitude": 13.405}, "tag-outside-city"),
    ],
)
def test_a_bin_that_can_not_be_found_is_refused(edge: Edge, changes: dict[str, Any], code: str) -> None:
    """It has a name and a place in the city."""
    body = {"name": "Brunnen", **coordinates(0.0), **changes}

    assert (422, code) == edge.refused(edge.call("POST", "/api/v1/bins", office(edge), json=body))


def test_number_and_code_on_paper_are_entered_by_staff(edge: Edge) -> None:
    """For a citizen without a phone; whoever entered it does not decide it."""
    edge.person()
    _, clara = edge.person("clara@example.org", Role.CASE_WORKER)
    _, carl = edge.person("carl@example.org", Role.CASE_WORKER)
    tag = new_bin(edge)
    body = {"who": "anna@example.org", "channel": "paper", "number": tag.number, "code": code_of(edge, tag)}

    made = edge.call("POST", "/api/v1/desk/bin-uses", clara, json=body).json()

    assert "review" == made["status"]
    assert (403, "own-entry") == edge.refused(decide(edge, clara, made["submission_id"], "accept"))
    assert "accepted" == decide(edge, carl, made["submission_id"], "accept").json()["status"]
    own = {**body, "who": "clara@example.org"}
    assert (403, "own-submission") == edge.refused(
        edge.call("POST", "/api/v1/desk/bin-uses", clara, json=own)
    )


# --- Quests -------------------------------------------------------------------------------------------------


def quest_body(**changes: Any) -> dict[str, Any]:
    """Return a quest of three stations, some 450 metres apart."""
    both = {"de": "Geradeaus.", "en": "Straight on."}
    return {
        "titles": {"de": "Zum Hafen", "en": "To the harbour"},
        "descriptions": both,
        "minutes": 40,
        "stations": [
            {"name": name, "directions": both, "pictogram": "city", **coordinates(north)}
            for north, name in STATIONS
        ],
    } | changes


def new_quest(edge: Edge) -> tuple[str, list[Tag]]:
    """Make a quest; return its id and the tags of its stations."""
    made = edge.call("POST", "/api/v1/quests", office(edge), json=quest_body())
    assert made.status_code == 201, made.text
    with edge.database.reading(edge.city.city_id) as reading:
        found = quests.get(reading, int(made.json()["quest_id"]))
    return made.json()["quest_id"], [one.tag for one in found.stations]


def reach(edge: Edge, token: str, quest_id: str, tag: Tag, **place: Any) -> Any:
    """Reach a station, standing before it unless said otherwise."""
    there = {
        "latitude": (tag.latitude_e6 or 0) / 1e6, "longitude": (tag.longitude_e6 or 0) / 1e6, "accuracy_m": 9,
    }  # fmt: skip
    body = {"code": code_of(edge, tag), **there, **place}
    return edge.call("POST", f"/api/v1/quests/{quest_id}/visits", token, json=body)


def test_a_quest_is_walked_step_by_step(edge: Edge, clock: FixedClock) -> None:
    """Set out, pause, go on days later, reach the last station: points once; the way is forgotten then."""
    person, anna = edge.person()
    quest_id, (one, two, three) = new_quest(edge)
    walk = f"/api/v1/quests/{quest_id}/walk"

    assert 900 == pytest.approx(edge.call("GET", f"/api/v1/quests/{quest_id}").json()["metres"], abs=20)
    assert (404, "walk-not-found") == edge.refused(edge.call("GET", walk, anna))
    assert 0 == edge.call("PUT", walk, anna).json()["reached"]
    assert 1 == reach(edge, anna, quest_id, one).json()["reached"]
    assert 1 == reach(edge, anna, quest_id, one).json()["reached"]
    clock.advance(dt.timedelta(minutes=9))
    assert 2 == reach(edge, anna, quest_id, two).json()["reached"]
    clock.advance(dt.timedelta(days=2))
    _, anna = edge.person()
    assert 2 == edge.call("GET", walk, anna).json()["reached"]
    finished = reach(edge, anna, quest_id, three).json()
    again = reach(edge, anna, quest_id, three).json()

    assert finished["finished_at"]
    assert finished == again == edge.call("PUT", walk, anna).json()
    done = edge.call("GET", f"/api/v1/submissions/{finished['submission_id']}", anna).json()
    assert ("done", 30) == (done["status"], points(edge, anna))
    with edge.database.reading(edge.city.city_id) as reading:
        assert [] == walking.visits_of(reading, int(quest_id), person.owner)


def test_a_way_that_nobody_walks_is_looked_at(edge: Edge, clock: FixedClock) -> None:
    """Too fast, impossible, far from the codes, without a place: a person decides, nothing is paid before."""
    cases: dict[str, tuple[int, dict[str, Any]]] = {
        "quest-not-walked": (60, {}),
        "quest-too-fast": (2, {}),
        "tag-too-far": (600, FAR),
        "tag-no-place": (600, {"latitude": None, "longitude": None}),
    }
    for number, (reason, (seconds, place)) in enumerate(cases.items()):
        _, token = edge.person(f"citizen{number}@example.org")
        quest_id, stations = new_quest(edge)
        for tag in stations:
            clock.advance(dt.timedelta(seconds=seconds))
            walk = reach(edge, token, quest_id, tag, **place).json()
        assert [reason] == reasons(edge, walk["submission_id"])
        assert 0 == points(edge, token)


def test_stations_come_in_their_order(edge: Edge) -> None:
    """A later one's code is refused and says which is next; a wrong one says so."""
    _, anna = edge.person()
    quest_id, (one, _, three) = new_quest(edge)

    assert (409, "station-out-of-order") == edge.refused(reach(edge, anna, quest_id, three))
    assert (422, "tag-code-wrong") == edge.refused(reach(edge, anna, quest_id, one, code="000000"))
    assert (422, "tag-is-station") == edge.refused(throw(edge, anna, one))
    assert 1 == reach(edge, anna, quest_id, one).json()["reached"]


def test_who_is_on_the_way_may_finish(edge: Edge, clock: FixedClock) -> None:
    """A retired quest takes nobody new, and leads those who set out to its end."""
    _, anna = edge.person()
    _, ben = edge.person("ben@example.org")
    quest_id, stations = new_quest(edge)
    edge.call("PUT", f"/api/v1/quests/{quest_id}/walk", anna)
    assert not edge.call("POST", f"/api/v1/quests/{quest_id}/retirement", office(edge)).json()["is_open"]

    assert [] == edge.call("GET", "/api/v1/quests").json()
    assert (409, "quest-over") == edge.refused(edge.call("PUT", f"/api/v1/quests/{quest_id}/walk", ben))
    for tag in stations:
        clock.advance(dt.timedelta(minutes=9))
        walk = reach(edge, anna, quest_id, tag).json()
    assert walk["finished_at"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"titles": {"de": "Zum Hafen"}}, 422, "texts-missing"),
        ({"descriptions": {"de": "x" * 1001, "en": "x"}}, 422, "text-too-long"),
        ({"minutes": 0}, 422, "quest-minutes-wrong"),
        ({"stations": quest_body()["stations"][:1]}, 409, "quest-too-short"),
        ({"stations": [{**quest_body()["stations"][0], "pictogram": "x"}]}, 422, "pictogram-unknown"),
    ],
)
def test_a_quest_that_can_not_be_walked_is_refused(
    edge: Edge, changes: dict[str, Any], status: int, code: str
) -> None:
    """It has texts in both languages, a length, and two stations at least; refused, nothing of it stays."""
    made = edge.call("POST", "/api/v1/quests", office(edge), json=quest_body(**changes))

    assert (status, code) == edge.refused(made)
    assert [] == edge.call("GET", "/api/v1/quests").json()


def test_codes_on_paper_are_entered_by_staff(edge: Edge) -> None:
    """Whoever has no phone writes the codes down; all have to be right, and somebody else decides."""
    edge.person()
    _, clara = edge.person("clara@example.org", Role.CASE_WORKER)
    _, carl = edge.person("carl@example.org", Role.CASE_WORKER)
    quest_id, stations = new_quest(edge)
    codes = [code_of(edge, tag) for tag in stations]
    path = f"/api/v1/desk/quests/{quest_id}/walks"
    body = {"who": "anna@example.org", "channel": "desk", "codes": codes}

    few = edge.call("POST", path, clara, json={**body, "codes": codes[:2]})
    assert (422, "walk-incomplete") == edge.refused(few)
    mixed = edge.call("POST", path, clara, json={**body, "codes": codes[::-1]})
    assert (422, "tag-code-wrong") == edge.refused(mixed)
    made = edge.call("POST", path, clara, json=body).json()
    assert made == edge.call("POST", path, clara, json=body).json()
    assert ("review", ["walk-on-paper"]) == (made["status"], reasons(edge, made["submission_id"]))
    assert "accepted" == decide(edge, carl, made["submission_id"], "accept").json()["status"]


def test_the_export_has_the_walk_and_erasure_ends_it(edge: Edge) -> None:
    """Stations that were reached are a person's data while they are kept."""
    person, anna = edge.person()
    quest_id, stations = new_quest(edge)
    reach(edge, anna, quest_id, stations[0])

    exported = edge.call("GET", "/api/v1/me/export", anna).json()
    assert [1] == [one["position"] for one in exported["walks"][0]["visits"]]
    edge.call("DELETE", "/api/v1/me", anna)
    with edge.database.reading(edge.city.city_id) as reading:
        assert [] == walking.of_owner(reading, person.owner)
