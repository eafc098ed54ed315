"""Tracing: a decision told clause by clause: what was asked, what came out, how the points came about.

For case workers, auditors and citizens who want to know. It reads the trace of a receipt beside the version
that made it; `_` is the reader's gettext function.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rewards import conditions, describing, rules
from rewards.conditions import Condition
from rewards.effects import Equally
from rewards.explaining import Gettext, points
from rewards.rules import RuleVersion
from rewards.wording import Reader


class Told(NamedTuple):
    """One line: how deep it stands, what it says, and what came out: `true`, `false`, `unknown`."""

    depth: int
    text: str
    truth: str
    answer: str


def tell(version: RuleVersion, receipt: Mapping[str, Any], _: Gettext, reader: Reader) -> list[Told]:
    """Return a decision clause by clause, in the order of the rule; empty if the receipt has no trace."""
    nodes = dict(rules.nodes(version))
    return [
        told
        for step in receipt.get("trace", [])
        for told in _told(step, nodes.get(step["path"]), version, _, reader)
    ]


def _told(
    step: Mapping[str, Any], node: Condition | None, version: RuleVersion, _: Gettext, reader: Reader
) -> Iterator[Told]:
    path, truth = str(step["path"]), str(step["truth"])
    answers = {"true": _("true"), "false": _("false"), "unknown": _("not known")}
    if node is not None:
        yield Told(_depth(path), _clause(node, _, reader), truth, answers[truth])
    elif step["clause"] == "points":
        value = step["value"]
        answer = _("not known") if value is None else points(value, _)
        yield Told(0, _step(path, version, _), truth, answer)


def _depth(path: str) -> int:
    return path.removeprefix("factors.").count(".") - path.startswith("factors.")


def _clause(node: Condition, _: Gettext, reader: Reader) -> str:
    match node:
        case conditions.All():
            return _("All of these:")
        case conditions.Any():
            return _("At least one of these:")
        case conditions.Not():
            return _("Not:")
        case _:
            said = describing.condition(node, _, reader)
            return said[:1].upper() + said[1:]


def _step(path: str, version: RuleVersion, _: Gettext) -> str:
    if path.startswith("factors."):
        factor = (version.factors or ())[int(path.split(".")[1])]
        return _("Points after the factor %(times)d/%(over)d, rounded down") % {
            "times": factor.times,
            "over": factor.over,
        }
    if path == "share":
        if isinstance(version.share, Equally):
            return _("Each person's share, rounded down")
        return _("By the place in the queue, rounded down")
    return _("Bonus for the streak") if path == "streak" else _("Points to begin with")
