"""Goals, teams, badges and donations, on the pages and through the API."""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from api import exporting
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from ledger import invariants, queries, wallets
from merchants import venues
from merchants.venues import NewVenue, VenueKind
from rewards import donating, goals, teams
from rewards.goals import Goal, NewGoal
from rewards.teams import Team
from tests.api.edge import Edge

REPORT = {"action": "litter-report", "category": "litter", "description": "Eine Matratze am Weg"}


@pytest.fixture
def club(edge: Edge) -> int:
    """Give the number of a club that takes donations."""
    new = NewVenue("Ruderclub", VenueKind.CLUB, "Weg 1", "47051", "Altstadt", "Ruderclub e.V.")
    return edge.database.run(edge.city.city_id, lambda work: venues.create(work, new).venue_id)


def _set(edge: Edge, **changes: object) -> Goal:
    today = edge.city.day_of(edge.database.clock.now())
    values = {"titles": {"de": "Ziel"}, "target": 2, "first_day": today, "last_day": today} | changes
    return edge.database.run(
        edge.city.city_id,
        lambda work: goals.create(work, edge.city, NewGoal(**values)),  # type: ignore[arg-type]  # as named
    )


def _team(edge: Edge, name: str = "Klasse 4b") -> Team:
    return edge.database.run(edge.city.city_id, lambda work: teams.create(work, name))


def _contribute(edge: Edge, owner: str, **changes: object) -> None:
    """Have a contribution that the city has confirmed."""

    def command(work: Work) -> None:
        values = {
            "city_id": work.city_id,
            "submission_id": work.ids.next(),
            "action": "litter-report",
            "owner": owner,
            "evidence_key": work.ids.token(),
            "source": "app",
            "description": "",
            "facts": {},
            "occurred_at": work.now,
            "received_at": work.now,
            "status": "done",
        }
        table = sa.Table("submissions", sa.MetaData(), autoload_with=work.connection)
        work.connection.execute(sa.insert(table).values(**(values | changes)))

    edge.database.run(edge.city.city_id, command)


def _reached(edge: Edge, goal: Goal) -> int:
    with edge.database.reading(edge.city.city_id) as reading:
        return goals.get(reading, edge.city, goal.goal_id).reached


def test_a_goal_counts_what_was_confirmed_in_its_days(edge: Edge) -> None:
    """Of its action, in its district, on its days in the city's calendar; nothing else."""
    person, _ = edge.person()
    goal = _set(edge, action="litter-report", district="Hamborn")
    now = edge.database.clock.now()
    _contribute(edge, person.owner, district="Hamborn")
    for other in (
        {"district": "Süd"},
        {"district": "Hamborn", "status": "accepted"},
        {"district": "Hamborn", "action": "improvement-suggested"},
        {"district": "Hamborn", "occurred_at": now - dt.timedelta(days=1)},
    ):
        _contribute(edge, person.owner, **other)

    assert 1 == _reached(edge, goal)
    shown = edge.call("GET", "/api/v1/goals").json()
    assert [(1, 2, "Hamborn")] == [(one["reached"], one["target"], one["district"]) for one in shown]
    assert "Ziel" in edge.client.get("/together", headers={"Accept-Language": "de"}).text


def test_a_team_counts_its_members_since_they_joined(edge: Edge) -> None:
    """Who joins brings nothing along, who leaves takes theirs away; others don't see the team's goal."""
    person, token = edge.person()
    team = _team(edge)
    goal = _set(edge, team_id=team.team_id)
    _contribute(edge, person.owner, received_at=edge.database.clock.now() - dt.timedelta(hours=1))
    fields = edge.browse(token)

    joined = edge.client.post("/achievements/team", data={**fields, "code": f" {team.shown_code.lower()} "})

    assert (303, "/achievements?notice=team-joined") == (joined.status_code, joined.headers["location"])
    assert 0 == _reached(edge, goal)
    _contribute(edge, person.owner)
    assert 1 == _reached(edge, goal)
    assert "Klasse 4b" in edge.client.get("/achievements").text
    assert [] == edge.call("GET", "/api/v1/goals").json()
    with edge.database.reading(edge.city.city_id) as reading:
        assert "Klasse 4b" == exporting.everything(reading, person.person_id, person.owner)["team"]
    fields = edge.browse(token)
    edge.client.post("/achievements/team/leave", data=fields)
    assert 0 == _reached(edge, goal)


