"""Every page that one can reach by links: opens, reads well and fits, in German and English, small and large."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from api import languages
from api.access import SESSION_COOKIE
from identity.roles import Role
from tests.api.edge import Edge
from tests.api.test_earning import SUGGESTION, hand_in
from tests.browser import town as towns
from tests.fixtures import chromium

AXE = (Path(__file__).parents[1] / "web" / "vendor" / "axe.min.js").read_text("utf-8")
SMALL, LARGE = ViewportSize(width=360, height=780), ViewportSize(width=1280, height=900)
LOOK = """() => ({
    h1: document.querySelectorAll("h1").length,
    lang: document.documentElement.lang,
    title: !/^\\s*\\u2013/.test(document.title),
    twice: [...document.querySelectorAll("[id]")].map(one => one.id)
        .filter((id, n, all) => all.indexOf(id) !== n),
    leaps: [...document.querySelectorAll("main :is(h1, h2, h3, h4)")].map(one => +one.tagName[1])
        .filter((level, n, all) => level > (all[n - 1] ?? 0) + 1),
    links: [...document.querySelectorAll("a[href^='/']")].map(one => one.getAttribute("href")),
})"""
RUN = """area => axe.run(area, { resultTypes: ["violations"] })
    .then(result => result.violations.map(one => [one.id, one.nodes[0].html]))"""
FINE = {"h1": 1, "title": True, "twice": [], "leaps": [], "axe": [], "wide": False}
FILES = re.compile(
    r"\.(pdf|ics|csv|json|jsonld|xml|zip|png|jpg|pkpass|webmanifest)$|/export$|^/(api|static|log)/"
)
WHO = {
    "citizen": ("/", ()),
    "venue": ("/venue/overview", (Role.VENUE_OWNER, Role.VENUE_STAFF)),
    "office": ("/office", (Role.ADMINISTRATOR, Role.CASE_WORKER, Role.RULE_EDITOR)),
    "treasury": ("/treasury", (Role.TREASURER, Role.AUDITOR)),
}
STAFF = (Role.ADMINISTRATOR, Role.CASE_WORKER, Role.RULE_EDITOR, Role.APPROVER, Role.AUDITOR)
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]


@dataclass
class Walk:
    """Somebody who follows one link of each sort and looks at every page in both languages and widths."""

    page: Page
    url: str
    area: str
    found: list[str] = field(default_factory=list)
    """The links of the newest page."""
    knows_frame: bool = False

    def faults(self, start: str) -> Iterator[tuple[str, Any]]:
        """Yield each page that is not fine, with what is wrong."""
        waiting, known = [start], {_sort(start)}
        while waiting:
            path = waiting.pop(0)
            for language, widths in (("de", (SMALL, LARGE)), ("en", (LARGE, SMALL))):
                seen = self._look(path, language, widths)
                if seen != {**FINE, "lang": language}:
                    yield f"{path} {language}", seen
            waiting += _new(_pages(self.found, self.area), known)

    def _look(self, path: str, language: str, widths: Sequence[ViewportSize]) -> dict[str, Any]:
        self.page.set_viewport_size(widths[0])
        self.page.context.add_cookies([{"name": languages.COOKIE, "value": language, "url": self.url}])
        answer = self.page.goto(self.url + path)
        assert answer is not None
        seen: dict[str, Any] = self.page.evaluate(LOOK)
        self.found = seen.pop("links")
        if answer.status != HTTPStatus.OK:
            return {"status": answer.status}
        seen["axe"] = self._axe() if language == "de" else []
        seen["wide"] = any(self._is_wide(width) for width in widths)
        return seen

    def _axe(self) -> list[tuple[str, str]]:
        """Return what axe finds; the frame, which the pages share, is looked at once."""
        self.page.evaluate(AXE + ";0")
        found: list[tuple[str, str]] = self.page.evaluate(RUN, "main" if self.knows_frame else "html")
        self.knows_frame = True
        return found

    def _is_wide(self, width: ViewportSize) -> bool:
        self.page.set_viewport_size(width)
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def _pages(links: Iterable[str], *areas: str) -> list[str]:
    """Return the pages of these areas among links, in their order."""
    found = [one for one in links if one.startswith(areas) and "lang=" not in one]
    return [one for one in found if not FILES.search(urlsplit(one).path)]


def _new(pages: Iterable[str], known: set[str]) -> list[str]:
    """Return one page of each sort that is not known yet; from now on it is."""
    fresh = {_sort(one): one for one in reversed(list(pages)) if _sort(one) not in known}
    known.update(fresh)
    return list(reversed(fresh.values()))


def _sort(path: str) -> str:
    """Return what pages of one sort have in common: other numbers and values show nothing new."""
    asked = re.sub(r"[?&](lang|notice)=[^&]*", "", path.partition("#")[0])
    return re.sub(r"=[^&]*", "=", re.sub(r"[0-9a-f]{10,}|\d+", "N", asked))


@pytest.fixture
def busy(edge: Edge) -> Edge:
    """Give a city in which something happened."""
    anna, token = edge.person()
    edge.give(anna, 500)
    edge.device()
    hand_in(edge, token)
    edge.call("POST", "/api/v1/submissions", token, json=SUGGESTION)
    bought = edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": edge.swim.offer_id})
    assert bought.status_code in {HTTPStatus.CREATED, HTTPStatus.UNPROCESSABLE_ENTITY}
    return edge


@pytest.mark.parametrize("who", list(WHO))
def test_every_page_reads_well(busy: Edge, browser: Browser, who: str) -> None:
    """A title, one heading above all others, the reader's language; axe finds nothing, nothing sticks out."""
    start, roles = WHO[who]
    _, token = busy.person("anna@example.org", *roles)
    with towns.running(busy.app) as place, browser.new_context(reduced_motion="reduce") as context:
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": f"http://{place}"}])
        page = context.new_page()
        complaints = chromium.watch(page)
        walk = Walk(page, f"http://{place}", "/" + start.split("/")[1])
        assert [] == list(walk.faults(start))
        assert [] == complaints


def test_no_link_leads_where_one_may_not_go(busy: Edge) -> None:
    """Whoever has one role alone can open every page of the city's staff that their pages lead to."""
    refused = []
    for role in STAFF:
        _, token = busy.person(f"{role.value}@example.org", role)
        busy.browse(token)
        waiting, known = ["/treasury" if role is Role.AUDITOR else "/office"], set[str]()
        while waiting:
            path = waiting.pop(0)
            answer = busy.client.get(path)
            if answer.status_code != HTTPStatus.OK:
                refused.append((role, path, answer.status_code))
            links = map(html.unescape, re.findall(r'<a [^>]*href="(/[^"]*)"', answer.text))
            waiting += _new(_pages(links, "/office", "/treasury"), known)
    assert [] == refused
