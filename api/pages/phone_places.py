"""Where a phone says it is, as forms bring it. It is looked at and not kept."""

from rewards.checking import Place

_FIELDS_MAX = 40
_DEGREES_MAX = 180


def read(latitude: str, longitude: str, accuracy: str) -> Place | None:
    """Return the place in the fields of a form; None if they are empty or can't be read."""
    north, east = _number(latitude), _number(longitude)
    if north is None or east is None or max(abs(north), abs(east)) > _DEGREES_MAX:
        return None
    off = _number(accuracy)
    metres = None if off is None or not 0 <= off <= 1_000_000 else round(off)  # noqa: PLR2004 -- 1000 km
    return Place(round(north * 1_000_000), round(east * 1_000_000), metres)


def _number(text: str) -> float | None:
    try:
        found = float(text[:_FIELDS_MAX])
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None
