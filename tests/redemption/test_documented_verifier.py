"""The verifier that is printed in docs/voucher-format.md works, so a third party can start from it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redemption import codes
from redemption.tokens import Refusal, TokenRefused
from tests.redemption import pinned

_PAGE = Path(__file__).parents[2] / "docs" / "voucher-format.md"
_KEYS = [
    bytes.fromhex(key["public_key"])
    for key in pinned.VOUCHERS["keys"]
    if key["status"] != "blocked" and "not_before" not in key
]
"""The caller of the printed verifier keeps the list: without blocked keys and those whose time it isn't."""
_OURS_ALONE = {"too-long", "blocked-key", "wrong-prefix", "mistyped-code"}
"""Refusals of text forms and key lists, which the printed verifier leaves to its caller."""

Verifier = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def printed() -> Verifier:
    """Return the function that the page prints."""
    (source,) = re.findall(r"```python\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(source, str(_PAGE), "exec"), names)  # noqa: S102 -- the page is part of the repository
    verifier: Verifier = names["verify"]
    return verifier


@pytest.mark.parametrize("vector", pinned.VOUCHERS["vouchers"], ids=pinned.name)
def test_it_accepts_every_pinned_token(printed: Verifier, vector: dict[str, Any]) -> None:
    """It reads the claims of each; one for no venue is refused at any."""
    claims = vector["claims"]
    token, now = bytes.fromhex(vector["token"]), claims["issued_at"]
    if not claims["venues"]:
        with pytest.raises(ValueError, match="other-venue"):
            printed(token, _KEYS, now, 1)
        return

    read = printed(token, _KEYS, now, claims["venues"][-1])
    assert [claims["voucher_id"], claims["value_cents"]] == [read["voucher"], read["value"]]


@pytest.mark.parametrize(
    "case",
    [case for case in pinned.REFUSALS["refusals"] if case["refusal"] not in _OURS_ALONE],
    ids=pinned.name,
)
def test_it_refuses_what_we_refuse(printed: Verifier, case: dict[str, Any]) -> None:
    """With a shorter list of reasons, it lets nothing pass that we refuse."""
    try:
        token = codes.parse(case["text"])
    except TokenRefused:
        return
    with pytest.raises(ValueError):  # noqa: PT011 -- any refusal will do
        printed(token, _KEYS, case["now"], case.get("venue", 4711))


def test_the_page_names_every_refusal() -> None:
    """The table of refusals is complete and in the order in which they are checked."""
    listed = re.findall(r"^\| `([a-z-]+)` \|", _PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    known = [refusal.value for refusal in Refusal]

    assert known == [name for name in listed if name in known]
