"""Repeated requests: every write wants a key, the first answer comes again, nothing happens twice."""

import datetime as dt
import re
import threading
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from api import idempotency
from api.tables import idempotency_keys
from api.v1 import describing, routes
from identity.clients import Scope
from identity.roles import Role
from kernel.clock import FixedClock
from kernel.db import Work
from tests.api.edge import Edge
from tests.api.test_spending import buy, rich

KEYS = {"": "idempotency-key-missing", "k" * 256: "idempotency-key-malformed"}
KEYLESS = {
    "/rules/lint",  # Nothing is changed: there is only more to say than fits an address.
    "/events",  # An event's source and id are its key.
}
WRITES = [
    (method, route)
    for module in routes._MODULES
    for route in module.router.routes
    if isinstance(route, APIRoute) and route.path not in KEYLESS
    for method in sorted((route.methods or set()) - {"GET", "HEAD"})
]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_write_wants_a_key(edge: Edge) -> None:
    """Without the header 400, whoever asks and whatever for; too long a key is refused as well."""
    callers = {
        "person": edge.person("all@example.org", *Role)[1],
        "device": edge.device(),
        "system": edge.system(Scope.REPORT_ACTIONS),
    }
    document = edge.app.openapi()
    for method, route in WRITES:
        operation = document["paths"][f"/api/v1{route.path}"][method.lower()]
        assert [True] == [one["required"] for one in operation["parameters"] if one["in"] == "header"]
        schemes = [name for one in describing._security(describing.access_of(route)) for name in one]
        path = re.sub(r"\{decision\}", "accept", f"/api/v1{route.path}")
        path = re.sub(r"\{\w+\}", "1", path)
        for key, code in KEYS.items():
            headers = {
                "Authorization": f"Bearer {callers[schemes[0]]}",
                **({"Idempotency-Key": key} if key else {}),
            }
            answer = edge.client.request(method, path, headers=headers)
            assert (400, code) == edge.refused(answer), (method, path)


def test_the_first_answer_comes_again(edge: Edge) -> None:
    """Same key, same request: same status and body, and one voucher."""
    anna = rich(edge)

    first, again = buy(edge, anna, "key"), buy(edge, anna, "key")

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert 1 == len(edge.call("GET", "/api/v1/vouchers", anna).json()["items"])


def test_another_request_under_the_same_key_is_refused(edge: Edge) -> None:
    """Other content and another address are other requests."""
    anna = rich(edge)
    buy(edge, anna, "key")
    headers = {"Idempotency-Key": "key"}

    other_body = edge.call("POST", "/api/v1/vouchers", anna, json={"offer_id": 9}, headers=headers)
    other_path = edge.call("PATCH", "/api/v1/me", anna, json={"name": "A"}, headers=headers)

    assert (422, "idempotency-key-reused") == edge.refused(other_body)
    assert (422, "idempotency-key-reused") == edge.refused(other_path)


def test_keys_of_two_people_are_two_keys(edge: Edge) -> None:
    """Nobody gets somebody else's answer."""
    anna = rich(edge)
    bert, token = edge.person("bert@example.org")
    edge.give(bert, 100)

    assert buy(edge, anna, "key").json()["voucher_id"] != buy(edge, token, "key").json()["voucher_id"]


def test_a_refused_request_may_be_tried_again(edge: Edge) -> None:
    """It left nothing behind: with points on the account the same key succeeds."""
    person, token = edge.person()

    assert (409, "insufficient-points") == edge.refused(buy(edge, token, "key"))
    edge.give(person, 100)
    assert 201 == buy(edge, token, "key").status_code


def test_many_requests_are_looked_up_and_kept_at_once(edge: Edge) -> None:
    """One statement each; a key of another request is an error for that caller alone, other cities are others."""
    asked = [idempotency.Request(f"person/{n % 7}", f"key-{n // 7}", f"print-{n}") for n in range(1000)]
    reused = replace(asked[3], fingerprint="another")

    def remember(work: Work) -> None:
        assert {} == idempotency.known(work, asked)
        assert {} == idempotency.known(work, [])
        idempotency.remember(work, ((one, one.fingerprint.encode()) for one in asked[:500]))
        idempotency.remember(work, [])

    edge.database.run(edge.city.city_id, remember)

    with edge.database.reading(edge.city.city_id) as reading:
        found = idempotency.known(reading, [*asked, reused])
        assert isinstance(found.pop(reused), idempotency.KeyReused)
        assert {one: one.fingerprint.encode() for one in asked[:500]} == found
    with edge.database.reading(edge.city.city_id + 1) as elsewhere:
        assert {} == idempotency.known(elsewhere, asked)


def test_a_request_that_is_still_being_answered_is_not_done_twice(edge: Edge) -> None:
    """While the first one waits for the writer, the second is told to wait; afterwards it gets the answer."""
    anna = rich(edge)
    go, answers = threading.Event(), []

    def block(work: Work) -> None:
        del work
        go.wait(10)

    given = edge.app.state.services
    blocked = given.writer.submit(edge.city.city_id, block)
    first = threading.Thread(target=lambda: answers.append(buy(edge, anna, "key")))
    first.start()
    deadline = time.monotonic() + 10
    while not given.in_flight._running and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        second = buy(edge, anna, "key")
    finally:
        go.set()
        first.join()
        blocked.result()

    assert (409, "idempotency-key-in-use") == edge.refused(second)
    assert [201] == [one.status_code for one in answers]
    assert answers[0].content == buy(edge, anna, "key").content


def test_keys_are_forgotten_after_a_week(edge: Edge, clock: FixedClock) -> None:
    """Old ones go, young ones stay."""
    anna = rich(edge)
    buy(edge, anna, "old")
    clock.advance(idempotency.KEPT_FOR)
    buy(edge, edge.person()[1], "young")
    clock.advance(dt.timedelta(seconds=1))

    edge.database.run(edge.city.city_id, idempotency.forget_old)

    mine = idempotency_keys.c.city_id == edge.city.city_id
    with edge.database.reading(edge.city.city_id) as reading:
        assert ["young"] == list(reading.connection.scalars(sa.select(idempotency_keys.c.key).where(mine)))
