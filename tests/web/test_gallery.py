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
