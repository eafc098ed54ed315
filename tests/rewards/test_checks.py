"""Each check by itself, at its threshold; and how a city sets the thresholds."""

import datetime as dt
import itertools
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from kernel.clock import FixedClock
from kernel.db import Database
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from rewards import check_words, checking, fingerprints, likeness, pictures, pipeline, thresholds, tuning
from rewards.checking import CLEANUP, REPORT, Earlier, Finding, Photo, Place, Result, Subject
from rewards.thresholds import Thresholds, ThresholdsRefused
from tests.rewards import photos
from tests.rewards.made import NOON

ANNA, BEN = "p-anna", "p-ben"
HERE = Place(51_434_400, 6_762_300, 8)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
AUTHOR, APPROVER = 1, 2


def north(metres: float, accuracy_m: int | None = 8) -> Place:
    """Return a place so many metres to the north."""
    return Place(HERE.latitude_e6 + round(metres * 8.9932), HERE.longitude_e6, accuracy_m)


def photo(**changes: Any) -> Photo:
    """Return a photo of this occasion that nobody saw before."""
    return replace(Photo(used_before=False, taken_at=NOON, hashes=(1 << 60,)), **changes)


def subject(**changes: Any) -> Subject:
    """Return a report that every check lets pass."""
    good = Subject(
        action=REPORT,
        owner=ANNA,
        source="app",
        category="litter",
        occurred_at=NOON,
        now=NOON,
        needs_place=True,
        needs_photo=True,
        needs_pair=False,
        category_known=True,
        place=HERE,
        city_centre=HERE,
        photos=[photo()],
    )
    return replace(good, **changes)


def earlier(**changes: Any) -> Earlier:
    """Return a report of somebody else, ten minutes ago at the same place."""
    known = Earlier(1, REPORT, BEN, "litter", "app", "accepted", HERE, NOON - 10 * MINUTE)
    return replace(known, **changes)


def pair(minutes: int) -> list[Photo]:
    """Return photos before and after, so many minutes apart."""
    before = photo(taken_at=NOON - minutes * MINUTE, part="before", content="a")
    return [before, photo(part="after", content="b")]


