"""The scanner of a venue, with a camera that films a real QR code."""

import io
from collections.abc import Callable

import pytest
import segno
from playwright.sync_api import Browser, Page

from tests.fixtures import chromium
from tests.web import serving
from web import catalogues, templating

CODE = "DC1:NCFOXN%TS3DH3ZSUZK+.V0ETD%65NL-AH-R6IOO6+IEK2 EL4BEPQ0SRE72%A4UKD3T8CGEK*9A.8DXI"
pytestmark = pytest.mark.browser

_PAGE = """{% extends "frames/office.html" %}{% import "widgets.html" as w with context %}
{% block title %}Scan{% endblock %}{% block main %}<h1>Scan</h1>{{ w.scanner("/scanned") }}{% endblock %}
{% block scripts %}{{ w.scanner_script() }}{% endblock %}"""
_ANSWER = """{% extends "frames/office.html" %}{% import "widgets.html" as w with context %}
{% block title %}Scan{% endblock %}{% block main %}{{ w.verdict("green", "Valid", "Swim", "Let in") }}{% endblock %}"""


def _pages() -> dict[str, str]:
    environment = templating.build(catalogues.load()).environments["en"]
    return {
        "/": environment.from_string(_PAGE).render(page=serving.page()),
        "/scanned": environment.from_string(_ANSWER).render(page=serving.page()),
        "/no-verdict": "<p>Sign in</p>",
    }


def _qr() -> bytes:
    picture = io.BytesIO()
    segno.make(CODE, error="m", micro=False).save(picture, kind="png", scale=8, border=4)
    return picture.getvalue()


def _field(body: bytes, name: str) -> str:
    """Return a field of a posted form."""
    head = f'name="{name}"\r\n\r\n'.encode()
    return body.partition(head)[2].partition(b"\r\n--")[0].decode()


def test_a_filmed_code_is_sent_once_and_its_verdict_is_shown(
    filming_browser: Callable[[bytes], Browser],
) -> None:
    """A code that stays before the camera is sent once, byte for byte, and the answer's verdict appears."""
    posted: list[bytes] = []
    with (
        serving.site(_pages(), posted) as address,
        filming_browser(_qr()).new_context(permissions=["camera"], viewport=chromium.PHONE) as context,
    ):
        opened = context.new_page()
        complaints = chromium.watch(opened)
        opened.goto(address)
        opened.get_by_role("button", name="Scan with the camera").click()
        opened.locator("[data-scanner-result] [data-verdict=green]").wait_for(timeout=20_000)
        opened.wait_for_timeout(4000)
        camera_is_on = opened.get_by_role("button", name="Stop the camera").is_visible()
        opened.get_by_role("button", name="Stop the camera").click()
        stopped = opened.locator("[data-scanner-camera]").is_hidden()

    assert [CODE] == [_field(body, "code") for body in posted]
    assert ["token"] == [_field(body, "csrf_token") for body in posted]
    assert camera_is_on
    assert stopped
    assert [] == complaints


def _type(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Check").click()


def test_typed_codes_are_checked_one_after_the_other(page: Page) -> None:
    """A hand scanner can type code after code: the field is empty and focused again, and each has its own key."""
    posted: list[bytes] = []
    with serving.site(_pages(), posted) as address:
        page.goto(address)
        for code in ("7KQ2M4X9TB", "7KQ2M4X9TC"):
            _type(page, code)
            page.locator("[data-scanner-result] [data-verdict=green]").wait_for()
            page.locator("[data-scanner-result]:not([aria-busy])").wait_for()
        focused = page.evaluate("document.activeElement.name")

    assert ["7KQ2M4X9TB", "7KQ2M4X9TC"] == [_field(body, "code") for body in posted]
    assert 2 == len({_field(body, "idempotency_key") for body in posted})
    assert "code" == focused


def test_the_same_code_after_a_lost_answer_is_the_same_request(page: Page) -> None:
    """Nobody knows whether a request without an answer counted: its repetition carries the same key."""
    posted: list[bytes] = []
    with serving.site(_pages(), posted) as address:
        page.goto(address)
        keys: list[str] = []
        page.on("request", lambda sent: keys.append(_field(sent.post_data_buffer or b"", "idempotency_key")))
        page.route("**/scanned", lambda route: route.abort())
        _type(page, "7KQ2M4X9TB")
        page.get_by_text("No connection.").wait_for()
        page.unroute("**/scanned")
        _type(page, "7KQ2M4X9TB")
        page.locator("[data-scanner-result] [data-verdict=green]").wait_for()

    sent = [key for key in keys if key]
    assert 2 == len(sent)
    assert 1 == len(set(sent))


def test_an_answer_without_a_verdict_is_no_green_light(page: Page) -> None:
    """Where the session has ended the answer is another page: the scanner says so instead of showing anything."""
    pages = _pages()
    pages["/scanned"] = pages["/no-verdict"]
    with serving.site(pages) as address:
        page.goto(address)
        _type(page, "7KQ2M4X9TB")
        page.get_by_text("No answer about this code.").wait_for()

        assert 0 == page.locator("[data-verdict]").count()


def test_without_a_camera_the_reader_is_told_what_to_do(page: Page) -> None:
    """A device without camera gets a sentence, and the field for typing stays."""
    with serving.site(_pages()) as address:
        page.goto(address)
        page.get_by_role("button", name="Scan with the camera").click()
        page.locator("[data-scanner-result] .kern-alert--danger").wait_for()

        assert page.get_by_label("Code").is_visible()
        assert page.get_by_role("button", name="Scan with the camera").is_visible()


def test_without_scripts_the_typed_code_is_an_ordinary_form(browser: Browser) -> None:
    """Where scripts are off, typing a code still leads to its verdict."""
    with (
        serving.site(_pages()) as address,
        browser.new_context(java_script_enabled=False) as context,
    ):
        opened = context.new_page()
        opened.goto(address)
        _type(opened, "7KQ2M4X9TB")

        assert "green" == opened.locator("[data-verdict]").get_attribute("data-verdict")
