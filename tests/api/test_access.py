"""Authorisation on every route: each declares one `Access`, and nobody gets in by another way."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fastapi.routing import APIRoute

from api import founding, services
from api.access import Access, Sort
from identity.clients import Scope
from identity.roles import Role
from kernel.cities import NewCity
from tests.api.edge import Edge
from tests.api.test_earning import SUGGESTION

PUBLIC = {
    ("GET", "/"), ("GET", "/about"), ("GET", "/about/accessibility"), ("GET", "/about/privacy"),
    ("GET", "/actions"), ("GET", "/actions/{code}"), ("GET", "/actions/occasions/{occasion_id}"), ("GET", "/api/docs"), ("GET", "/city.css"),
    ("GET", "/become-a-venue"), ("GET", "/health"), ("GET", "/manifest.webmanifest"), ("GET", "/offers"), ("GET", "/offers/{offer_id}"),
    ("GET", "/sign-in"), ("POST", "/sign-in"), ("POST", "/sign-in/code"), ("GET", "/sign-in/link"),
    ("POST", "/sign-in/link"), ("GET", "/static/{path:path}"), ("GET", "/supply"), ("GET", "/together"), ("GET", "/transparency"),
    ("GET", "/api/v1/goals"),
    ("GET", "/supply.json"), ("GET", "/V/{token}"),
    ("GET", "/api/v1/action-types"), ("GET", "/api/v1/occasions"), ("GET", "/api/v1/offers"), ("GET", "/api/v1/offers/{offer_id}"),
    ("GET", "/api/v1/voucher-keys"), ("GET", "/api/v1/voucher-status-list"), ("GET", "/api/v1/voucher-status-list/changes"),
    ("GET", "/api/v1/rules"), ("POST", "/api/v1/sign-in/codes"), ("POST", "/api/v1/sign-in/sessions"),
    ("GET", "/reports"), ("GET", "/reports/{reference}"), ("POST", "/reports/near"),
    ("GET", "/reports/{reference}/photos/{evidence_id}"), ("GET", "/reports/{reference}/after/{step_id}"),
    ("GET", "/actions/report-confirmation"), ("GET", "/api/v1/reports"), ("GET", "/api/v1/reports/near"),
    ("GET", "/api/v1/reports/{reference}"), ("GET", "/api/v1/departments"), ("GET", "/api/v1/venues"), ("POST", "/api/v1/devices/enrolments"), ("GET", "/status"), ("GET", "/status.json"),
    ("GET", "/rules"), ("GET", "/rules.json"), ("GET", "/rules/dataset.jsonld"),
    ("GET", "/rules/{version_hash}"), ("GET", "/rules/{version_hash}.json"),
    ("GET", "/api/v1/bins"), ("GET", "/api/v1/quests"), ("GET", "/api/v1/quests/{quest_id}"),
    ("GET", "/bins"), ("GET", "/T"), ("GET", "/T/{number}/{code}"), ("GET", "/quests"), ("GET", "/quests/{quest_id}"),
    ("GET", "/api/v1/payment-ways"), ("POST", "/webhooks/payments/{provider}"),
    ("GET", "/scan"), ("GET", "/scan/enrol"), ("GET", "/scan/manifest.webmanifest"), ("GET", "/scan/worker.js"), ("GET", "/scan/words.json"),
    ("GET", "/at/{poster}"), ("GET", "/check/{venue_id}"), ("GET", "/check/now.json"), ("GET", "/check/worker.js"), ("GET", "/api/v1/posters/{poster}"),
    ("GET", "/log/checkpoint"), ("GET", "/log/key"), ("GET", "/log/tile/{path:path}"), ("GET", "/log/verify"),
    ("GET", "/offline"), ("GET", "/wallet-worker.js"),
}  # fmt: skip
"""Every route that somebody may use who is not signed in; a new one has to be added here on purpose."""


@dataclass(frozen=True)
class Endpoint:
    """A route with its whole path."""

    path: str
    route: APIRoute

    @property
    def access(self) -> Access:
        """The one declaration of who may call it."""
        found = [one.call for one in self.route.dependant.dependencies if isinstance(one.call, Access)]
        assert len(found) == 1, f"{self.path} declares {len(found)} accesses"
        return found[0]

    @property
    def methods(self) -> list[str]:
        """The methods that it takes."""
        return sorted(self.route.methods or ())

    @property
    def address(self) -> str:
        """A path that can be called."""
        return re.sub(r"\{(\w+)(:path)?\}", "1", self.path)


def _endpoints(routes: Iterable[Any], prefix: str = "") -> Iterator[Endpoint]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield Endpoint(prefix + route.path, route)
        elif hasattr(route, "original_router"):
            yield from _endpoints(route.original_router.routes, prefix + route.include_context.prefix)
        else:
            assert route.path == "/api/v1/openapi.json", route


def _calls(edge: Edge) -> list[tuple[str, str, Access]]:
    found = list(_endpoints(edge.app.routes))
    assert len(found) > 80
    return [(method, one.address, one.access) for one in found for method in one.methods]


def test_every_route_declares_one_access(edge: Edge) -> None:
    """No route is without a declaration, and the public ones are exactly those listed."""
    public = {
        (method, one.path)
        for one in _endpoints(edge.app.routes)
        for method in one.methods
        if Sort.ANYONE in one.access.sorts
    }

    assert PUBLIC == public


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nobody_gets_only_what_is_public(edge: Edge) -> None:
    """Without a session everything else answers 401; pages lead to the sign-in instead."""
    for method, address, access in _calls(edge):
        if Sort.ANYONE in access.sorts:
            continue
        status = edge.client.request(method, address).status_code
        page = not address.startswith("/api/")
        assert status in ({303, 401} if page else {401}), (method, address, status)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", [None, *Role])
def test_each_role_gets_only_what_it_may(edge: Edge, role: Role | None) -> None:
    """A person with one role, or with none, is refused wherever the route admits neither it nor all citizens."""
    _, token = edge.person("someone@example.org", *([role] if role else []))
    for method, address, access in _calls(edge):
        if Sort.ANYONE in access.sorts:
            continue
        status = edge.call(method, address, token).status_code
        assert status != 500, (method, address)
        if Sort.CITIZEN in access.sorts or (role in access.roles):
            assert status != 401, (method, address)
            allowed = status != 403 or access.form or "venue" in address
            assert allowed, (method, address, status)
        elif access.roles or Sort.DEVICE in access.sorts or Sort.CLIENT in access.sorts:
            assert status in {401, 403}, (method, address, status)
        if address == "/api/v1/me" and method == "DELETE":
            _, token = edge.person("someone@example.org", *([role] if role else []))
        if address in {"/api/v1/sign-in/session", "/sign-out", "/account/delete"}:
            _, token = edge.person("someone@example.org", *([role] if role else []))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", list(Role))
def test_the_navigation_offers_only_what_one_may_open(edge: Edge, role: Role) -> None:
    """Nobody is led to a page that refuses them."""
    _, token = edge.person("someone@example.org", role)
    edge.browse(token)
    for start in ("/", "/venue", "/office", "/treasury"):
        answer = edge.client.get(start)
        links = re.findall(r'<a class="(?:tab|side__item)" href="([^"]+)"', answer.text)
        assert links or answer.status_code == 403, start
        for link in links:
            assert edge.client.get(link).status_code == 200, (start, link)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("sort", [Sort.DEVICE, Sort.CLIENT])
def test_devices_and_systems_get_only_their_own(edge: Edge, sort: Sort) -> None:
    """A device's and a system's token opens their own routes and no other."""
    token = edge.device() if sort is Sort.DEVICE else edge.system(Scope.REPORT_ACTIONS)
    for method, address, access in _calls(edge):
        if Sort.ANYONE in access.sorts:
            continue
        status = edge.call(method, address, token).status_code
        expected = status not in {401, 403} if sort in access.sorts else status in {303, 401}
        assert expected, (method, address, status)


def test_a_system_needs_the_scope(edge: Edge) -> None:
    """A system without the scope may report nothing."""
    body = {"owner": "x", "action": "suggestion", "case_id": "1"}

    answer = edge.call("POST", "/api/v1/events/actions", edge.system(), json=body)

    assert (403, "wrong-scope") == (answer.status_code, answer.json()["code"])


def test_another_venues_statement_stays_closed(edge: Edge) -> None:
    """Staff of one venue can't look into another."""
    _, token = edge.person("paul@example.org", Role.VENUE_STAFF)
    edge.browse(token)

    assert edge.client.get("/venue/today?venue_id=2").status_code == 403
    assert edge.client.get("/venue/today?venue_id=1").status_code == 200


