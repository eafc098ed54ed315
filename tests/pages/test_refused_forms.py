"""Forms of the administration that are refused: said above and at the field, and what was typed stays."""

from typing import Any

import pytest

from identity.roles import Role
from redemption import keys
from tests.api.edge import Edge

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def _send(edge: Edge, token: str, path: str, typed: dict[str, str]) -> Any:
    return edge.client.post(path, data={**typed, **edge.browse(token)}, headers={"Accept-Language": "de"})


def test_nonsense_stays_and_is_named(edge: Edge) -> None:
    """Each form says what is wrong in a summary that leads to the field; nothing that was typed is lost."""
    _, admin = edge.person("boss@example.org", Role.ADMINISTRATOR)
    venue, offer = f"/office/venues/{edge.pool.venue_id}", f"/office/offers/{edge.swim.offer_id}"
    with edge.database.reading(edge.city.city_id) as reading:
        kid = keys.every(reading)[0].kid
    terms = {"rate_least": "a", "rate_most": "2", "payout_delay_days": "b"}
    forms = (
        (
            f"{venue}/contracts",
            {"rate_cents_per_point": "a", "valid_from": "2026-05-11"},
            "rate_cents_per_point",
        ),
        (f"{venue}/contracts", {"rate_cents_per_point": "1", "valid_from": "b"}, "valid_from"),
        (f"{venue}/staff", {"email": "nobody"}, "email"),
        (f"{offer}/places", {"count": "some"}, "count"),
        ("/office/applications/terms", terms, "rate_least"),
        ("/office/people/roles", {"email": "anna@example.org", "role": "queen"}, "role"),
        (f"/office/voucher-keys/{kid}/blocks", {"reason": "x" * 501}, f"reason-{kid}"),
    )
    for path, typed, field in forms:
        answer = _send(edge, admin, path, typed)
        kept = [value for name, value in typed.items() if name != "role"]
        wanted = [f'href="#{field}"', f'id="{field}-error"', *kept]
        assert ([], True) == (
            [one for one in wanted if one not in answer.text],
            answer.status_code in {409, 422},
        )
