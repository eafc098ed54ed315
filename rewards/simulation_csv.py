"""Simulation reports as CSV: one line for each figure, so that a spreadsheet can filter and pivot. Pure."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

_COLUMNS = ("part", "name", "detail", "people", "winners", "losers", "unchanged", "in_force", "draft")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def written(report: Mapping[str, Any]) -> str:
    """Return a report as CSV with `;`, as German spreadsheets expect it; what is not said is empty."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for row in _rows(report):
        writer.writerow([_cell(row.get(column)) for column in _COLUMNS])
    return out.getvalue()


def _rows(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    sides = (report["active"], report["draft"])
    for name in ("points", "cents", "award", "no-award", "review"):
        yield {"part": "total", "name": name, "in_force": sides[0][name], "draft": sides[1][name]}
    yield {"part": "total", "name": "people", "people": report["people"], **report["change"]}
    for start, active, draft in report["series"]["rows"]:
        yield {"part": report["series"]["unit"], "name": start, "in_force": active, "draft": draft}
    for one in report["rules"]:
        yield {"part": "rule", "name": one["rule"], **_both(one)}
    for one in report["caps"]:
        yield {"part": "limit", "name": one["rule"], "detail": one["reason"], **_both(one)}
    for dimension, rows in report["groups"].items():
        for one in rows:
            counts = {name: one[name] for name in ("people", "winners", "losers", "unchanged")}
            yield {"part": "group", "name": dimension, "detail": one["value"], **counts, **_both(one)}
    for one in report["budgets"]:
        sides = (one["active"], one["draft"])
        for name in ("points", "dry_on"):
            values = {"in_force": sides[0][name], "draft": sides[1][name]}
            yield {"part": "budget", "name": one["budget"], "detail": name, **values}


def _both(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"in_force": one["active"], "draft": one["draft"]}


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"  # a district's name that a spreadsheet would run as a formula
    return "" if value is None else value
