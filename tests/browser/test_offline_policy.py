"""The scanner's script decides without a network as the server would: by the same cases."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.town import Town

VECTORS = Path(__file__).parents[1] / "redemption" / "vectors" / "offline_policy.json"
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]
DECIDE = """async (cases) => {
  const { decide, read } = await import("/static/js/scan/policy.js");
  return cases.map(({ policy, facts }) => decide(read(policy), {
    ...facts, valueCents: facts.value_cents, movingSeen: facts.moving_seen, idSeen: facts.id_seen,
    listAge: facts.list_age_seconds, spentCents: facts.spent_cents,
  }));
}"""


def test_the_scanner_passes_every_case(page: Page, town: Town) -> None:
    """Code and ground of each are those that the server's rules give."""
    cases = json.loads(VECTORS.read_text("utf-8"))["cases"]
    page.goto(f"{town.url}/about")
    decided = page.evaluate(DECIDE, cases)
    named = [one["name"] for one in cases]
    expected = [{"code": one["code"], "ground": one["ground"]} for one in cases]
    assert dict(zip(named, expected, strict=True)) == dict(zip(named, decided, strict=True))
