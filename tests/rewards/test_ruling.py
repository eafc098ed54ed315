"""What rules ask for beyond facts is read from the city, and only where a rule asks."""

import datetime as dt
import functools
from typing import Any

import pytest
import sqlalchemy as sa

from identity import persons
from identity.persons import Said
from kernel import cities
from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ledger import chart
from rewards import awarding, campaigns, combinations, districts, programme, ruling, submissions, submitting
from rewards.campaigns import Campaign
from rewards.combining import Combination
from rewards.submissions import Status, Submission
from tests.rewards import made

AUTHOR, APPROVER = 1, 2
IDEA = {"action": "suggestion", "budget": "ideas", "when": made.ALWAYS, "now_percent": 100}
HERE = (51_434_400, 6_762_300)
MITTE = """{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "Mitte"},
  "geometry": {"type": "Polygon", "coordinates":
    [[[6.7, 51.4], [6.8, 51.4], [6.8, 51.5], [6.7, 51.5], [6.7, 51.4]]]}}]}"""


@pytest.fixture
def town(database: Database, city_id: int) -> Database:
    """Give a city with two funded budgets and a district."""

    def found(work: Work) -> None:
        chart.open_chart(work)
        for budget in ("ideas", "spring"):
            chart.fund_budget(
                work,
                budget,
                10_000,
                effective=dt.date(2026, 1, 1),
                reference="x",
                transfer_id=work.ids.uuid(),
            )
        districts.replace(work, districts.read(MITTE))

    database.run(city_id, found)
    return database


def _enact(town: Database, city_id: int, **changes: Any) -> None:
    """Put a rule for suggestions in force."""

    def enact(work: Work) -> None:
        stored = programme.draft(work, cities.get(work), made.rule(**IDEA | changes), AUTHOR)
        programme.approve(work, stored.version_hash, APPROVER)
        programme.activate(work, stored.version_hash)

    town.run(city_id, enact)


def _suggest(
    town: Database, city_id: int, owner: str = "p-anna", place: tuple[int, int] | None = HERE
) -> tuple[Submission, int]:
    """Decide a suggestion that the checks let pass; return it with the points that it earned."""

    def suggest(work: Work) -> tuple[Submission, int]:
        number = work.ids.next()
        submission = Submission(
            submission_id=number,
            action="suggestion",
            owner=owner,
            evidence_key=f"own/{number}",
            source="app",
            category="green",
            description="A bench",
            address=None,
            district=None,
            latitude_e6=place and place[0],
            longitude_e6=place and place[1],
            accuracy_m=None,
            facts={"category": "green", "trust_level": "basic"},
            occurred_at=work.now,
            received_at=work.now,
            status=Status.REVIEW,
            decided_at=None,
            closed_at=None,
        )
        submissions.add(work, submission)
        submitting.decide(work, cities.get(work), submission)
        points = sum(one.points for one in awarding.of_submission(work, number))
        return submissions.get(work, number), points

    return town.run(city_id, suggest)


def test_the_past_is_counted(town: Database, city_id: int, clock: FixedClock) -> None:
    """The first time here earns; the second does not, until a week has passed; another place is another matter."""
    first_here = {"op": "count", "of": "action", "days": 7, "here_m": 50, "comparison": "==", "value": 0}
    _enact(town, city_id, when=first_here)

    assert 50 == _suggest(town, city_id)[1]
    clock.advance(dt.timedelta(hours=1))
    assert 0 == _suggest(town, city_id)[1]
    assert 50 == _suggest(town, city_id, owner="p-ben")[1]
    assert Status.REVIEW is _suggest(town, city_id, place=None)[0].status
    clock.advance(dt.timedelta(days=7))
    assert 50 == _suggest(town, city_id)[1]


def test_what_anyone_did_here_is_counted(town: Database, city_id: int, clock: FixedClock) -> None:
    """Somebody else's contribution at the same place counts where the rule asks for anyone's."""
    nobody = {
        "op": "count",
        "of": "action",
        "who": "anyone",
        "days": 1,
        "here_m": 20,
        "comparison": "==",
        "value": 0,
    }
    _enact(town, city_id, when=nobody)

    assert 50 == _suggest(town, city_id)[1]
    clock.advance(dt.timedelta(minutes=1))
    assert 0 == _suggest(town, city_id, owner="p-ben")[1]
    clock.advance(dt.timedelta(days=1))
    assert 50 == _suggest(town, city_id, owner="p-ben")[1]


def test_a_streak_is_rewarded_once_a_day(town: Database, city_id: int, clock: FixedClock) -> None:
    """The third day in a row brings the bonus, with its first contribution; a missed day begins anew."""
    bonus = {"of": "rule", "unit": "day", "length": 3, "points": 20}
    _enact(town, city_id, streak=bonus)
    earned = []
    for hours in (0, 24, 24, 1, 47, 24, 24):
        clock.advance(dt.timedelta(hours=hours))
        earned.append(_suggest(town, city_id)[1])

    assert [50, 50, 70, 50, 50, 50, 70] == earned


