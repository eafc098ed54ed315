"""The red team: each fraud of the playbook, played against the whole way from handing in to the wallet.

Every fraud is played three times: with checks and caps taken out, as the city runs, and as it runs with a
case worker who accepts whatever waits. `pytest -s` prints the table; docs/rules.md shows it.
"""

from collections.abc import Callable, Mapping

import pytest
from PIL import Image

from kernel.clock import FixedClock
from kernel.db import Database
from rewards import capping, occasions, pictures, pipeline, submissions, submitting, tag_checks
from rewards.checking import Finding, Result, Subject
from rewards.pictures import Picture
from rewards.submissions import Status
from rewards.thresholds import Thresholds
from tests.fixtures.databases import MakeDatabase
from tests.rewards import code_frauds, photos
from tests.rewards.suspects import CENTRE, DAY, HOUR, MINUTE, Town

BOUNDS = Thresholds()
EVE, PAT = "p-eve", "p-pat"
KM = 1000

Play = Callable[[Town], None]


def the_same_spot_again_and_again(town: Town) -> None:
    """Three sacks, reported from a few steps further each day, with a new photo each."""
    for step in range(6):
        town.report(EVE, step * 5)
        town.clock.advance(DAY)


def the_same_spot_under_other_names(town: Town) -> None:
    """The same sacks as litter, as dumping and as a full bin."""
    for category in ("litter", "dumping", "full-bin", "scrap-vehicle"):
        town.report(EVE, category=category)
        town.clock.advance(DAY)


def what_somebody_else_reported(town: Town) -> None:
    """Reports of others, copied a moment later."""
    for step in range(4):
        town.report("p-honest", step * KM)
        town.clock.advance(HOUR)
        town.report(EVE, step * KM)
        town.clock.advance(DAY)


def one_photo_for_every_spot(town: Town) -> None:
    """The same file at spots far apart."""
    picture = town.picture(7)
    for step in range(5):
        town.report(EVE, step * KM, picture=picture)
        town.clock.advance(3 * HOUR)


def one_photo_turned_and_mirrored(town: Town) -> None:
    """The same picture, mirrored, turned and saved anew."""
    turns = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180)
    town.report(EVE, picture=town.picture(8))
    for step, turn in enumerate(turns, 1):
        town.clock.advance(3 * HOUR)
        taken = town.clock.now().astimezone(town.city.zone).replace(tzinfo=None)
        altered = photos.jpeg(photos.scene(8).transpose(turn), taken, quality=40)
        town.report(EVE, step * KM, picture=uploaded(altered))


def old_photos(town: Town) -> None:
    """Pictures from the gallery: of last month, or without a time."""
    for step in range(2):
        town.report(EVE, step * KM, picture=town.picture(age=30 * DAY))
        town.clock.advance(DAY)
        town.report(EVE, 10 * KM + step * KM, picture=uploaded(photos.jpeg(50 + step, None)))
        town.clock.advance(DAY)


def a_covered_lens(town: Town) -> None:
    """Nothing on the picture, so that nothing can be compared."""
    for step in range(3):
        taken = town.clock.now().astimezone(town.city.zone).replace(tzinfo=None)
        black = photos.jpeg(Image.new("RGB", (320, 240), (step, 0, 0)), taken)
        town.report(EVE, step * KM, picture=uploaded(black))
        town.clock.advance(DAY)


def long_ago_or_not_yet(town: Town) -> None:
    """What is said to have happened a month ago, or tomorrow."""
    for step, when in enumerate((-30 * DAY, DAY)):
        at = town.clock.now() + when
        town.report(EVE, step * KM, occurred_at=at)
        town.clock.advance(DAY)


def all_over_the_city_in_minutes(town: Town) -> None:
    """Positions out of a programme, ten kilometres from one minute to the next."""
    for step in range(6):
        town.report(EVE, step % 2 * 10 * KM + step * 100)
        town.clock.advance(2 * MINUTE)


