"""The small scripts of pages: forms are sent once, photos are shown, places are filled in, time is counted down."""

import datetime as dt
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Geolocation, Page

from tests.web import serving
from web import catalogues, templating

NOW = dt.datetime(2026, 5, 4, 12, 0, tzinfo=dt.UTC)
pytestmark = pytest.mark.browser

_PAGE = """{% extends "frames/app.html" %}{% import "widgets.html" as w with context %}
{% block title %}Try{% endblock %}{% block main %}
<h1>Try</h1>
{% call p.form("/slow", multipart=True) %}
<div data-photo-field>{{ p.field("photos", "Photo", type="file", optional=True) }}<img class="preview" alt="Your photo" hidden></div>
<div data-place-field data-searching="searching" data-found="to %(metres)s m" data-denied="denied">
<button type="button" hidden data-locate>Locate</button><span data-place-status></span>
<input type="hidden" name="latitude"><input type="hidden" name="longitude"><input type="hidden" name="accuracy"></div>
{{ p.button("Send") }}
{% endcall %}
{% for until in untils %}{{ w.countdown(until) }}{% endfor %}
{% endblock %}
{% block scripts %}
<script type="module" src="{{ static('js/photo-field.js') }}"></script>
<script type="module" src="{{ static('js/voucher.js') }}"></script>
{% endblock %}"""


def _pages(*untils: dt.datetime) -> dict[str, str]:
    environment = templating.build(catalogues.load()).environments["en"]
    return {
        "/": environment.from_string(_PAGE).render(page=serving.page(), untils=untils),
        "/slow": "<title>Sent</title>",
    }


def test_a_form_is_sent_once_however_often_it_is_clicked(page: Page) -> None:
    """Two quick clicks are one request."""
    posted: list[bytes] = []
    with serving.site(_pages(), posted) as address:
        page.goto(address)
        page.get_by_role("button", name="Send").dblclick()
        page.wait_for_url("**/slow")
        page.wait_for_timeout(200)

    assert 1 == len(posted)


def test_the_chosen_photo_is_shown(page: Page, tmp_path: Path) -> None:
    """A citizen sees which photo goes to the city, before it goes."""
    photo = tmp_path / "photo.png"
    photo.write_bytes((serving.WEB / "static/icon-192.png").read_bytes())
    with serving.site(_pages()) as address:
        page.goto(address)
        page.get_by_label("Photo").set_input_files(photo)
        page.locator("img.preview").wait_for(state="visible")

        assert 192 == page.evaluate("document.querySelector('img.preview').naturalWidth")


@pytest.mark.parametrize("allowed", [True, False])
def test_the_place_is_filled_in_if_the_reader_allows_it(browser: Browser, allowed: bool) -> None:
    """With permission the fields carry the place and its accuracy; without it the reader is told."""
    position = Geolocation(latitude=51.4344, longitude=6.7623, accuracy=12.4)
    with (
        serving.site(_pages()) as address,
        browser.new_context(
            geolocation=position if allowed else None, permissions=["geolocation"] if allowed else []
        ) as context,
    ):
        opened = context.new_page()
        opened.goto(address)
        opened.get_by_role("button", name="Locate").click()
        opened.get_by_text("to 12 m" if allowed else "denied").wait_for()
        names = ("latitude", "longitude", "accuracy")
        values = [opened.locator(f"input[name={name}]").input_value() for name in names]

    assert (["51.4344", "6.7623", "12"] if allowed else ["", "", ""]) == values


def test_the_time_left_is_counted_on_the_last_day_alone(page: Page) -> None:
    """Ninety minutes before the end there is a clock; two days before it and after the end there is none."""
    untils = (NOW + dt.timedelta(minutes=90), NOW + dt.timedelta(days=2), NOW - dt.timedelta(minutes=1))
    page.clock.set_fixed_time(NOW)
    with serving.site(_pages(*untils)) as address:
        page.goto(address)
        page.locator("[data-time-left]").first.wait_for()
        shown = [one.is_visible() for one in page.locator("[data-countdown]").all()]
        text = page.locator("[data-time-left]").first.text_content()

    assert [True, False, False] == shown
    assert "1:30:00" == text


def test_htmx_keeps_to_the_security_policy(page: Page) -> None:
    """It swaps a part of the page in, without a style or script of its own that the browser would refuse."""
    source = _PAGE.replace(
        "<h1>Try</h1>", '<h1>Try</h1><button hx-get="/part" hx-target="#here">Load</button><p id="here"></p>'
    )
    source = source.replace("{% block scripts %}", "{% block scripts %}{{ w.htmx() }}")
    environment = templating.build(catalogues.load()).environments["en"]
    pages = {
        "/": environment.from_string(source).render(page=serving.page(), untils=[]),
        "/part": "<em>Part</em>",
    }
    with serving.site(pages) as address:
        page.goto(address)
        page.get_by_role("button", name="Load").click()
        page.locator("#here em").wait_for()

        assert 0 == page.locator("style").count()
