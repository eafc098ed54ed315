"""What the demo city does together: clubs that take donations, goals, and a school class as a team."""

import datetime as dt

from api.demo.living import Life
from kernel.db import Work
from kernel.errors import DomainError
from merchants import contracts, venues
from merchants.periods import PeriodKind
from merchants.venues import NewVenue, VenueKind
from rewards import donating, goals, teams
from rewards.goals import NewGoal

_RATE_CENTS = 1
_CLUBS = (
    NewVenue(
        name="Ruderclub Innenhafen",
        kind=VenueKind.CLUB,
        street="Philosophenweg 4",
        postcode="47051",
        district="Altstadt",
        payee_name="Ruderclub Innenhafen e.V.",
    ),
    NewVenue(
        name="Förderverein Grundschule Rheinpark",
        kind=VenueKind.SCHOOL,
        street="Wanheimer Straße 120",
        postcode="47053",
        district="Hochfeld",
        payee_name="Förderverein Grundschule Rheinpark e.V.",
    ),
)
_DONATED = (25, 10, 40)


def gather(life: Life, now: dt.datetime) -> None:
    """Open clubs and a team, set goals, and let some citizens give points away."""
    today = life.city.day_of(now)
    members = life.cast.citizens[:4]

    def command(work: Work) -> None:
        class_team = teams.create(work, "Klasse 4b, Grundschule Rheinpark")
        for person in members[1:]:
            teams.join(work, person.owner, class_team.join_code)
        for new in _goals(today, class_team.team_id):
            goals.create(work, life.city, new)
        for club in _CLUBS:
            opened = venues.create(work, club)
            contracts.sign(
                work,
                opened.venue_id,
                rate_cents_per_point=_RATE_CENTS,
                period=PeriodKind.MONTH,
                valid_from=today.replace(day=1),
            )
            for person, points in zip(life.cast.citizens, _DONATED, strict=False):
                _give(work, life, person.owner, opened.venue_id, points)

    life.database.run(life.city.city_id, command)


def _goals(today: dt.date, team_id: int) -> list[NewGoal]:
    first, last = today - dt.timedelta(days=40), today + dt.timedelta(days=50)
    reports = {"de": "300 Meldungen für ein sauberes Duisburg", "en": "300 reports for a clean Duisburg"}
    together = {"de": "Gemeinsam 600-mal angepackt", "en": "600 contributions together"}
    school = {"de": "Die 4b schafft zehn", "en": "Class 4b makes ten"}
    return [
        NewGoal(reports, 300, first, last, action="litter-report"),
        NewGoal(together, 600, first, last),
        NewGoal(school, 10, first, last, team_id=team_id),
    ]


def _give(work: Work, life: Life, owner: str, venue_id: int, points: int) -> None:
    try:
        donating.donate(work, life.city, owner, venue_id, points)
    except DomainError as refused:
        # Who has spent all of it gives nothing.
        if refused.code != "insufficient-points":
            raise