REVIEW, HOLD, PASS = Result.REVIEW, Result.HOLD, Result.PASS
CASES: list[tuple[str, Result, str, dict[str, Any]]] = [
    ("category", REVIEW, "category-unknown", {"category_known": False}),
    ("freshness", PASS, "fresh", {"occurred_at": NOON - 7 * DAY}),
    ("freshness", REVIEW, "too-old", {"occurred_at": NOON - 7 * DAY - MINUTE}),
    ("freshness", PASS, "fresh", {"occurred_at": NOON + 5 * MINUTE}),
    ("freshness", REVIEW, "in-the-future", {"occurred_at": NOON + 6 * MINUTE}),
    ("place", REVIEW, "no-place", {"place": None}),
    ("place", REVIEW, "place-by-address", {"place": None, "address": "Burgplatz 1"}),
    ("place", PASS, "no-place-needed", {"place": None, "needs_place": False}),
    ("place", PASS, "place-in-city", {"place": north(19_990)}),
    ("place", REVIEW, "outside-city", {"place": north(20_100)}),
    ("accuracy", PASS, "place-accurate", {"place": replace(HERE, accuracy_m=25)}),
    ("accuracy", REVIEW, "place-inaccurate", {"place": replace(HERE, accuracy_m=26)}),
    ("accuracy", REVIEW, "place-inaccurate", {"place": replace(HERE, accuracy_m=100)}),
    ("accuracy", HOLD, "place-unusable", {"place": replace(HERE, accuracy_m=101)}),
    ("accuracy", REVIEW, "place-without-accuracy", {"place": replace(HERE, accuracy_m=None)}),
    ("accuracy", PASS, "no-accuracy-needed", {"place": replace(HERE, accuracy_m=None), "source": "open311"}),
    ("same-fix", PASS, "position-varies", {"own": [earlier(owner=ANNA)]}),
    ("same-fix", REVIEW, "position-never-varies", {"own": [earlier(owner=ANNA)] * 2}),
    ("same-fix", PASS, "no-position", {"own": [earlier(owner=ANNA)] * 2, "source": "desk"}),
    ("speed", PASS, "speed-plausible", {"own": [earlier(owner=ANNA, place=north(24_900))]}),
    ("speed", HOLD, "too-fast", {"own": [earlier(owner=ANNA, place=north(25_200))]}),
    ("speed", HOLD, "too-fast", {"own": [earlier(place=north(25_200), occurred_at=NOON + 10 * MINUTE)]}),
    ("speed", HOLD, "too-fast", {"own": [earlier(place=north(500), occurred_at=NOON)]}),
    ("speed", PASS, "speed-plausible", {"own": [earlier(place=north(90_000), status="declined")]}),
    ("speed", PASS, "speed-plausible", {"own": [earlier(place=north(90_000), source="desk")]}),
    ("photo", REVIEW, "no-photo", {"photos": []}),
    ("photo", PASS, "no-photo-needed", {"photos": [], "needs_photo": False}),
    ("photo", REVIEW, "photo-without-time", {"photos": [photo(taken_at=None)]}),
    ("photo", PASS, "photo-plausible", {"photos": [photo(taken_at=NOON - 24 * HOUR)]}),
    ("photo", REVIEW, "photo-of-another-time", {"photos": [photo(taken_at=NOON - 25 * HOUR)]}),
    ("photo", PASS, "photo-plausible", {"photos": [photo(place=north(95))]}),
    ("photo", REVIEW, "photo-of-another-place", {"photos": [photo(), photo(place=north(105))]}),
    ("reuse", HOLD, "photo-used-before", {"photos": [photo(used_before=True)]}),
    ("reuse", REVIEW, "photo-not-comparable", {"photos": [photo(hashes=None)]}),
    ("reuse", HOLD, "photo-same-as-before", {"earlier_hashes": [(1 << 60) ^ 0b11111]}),
    ("reuse", REVIEW, "photo-like-before", {"earlier_hashes": [(1 << 60) ^ 0b111111]}),
    ("reuse", REVIEW, "photo-like-before", {"earlier_hashes": [(1 << 60) ^ 0x3FF]}),
    ("reuse", PASS, "photo-new", {"earlier_hashes": [(1 << 60) ^ 0x7FF]}),
    ("pair", REVIEW, "pair-incomplete", {"needs_pair": True}),
    ("pair", REVIEW, "pair-too-quick", {"needs_pair": True, "photos": pair(1)}),
    ("pair", PASS, "pair-plausible", {"needs_pair": True, "photos": pair(2)}),
    ("pair", PASS, "pair-plausible", {"needs_pair": True, "photos": pair(24 * 60)}),
    ("pair", REVIEW, "pair-too-far-apart", {"needs_pair": True, "photos": pair(24 * 60 + 1)}),
    ("pair", REVIEW, "pair-wrong-way-round", {"needs_pair": True, "photos": pair(-3)}),
    ("duplicate", REVIEW, "reported-before", {"nearby": [earlier(place=north(29))]}),
    ("duplicate", PASS, "not-reported-before", {"nearby": [earlier(place=north(31))]}),
    ("duplicate", REVIEW, "reported-before", {"nearby": [earlier(place=north(67, 60))]}),
    ("duplicate", PASS, "not-reported-before", {"nearby": [earlier(place=north(120, 9_000))]}),
    ("duplicate", HOLD, "reported-before-by-you", {"nearby": [earlier(), earlier(owner=ANNA)]}),
    ("duplicate", PASS, "not-reported-before", {"nearby": [earlier(category="dumping")]}),
    ("duplicate", PASS, "not-reported-before", {"nearby": [earlier(status="declined")]}),
    ("duplicate", REVIEW, "reported-before", {"nearby": [earlier(occurred_at=NOON - 60 * DAY)]}),
    (
        "duplicate",
        REVIEW,
        "reported-before",
        {"nearby": [earlier(occurred_at=NOON - 60 * DAY, status="done", closed_at=NOON - 13 * DAY)]},
    ),
    (
        "duplicate",
        PASS,
        "not-reported-before",
        {"nearby": [earlier(occurred_at=NOON - 60 * DAY, status="done", closed_at=NOON - 15 * DAY)]},
    ),
    ("finds", PASS, "few-finds-here", {"own": [earlier(place=north(45))]}),
    ("finds", REVIEW, "many-finds-here", {"own": [earlier(place=north(45), category="dumping")] * 2}),
    ("finds", PASS, "few-finds-here", {"own": [earlier(place=north(60))] * 2}),
    ("finds", PASS, "few-finds-here", {"own": [earlier(occurred_at=NOON - 8 * DAY)] * 2}),
    ("service", HOLD, "service-again", {"service": "pass", "own": [earlier(service="pass")]}),
    ("service", PASS, "service-first", {"service": "pass", "own": [earlier(service="dog-tax")]}),
    (
        "service",
        PASS,
        "service-first",
        {"service": "pass", "own": [earlier(service="pass", status="rejected")]},
    ),
    (
        "service",
        PASS,
        "service-first",
        {"service": "pass", "own": [earlier(service="pass", occurred_at=NOON - 366 * DAY)]},
    ),
    ("self-made", HOLD, "cleared-own-report", {"action": CLEANUP, "nearby": [earlier(owner=ANNA)]}),
    (
        "self-made",
        REVIEW,
        "cleared-own-report",
        {"action": CLEANUP, "nearby": [earlier(owner=ANNA, occurred_at=NOON - 25 * HOUR)]},
    ),
    ("self-made", PASS, "not-self-made", {"action": CLEANUP, "nearby": [earlier()]}),
    ("self-made", HOLD, "reported-own-clearing", {"nearby": [earlier(owner=ANNA, action=CLEANUP)]}),
    ("partners", PASS, "not-the-same-two", {"action": CLEANUP, "nearby": [earlier()], "partners": {BEN: 1}}),
    ("partners", REVIEW, "same-two-again", {"action": CLEANUP, "nearby": [earlier()], "partners": {BEN: 2}}),
    ("partners", PASS, "not-the-same-two", {"action": CLEANUP, "partners": {BEN: 9}}),
    ("reliability", PASS, "in-good-standing", {"own": [earlier(status="declined")] * 2}),
    ("reliability", REVIEW, "often-declined", {"own": [earlier(status="rejected")] * 3}),
    (
        "reliability",
        PASS,
        "in-good-standing",
        {"own": [*[earlier(status="rejected")] * 3, *[earlier(status="done")] * 3]},
    ),
    (
        "reliability",
        PASS,
        "in-good-standing",
        {"own": [earlier(status="declined", occurred_at=NOON - 91 * DAY)] * 5},
    ),
]


