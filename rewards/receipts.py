"""Receipts: a decision with everything that led to it, as plain values to be stored and decided again."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from rewards import compiling, evaluating
from rewards.checking import Place
from rewards.compiling import Facts, Given, Person
from rewards.evaluating import CompiledRule
from rewards.rules import RuleVersion

_SEEN = (
    "occurred_at",
    "zone",
    "place",
    "facts",
    "given",
    "action",
    "person",
    "campaigns",
    "districts",
    "counts",
)
"""What a decision may have seen. Only these fields are hashed; the rest of a receipt follows from them."""


def of(rule: CompiledRule, facts: Facts) -> dict[str, Any]:
    """Return the receipt of a rule's decision: outcome, points, version, facts seen, clause, trace.

    `engine` is the number of the way in which rules are evaluated, `facts_hash` proves what was seen. Only
    what the rule looks at is kept: a receipt is no copy of the submission. A value that the rule could
    not use is kept as None.
    """
    decision = rule.decide(facts)
    seen = _seen(rule, facts)
    return {
        "outcome": decision.outcome.value,
        "reason": decision.reason,
        "points_now": decision.points_now,
        "points_later": decision.points_later,
        "limit": decision.limit,
        "clause": rule.deciding(facts),
        "rule": rule.code,
        "version_hash": rule.version_hash,
        "engine": evaluating.ENGINE,
        **seen,
        "facts_hash": hash_of(seen),
        "trace": [asdict(step) for step in rule.trace(facts)],
    }


def facts_of(receipt: Mapping[str, Any]) -> Facts:
    """Return the facts that a receipt was made from. Raises KeyError or ValueError if it is incomplete."""
    place = receipt["place"]
    return Facts(
        values=dict(receipt["facts"]),
        occurred_at=dt.datetime.fromisoformat(receipt["occurred_at"]),
        zone=ZoneInfo(receipt["zone"]),
        place=Place(**place) if place else None,
        given=Given(**receipt["given"]),
        action=receipt.get("action"),
        person=Person(**receipt.get("person", {})),
        campaigns=dict(receipt.get("campaigns", {})),
        districts=None if (inside := receipt.get("districts")) is None else frozenset(inside),
        counts=dict(receipt.get("counts", {})),
    )


def replay(version: RuleVersion, receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Return the receipt that the version gives for the same facts now; equal to the old one, or a defect."""
    return of(evaluating.compile_rule(version), facts_of(receipt))


def seen_in(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the decision saw, as far as a receipt has it."""
    return {name: receipt[name] for name in _SEEN if name in receipt}


def hash_of(seen: Mapping[str, Any]) -> str:
    """Return the hash of what a decision saw: SHA-256 of JSON with sorted keys, no spaces, in ASCII."""
    return hashlib.sha256(json.dumps(seen, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _seen(rule: CompiledRule, facts: Facts) -> dict[str, Any]:
    place = facts.place if rule.looks_at_place else None
    return {
        "occurred_at": facts.occurred_at.isoformat(),
        "zone": facts.zone.key,
        "place": asdict(place) if place else None,
        "facts": {name: compiling.usable(facts.values.get(name)) for name in rule.seen},
        "given": asdict(facts.given),
        **_surroundings(rule, facts),
    }


def _surroundings(rule: CompiledRule, facts: Facts) -> dict[str, Any]:
    """Return what the rule looks at beyond the facts; of what it does not ask for there is no word."""
    seen: dict[str, Any] = {}
    if rule.looks_at_action:
        seen["action"] = facts.action
    if rule.looks_at_person:
        seen["person"] = asdict(facts.person)
    if rule.campaigns:
        known = facts.campaigns
        seen["campaigns"] = {code: known[code] for code in rule.campaigns if code in known}
    if rule.looks_at_districts:
        seen["districts"] = None if facts.districts is None else sorted(facts.districts)
    if rule.measures:
        keys = [measure.key for measure in rule.measures]
        seen["counts"] = {key: facts.counts[key] for key in keys if key in facts.counts}
    return seen
