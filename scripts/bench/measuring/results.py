"""Results: printed one by one as they come, as JSON lines or as a table with the figures to reach."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """One figure. `ratio` is the median over the rounds of ours divided by the baseline."""

    name: str
    backend: str
    value: float
    unit: str
    baseline_name: str | None = None
    baseline_value: float | None = None
    ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for the value, or for the ratio; `at_most` when less is better."""

    bound: float
    of_ratio: bool = False
    at_most: bool = False

    def met(self, result: Result) -> bool:
        """Whether the result is within the bound."""
        figure = (result.ratio or 0.0) if self.of_ratio else result.value
        return figure <= self.bound if self.at_most else figure >= self.bound

    def __str__(self) -> str:
        sign = "≤" if self.at_most else "≥"
        return f"{sign} {self.bound:g}{' times' if self.of_ratio else ''}"


_MILLISECONDS = Target(5, at_most=True)
TARGETS: dict[tuple[str, str], tuple[Target, ...]] = {
    ("post-1000-hot", "postgresql"): (Target(50_000), Target(0.35, of_ratio=True)),
    ("post-100-hot", "postgresql"): (Target(30_000),),
    ("post-1000-spread-to-hot", "postgresql"): (Target(0.7, of_ratio=True),),
    ("post-1000-hot", "sqlite"): (Target(50_000),),
    ("callers-64", "postgresql"): (Target(15_000),),
    ("callers-64-p99", "postgresql"): (Target(15, at_most=True),),
    ("callers-2x32", "postgresql"): (Target(1, of_ratio=True),),
    ("callers-64-to-textbook-hot", "postgresql"): (Target(50, of_ratio=True),),
    ("callers-64-to-pgledger-hot", "postgresql"): (Target(20, of_ratio=True),),
    ("http-buy", "postgresql"): (Target(0.6, of_ratio=True),),
    ("http-scan", "postgresql"): (Target(0.6, of_ratio=True),),
    ("bytes-per-transfer", "postgresql"): (Target(420, at_most=True),),
    ("verify", "postgresql"): (Target(300_000),),
    ("growth-20000000-statement-hot-p99", "postgresql"): (_MILLISECONDS,),
    ("growth-20000000-statement-wallet-p99", "postgresql"): (_MILLISECONDS,),
    ("growth-20000000-as-of-hot-p99", "postgresql"): (_MILLISECONDS,),
    ("growth-20000000-as-of-wallet-p99", "postgresql"): (_MILLISECONDS,),
}
"""The figures to reach on two cores, by name and backend."""


class Printer:
    """Prints results as they come."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def table_head(self) -> None:
        """Begin the table."""
        if not self._as_json:
            print(f"{'':38}{'backend':12}{'value':>12} {'unit':14}{'ratio':>7}  beside; figure to reach")

    def all(self, results: Iterable[Result]) -> None:
        """Print several results."""
        for result in results:
            print(json.dumps(asdict(result)) if self._as_json else _line(result), flush=True)


def _line(result: Result) -> str:
    ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
    beside = ""
    if result.baseline_name is not None and result.baseline_value is not None:
        beside = f"{result.baseline_name} {_figure(result.baseline_value)}"
    judged = (
        f"{target} {'met' if target.met(result) else 'NOT MET'}"
        for target in TARGETS.get((result.name, result.backend), ())
    )
    notes = "; ".join(part for part in (beside, *judged) if part)
    return (
        f"{result.name:38}{result.backend:12}{_figure(result.value):>12} {result.unit:14}{ratio:>7}  {notes}"
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004 -- decimals where they matter


def compared(
    name: str, backend: str, unit: str, ours: Sequence[float], baseline_name: str, baseline: Sequence[float]
) -> Result:
    """Return the medians of both and the median of the ratios, one for each round."""
    ratios = [mine / theirs for mine, theirs in zip(ours, baseline, strict=True)]
    return Result(
        name,
        backend,
        rounded(statistics.median(ours)),
        unit,
        baseline_name,
        rounded(statistics.median(baseline)),
        rounded(statistics.median(ratios)),
    )


def alone(name: str, backend: str, unit: str, ours: Sequence[float]) -> Result:
    """Return the median of a figure that has no baseline."""
    return Result(name, backend, rounded(statistics.median(ours)), unit)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which `percent` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def rounded(value: float) -> float:
    """Return a figure without decimals that mean nothing."""
    return round(value) if value >= 1000 else round(value, 3)  # noqa: PLR2004 -- as above