def test_what_is_in_order_passes_every_check() -> None:
    """A fresh report with place and photo; and of nothing found, the strictest is a pass."""
    found = checking.run(subject(), pipeline.CHECKS)

    assert [PASS] * len(pipeline.CHECKS) == [one.result for one in found]
    assert (PASS, None) == (checking.worst([]), checking.weightiest(found))


@pytest.mark.parametrize(("name", "result", "reason", "changes"), CASES)
def test_each_check_at_its_threshold(name: str, result: Result, reason: str, changes: dict[str, Any]) -> None:
    """On one side of the threshold it passes, on the other it does not; every doubt has its two sentences."""
    finding = pipeline.CHECKS[name](subject(**changes))

    assert (name, result, reason) == (finding.name, finding.result, finding.reason)
    if result is not PASS:
        assert check_words.citizen(reason, str)
        said = check_words.case_worker(finding, str) or ""
        assert said not in {"", reason}
        assert "%(" not in said
        assert "?" not in said
    assert check_words.name(name, str) != name


def test_findings_of_before_still_have_a_sentence() -> None:
    """A finding without figures has a sentence; a reason that none of these checks gives has none here."""
    assert "nearby" in str(check_words.case_worker(Finding("duplicate", REVIEW, "reported-before"), str))
    assert check_words.case_worker(Finding("x", REVIEW, "of-old"), str) is None


def test_hold_weighs_more_than_review() -> None:
    """What people read first is the strictest; of equals the first."""
    found = [
        Finding(reason, result, reason)
        for reason, result in zip("abcd", (PASS, REVIEW, HOLD, HOLD), strict=True)
    ]

    assert found[2] == checking.weightiest(found)
    assert HOLD is checking.worst(found)


# --- Fingerprints -------------------------------------------------------------------------------------------


