"""The templates: one environment for each language, and what every page knows.

Inside a template: `_()` and `ngettext()` translate, the filters `points`, `number`, `euros`, `day`,
`short_day`, `instant`, `until`, `time`, `ago`, `milliseconds`, `rate` and `text` write values in the page's
language, `static()` gives the address of a static file and `page` is the Page.
"""

import functools
import gettext
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Protocol

import jinja2
from markupsafe import Markup

from web import formats

STATIC = "/static"
_PROPERTY = re.compile(r"[a-z]+(-[a-z]+)*")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


class CityShown(Protocol):
    """What pages show of a city."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def timezone(self) -> str:
        """Its time zone."""
        ...


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the navigation."""

    label: str
    href: str
    pictogram: str
    active: bool = False
    count: int = 0
    """Things that wait there; shown as a badge if there are any."""
    group: str = ""
    """The heading of the group that begins with it, in a navigation that is divided."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message at the top of a page: `kind` is info, success, warning or danger."""

    kind: str
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What the frame around every page needs."""

    city: CityShown
    language: str
    path: str
    """Where it can be opened again."""
    csrf_token: str
    idempotency_key: str
    person_name: str | None = None
    navigation: tuple[NavItem, ...] = ()
    areas: tuple[NavItem, ...] = ()
    """The other areas that this person may enter: venue, administration, treasury."""
    notice: Notice | None = None
    demo: bool = False
    query: str = ""
    """What is asked of the path: a filter, a place in a list."""

    def in_language(self, language: str) -> str:
        """Return the address of this page in another language: what was chosen on it stays chosen."""
        return f"{self.path}?{self.query}&lang={language}" if self.query else f"{self.path}?lang={language}"


@dataclass(frozen=True, slots=True)
class Templates:
    """Renders templates in every language."""

    environments: Mapping[str, jinja2.Environment] = field(repr=False)

    def render(self, template: str, page: Page, /, **values: Any) -> str:
        """Return a page as HTML. Raises jinja2.UndefinedError for a value that the template misses."""
        environment = self.environments[page.language]
        return environment.get_template(template).render(page=page, **values)


def build(translations: Mapping[str, gettext.NullTranslations]) -> Templates:
    """Return the templates with one environment for each language."""
    return Templates({language: _environment(language, one) for language, one in translations.items()})


@functools.cache
def _environment(language: str, translation: gettext.NullTranslations) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(translation, newstyle=True)  # type: ignore[attr-defined]  # by i18n
    environment.globals |= {"static": static, "language": language}
    environment.filters |= _filters(language, translation)
    return environment


def _filters(language: str, translation: gettext.NullTranslations) -> dict[str, Callable[..., Any]]:
    def points(value: int) -> str:
        text = translation.ngettext("%(num)s point", "%(num)s points", value)
        return text % {"num": formats.number(value, language)}

    @jinja2.pass_context
    def instant(context: jinja2.runtime.Context, value: Any) -> str:
        return formats.instant(value, language, context["page"].city.timezone)

    @jinja2.pass_context
    def until(context: jinja2.runtime.Context, value: Any) -> str:
        return formats.until(value, language, context["page"].city.timezone)

    @jinja2.pass_context
    def time(context: jinja2.runtime.Context, value: Any) -> str:
        return formats.clock_time(value, language, context["page"].city.timezone)

    return {
        "points": points,
        "instant": instant,
        "time": time,
        "until": until,
        "number": lambda value: formats.number(value, language),
        "euros": lambda value: formats.euros(value, language),
        "day": lambda value: formats.day(value, language),
        "short_day": lambda value: formats.short_day(value, language),
        "ago": lambda value: formats.ago(value, language),
        "milliseconds": lambda value: formats.milliseconds(value, language),
        "rate": lambda value: formats.rate(value, language),
        "text": lambda value: formats.localized(value, language),
    }


@functools.cache
def static(path: str) -> str:
    """Return the address of a static file; it changes with the content, so it may be kept for ever."""
    content = (resources.files("web") / "static" / path).read_bytes()
    return f"{STATIC}/{path}?v={hashlib.sha256(content).hexdigest()[:10]}"


def city_css(colours: Mapping[str, str]) -> str:
    """Return a style sheet with the city's colours; each name is a custom property of duiscoin.css.

    Raises ValueError for anything but six hexadecimal digits, so that a setting can't smuggle in a rule.
    """
    for name, value in colours.items():
        if not _PROPERTY.fullmatch(name) or not _COLOUR.fullmatch(value):
            message = f"not a colour: {name!r}: {value!r}"
            raise ValueError(message)
    lines = [f"  --city-{name}: {value};" for name, value in sorted(colours.items())]
    return ":root {\n" + "\n".join(lines) + "\n}\n"


def safe(html: str) -> Markup:
    """Return HTML that our own code has made, such as the SVG of a QR code."""
    return Markup(html)  # noqa: S704 -- only for markup made by our own code
