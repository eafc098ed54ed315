"""Photos go when their time is over, files first; that they were used stays known."""

import datetime as dt
import re

import pytest

from api import photo_keeping
from identity.roles import Role
from kernel.db import Work
from kernel.errors import NotFound
from rewards import case_files, evidence, handling, publishing, retaining, reviewing, submissions
from rewards.cases import Event
from rewards.handling import Handled
from rewards.submissions import Status
from tests.api.conftest import edge
from tests.api.edge import Edge
from tests.rewards import photos

__all__ = ["edge"]

KEPT = dt.timedelta(days=90)


def _hand_in(edge: Edge, token: str) -> int:
    answer = edge.call(
        "POST",
        "/api/v1/submissions/with-photos",
        token,
        data={"action": "litter-report", "category": "litter", "description": "Matratze", "address": "Weg 1"},
        files={"photos": ("a.jpg", photos.jpeg(7), "image/jpeg")},
    )
    assert 201 == answer.status_code, answer.text
    return int(answer.json()["submission_id"])


def test_photos_of_closed_submissions_go_after_ninety_days(edge: Edge) -> None:
    """Not a day before; open ones stay; the file is gone from the store, and the same photo is no new one."""
    _, token = edge.person()
    number = _hand_in(edge, token)
    given = edge.app.state.services
    with edge.database.reading(edge.city.city_id) as reading:
        ((_, key),) = evidence.keys_of(reading, number)
    assert 0 == photo_keeping.expire(given, edge.city)

    def close(work: Work) -> None:
        submissions.set_status(work, number, Status.DECLINED, decided_at=work.now, closed_at=work.now)

    edge.database.run(edge.city.city_id, close)
    edge.database.clock.advance(KEPT)  # type: ignore[attr-defined]  # the tests' clock
    assert 0 == photo_keeping.expire(given, edge.city)
    with edge.database.reading(edge.city.city_id) as reading:
        sha256s = [one.sha256 for one in retaining.over(reading, KEPT - dt.timedelta(seconds=1))]
    edge.database.clock.advance(dt.timedelta(seconds=1))  # type: ignore[attr-defined]  # as above

    assert 1 == photo_keeping.expire(given, edge.city)
    assert 0 == photo_keeping.expire(given, edge.city)
    store = given.evidence(edge.city)
    with edge.database.reading(edge.city.city_id) as reading:
        assert [] == evidence.keys_of(reading, number)
        assert evidence.used_before(reading, sha256s)
    with pytest.raises(NotFound, match="picture-not-found"):
        store.read(key)


def test_the_public_page_outlives_its_pictures(edge: Edge) -> None:
    """Ninety days after a case was closed neither the reporter's photo nor the department's picture of the
    place afterwards is there any more, and the page shows none that would be missing; the words stay.
    """
    _, token = edge.person()
    clara, _ = edge.person("clara@example.org", Role.CASE_WORKER)
    number = _hand_in(edge, token)
    given, city = edge.app.state.services, edge.city
    after = evidence.new_key(b"after the work, clean!!!")
    given.evidence(city).write(after, photos.jpeg(8))

    def close(work: Work) -> str:
        case = case_files.of_submission(work, number)
        assert case is not None
        ((shown, _),) = evidence.keys_of(work, number)
        publishing.release(
            work, case.case_id, words="Matratze", address="", photos=[shown], releaser_owner=clara.owner
        )
        done = Handled(Event.DONE, staff_id=clara.person_id, staff_owner=clara.owner, photo_key=after)
        handling.handle(work, city, case.case_id, done)
        reviewing.accept(
            work, city, number, reviewer_id=clara.person_id, reviewer_owner=clara.owner, reason="seen"
        )
        return case.reference

    page = f"/reports/{edge.database.run(city.city_id, close)}"
    pictures = re.findall(rf'src="({page}/[^"]+)"', edge.client.get(page).text)
    assert [200, 200] == [edge.client.get(one).status_code for one in pictures]

    edge.database.clock.advance(KEPT + dt.timedelta(seconds=1))  # type: ignore[attr-defined]  # the tests' clock
    assert 2 == photo_keeping.expire(given, city)
    assert 0 == photo_keeping.expire(given, city)

    left = edge.client.get(page).text
    assert ([], True) == (re.findall(rf'src="({page}/[^"]+)"', left), "Matratze" in left)
    assert [404, 404] == [edge.client.get(one).status_code for one in pictures]
    assert [] == list(given.evidence(city).every())