def test_a_picture_is_known_however_it_is_turned() -> None:
    """Each of the eight positions, made small and saved badly, is the same picture; other scenes are far away."""
    known = [fingerprints.of(photos.scene(seed)) for seed in range(12)]
    turns = [None, *Image.Transpose]
    for seed, turn in itertools.product(range(3), turns):
        altered = photos.scene(seed) if turn is None else photos.scene(seed).transpose(turn)
        again = pictures.read(photos.jpeg(altered.resize((200, 150)), quality=30))
        assert likeness.nearest(again.hashes, [known[seed][0]]) <= Thresholds().photo_same_bits
    apart = [likeness.nearest(one, [other[0]]) for one, other in itertools.combinations(known, 2)]
    assert min(apart) > Thresholds().photo_alike_bits
    assert all(-(2**63) <= one < 2**63 for hashes in known for one in hashes)


def test_where_nothing_is_seen_there_is_no_fingerprint() -> None:
    """A covered lens looks like every other covered lens."""
    assert () == pictures.read(photos.jpeg(Image.new("RGB", (64, 48), "navy"))).hashes


# --- Thresholds ---------------------------------------------------------------------------------------------


def refused(**changes: Any) -> list[tuple[str, str]]:
    """Return fields and codes of what is wrong with changed defaults."""
    with pytest.raises(ThresholdsRefused) as caught:
        thresholds.read(Thresholds().document() | changes)
    faults = caught.value.details["faults"]
    assert isinstance(faults, list)
    return [(fault["field"], fault["code"]) for fault in faults]


def test_thresholds_that_make_no_sense() -> None:
    """Out of bounds, no number, unknown, missing, or contradicting each other: each is told with its field."""
    assert Thresholds() == thresholds.read(Thresholds().document())
    assert set(thresholds.BOUNDS) == set(Thresholds().document())
    assert [("accuracy_good_m", "threshold-out-of-bounds")] == refused(accuracy_good_m=0)
    assert [("speed_max_kmh", "threshold-not-a-number")] == refused(speed_max_kmh=True)
    assert [("x", "threshold-unknown"), ("finds_days", "threshold-not-a-number")] == refused(
        x=1, finds_days=None
    )
    assert [("accuracy_good_m", "thresholds-contradict")] == refused(accuracy_good_m=101)
    assert [("photo_same_bits", "thresholds-contradict")] == refused(photo_same_bits=10)
    assert [("points_month_basic", "thresholds-contradict")] == refused(points_month_basic=3001)
    assert [("pair_apart_min_minutes", "thresholds-contradict")] == refused(
        pair_apart_min_minutes=60, pair_apart_max_hours=1
    )


def test_thresholds_are_set_by_two_people(database: Database, city_id: int, clock: FixedClock) -> None:
    """Proposed by one, approved by another; what came in before is judged by what was in force then."""
    document = Thresholds().document() | {"speed_max_kmh": 90}

    def propose(**changes: Any) -> tuning.Proposal:
        given = {"document": document, "note": "Nobody flies here", **changes}
        return database.run(city_id, lambda work: tuning.propose(work, author_id=AUTHOR, **given))

    first = propose()
    second = propose(document=document | {"speed_max_kmh": 80})
    with pytest.raises(Forbidden, match="own-thresholds"):
        database.run(city_id, lambda work: tuning.approve(work, second.proposal_id, AUTHOR))
    with pytest.raises(Conflict, match="thresholds-decided"):
        database.run(city_id, lambda work: tuning.approve(work, first.proposal_id, APPROVER))
    before = clock.now()
    clock.advance(HOUR)
    database.run(city_id, lambda work: tuning.approve(work, second.proposal_id, APPROVER))

    with database.reading(city_id) as reading:
        assert 80 == tuning.in_force(reading).speed_max_kmh
        assert Thresholds() == tuning.in_force(reading, before)
        assert tuning.open_proposal(reading) is None
    for wrong, code in (
        ({"note": " "}, "note-missing"),
        ({"note": "x" * 501}, "note-too-long"),
        ({"document": document | {"speed_max_kmh": 80}}, "thresholds-unchanged"),
        ({"document": {}}, "thresholds-invalid"),
    ):
        with pytest.raises(Invalid, match=code):
            propose(**wrong)
    third = propose()
    database.run(city_id, lambda work: tuning.withdraw(work, third.proposal_id))
    with pytest.raises(Conflict, match="thresholds-decided"):
        database.run(city_id, lambda work: tuning.withdraw(work, third.proposal_id))
    with pytest.raises(NotFound, match="thresholds-not-found"):
        database.run(city_id, lambda work: tuning.approve(work, 1, APPROVER))
