"""A report from the phone to the department and back, in a real browser."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from identity.roles import Role
from kernel.db import Work
from rewards import departments
from rewards.departments import Department
from tests.browser.test_story import _enter, _phone, _report
from tests.browser.town import Town
from tests.fixtures.chromium import watch

AXE = Path(__file__).parents[1] / "web" / "vendor" / "axe.min.js"


def _looks_well(page: Page) -> None:
    """Nothing sticks out sideways, and axe finds nothing."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.evaluate(AXE.read_text("utf-8"))
    findings = page.evaluate("axe.run().then(result => result.violations)")
    assert [] == [(one["id"], one["nodes"][0]["html"]) for one in findings]


def test_a_report_is_seen_confirmed_and_done(town: Town, browser: Browser) -> None:
    """Anna reports; Ben is shown it before he sends and confirms it; the department does it; both have points."""

    def found(work: Work) -> None:
        departments.keep(work, Department("waste", {"de": "Entsorgung", "en": "Waste"}, "115"))
        departments.route(work, "litter-report", [("", "waste")])

    town.database.run(town.city.city_id, found)
    anna, ben = _phone(browser), _phone(browser)
    faults = watch(ben)
    _enter(anna, town.link("anna@duisburg.example"))
    _report(anna, town)

    _enter(ben, town.link("ben@duisburg.example"))
    ben.goto(f"{town.url}/actions/litter-report")
    ben.get_by_label("Worum geht es?").select_option("litter")
    ben.get_by_role("button", name="Meinen Standort nehmen").click()
    expect(ben.get_by_role("heading", name="Ist es eine von diesen?")).to_be_visible()
    _looks_well(ben)
    ben.get_by_role("button", name="Ja, diese ist es").click()
    expect(ben.get_by_text("Danke! Ihre Bestätigung zählt.")).to_be_visible()
    _looks_well(ben)

    clara = browser.new_page(locale="de-DE")
    _enter(clara, town.link("clara@duisburg.example", Role.CASE_WORKER))
    clara.goto(f"{town.url}/office/cases")
    _looks_well(clara)
    clara.locator(".list__main a").first.click()
    _looks_well(clara)
    clara.get_by_label("Was Sie dort getan haben").fill("Abgeholt.")
    clara.get_by_role("button", name="Erledigt").click()
    expect(clara.get_by_text("Punkte sind gutgeschrieben")).to_be_visible()

    ben.goto(f"{town.url}/reports")
    _looks_well(ben)
    ben.locator(".list__main a").first.click()
    expect(ben.get_by_text("Abgeholt.")).to_be_visible()
    assert (50, 3) == tuple(town.wallet(f"{who}@duisburg.example").available for who in ("anna", "ben"))
    assert [] == faults