def test_campaign_district_and_person(town: Database, city_id: int, clock: FixedClock) -> None:
    """A campaign that runs, the district of the place, and what the person says of themselves."""

    def prepare(work: Work) -> str:
        today = clock.now().date()
        campaigns.save(work, Campaign("spring", {"de": "Frühjahrsputz"}, today, today))
        anna = persons.register(work, "anna@example.org")
        persons.say(work, anna.person_id, Said("18-26", "mitte"))
        return anna.owner

    owner = town.run(city_id, prepare)
    _enact(
        town,
        city_id,
        when={"op": "district", "districts": ["mitte"]},
        factors=[
            {"when": {"op": "campaign", "code": "spring"}, "times": 3, "over": 2},
            {"when": {"op": "age-band", "groups": ["18-26"]}, "times": 2},
        ],
    )

    assert 150 == _suggest(town, city_id, owner)[1]
    # Nobody said anything of this person: an age that is asked for and not known waits for a person.
    assert Status.REVIEW is _suggest(town, city_id, "p-ben")[0].status
    clock.advance(dt.timedelta(days=1))
    assert 100 == _suggest(town, city_id, owner)[1]


def test_a_programme_that_asks_for_nothing_reads_nothing(town: Database, city_id: int) -> None:
    """The number of statements is fixed; without such questions none of them is run."""
    statements: list[str] = []
    sa.event.listen(
        town.engine, "before_cursor_execute", lambda _c, _cur, statement, *_: statements.append(statement)
    )
    asked = {"op": "count", "of": "action", "days": 7, "comparison": "<", "value": 90}
    counted = []
    for code, when in (("plain", made.ALWAYS), ("asking", asked), ("asking-too", asked | {"value": 91})):
        _enact(town, city_id, code=code, when=when)
        submission, _ = _suggest(town, city_id)

        def decide(work: Work, one: Submission = submission) -> None:
            ruling.decide(work, cities.get(work), one)

        town.run(city_id, decide)
        statements.clear()
        town.run(city_id, decide)
        counted.append(len(statements))

    assert counted[0] + 1 == counted[1] == counted[2]


def test_several_rules_add_up_where_two_people_say_so(town: Database, city_id: int) -> None:
    """The best rule counts until somebody proposes another way and somebody else approves it."""
    _enact(town, city_id)
    _enact(town, city_id, code="more", effect={"kind": "fixed", "points": 20}, budget="spring")

    assert 50 == _suggest(town, city_id)[1]
    choice = town.run(city_id, lambda work: combinations.propose(work, "", "sum", AUTHOR))
    assert 50 == _suggest(town, city_id)[1]
    with pytest.raises(Forbidden, match="own-rule"):
        town.run(city_id, lambda work: combinations.approve(work, choice.combination_id, AUTHOR))
    town.run(city_id, lambda work: combinations.approve(work, choice.combination_id, APPROVER))

    submission, points = _suggest(town, city_id)
    assert 70 == points
    with town.reading(city_id) as reading:
        made_for = awarding.of_submission(reading, submission.submission_id)
        assert {("litter", 50), ("more", 20)} == {(one.rule_code, one.points) for one in made_for}
        assert (Combination.SUM, {}) == combinations.in_force(reading)
        assert [] == combinations.waiting(reading)
        assert submission == submissions.get(reading, submission.submission_id)
    with pytest.raises(Conflict, match="combination-approved"):
        town.run(city_id, lambda work: combinations.approve(work, choice.combination_id, APPROVER))


def test_what_is_refused(town: Database, city_id: int) -> None:
    """Ways, campaigns, districts and sayings that make no sense."""
    day = dt.date(2026, 5, 1)
    with pytest.raises(Invalid, match="combination-unknown"):
        town.run(city_id, lambda work: combinations.propose(work, "", "median", AUTHOR))
    with pytest.raises(NotFound, match="combination-not-found"):
        town.run(city_id, lambda work: combinations.approve(work, 5, APPROVER))
    for wrong, code in (
        (Campaign("Spring!", {"de": "x"}, day, day), "campaign-code-invalid"),
        (Campaign("spring", {"de": " "}, day, day), "campaign-name-missing"),
        (Campaign("spring", {"de": "x"}, day, dt.date(2026, 4, 1)), "campaign-ends-before-it-begins"),
    ):
        with pytest.raises(Invalid, match=code):
            town.run(city_id, functools.partial(campaigns.save, campaign=wrong))
    anna = town.run(city_id, lambda work: persons.register(work, "anna@example.org"))
    for said, code in ((Said("young", None), "age-group-unknown"), (Said(None, "!"), "district-unknown")):
        with pytest.raises(Invalid, match=code):
            town.run(city_id, functools.partial(persons.say, person_id=anna.person_id, said=said))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[]", "districts-not-geojson"),
        ("{", "districts-not-geojson"),
        ('{"features": []}', "districts-empty"),
        (MITTE.replace("Mitte", " "), "district-name-missing"),
        (MITTE.replace("51.5", "51.4"), "district-without-area"),
        (MITTE.replace("51.5", "151.5"), "districts-not-geojson"),
        (MITTE.replace("51.5", "NaN"), "districts-not-geojson"),
        (MITTE.replace('"Polygon"', '"Point"'), "districts-not-geojson"),
        (" " * 5_000_001, "districts-too-large"),
    ],
)
def test_districts_that_are_refused(text: str, code: str) -> None:
    """What is no collection of polygons with names is refused whole."""
    with pytest.raises(Invalid, match=code):
        districts.read(text)
