"""Photos go when their time is over, files first; that they were used stays known."""

import datetime as dt

import pytest

from api import photo_keeping
from kernel.db import Work
from kernel.errors import NotFound
from rewards import evidence, retaining, submissions
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