def test_a_form_without_token_is_refused(edge: Edge) -> None:
    """A cookie alone changes nothing: the form must carry the token that belongs to the session."""
    _, token = edge.person()
    fields = edge.browse(token)

    forged = edge.client.post("/account", data={"name": "Eve", "language": "de"})
    stolen = edge.client.post("/account", data={"name": "Eve", "language": "de", "csrf_token": "0" * 64})
    honest = edge.client.post("/account", data={"name": "Anna", "language": "de", **fields})

    assert [403, 403, 303] == [forged.status_code, stolen.status_code, honest.status_code]


def test_pages_carry_the_token_masked(edge: Edge) -> None:
    """Each page has another one, so that its length when compressed tells nothing; all of them are taken."""
    _, token = edge.person()
    fields = edge.browse(token)

    def save(given: str, key: str) -> int:
        typed = {"name": "Anna", "language": "de", "csrf_token": given, "idempotency_key": key}
        return int(edge.client.post("/account", data=typed).status_code)

    pages = [edge.client.get("/account", headers={"Accept-Encoding": "gzip"}) for _ in range(2)]
    first, second = (re.findall('name="csrf_token" value="([0-9a-f]+)"', page.text)[0] for page in pages)

    assert ["gzip", "gzip"] == [page.headers["content-encoding"] for page in pages]
    assert first != second
    assert fields["csrf_token"] not in pages[0].text
    assert [303, 303] == [save(first, "m-1"), save(second, "m-2")]
    assert [403, 403] == [save(first[:64] + second[64:], "m-3"), save("g" * 128, "m-4")]
    assert (
        "content-encoding" not in edge.client.get("/account", headers={"Accept-Encoding": "identity"}).headers
    )


