"""The main pages of the demo city: how long the server takes for each, and what a first visit loads."""

import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

from playwright.sync_api import sync_playwright

from api.access import SESSION_COOKIE
from api.demo import catalogue, peopling, staging
from identity import persons, sessions
from identity.roles import Role
from kernel import cities
from kernel.db import Database, Work
from scripts.bench.measuring import edge, load, results, stages
from scripts.bench.measuring.results import Result
from scripts.bench.measuring.stages import UnsoundError
from tests.fixtures import chromium

NOBODY, CITIZEN, EDITOR, TREASURER = "nobody", "citizen", "administrator", "treasurer"
PAGES = (
    ("/", NOBODY),
    ("/offers", NOBODY),
    ("/supply", NOBODY),
    ("/status", NOBODY),
    ("/", CITIZEN),
    ("/actions", CITIZEN),
    ("/vouchers", CITIZEN),
    ("/history", CITIZEN),
    ("/office", EDITOR),
    ("/office/rules", EDITOR),
    ("/treasury", TREASURER),
)
_WARMING = 5
_SIZES = """() => performance.getEntries()
    .filter((one) => one.encodedBodySize !== undefined)
    .reduce((sum, one) => sum + one.encodedBodySize, 0)"""


def measured(times: int) -> Iterator[Result]:
    """Measure each page so many times, one request after the other, beside an empty handler."""
    with tempfile.TemporaryDirectory(prefix="duiscoin-bench-demo-") as folder:
        settings = staging.settings(Path(folder) / "demo", 0)
        database = staging.prepare(settings, stages.note)
        tokens = _tokens(database)
        database.close()
        with edge.serving("product", settings) as port, edge.serving("empty", settings) as empty_port:
            empty = waits(empty_port, "/", "", times)
            for path, who in PAGES:
                found = waits(port, path, tokens.get(who, ""), times)
                for percent in (50, 95):
                    yield results.compared(
                        f"page{path.replace('/', '-').rstrip('-')}-{who}-p{percent}",
                        "sqlite",
                        "ms",
                        [results.percentile(found, percent)],
                        "empty handler",
                        [results.percentile(empty, percent)],
                    )
            yield results.alone("first-load", "sqlite", "bytes", [_first_load(port)])
            yield results.alone("first-load-home", "sqlite", "bytes", [_first_load(port, tokens[CITIZEN])])


def _tokens(database: Database) -> dict[str, str]:
    """Return a session for each sort of visitor."""
    told = catalogue.load()
    staff = {one.role: one.name for one in told.people.staff}
    names = {
        CITIZEN: told.people.citizens[0].name,
        EDITOR: staff[Role.ADMINISTRATOR],
        TREASURER: staff[Role.TREASURER],
    }

    def command(work: Work) -> dict[str, str]:
        found = {who: persons.by_email(work, peopling.email_of(name)) for who, name in names.items()}
        return {who: sessions.start(work, one.person_id) for who, one in found.items() if one is not None}

    return database.run(cities.every(database)[0].city_id, command)


def waits(port: int, path: str, token: str, times: int) -> list[float]:
    """Return milliseconds of each request on a connection that is kept. Raises UnsoundError for a failure."""
    connection = HTTPConnection(load.HOST, port)
    headers = {"Cookie": f"{SESSION_COOKIE}={token}"} if token else {}
    found = []
    for number in range(times + _WARMING):
        began = time.perf_counter()
        connection.request(
            "GET", path, headers={**headers, "X-Forwarded-For": f"10.1.{number // 250}.{number % 250}"}
        )
        answer = connection.getresponse()
        answer.read()
        found.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:  # noqa: PLR2004 -- the page
            msg = f"{path} was answered with {answer.status}"
            raise UnsoundError(msg)
    connection.close()
    return found[_WARMING:]


def _first_load(port: int, token: str = "") -> float:
    """Return the bytes that a browser with an empty cache loads for the welcome page, or for one's home."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.executable(), args=["--no-sandbox"])
        page, address = browser.new_page(), f"http://{load.HOST}:{port}/"
        if token:
            page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": address}])
        page.goto(address, wait_until="networkidle")
        size = float(page.evaluate(_SIZES))
        browser.close()
    return size