def test_teams_refuse(edge: Edge) -> None:
    """An unknown or closed code, a second team, and a name that is none."""
    person, token = edge.person()
    team, other = _team(edge), _team(edge, "Klasse 4a")

    def refused(code: str) -> str:
        with pytest.raises(DomainError) as found:
            edge.database.run(edge.city.city_id, lambda work: teams.join(work, person.owner, code))
        return found.value.code

    fields = edge.browse(token)
    page = edge.client.post(
        "/achievements/team", data={**fields, "code": "XXXX-XXXX"}, headers={"Accept-Language": "de"}
    )
    assert 409 == page.status_code
    assert "Es gibt kein Team mit diesem Code." in page.text
    edge.database.run(edge.city.city_id, lambda work: teams.join(work, person.owner, team.join_code))
    assert "team-other" == refused(other.join_code)
    edge.database.run(edge.city.city_id, lambda work: teams.close(work, other.team_id))
    assert "team-code-unknown" == refused(other.join_code)
    with pytest.raises(DomainError, match="team-name-invalid"):
        _team(edge, " ")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"titles": {"de": " ", "en": "x"}}, "goal-title-missing"),
        ({"target": 0}, "goal-target-invalid"),
        ({"target": goals.TARGET_MAX + 1}, "goal-target-invalid"),
        ({"last_day": dt.date(2020, 1, 1)}, "goal-ends-before-it-begins"),
        ({"action": "unknown"}, "action-unknown"),
        ({"team_id": 7}, "team-not-found"),
    ],
)
def test_goals_refuse(edge: Edge, changes: dict[str, object], code: str) -> None:
    """What makes no sense as a goal."""
    with pytest.raises(DomainError, match=code):
        _set(edge, **changes)


def test_the_office_sets_goals_and_opens_teams(edge: Edge) -> None:
    """An administrator does, a case worker only looks; a mistyped form keeps what was typed and says where."""
    _, token = edge.person("admin@example.org", Role.ADMINISTRATOR)
    fields = edge.browse(token)
    typed = {
        "title_de": "Saubere Ecken",
        "target": "viele",
        "first_day": "2026-05-04",
        "last_day": "2026-06-04",
    }
    refused = edge.client.post(
        "/office/together/goals", data={**fields, **typed}, headers={"Accept-Language": "de"}
    )
    assert 422 == refused.status_code
    assert "Bitte geben Sie eine ganze Zahl von 1 bis" in refused.text
    assert 'value="Saubere Ecken"' in refused.text
    for path, data in (("goals", {**typed, "target": "500"}), ("teams", {"name": "Klasse 4b"})):
        answer = edge.client.post(f"/office/together/{path}", data={**edge.browse(token), **data})
        assert 303 == answer.status_code
    page = edge.client.get("/office/together").text
    assert "Saubere Ecken" in page
    assert "Klasse 4b" in page
    assert ["goal-set", "team-opened"] == edge.audited()[-2:]

    _, looker = edge.person("case@example.org", Role.CASE_WORKER)
    fields = edge.browse(looker)
    assert 200 == edge.client.get("/office/together").status_code
    assert 403 == edge.client.post("/office/together/teams", data={**fields, "name": "x"}).status_code


