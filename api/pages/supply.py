"""Points in circulation: the stated supply of each month for everybody, with a chart and as JSON."""

import base64
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from babel.dates import format_date
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from api import services
from api.access import Access, Caller, Sort
from api.pages import framing
from ledger import attribution, supply_lines, supply_statements
from ledger.supply_lines import FIGURES, Line
from ledger.supply_statements import Statement
from ledger.transfers import DUC
from web.marking import N_

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]

MONTHS = 120
CHART_MONTHS = 12
WIDTH, HEIGHT = 360, 190
_TOP, _BOTTOM = 24, 34
NAMES: Mapping[str, str] = {
    attribution.NO_CAMPAIGN: N_("Without a campaign"),
    attribution.OFFLINE: N_("Paid to venues for vouchers accepted twice"),
    supply_lines.OTHER: N_("Several small campaigns together"),
}
"""Lines that are no campaigns, in words."""


@dataclass(frozen=True, slots=True)
class Published:
    """What everybody may see of a month."""

    statement: Statement
    lines: tuple[Line, ...]
    title: str

    @property
    def total(self) -> Line:
        """The sum over all campaigns."""
        return self.statement.total


@dataclass(frozen=True, slots=True)
class Bar:
    """A month in the chart, in units of its view box."""

    x: float
    y: float
    width: float
    height: float
    label: str
    year: str
    value: int


@router.get("/supply")
def page(request: Request, caller: Anyone) -> Response:
    """Show how many points are in circulation, month by month, and where those of each campaign are."""
    months = _published(request, caller)
    bars = chart(months[:CHART_MONTHS][::-1], caller.language)
    return framing.show(
        request, caller, "about/supply.html", area=framing.Area.CITIZEN if caller.session else None,
        months=months[:CHART_MONTHS], bars=bars, top=ceiling(bars), names=NAMES, width=WIDTH, height=HEIGHT,
        base=HEIGHT - _BOTTOM, ceiling=_TOP, few=attribution.RECIPIENTS_MAX,
    )  # fmt: skip


@router.get("/supply.json")
def open_data(request: Request, caller: Anyone) -> Response:
    """Return all months as JSON (docs/supply.md)."""
    months = [_as_json(one) for one in _published(request, caller)]
    content = {"city": caller.city.name, "asset": DUC, "months": months}
    return JSONResponse(content, headers={"Cache-Control": "public, max-age=3600"})


def chart(months: Sequence[Published], language: str) -> list[Bar]:
    """Return the bars of a chart, the oldest month first."""
    top = ceiling(months)
    slot = WIDTH / max(len(months), 1)
    width = min(slot * 0.7, 48)
    bars: list[Bar] = []
    for place, one in enumerate(months):
        value = one.total.in_wallets
        height = round((HEIGHT - _TOP - _BOTTOM) * value / top, 1)
        month = one.statement.month
        year = str(month.year) if place == 0 or month.month == 1 else ""
        x = round(place * slot + (slot - width) / 2, 1)
        label = format_date(month, "LLL", locale=language)
        bars.append(Bar(x, HEIGHT - _BOTTOM - height, round(width, 1), height, label, year, value))
    return bars


def ceiling(shown: Sequence[Published] | Sequence[Bar]) -> int:
    """Return a round number that is not below any value: the top of the chart."""
    values = (one.value if isinstance(one, Bar) else one.total.in_wallets for one in shown)
    largest = max(values, default=0)
    if largest <= 0:
        return 1
    step = int(10 ** max(int(math.log10(largest)) - 1, 0))
    return -(-largest // step) * step


def _published(request: Request, caller: Caller) -> list[Published]:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        stated = supply_statements.stated(reading, MONTHS)
    shown = ((one, tuple(supply_lines.public(one.lines))) for one in stated)
    return [
        Published(one, lines, format_date(one.month, "LLLL yyyy", locale=caller.language))
        for one, lines in shown
        if lines
    ]


def _as_json(one: Published) -> dict[str, Any]:
    kept = one.statement
    root = kept.checkpoint_root
    return {
        "month": f"{kept.month:%Y-%m}",
        "sequence": kept.sequence,
        "checkpoint": {"size": kept.checkpoint_size, "root": base64.b64encode(root).decode()}
        if root
        else None,
        "computed_at": _instant(kept.computed_at),
        "digest": kept.digest.hex(),
        "total": _figures(one.total),
        "campaigns": [{"campaign": line.campaign, **_figures(line)} for line in one.lines],
    }


def _figures(line: Line) -> dict[str, int]:
    return {figure: getattr(line, figure) for figure in FIGURES}


def _instant(value: dt.datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None
