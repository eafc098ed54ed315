"""Draws the curves of growth as an SVG: waits and rates over the number of transfers in the book."""

import math
from collections.abc import Mapping, Sequence

Curve = Sequence[tuple[int, float]]

_WIDTH, _PANEL, _GAP = 720, 260, 70
_LEFT, _RIGHT, _TOP = 70, 190, 40
_FONT = 'font-family="system-ui, sans-serif" font-size="13"'
_INKS = ("#005f73", "#0a9396", "#94760b", "#bb3e03", "#9b2226", "#5f4b8b")


def drawn(curves: Mapping[str, Curve]) -> str:
    """Return an SVG with one panel for waits (half are shorter) and one for the rate of posting."""
    waits = {name.removesuffix("-p50"): curve for name, curve in curves.items() if name.endswith("-p50")}
    rates = {name: curve for name, curve in curves.items() if name.startswith("post")}
    height = _TOP + 2 * _PANEL + _GAP + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {_FONT} fill="#222">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        *_panel("Milliseconds within which half of the reads are answered", waits, _TOP),
        *_panel("Transfers posted per second, batches of 1,000, hot account", rates, _TOP + _PANEL + _GAP),
        f'<text x="{_LEFT}" y="{height - 12}">Transfers in the book (logarithmic)</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(title: str, curves: Mapping[str, Curve], top: float) -> list[str]:
    points = [point for curve in curves.values() for point in curve]
    numbers = sorted({number for number, _ in points})
    ceiling = _round_up(max(value for _, value in points))
    width, height = _WIDTH - _LEFT - _RIGHT, _PANEL - 40

    def across(number: int) -> float:
        low, high = math.log10(numbers[0]), math.log10(numbers[-1])
        return _LEFT + width * ((math.log10(number) - low) / (high - low) if high > low else 0.5)

    def down(value: float) -> float:
        return top + 20 + height * (1 - value / ceiling)

    parts = [f'<text x="{_LEFT}" y="{top}" font-weight="bold">{title}</text>']
    for quarter in range(5):
        value = ceiling * quarter / 4
        line = f"{_LEFT},{down(value):.1f} {_LEFT + width},{down(value):.1f}"
        parts.append(f'<polyline points="{line}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{_LEFT - 8}" y="{down(value) + 4:.1f}" text-anchor="end">{_figure(value)}</text>'
        )
    parts += [
        f'<text x="{across(number):.1f}" y="{down(0) + 18:.1f}" text-anchor="middle">{_figure(number)}</text>'
        for number in numbers
    ]
    for place, (name, curve) in enumerate(curves.items()):
        ink = _INKS[place % len(_INKS)]
        line = " ".join(f"{across(number):.1f},{down(value):.1f}" for number, value in curve)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{ink}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{across(number):.1f}" cy="{down(value):.1f}" r="3" fill="{ink}"/>'
            for number, value in curve
        ]
        y = top + 34 + 20 * place
        parts.append(f'<text x="{_LEFT + width + 18}" y="{y:.1f}" fill="{ink}">{name}</text>')
    return parts


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 4, 8 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 4, 8, 10) if value <= power * step)


def _figure(value: float) -> str:
    if value >= 1_000_000:  # noqa: PLR2004 -- a million
        return f"{value / 1_000_000:g} M"
    if value >= 1_000:  # noqa: PLR2004 -- a thousand
        return f"{value / 1_000:g} k"
    return f"{value:g}"