def a_position_that_never_varies(town: Town) -> None:
    """A programme that always tells the same place, used patiently, with another category each time."""
    for category in ("litter", "dumping", "full-bin", "scrap-vehicle"):
        town.report(EVE, category=category, longitude_e6=CENTRE[1])
        town.clock.advance(8 * DAY)


def somewhere_around_here(town: Town) -> None:
    """Positions that are accurate to half a kilometre, to fifty metres, or nobody says how."""
    for step, accuracy in enumerate((500, 500, 50, None, None)):
        town.report(EVE, step * KM, accuracy_m=accuracy)
        town.clock.advance(DAY)


def in_another_city(town: Town) -> None:
    """Litter of Düsseldorf."""
    for step in range(3):
        town.report(EVE, -(25 + step) * KM)
        town.clock.advance(DAY)


def litter_that_one_made(town: Town) -> None:
    """A bag is put down, reported, and cleared half an hour later."""
    for step in range(4):
        town.report(EVE, step * KM)
        town.clock.advance(HOUR / 2)
        town.clear(EVE, step * KM)
        town.clock.advance(2 * DAY)


def two_who_play_into_each_others_hands(town: Town) -> None:
    """One puts it down and reports it, the other one clears it; then they change places."""
    for step in range(6):
        first, second = (EVE, PAT) if step % 2 else (PAT, EVE)
        town.report(first, step * KM)
        town.clock.advance(HOUR / 2)
        town.clear(second, step * KM)
        town.clock.advance(2 * DAY)


def the_same_service_under_new_cases(town: Town) -> None:
    """The same application every day, each time under another case."""
    for day in range(5):
        town.apply(EVE, f"2026-{day}", "dog-tax")
        town.clock.advance(DAY)


def the_same_case_again(town: Town) -> None:
    """One case, told twenty times."""
    for _ in range(20):
        town.apply(EVE, "2026-4711", "passport")


def a_day_full_of_everything(town: Town) -> None:
    """All that every rule gives in a day: three reports, two clearings, an application, a suggestion."""
    for step in range(4):
        town.report(EVE, step * KM, category="dumping")
        town.clock.advance(HOUR / 2)
        town.clear(EVE, (step + 5) * KM)
        town.clock.advance(HOUR / 2)
    town.apply(EVE, "2026-1", "residence")
    town.suggest(EVE)


def a_month_full_of_everything(town: Town) -> None:
    """The same, honest as it looks, on five days of one month."""
    for day in range(5):
        for step in range(3):
            spot = 100 + day * 200 + step * 900
            town.report(EVE, spot, category="dumping", picture=town.picture())
            town.clock.advance(HOUR)
            if step:
                town.clear(EVE, spot + 5 * KM)
                town.clock.advance(HOUR)
        town.clock.advance(DAY - 5 * HOUR)


def uploaded(data: bytes) -> Picture:
    """Return an upload as the use case gets it."""
    return pictures.read(data)


TABLE: Mapping[Play, tuple[int, int, int]] = {
    the_same_spot_again_and_again: (300, 50, 300),
    the_same_spot_under_other_names: (180, 110, 180),
    what_somebody_else_reported: (200, 0, 200),
    one_photo_for_every_spot: (150, 50, 150),
    one_photo_turned_and_mirrored: (150, 50, 150),
    old_photos: (200, 0, 200),
    a_covered_lens: (150, 0, 150),
    long_ago_or_not_yet: (100, 0, 100),
    all_over_the_city_in_minutes: (150, 50, 150),
    a_position_that_never_varies: (180, 110, 180),
    somewhere_around_here: (250, 0, 250),
    in_another_city: (150, 0, 150),
    litter_that_one_made: (440, 200, 200),
    two_who_play_into_each_others_hands: (660, 420, 660),
    the_same_service_under_new_cases: (150, 30, 150),
    the_same_case_again: (30, 30, 30),
    a_day_full_of_everything: (370, 300, 300),
    a_month_full_of_everything: (1500, 960, 960),
    code_frauds.a_sign_photographed_once: (10, 0, 10),
    code_frauds.a_shown_code_for_all_friends: (3, 3, 3),
    code_frauds.a_quest_by_car: (30, 0, 30),
    code_frauds.a_quest_from_the_sofa: (30, 0, 30),
    code_frauds.a_printed_code_of_a_workshop_passed_on: (120, 60, 120),
}
"""Points earned: without checks and caps of the programme, with them, and with a careless case worker."""
WITH_MANY_QUERIES = (
    one_photo_turned_and_mirrored,
    litter_that_one_made,
    two_who_play_into_each_others_hands,
    the_same_service_under_new_cases,
)
"""What is played on the second kind of database, too: between them they use every statement."""


