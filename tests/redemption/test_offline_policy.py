"""What may be let in without a network: the rules by the cases that scanners pass, too, and who sets them."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid, NotFound
from redemption import offline_policies, offline_policy
from redemption.live_codes import Liveness
from redemption.offline_policies import EVERYWHERE
from redemption.offline_policy import (
    LEASES_ONLY,
    SUGGESTED,
    Decided,
    Facts,
    Ground,
    OfflineCode,
    Policy,
    Proof,
)
from redemption.tokens import Flags
from tests.redemption.office import Office

CASES = json.loads((Path(__file__).parent / "vectors" / "offline_policy.json").read_text("utf-8"))["cases"]


def policy_of(case: dict[str, Any]) -> Policy:
    """Return the policy of a case."""
    values = dict(case["policy"])
    age = dt.timedelta(seconds=values.pop("list_age_max_seconds"))
    return Policy(**{**values, "proof": Proof(values["proof"])}, list_age_max=age)


def facts_of(case: dict[str, Any]) -> Facts:
    """Return the facts of a case."""
    values = dict(case["facts"])
    age = values.pop("list_age_seconds")
    return Facts(
        **values
        | {
            "flags": Flags(values["flags"]),
            "liveness": Liveness(values["liveness"]),
            "list_age": None if age is None else dt.timedelta(seconds=age),
        }
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_case_is_decided_as_written(case: dict[str, Any]) -> None:
    """The same file is what the scanner's script is tested with."""
    ground = Ground(case["ground"]) if case["ground"] else None
    assert Decided(OfflineCode(case["code"]), ground) == offline_policy.decide(
        policy_of(case), facts_of(case)
    )


def test_every_decision_has_a_case() -> None:
    """No code that a scanner may show is without an example."""
    assert set(OfflineCode) == {OfflineCode(case["code"]) for case in CASES}


@given(
    value=st.integers(0, 5_000),
    uses=st.integers(1, 50),
    spent=st.integers(0, 30_000),
    product=st.sampled_from([0, 7]),
    flags=st.sampled_from([Flags.NONE, Flags.LIVE, Flags.LEASE, Flags.ONLINE_ONLY]),
    data=st.data(),
)
def test_nothing_is_let_in_beyond_the_cap(
    value: int, uses: int, spent: int, product: int, flags: Flags, data: st.DataObject
) -> None:
    """Whoever comes in is leased to this device, or within value and budget, and something was seen."""
    facts = Facts(
        product=product,
        flags=flags,
        uses=uses,
        value_cents=value,
        taken=data.draw(st.integers(1, uses)),
        mine=data.draw(st.booleans()),
        liveness=data.draw(st.sampled_from(Liveness)),
        id_seen=data.draw(st.booleans()),
        list_age=data.draw(st.sampled_from([None, dt.timedelta(minutes=1), dt.timedelta(hours=9)])),
        spent_cents=spent,
    )
    decided = offline_policy.decide(SUGGESTED, facts)
    assert (decided.code is OfflineCode.ACCEPTED) is (decided.ground is not None)
    if decided.ground is Ground.LEASED:
        assert facts.mine
    if decided.ground is Ground.CAPPED:
        assert facts.cents <= SUGGESTED.value_cents_max
        assert spent + facts.cents <= SUGGESTED.device_day_cents
        assert facts.list_age == dt.timedelta(minutes=1)
        assert facts.id_seen or facts.liveness is Liveness.LIVE


def test_a_venue_has_its_own_policy_else_the_citys_else_leases_only(office: Office) -> None:
    """Another venue's does not matter, and forgetting one lets the city's hold again."""
    pool, zoo = office.pool.venue_id, office.zoo.venue_id

    def at(venue_id: int) -> Policy:
        with office.database.reading(office.city_id) as reading:
            return offline_policies.of_venue(reading, venue_id)

    def save(venue_id: int, policy: Policy) -> None:
        office.database.run(office.city_id, lambda work: offline_policies.save(work, venue_id, policy))

    own = replace(SUGGESTED, value_cents_max=5, proof=Proof.ID, single_venue=False)
    assert LEASES_ONLY == at(pool)
    save(pool, own)
    assert (own, LEASES_ONLY) == (at(pool), at(zoo))
    save(EVERYWHERE, SUGGESTED)
    save(EVERYWHERE, SUGGESTED)
    assert (own, SUGGESTED) == (at(pool), at(zoo))
    office.database.run(office.city_id, lambda work: offline_policies.forget(work, pool))
    assert SUGGESTED == at(pool)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"value_cents_max": -1}, "offline-value-invalid"),
        ({"value_cents_max": 20_001, "device_day_cents": 90_000}, "offline-value-invalid"),
        ({"device_day_cents": 999}, "offline-budget-invalid"),
        ({"device_day_cents": 1_000_001}, "offline-budget-invalid"),
        ({"list_age_max": dt.timedelta(hours=49)}, "offline-list-age-invalid"),
        ({"list_age_max": dt.timedelta(hours=-1)}, "offline-list-age-invalid"),
    ],
)
def test_what_no_city_should_risk_is_refused(office: Office, changes: dict[str, Any], code: str) -> None:
    """With the field, and nothing is stored."""
    with pytest.raises(Invalid, match=code):
        office.database.run(
            office.city_id,
            lambda work: offline_policies.save(work, EVERYWHERE, replace(SUGGESTED, **changes)),
        )
    with pytest.raises(NotFound, match="venue-not-found"):
        office.database.run(office.city_id, lambda work: offline_policies.save(work, 99, SUGGESTED))
    with office.database.reading(office.city_id) as reading:
        assert {} == offline_policies.every(reading)
