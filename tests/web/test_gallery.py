"""Every part of a page, in a real browser: without a finding of axe, without a sideways scroll, under the policy."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.fixtures import chromium
from tests.web import serving

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
SMALL_PHONE = ViewportSize(width=360, height=780)
DESKTOP = ViewportSize(width=1280, height=900)
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("frame", ["app", "office", "base"])
@pytest.mark.parametrize("viewport", [SMALL_PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_gallery_is_accessible_and_fits(
    browser: Browser, frame: str, viewport: ViewportSize, language: str
) -> None:
    """On a phone and on a desktop, axe finds nothing, nothing sticks out sideways and no script fails."""
    with (
        serving.site({"/": serving.gallery(f"frames/{frame}.html", language)}) as address,
        browser.new_context(viewport=viewport, reduced_motion="reduce") as context,
    ):
        opened = context.new_page()
        complaints = chromium.watch(opened)
        opened.goto(address)
        width: int = opened.evaluate("document.documentElement.scrollWidth")
        opened.evaluate(AXE.read_text(encoding="utf-8") + ";0")
        findings: list[dict[str, Any]] = opened.evaluate("axe.run().then(result => result.violations)")

    assert [] == [(one["id"], one["nodes"][0]["html"]) for one in findings]
    assert width <= viewport["width"]
    assert [] == complaints


@pytest.mark.parametrize("viewport", [SMALL_PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_hint_of_a_choice_stands_under_its_label(browser: Browser, viewport: ViewportSize) -> None:
    """A hint has the width of the label's column, not the narrow one of the control: two words are one line."""
    hint, label = _boxes(
        browser, viewport, "#period .kern-hint", "#period .kern-form-check:last-child .kern-label"
    )

    assert hint["y"] >= label["y"] + label["height"]
    assert hint["height"] < 1.5 * label["height"]
    assert hint["width"] >= label["width"]


def test_the_button_of_a_short_form_stands_beside_its_field(browser: Browser) -> None:
    """On a desktop field and button end on one line, however long the field's hint is."""
    button, field = _boxes(browser, DESKTOP, ".form--inline .kern-btn", ".form--inline input[name=code]")

    assert field["y"] + field["height"] == pytest.approx(button["y"] + button["height"], abs=1)


def _boxes(browser: Browser, viewport: ViewportSize, *selectors: str) -> list[dict[str, float]]:
    """Return where elements of the gallery stand, in pixels of one and the same moment."""
    with (
        serving.site({"/": serving.gallery("frames/app.html")}) as address,
        browser.new_context(viewport=viewport, reduced_motion="reduce") as context,
    ):
        opened = context.new_page()
        opened.goto(address)
        found: list[dict[str, float]] = opened.evaluate(
            "names => names.map(name => document.querySelector(name).getBoundingClientRect().toJSON())",
            list(selectors),
        )
    return found