def begin(database: Database, clock: FixedClock, play: Play) -> Town:
    """Play a fraud in a town and a month of its own, and let time pass until no outcome is awaited."""
    first = (clock.now().replace(day=1) + 32 * DAY).replace(day=2, hour=7)
    clock.advance(first - clock.now())
    town = Town(database, clock)
    play(town)
    town.let_time_pass()
    return town


@pytest.mark.parametrize(
    ("backend", "play"),
    [
        *(pytest.param("sqlite", play, id=play.__name__) for play in TABLE),
        *(pytest.param("postgresql", play, id=f"{play.__name__}-postgresql") for play in WITH_MANY_QUERIES),
    ],
    indirect=["backend"],
)
def test_what_a_fraud_earns(
    new_database: MakeDatabase, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, play: Play
) -> None:
    """The checks take most of it; what a careless case worker lets through stays within the caps."""
    town = begin(new_database(), clock, play)
    checked = town.points(EVE, PAT)
    town.accept_everything()
    town.let_time_pass()
    careless = town.points(EVE, PAT)
    caps = [(owner, town.points(owner), town.most_in_a_day(owner)) for owner in (EVE, PAT)]
    monkeypatch.setattr(submitting, "CHECKS", {"blind": lambda _: Finding("blind", Result.PASS, "unchecked")})
    monkeypatch.setattr(capping, "of_submission", lambda *_: None)
    monkeypatch.setattr(occasions, "attendance", lambda *_: 0)
    for name in ("replay", "pause", "distance", "speed", "stations"):
        monkeypatch.setattr(tag_checks, name, lambda *_, **__: Finding("blind", Result.PASS, tag_checks.NEAR))
    unchecked = begin(new_database(), clock, play).points(EVE, PAT)

    print(f"{play.__name__.replace('_', ' '):45} {unchecked:6} {checked:6} {careless:6}")  # noqa: T201 -- the table
    assert TABLE[play] == (unchecked, checked, careless)
    assert [one for one in caps if one[1] > BOUNDS.points_month_basic or one[2] > BOUNDS.awards_per_day] == []


def test_a_check_that_fails_awards_nothing(
    new_database: MakeDatabase, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in one check sends the submission to a person; nothing is lost and nothing is paid."""

    def broken(_: Subject) -> Finding:
        raise ZeroDivisionError

    monkeypatch.setattr(submitting, "CHECKS", {**pipeline.CHECKS, "speed": broken})
    town = Town(new_database(), clock)
    made = town.report(EVE)

    assert Status.REVIEW is made.status
    assert 0 == town.points(EVE)
    with town.database.reading(town.city.city_id) as reading:
        found = {one.name: one.reason for one in submissions.findings(reading, made.submission_id)}
    assert "check-failed" == found["speed"]
    assert set(pipeline.CHECKS) == set(found)


def test_who_is_honest_waits_for_nobody(new_database: MakeDatabase, clock: FixedClock) -> None:
    """A walk with three finds, a clearing elsewhere, an application and another day: all paid at once."""
    town = Town(new_database(), clock)
    made = []
    for step in range(3):
        made.append(town.report("p-honest", step * 400))
        clock.advance(MINUTE * 15)
    clock.advance(DAY)
    made.append(town.clear("p-honest", 3 * KM))
    made.append(town.apply("p-honest", "2026-1", "residence"))
    town.let_time_pass()
    clock.advance(15 * DAY)
    made.append(town.report("p-honest", 10))

    assert [Status.ACCEPTED] * 6 == [one.status for one in made]
    assert 3 * 50 + 60 + 30 + 50 == town.points("p-honest")
