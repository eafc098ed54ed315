"""Everything that is kept about a person, from all rooms, as plain values."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from api import exporting_money
from identity import persons, postbox
from kernel.db import Reading
from ledger import accounts, queries
from merchants import applications, contesting, inviting, proof_list
from redemption import (
    claims,
    handing_over,
    leasing,
    objecting,
    orders,
    passages,
    paying_fines,
    presenting,
    receipts,
    vouchers,
)
from redemption.handing_over import HandOver
from redemption.vouchers import Voucher
from rewards import awarding, case_files, city_events, desk, submissions, teams, waiting, walking
from rewards.case_files import Case

T = TypeVar("T")
_SECRET = {
    "token", "kid", "status_index", "hold_count", "use_holds", "payer", "debit_side", "credit_side",
    "storage_key", "inviter_id", "decided_by",
}  # fmt: skip
"""What opens something, what the other side of a movement has, and who of the city decided."""


def everything(reading: Reading, person_id: int, owner: str) -> dict[str, Any]:
    """Return account, movements of points, submissions with their awards, vouchers and paid fines."""
    handed_in = list(_submissions(reading, owner))
    numbers = [one.submission_id for one in handed_in]
    awards, waits = awarding.of_submissions(reading, numbers), waiting.since(reading, numbers)
    entered = desk.of_submissions(reading, numbers)
    cases = _cases(reading, numbers)
    lots = accounts.of_owner(reading, owner)
    lines = _all(
        lambda before: queries.statement_of(reading, lots, before=before, limit=queries.PAGE_MAX),
        lambda line: line.booked.sequence,
    )
    bought = _all(
        lambda before: vouchers.page(reading, owner, before=before, limit=vouchers.PAGE_MAX),
        lambda one: one.status_index,
    )
    ordered = _all(
        lambda before: orders.page(reading, owner, before=before, limit=orders.PAGE_MAX),
        lambda one: one.order_id,
    )
    paid = _all(
        lambda before: paying_fines.page(reading, owner, before=before, limit=paying_fines.PAGE_MAX),
        lambda one: one.payment_id,
    )
    team = teams.of_owner(reading, owner)
    account = persons.export(reading, person_id)
    return {
        "account": account,
        "movements": [
            {"change": line.change, "balance": line.balance, **_plain(line.booked)} for line in lines
        ],
        "submissions": [
            {
                **_plain(one),
                "awards": [_plain(award) for award in awards[one.submission_id]],
                "waits_for_points_since": waits.get(one.submission_id),
                "entered_by_staff": _plain(entered[one.submission_id])
                if one.submission_id in entered
                else None,
                "public_report": _public(cases.get(one.submission_id)),
            }
            for one in handed_in
        ],
        "told_by_other_systems": [_plain(one) for one in city_events.about(reading, owner)],
        "walks": [
            {
                **_plain(one),
                "visits": [_plain(made) for made in walking.visits_of(reading, one.quest_id, owner)],
            }
            for one in walking.of_owner(reading, owner)
        ],
        "vouchers": _vouchers(reading, bought),
        "redeemed_on_phone": [_plain(one) for one in presenting.of_owner(reading, owner)],
        "handed_on": [_handed(one, owner) for one in handing_over.of_owner(reading, owner)],
        "team": team.name if team else None,
        "receipts": [one.facts for one in receipts.every(reading, owner)],
        "postbox": [_plain(one) for one in postbox.every(reading, owner)],
        "postbox_by_mail": bool(postbox.wanting_mail(reading, [owner])),
        "orders": [{**_plain(one), **exporting_money.of_order(reading, one)} for one in ordered],
        "paid_fines": [_plain(one) for one in paid],
        "venue_applications": _applications(reading, person_id),
        "venue_invitations": [_plain(one) for one in inviting.of_address(reading, account["email"])],
        "contested_lines": [_plain(one) for one in contesting.raised_by(reading, f"person/{person_id}")],
        "questions": _questions(reading, owner),
    }


def _applications(reading: Reading, person_id: int) -> list[dict[str, Any]]:
    """Return a person's applications as a venue, with their proofs."""
    return [
        {
            **_plain(one),
            "proofs": [_plain(proof) for proof in proof_list.of_application(reading, one.application_id)],
        }
        for one in applications.of_person(reading, person_id)
    ]


def _all(page: Callable[[int | None], list[T]], number: Callable[[T], int]) -> list[T]:
    """Return what all pages have, each older than the one before."""
    found: list[T] = []
    before = None
    while some := page(before):
        found += some
        before = number(some[-1])
    return found


def _submissions(reading: Reading, owner: str) -> list[submissions.Submission]:
    found: list[submissions.Submission] = []
    while page := submissions.of_owner(
        reading, owner, before=found[-1].submission_id if found else None, limit=submissions.PAGE_MAX
    ):
        found += page
    return found


def _vouchers(reading: Reading, bought: list[Voucher]) -> list[dict[str, Any]]:
    """Return vouchers with when their guests passed gates, and for which entrances they were reserved."""
    numbers = [one.voucher_id for one in bought]
    passed = passages.every(reading, numbers)
    leases = {
        number: found
        for start in range(0, len(numbers), vouchers.PAGE_MAX)
        for number, found in leasing.of_vouchers(reading, numbers[start : start + vouchers.PAGE_MAX]).items()
    }
    return [
        {
            **_plain(one),
            "passages": [_plain(passage) for passage in passed.get(one.voucher_id, ())],
            "reservations": [_plain(lease) for lease in leases.get(one.voucher_id, ())],
        }
        for one in bought
    ]


def _questions(reading: Reading, owner: str) -> list[dict[str, Any]]:
    """Return what somebody was asked, or objected to, with answers and what the city decided."""
    asked = claims.of_owner(reading, owner)
    decided = objecting.by_claim(reading, [one.claim_id for one in asked])
    return [
        {
            **_plain(one),
            "decision": _plain(decided[one.claim_id]) if one.claim_id in decided else None,
        }
        for one in asked
    ]


def _cases(reading: Reading, numbers: list[int]) -> dict[int, Case]:
    """Return the public reports on which contributions hang, by contribution."""
    found: dict[int, Case] = {}
    for start in range(0, len(numbers), submissions.PAGE_MAX):
        found |= case_files.of_submissions(reading, numbers[start : start + submissions.PAGE_MAX])
    return found


def _handed(one: HandOver, owner: str) -> dict[str, Any]:
    """Return a hand-over without who the other person is."""
    shown = ("voucher_id", "offered_at", "ends_at", "accepted_at", "withdrawn_at")
    return {"given": one.giver == owner, **{name: getattr(one, name) for name in shown}}


def _public(case: Case | None) -> dict[str, Any] | None:
    """Return what everybody reads of a report, and of a confirmation the report that it confirms."""
    if case is None:
        return None
    shown = ("reference", "light", "reason", "words", "address", "photos", "opened_at", "closed_at")
    return {name: getattr(case, name) for name in shown}


def _plain(value: Any) -> dict[str, Any]:
    values = dataclasses.asdict(value) if hasattr(value, "__dataclass_fields__") else value._asdict()
    return {name: one for name, one in values.items() if name not in _SECRET}
