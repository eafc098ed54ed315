"""How numbers, money, times and texts are written for readers."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, format_timedelta, get_day_names
from babel.numbers import format_currency, format_decimal

LOCALES = {"de": "de_DE", "en": "en_GB", "tr": "tr_TR"}


def number(value: int, language: str) -> str:
    """Return 12.345 or 12,345."""
    return str(format_decimal(value, locale=LOCALES[language]))


def euros(amount_cents: int, language: str) -> str:
    """Return 12,50 € or €12.50."""
    return str(format_currency(Decimal(amount_cents).scaleb(-2), "EUR", locale=LOCALES[language]))


def day(value: dt.date, language: str) -> str:
    """Return 4. Mai 2026 or 4 May 2026."""
    return str(format_date(value, "d. MMMM y" if language == "de" else "d MMMM y", locale=LOCALES[language]))


def short_day(value: dt.date, language: str) -> str:
    """Return 04.05.2026 or 04/05/2026."""
    return str(format_date(value, "dd.MM.y" if language == "de" else "dd/MM/y", locale=LOCALES[language]))


def weekdays(language: str) -> list[str]:
    """Return the short names of the days of the week, from Monday."""
    names = get_day_names("abbreviated", locale=LOCALES[language])
    return [names[number] for number in range(7)]


def instant(value: dt.datetime, language: str, zone: str) -> str:
    """Return day and time in the city's time zone."""
    local = value.astimezone(ZoneInfo(zone))
    pattern = "dd.MM.y, HH:mm" if language == "de" else "dd/MM/y, HH:mm"
    return str(format_datetime(local, pattern, tzinfo=ZoneInfo(zone), locale=LOCALES[language]))


def until(value: dt.datetime, language: str, zone: str) -> str:
    """Return the last moment before an exclusive end: the day alone if it ends at midnight."""
    last = value.astimezone(ZoneInfo(zone)) - dt.timedelta(seconds=1)
    whole_day = (last.hour, last.minute) == (23, 59)
    return short_day(last.date(), language) if whole_day else instant(value, language, zone)


def clock_time(value: dt.datetime, language: str, zone: str) -> str:
    """Return the time of day in the city's time zone."""
    return str(format_time(value, "HH:mm", tzinfo=ZoneInfo(zone), locale=LOCALES[language]))


def ago(seconds: float, language: str) -> str:
    """Return 3 minutes ago or vor 3 Minuten."""
    passed = dt.timedelta(seconds=-max(seconds, 1))
    return str(format_timedelta(passed, add_direction=True, locale=LOCALES[language]))


def milliseconds(seconds: float, language: str) -> str:
    """Return 3.2 ms or 3,2 ms."""
    return f"{format_decimal(seconds * 1000, '#,##0.0', locale=LOCALES[language])} ms"


def rate(value: float, language: str) -> str:
    """Return 12,345.6 or 12.345,6."""
    return str(format_decimal(value, "#,##0.0", locale=LOCALES[language]))


def localized(texts: Mapping[str, str], language: str) -> str:
    """Return a text in the language, or in German if it has no other."""
    return texts.get(language) or texts.get("de", "")