def test_a_second_city_sees_nothing(edge: Edge) -> None:
    """Who has every role there and knows each number of the first city's things finds none of them."""
    anna, token = edge.person()
    edge.give(anna, 100)
    voucher = edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": edge.swim.offer_id}).json()
    submission = edge.call("POST", "/api/v1/submissions", token, json=SUGGESTION).json()
    device = edge.device()
    sealer = services.sealer(edge.app.state.services.settings)
    moers = founding.found(edge.database, sealer, NewCity("moers", "Moers", host="moers.test"))
    there = replace(edge, city=moers)
    _, all_roles = there.person("moritz@example.org", *Role)

    def call(path: str, bearer: str | None = None, method: str = "GET", **rest: Any) -> Any:
        return edge.call(method, f"/api/v1{path}", bearer, headers={"Host": "moers.test"}, **rest)

    assert [401, 401] == [call("/me", token).status_code, call("/scans", device).status_code]
    for path in (
        f"/offers/{edge.swim.offer_id}",
        f"/vouchers/{voucher['voucher_id']}",
        f"/submissions/{submission['submission_id']}",
        "/ledger/statement?path=budget/litter",
    ):
        assert call(path, all_roles).status_code == 404, path
    for path in ("/offers", "/offers/all", "/venues", "/rules", "/rules/versions", "/budgets"):
        assert [] == call(path, all_roles).json(), path
    for path in ("/vouchers", "/submissions", "/review/queue", "/wallet/transactions", "/settlements"):
        assert [] == call(path, all_roles).json()["items"], path
    assert 404 == call("/vouchers", all_roles, "POST", json={"offer_id": edge.swim.offer_id}).status_code
    review = f"/review/submissions/{submission['submission_id']}/confirm"
    assert 404 == call(review, all_roles, "POST", json={}).status_code
    enrol = f"/venues/{edge.pool.venue_id}/devices"
    assert 404 == call(enrol, all_roles, "POST", json={"name": "Kasse"}).status_code
    there_paths = {one["path"] for one in call("/ledger/accounts", all_roles).json()}
    assert not [path for path in there_paths if path.startswith(("budget/", "venue/", "wallet/"))]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_numbers_in_addresses_fit_into_the_database(edge: Edge) -> None:
    """There is no page of a number that no database can hold, and none breaks on it."""
    _, token = edge.person("someone@example.org", *Role)
    for one in _endpoints(edge.app.routes):
        fields = [*one.route.dependant.path_params, *one.route.dependant.query_params]
        numbers = [field.alias for field in fields if field.field_info.annotation in {int, int | None}]
        if "GET" not in one.methods or not numbers:
            continue
        path = one.address
        for name in numbers:
            path = one.path.replace(f"{{{name}}}", "9" * 25) if f"{{{name}}}" in one.path else path
        path = re.sub(r"\{(\w+)(:path)?\}", "1", path)
        asked = dict.fromkeys(numbers, 2**63)
        status = edge.call("GET", path, token, params=asked).status_code
        assert status < 500, (path, status)
