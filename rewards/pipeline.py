"""The pipeline: all checks that every submission goes through, in their order. Pure."""

from collections.abc import Mapping

from rewards import collusion, likeness, pairing, plausibility, reliability, repeating
from rewards.checking import Check

CHECKS: Mapping[str, Check] = {
    "category": plausibility.category,
    "freshness": plausibility.freshness,
    "place": plausibility.place,
    "accuracy": plausibility.accuracy,
    "same-fix": plausibility.same_fix,
    "speed": plausibility.speed,
    "photo": likeness.photo,
    "reuse": likeness.reuse,
    "pair": pairing.pair,
    "duplicate": repeating.duplicate,
    "finds": repeating.finds,
    "service": repeating.service,
    "self-made": collusion.self_made,
    "partners": collusion.partners,
    "reliability": reliability.reliability,
}
