"""Signing in by a code over the API, and one's own account."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from api.tables import idempotency_keys
from kernel.clock import FixedClock
from ledger import invariants
from tests.api.edge import Edge


def _code(edge: Edge, email: str = "anna@example.org") -> dict[str, str]:
    answer = edge.call("POST", "/api/v1/sign-in/codes", json={"email": email})
    assert answer.status_code == 202
    sent: dict[str, str] = answer.json()
    return sent


def _enter(edge: Edge, sent: dict[str, str], code: str | None = None, key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"request_id": sent["request_id"], "code": code or sent["code"]}
    return edge.call("POST", "/api/v1/sign-in/sessions", json=body, headers=headers)


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_code_opens_a_session_until_it_is_ended(edge: Edge) -> None:
    """The token that a code gives opens the account; after signing out it opens nothing."""
    answer = _enter(edge, _code(edge))
    token = answer.json()["token"]

    assert 201 == answer.status_code
    assert "anna@example.org" == answer.json()["person"]["email"]
    assert "anna@example.org" == edge.call("GET", "/api/v1/me", token).json()["email"]
    assert 204 == edge.call("DELETE", "/api/v1/sign-in/session", token).status_code
    assert (401, "sign-in-needed") == edge.refused(edge.call("GET", "/api/v1/me", token))


def test_a_repeated_sign_in_tells_no_token(edge: Edge) -> None:
    """The same request again gets the same person, and not the token: it is kept as a hash only."""
    sent = _code(edge)

    first, again = _enter(edge, sent, key="sign-in"), _enter(edge, sent, key="sign-in")

    assert 201 == again.status_code
    assert first.json()["token"]
    assert {"token": None, "person": first.json()["person"]} == again.json()


def test_wrong_codes_are_counted(edge: Edge) -> None:
    """A wrong code is refused, five of them end the code, and a used one is over."""
    sent = _code(edge)
    refusals = [edge.refused(_enter(edge, sent, _wrong(sent["code"]))) for _ in range(5)]

    assert [(422, "code-wrong")] * 4 == refusals[:4]
    assert (422, "code-attempts-used-up") == edge.refused(_enter(edge, sent))

    second = _code(edge)
    _enter(edge, second)
    assert (422, "code-expired") == edge.refused(_enter(edge, second))


def test_a_code_is_over_after_ten_minutes(edge: Edge, clock: FixedClock) -> None:
    """Later it opens nothing."""
    sent = _code(edge)
    clock.advance(dt.timedelta(minutes=10))

    assert (422, "code-expired") == edge.refused(_enter(edge, sent))


def test_an_address_gets_only_so_many_codes(edge: Edge) -> None:
    """The sixth code for one address within ten minutes is refused, and says when to come back."""
    answers = [edge.call("POST", "/api/v1/sign-in/codes", json={"email": "a@example.org"}) for _ in range(6)]

    assert [202] * 5 == [answer.status_code for answer in answers[:5]]
    assert (429, "too-many-requests") == edge.refused(answers[5])
    assert 600 == int(answers[5].headers["retry-after"])
    assert (422, "email-invalid") == edge.refused(
        edge.call("POST", "/api/v1/sign-in/codes", json={"email": "anna"})
    )


def test_the_account_is_changed_in_part(edge: Edge) -> None:
    """What is not named stays as it was; a language that is not spoken is refused."""
    _, token = edge.person()
    edge.call("PATCH", "/api/v1/me", token, json={"name": "Anna K."})
    changed = edge.call("PATCH", "/api/v1/me", token, json={"language": "en"})

    assert ("Anna K.", "en") == (changed.json()["name"], changed.json()["language"])
    assert (422, "language-unknown") == edge.refused(
        edge.call("PATCH", "/api/v1/me", token, json={"language": "xx"})
    )
    assert (422, "request-invalid") == edge.refused(
        edge.call("PATCH", "/api/v1/me", token, json={"nickname": "A"})
    )


def test_everything_is_exported(edge: Edge) -> None:
    """The export has all that a person did, got and was told of, and no secret."""
    person, token = edge.person()
    edge.give(person, 100)
    edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": edge.swim.offer_id})

    content = edge.call("GET", "/api/v1/me/export", token)

    assert 200 == content.status_code
    assert {
        "account",
        "contested_lines",
        "handed_on",
        "movements",
        "orders",
        "paid_fines",
        "postbox",
        "postbox_by_mail",
        "questions",
        "receipts",
        "redeemed_on_phone",
        "submissions",
        "team",
        "told_by_other_systems",
        "venue_applications",
        "venue_invitations",
        "vouchers",
        "walks",
    } == set(content.json())
    assert [100, 0] == sorted((one["change"] for one in content.json()["movements"]), reverse=True)
    assert "DC1:" not in content.text
    assert "_side" not in content.text
    assert token not in content.text


def test_who_is_erased_leaves_whole_books(edge: Edge) -> None:
    """The account is gone, its answers are gone, the act is in the log and the ledger verifies."""
    person, token = edge.person()
    edge.give(person, 100)
    edge.call("PATCH", "/api/v1/me", token, json={"name": "Anna"}, headers={"Idempotency-Key": "name"})

    assert 204 == edge.call("DELETE", "/api/v1/me", token).status_code
    assert 401 == edge.call("GET", "/api/v1/me", token).status_code
    assert "person-erased" in edge.audited()
    with edge.database.reading(edge.city.city_id) as reading:
        mine = idempotency_keys.c.city_id == edge.city.city_id
        assert [] == list(reading.connection.scalars(sa.select(idempotency_keys.c.answer).where(mine)))
        assert invariants.verify(reading).ok
