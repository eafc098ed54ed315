"""Bodies that nobody should send: each is refused in words, and none breaks anything."""

import json

import pytest

from api.app import BODY_MAX
from api.v1.shapes import DEPTH_MAX
from identity.clients import Scope
from tests.api.edge import Edge


def report(edge: Edge, facts: str) -> tuple[int, str]:
    """Report an action with these facts, which may be any JSON; return status and code of the refusal."""
    person, _ = edge.person()
    known = {"owner": person.owner, "action": "application-completed", "case_id": "1"}
    body = json.dumps(known).removesuffix("}") + f', "facts": {facts}}}'
    headers = {"Content-Type": "application/json"}
    token = edge.system(Scope.REPORT_ACTIONS)
    return edge.refused(
        edge.call("POST", "/api/v1/events/actions", token, content=body.encode(), headers=headers)
    )


@pytest.mark.parametrize(
    "value",
    [
        '"a\\u0000b"',
        '"half \\ud83d a character"',
        "NaN",
        "-Infinity",
        "1e999",
        "[" * DEPTH_MAX + "]" * DEPTH_MAX,
        "[" * 900 + "]" * 900,
    ],
)
def test_what_no_database_can_keep_is_refused(edge: Edge, value: str) -> None:
    """Also where a field takes any JSON, as key and as value."""
    assert (422, "request-invalid") == report(edge, f'{{"note": {value}}}')
    if value.startswith('"'):
        assert (422, "request-invalid") == report(edge, f"{{{value}: 1}}")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_unreadable_body_is_refused(edge: Edge) -> None:
    """JSON that never ends, bytes that are no text, a form without its end."""
    token = edge.system(Scope.REPORT_ACTIONS)
    for body in (b"{", b'{"owner": "\xff"}', b"[" * 100_000):
        headers = {"Content-Type": "application/json"}
        answer = edge.call("POST", "/api/v1/events/actions", token, content=body, headers=headers)
        status, code = edge.refused(answer)
        assert (status, code) in {(400, "request-refused"), (422, "request-invalid")}, body[:20]
    _, anna = edge.person()
    headers = {"Content-Type": "multipart/form-data"}
    answer = edge.call("POST", "/api/v1/submissions/with-photos", anna, content=b"--x", headers=headers)
    assert (400, "request-refused") == edge.refused(answer)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_body_that_is_too_large_is_refused(edge: Edge) -> None:
    """Whether it says so beforehand or not."""
    _, token = edge.person()
    path, headers = "/api/v1/vouchers", {"Content-Type": "application/json"}

    said = edge.call("POST", path, token, content=b" " * (BODY_MAX + 1), headers=headers)
    unsaid = edge.call(
        "POST",
        path,
        token,
        content=(b" " * 1024 * 1024 for _ in range(BODY_MAX // 1024**2 + 2)),
        headers=headers,
    )

    assert [(413, "request-too-large")] * 2 == [edge.refused(said), edge.refused(unsaid)]
