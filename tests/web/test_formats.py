"""How values are written for readers of each language."""

import datetime as dt

import pytest

from tests.web import serving
from web import catalogues, formats, templating

SUMMER = dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC)
WINTER = dt.datetime(2026, 12, 31, 23, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("cents", "german", "english"),
    [
        (0, "0,00\xa0€", "€0.00"),
        (5, "0,05\xa0€", "€0.05"),
        (123456, "1.234,56\xa0€", "€1,234.56"),
        (-250, "-2,50\xa0€", "-€2.50"),
        (9007199254740993, "90.071.992.547.409,93\xa0€", "€90,071,992,547,409.93"),
    ],
)
def test_euros_are_written_to_the_cent(cents: int, german: str, english: str) -> None:
    """No cent is lost, not even where a float would round."""
    assert german == formats.euros(cents, "de")
    assert english == formats.euros(cents, "en")


def test_numbers_have_the_separators_of_the_language() -> None:
    """Thousands are grouped as readers know it."""
    assert ["12.345", "12,345"] == [formats.number(12345, language) for language in ("de", "en")]


def test_instants_are_shown_in_the_citys_time_zone() -> None:
    """Half past ten in the evening UTC is the next day in Duisburg, in summer by two hours and in winter by one."""
    zone = "Europe/Berlin"

    assert "02.07.2026, 00:30" == formats.instant(SUMMER, "de", zone)
    assert "01/01/2027, 00:30" == formats.instant(WINTER, "en", zone)
    assert "00:30" == formats.clock_time(SUMMER, "de", zone)


def test_days_are_written_out_and_short() -> None:
    """A day is no instant: no time zone moves it."""
    day = dt.date(2026, 5, 4)

    assert ["4. Mai 2026", "4 May 2026"] == [formats.day(day, language) for language in ("de", "en")]
    assert ["04.05.2026", "04/05/2026"] == [formats.short_day(day, language) for language in ("de", "en")]


def test_a_text_without_the_language_is_shown_in_german() -> None:
    """Cities write German first; a missing translation is no empty line."""
    assert "Swim" == formats.localized({"de": "Baden", "en": "Swim"}, "en")
    assert "Baden" == formats.localized({"de": "Baden", "en": ""}, "en")


@pytest.mark.parametrize(
    ("language", "count", "expected"),
    [
        ("en", 1, "1 point"),
        ("en", 1200, "1,200 points"),
        ("de", 1, "1 Punkt"),
        ("de", 1200, "1.200 Punkte"),
        ("de", 0, "0 Punkte"),
    ],
)
def test_points_are_counted_in_the_language(language: str, count: int, expected: str) -> None:
    """The filter `points` knows one from many."""
    environment = templating.build(catalogues.load()).environments[language]

    assert expected == environment.from_string("{{ count | points }}").render(
        count=count, page=serving.page(language)
    )


@pytest.mark.parametrize(
    ("seconds", "german", "english"),
    [
        (0, "vor 1 Sekunde", "1 second ago"),
        (170, "vor 3 Minuten", "3 minutes ago"),
        (3 * 86400, "vor 3 Tagen", "3 days ago"),
    ],
)
def test_what_has_passed_is_said_roughly(seconds: float, german: str, english: str) -> None:
    """In the largest unit that fits; never in the future."""
    assert (german, english) == (formats.ago(seconds, "de"), formats.ago(seconds, "en"))


def test_short_times_and_rates_have_one_decimal() -> None:
    """Milliseconds and things a second."""
    assert ["3,2 ms", "1,500.0 ms"] == [formats.milliseconds(0.0032, "de"), formats.milliseconds(1.5, "en")]
    assert ["0,1", "12,345.7"] == [formats.rate(0.067, "de"), formats.rate(12345.678, "en")]
