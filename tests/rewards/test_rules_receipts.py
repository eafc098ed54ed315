"""Receipts keep what a decision saw, and give the same decision again."""

import json

from hypothesis import given, settings

from rewards import evaluating, receipts
from rewards.checking import Place
from rewards.compiling import Facts
from rewards.rules import RuleVersion
from tests.rewards import made

NEAR = {"op": "near", "latitude_e6": 51_434_400, "longitude_e6": 6_762_300, "radius_m": 100}
HERE = Place(51_434_400, 6_762_300, 12)


def test_what_a_receipt_says() -> None:
    """Outcome, points, version, the facts that the rule looked at and no others, clause and trace."""
    version = made.rule()

    receipt = receipts.of(evaluating.compile_rule(version), made.facts(place=HERE, description_length=80))

    assert {
        "outcome": "award",
        "reason": "awarded",
        "points_now": 10,
        "points_later": 40,
        "limit": None,
        "clause": "when",
        "rule": "litter",
        "version_hash": version.version_hash,
        "engine": evaluating.ENGINE,
        "facts_hash": receipts.hash_of(receipts.seen_in(receipt)),
        "occurred_at": "2026-05-04T10:00:00+00:00",
        "zone": "Europe/Berlin",
        "place": None,
        "facts": {"category": "litter"},
        "given": {"awards_today": 0, "awards_month": 0, "awards_ever": 0, "points_month": 0},
        "trace": [
            {"path": "when", "clause": "compare category == litter", "value": "litter", "truth": "true"}
        ],
    } == receipt


def test_the_place_is_kept_only_where_it_decided() -> None:
    """Where somebody was is nobody's business unless the rule asks."""
    receipt = receipts.of(evaluating.compile_rule(made.rule(when=NEAR)), made.facts(place=HERE))

    assert {"latitude_e6": 51_434_400, "longitude_e6": 6_762_300, "accuracy_m": 12} == receipt["place"]


@settings(max_examples=50)
@given(made.rule_versions(), made.ANY_FACTS)
def test_a_receipt_decides_again_bit_by_bit(version: RuleVersion, facts: Facts) -> None:
    """Stored as JSON, read again and replayed, every receipt comes out as it was."""
    stored = json.dumps(receipts.of(evaluating.compile_rule(version), facts), sort_keys=True)

    replayed = receipts.replay(version, json.loads(stored))

    assert stored == json.dumps(replayed, sort_keys=True)


def test_another_version_shows_the_difference() -> None:
    """Replaying with a changed rule gives another receipt: that is what changed."""
    receipt = receipts.of(evaluating.compile_rule(made.rule()), made.facts())

    replayed = receipts.replay(made.rule(effect={"kind": "fixed", "points": 60}), receipt)

    assert {"points_now": 12, "points_later": 48}.items() <= replayed.items()
    assert receipt["version_hash"] != replayed["version_hash"]
