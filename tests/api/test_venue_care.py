"""What a city does with a venue besides opening it: another account, another contract, a pause, a correction."""

from typing import Any

import pytest

from identity.roles import Role
from merchants import contracts, venues
from merchants.venues import Venue
from tests.api.edge import Edge

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
ACCOUNT = {"payee_name": "Bad AG", "iban": "DE02100500000024290661"}


def send(edge: Edge, token: str, path: str, **fields: object) -> Any:
    """Send a form as somebody."""
    return edge.client.post(path, data={**fields, **edge.browse(token)})


def pool(edge: Edge) -> Venue:
    """Return the pool as it is now."""
    with edge.database.reading(edge.city.city_id) as reading:
        return venues.get(reading, edge.pool.venue_id)


def test_an_account_goes_through_two_hands(edge: Edge) -> None:
    """The owner asks on one page, the treasury confirms on another; neither does both, and both are told why."""
    owner = edge.person("owner@duisburg.test", Role.VENUE_OWNER, Role.TREASURER)[1]
    treasurer, staff = (
        edge.person(f"{one}@duisburg.test", one)[1] for one in (Role.TREASURER, Role.VENUE_STAFF)
    )
    number = edge.pool.venue_id
    assert 403 == send(edge, staff, "/venue/account", venue_id=number, **ACCOUNT).status_code
    assert 403 == send(edge, owner, "/venue/account", venue_id=number + 1, **ACCOUNT).status_code
    wrong = send(edge, owner, "/venue/account", venue_id=number, payee_name="Bad AG", iban="DE00")
    assert (422, True) == (wrong.status_code, "DE00" in wrong.text)
    assert 303 == send(edge, owner, "/venue/account", venue_id=number, **ACCOUNT).status_code
    edge.browse(treasurer)
    assert "/treasury/venue-accounts" in edge.client.get("/treasury/payouts").text
    address = edge.client.get("/treasury/venue-accounts").text.split('action="', 2)[-1].split('"')[0]
    address = address.removesuffix("/declined").removesuffix("/confirmed")
    assert 403 == send(edge, owner, f"{address}/confirmed").status_code
    assert 422 == send(edge, treasurer, f"{address}/declined").status_code
    assert edge.pool.iban == pool(edge).iban
    assert 303 == send(edge, treasurer, f"{address}/confirmed", payee_check="match").status_code
    assert ACCOUNT == {"payee_name": pool(edge).payee_name, "iban": pool(edge).iban}
    assert ["account-asked", "account-confirmed"] == [one for one in edge.audited() if "account" in one]


def test_a_venue_is_paused_and_corrected(edge: Edge) -> None:
    """Its devices are refused meanwhile; a new contract says all that contracts may say."""
    administrator, device = edge.person("boss@duisburg.test", Role.ADMINISTRATOR)[1], edge.device()
    here = f"/office/venues/{edge.pool.venue_id}"

    def scan() -> str:
        answer = edge.call("POST", "/api/v1/scans", device, json={"text": "7K3M9QXY2A"}).json()
        return str(answer.get("code"))

    assert 303 == send(edge, administrator, f"{here}/suspension").status_code
    assert "venue-suspended" == scan()
    assert 303 == send(edge, administrator, f"{here}/reactivation").status_code
    assert "venue-suspended" != scan()
    place = {"name": "Neues Bad", "kind": "pool", "street": "Weg 2", "postcode": "47051", "district": "Mitte"}
    assert 422 == send(edge, administrator, f"{here}/details", **place | {"name": ""}).status_code
    assert 303 == send(edge, administrator, f"{here}/details", **place).status_code
    assert place == {name: str(getattr(pool(edge), name)) for name in place}
    asked = {"rate_cents_per_point": 1, "period": "month", "valid_from": "2027-01-01", "payout_delay_days": 7}
    answer = send(
        edge, administrator, f"{here}/contracts", **asked, receipt_numbers="yes", scanned_only="yes"
    )
    assert 303 == answer.status_code
    with edge.database.reading(edge.city.city_id) as reading:
        signed = contracts.of_venue(reading, edge.pool.venue_id)[-1]
    assert (7, True, False, True) == (
        signed.payout_delay_days, signed.receipt_numbers, signed.owner_publishes, signed.scanned_only,
    )  # fmt: skip
    assert edge.client.get(here).text.count("checked") == 2
