"""A tag in the fields of a form: a name, how it shows its code, coordinates or an address."""

import re
from collections.abc import Mapping

from kernel.errors import Invalid
from rewards.tag_codes import Mode
from rewards.tags import NewTag
from web.marking import N_

MODE_WORDS: Mapping[str, tuple[str, str]] = {
    Mode.PRINTED.value: (
        N_("Printed"),
        N_("On paper, always the same. The place of the phone is compared; few points."),
    ),
    Mode.DISPLAY.value: (N_("Display"), N_("Changes every 30 seconds; each code counts once.")),
    Mode.NFC.value: (
        N_("NFC chip"),
        N_("NTAG 424 DNA: signs each tap with a counter; each tap counts once."),
    ),
}
_DEGREES = r"(-?\d{1,3}(?:[.,]\d{1,15})?)"
_COORDINATES = re.compile(rf"\s*{_DEGREES}\s*(?:[;/\s]|,\s)\s*{_DEGREES}\s*")
_PLAIN = re.compile(r"\s*(-?\d{1,3}\.\d{1,15})\s*,\s*(-?\d{1,3}\.\d{1,15})\s*")


def read(typed: Mapping[str, str]) -> NewTag:
    """Return the tag in a form. Raises Invalid `place-unreadable`, `tag-mode-unknown`."""
    mode = typed.get("mode", Mode.PRINTED.value)
    if mode not in set(Mode):
        raise Invalid("tag-mode-unknown", field="mode")
    latitude, longitude = coordinates(typed.get("place", ""))
    address = typed.get("address", "").strip() or None
    return NewTag(typed.get("name", ""), Mode(mode), address, latitude, longitude)


def coordinates(text: str) -> tuple[int | None, int | None]:
    """Return microdegrees of a pair as maps give it (`51.4344, 6.7623`); German commas are understood.

    Raises Invalid `place-unreadable`.
    """
    if not text.strip():
        return None, None
    found = _PLAIN.fullmatch(text[:80]) or _COORDINATES.fullmatch(text[:80])
    if found is None:
        raise Invalid("place-unreadable", field="place")
    north, east = (round(float(part.replace(",", ".")) * 1_000_000) for part in found.groups())
    return north, east
