"""An award's receipt is shown to who got it, and to case workers with what deciding again gives."""

import sqlalchemy as sa

from identity.roles import Role
from kernel.cities import City
from kernel.db import Work
from ledger import chart
from rewards import awarding, programme, rules, submitting
from rewards.submitting import NewSubmission
from rewards.tables import awards
from tests.api.edge import Edge
from tests.pages.test_simulations import GERMAN
from tests.rewards.test_replaying import RULE
from tests.rewards.test_simulating import STARTS


def enact(work: Work, city: City) -> None:
    """Put a rule for suggestions in force."""
    chart.fund_budget(work, "ideas", 500, effective=STARTS, reference="x", transfer_id=work.ids.uuid())
    stored = programme.draft(work, city, rules.read(RULE), 77)
    programme.approve(work, stored.version_hash, 78)
    programme.activate(work, stored.version_hash)


def test_the_receipt_is_shown_and_decided_again(edge: Edge) -> None:
    """As long as nothing was altered it is the same; altered points are named, then and now."""
    city_id = edge.city.city_id
    anna, mine = edge.person()
    edge.database.run(city_id, lambda work: enact(work, edge.city))
    new = NewSubmission(
        "suggestion", anna.owner, "app", description="A bench at the canal.", category="green"
    )
    submission, _ = edge.database.run(city_id, lambda work: submitting.submit(work, edge.city, new))
    with edge.database.reading(city_id) as reading:
        (award,) = awarding.of_submission(reading, submission.submission_id)
    _, token = edge.person("cara@example.org", Role.CASE_WORKER)
    edge.browse(token)
    path = f"/office/review/{award.submission_id}"

    assert (
        "Aus dem Aufbewahrten neu entschieden: dasselbe Ergebnis."
        in edge.client.get(path, headers=GERMAN).text
    )

    def alter(work: Work) -> None:
        chosen = sa.and_(awards.c.city_id == work.city_id, awards.c.award_id == award.award_id)
        work.connection.execute(sa.update(awards).where(chosen).values(points_now=99))

    edge.database.run(city_id, alter)

    page = edge.client.get(path, headers=GERMAN).text
    assert "Gebucht wurden andere Punkte als im Beleg stehen." in page
    assert f"points_now: {award.points_now} → 99" in page
    edge.browse(mine)
    shown = edge.client.get(f"/actions/mine/{award.submission_id}", headers=GERMAN).text
    assert award.receipt["facts_hash"][:16] in shown
    assert f"/rules/{award.version_hash}" in shown