def test_a_donation_goes_to_the_club(edge: Edge, club: int) -> None:
    """The points that expire first go to the club's account, once; the books balance and history says it."""
    person, token = edge.person()
    edge.give(person, 60)
    body = {"venue_id": club, "points": 45}

    first = edge.call("POST", "/api/v1/donations", token, json=body, headers={"Idempotency-Key": "d1"})
    again = edge.call("POST", "/api/v1/donations", token, json=body, headers={"Idempotency-Key": "d1"})

    assert (201, first.content) == (first.status_code, again.content)
    with edge.database.reading(edge.city.city_id) as reading:
        assert 15 == wallets.wallet(reading, person.owner).available
        assert 45 == queries.balance(reading, venues.points_path(club)).posted
        assert [("Ruderclub", 45)] == [(one.venue.name, one.received) for one in donating.recipients(reading)]
        assert invariants.verify(reading).ok
    edge.browse(token)
    history = edge.client.get("/history", headers={"Accept-Language": "de"}).text
    assert "Punkte verschenkt" in history
    assert "Ruderclub" in history


def test_donations_refuse(edge: Edge, club: int) -> None:
    """More than one has, nothing, a venue that is no club, one that is not there."""
    person, token = edge.person()
    edge.give(person, 10)

    def refused(venue_id: int, points: int) -> tuple[int, str]:
        body = {"venue_id": venue_id, "points": points}
        return edge.refused(edge.call("POST", "/api/v1/donations", token, json=body))

    assert (409, "insufficient-points") == refused(club, 11)
    assert (422, "request-invalid") == refused(club, 0)
    assert (409, "venue-takes-no-donations") == refused(edge.pool.venue_id, 5)
    assert (404, "venue-not-found") == refused(999, 5)
    with pytest.raises(DomainError, match="donation-points-invalid"):
        edge.database.run(
            edge.city.city_id, lambda work: donating.donate(work, edge.city, person.owner, club, 0)
        )
    edge.database.run(edge.city.city_id, lambda work: venues.suspend(work, club))
    assert (409, "venue-takes-no-donations") == refused(club, 5)
    page = edge.client.post("/donate", data={**edge.browse(token), "venue_id": "x", "points": "5"})
    assert 422 == page.status_code


def test_a_donation_is_asked_about_once_more(edge: Edge, club: int) -> None:
    """It can't be taken back: the page names amount and club, and only the second answer gives."""
    person, token = edge.person()
    edge.give(person, 60)

    def post(**typed: object) -> Any:
        return edge.client.post(
            "/donate",
            data={**edge.browse(token), **{name: str(value) for name, value in typed.items()}},
            headers={"Accept-Language": "de"},
        )

    too_much = post(venue_id=club, points=61)
    asked = post(venue_id=club, points=45)
    with edge.database.reading(edge.city.city_id) as reading:
        assert 60 == wallets.wallet(reading, person.owner).available
    given = post(venue_id=club, points=45, sure="yes")

    assert (422, 200, 303) == (too_much.status_code, asked.status_code, given.status_code)
    assert "eine ganze Zahl von 1 bis 60" in too_much.text
    assert 'value="61"' in too_much.text
    assert "45 Punkte verschenken an: Ruderclub?" in asked.text
    with edge.database.reading(edge.city.city_id) as reading:
        assert 15 == wallets.wallet(reading, person.owner).available


def test_own_badges(edge: Edge) -> None:
    """Level, stars and weeks in a row are one's own; nobody without a session sees any."""
    person, token = edge.person()
    _contribute(edge, person.owner)

    found = edge.call("GET", "/api/v1/wallet/standing", token).json()

    assert (1, 2, 1) == (found["total"], found["level"], found["weeks_in_a_row"])
    assert 1 == next(one["stars"] for one in found["badges"] if one["action"] == "litter-report")
    assert 401 == edge.call("GET", "/api/v1/wallet/standing").status_code
    edge.browse(token)
    page = edge.client.get("/achievements", headers={"Accept-Language": "de"}).text
    assert "Meine Abzeichen" in page
    assert "Nur Sie sehen diese Seite." in page
