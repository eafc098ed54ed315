"""Objecting to a redemption: the citizen says that it was not theirs, the city decides who bears it.

The points come back from what the city sets aside for losses, or from the venue, or not at all. A decision is
booked once and told to the citizen; the venue reads it on its next statement.
"""

import datetime as dt
import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from identity import postbox
from identity.postbox import EntryKind
from kernel import db, ids
from kernel.cities import City
from kernel.errors import Conflict, Invalid, NotFound
from ledger import chart, posting, transfers, wallets
from merchants import venues
from redemption import claims, offers, receipts, vouchers
from redemption.claims import Answer, Claim, ClaimKind, NewClaim
from redemption.dispute_tables import decisions as table
from redemption.receipts import Receipt, ReceiptKind
from redemption.tables import redemptions
from redemption.vouchers import Step

PURPOSE = "dispute-granted"
REASON_MAX = 500
LETTERS = {True: "dispute-granted", False: "dispute-declined"}
_NAMESPACE = UUID("3f6f2f6e-9c5e-4d8e-8c1a-2f0f4b0b7d11")


class Outcome(enum.StrEnum):
    """Who bears it."""

    CITY = "city"
    """Points come back from `offline-loss`; the venue keeps its money."""
    VENUE = "venue"
    """Points come back from the venue."""
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the city decided."""

    claim_id: int
    outcome: Outcome
    points: int
    reason: str
    decided_by: str
    decided_at: dt.datetime


class _Use(NamedTuple):
    """A use of a voucher, as it is recorded."""

    use_number: int
    venue_id: int
    undone_at: dt.datetime | None


def object_to(work: db.Work, owner: str, receipt_id: int, remark: str) -> Claim:
    """Keep that a citizen says a redemption was not theirs; again gives the first.

    Raises NotFound `receipt-not-found`; Conflict `claim-nothing-used`, `claim-taken-back` (by the venue, so
    nothing is missing); Invalid `claim-remark-too-long`.
    """
    receipt = receipts.get(work, receipt_id, owner)
    if receipt.kind is not ReceiptKind.REDEEMED:
        raise Conflict("claim-nothing-used")
    said = receipt.facts
    voucher = vouchers.of_owner(work, owner, str(said["voucher_id"]))
    use = _use_of(work, receipt, voucher.voucher_id)
    if use.undone_at is not None:
        raise Conflict("claim-taken-back")
    facts = {
        "titles": dict(voucher.titles),
        "venue": venues.get(work, use.venue_id).name,
        "points": receipt.points,
        "used_at": said["happened_at"],
    }
    about = f"receipt/{receipt_id}"
    new = NewClaim(owner, ClaimKind.DISPUTED, about, voucher.voucher_id, use.venue_id, facts)
    claims.open_many(work, [new])
    (claim,) = (one for one in claims.of_owner(work, owner) if one.about == about)
    return claim if claim.answer else claims.answer(work, owner, claim.claim_id, Answer.NO, remark)


def decide(
    work: db.Work, city: City, claim_id: int, outcome: Outcome, *, by: str, reason: str = ""
) -> Decision:
    """Decide once who bears a redemption that was objected to; the points are back at once.

    Raises NotFound `claim-not-found`; Conflict `claim-decided`, `claim-not-disputed`, `claim-taken-back` (by
    the venue in the meantime: the points are back already); Invalid
    `contest-reason-missing` (for a no), `contest-reason-too-long`; TransferRejected.
    """
    claim = claims.get(work, claim_id)
    if claim.kind is not ClaimKind.DISPUTED:
        raise Conflict("claim-not-disputed")
    if by_claim(work, [claim_id]):
        raise Conflict("claim-decided")
    said = " ".join(reason.split())
    if outcome is Outcome.DECLINED and not said:
        raise Invalid("contest-reason-missing", field="reason")
    if len(said) > REASON_MAX:
        raise Invalid("contest-reason-too-long", field="reason", maximum=REASON_MAX)
    points = 0 if outcome is Outcome.DECLINED else int(claim.facts["points"])
    use = _use_objected_to(work, claim)
    if points and use is not None and use.undone_at is not None:
        raise Conflict("claim-taken-back")
    if points:
        _give_back(work, city, claim, outcome, points)
    made = Decision(claim_id, outcome, points, said, by, work.now)
    values = {name: getattr(made, name) for name in Decision.__dataclass_fields__}
    work.connection.execute(
        sa.insert(table).values(city_id=work.city_id, **values | {"outcome": outcome.value})
    )
    letter = {**claim.facts, "points": points, "reason": said, "voucher_id": claim.voucher_id}
    key = f"claim-decided/{claim_id}"
    code = LETTERS[outcome is not Outcome.DECLINED]
    postbox.put(work, claim.owner, EntryKind.MESSAGE, code, letter, event_key=key)
    return made


def by_claim(reading: db.Reading, claim_ids: Iterable[int]) -> dict[int, Decision]:
    """Return the decisions about those of the claims that are decided."""
    columns = [table.c[name] for name in Decision.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns).where(
            table.c.city_id == reading.city_id, table.c.claim_id.in_(sorted(set(claim_ids)))
        )
    )
    return {row.claim_id: Decision(**{**row._mapping, "outcome": Outcome(row.outcome)}) for row in rows}


def erase(work: db.Work, owner: str) -> None:
    """Delete what was decided about an owner's objections; what was booked stays in the ledger."""
    mine = [one.claim_id for one in claims.of_owner(work, owner)]
    work.connection.execute(
        sa.delete(table).where(table.c.city_id == work.city_id, table.c.claim_id.in_(mine))
    )


def _give_back(work: db.Work, city: City, claim: Claim, outcome: Outcome, points: int) -> None:
    today = city.day_of(work.now)
    lot = wallets.open_lot(work, claim.owner, city.points_expire_on(today))
    offer = offers.get(work, vouchers.get(work, claim.voucher_id).offer_id)
    # Never from a venue to a wallet: a venue could sell points. The city gives, and takes from the venue.
    steps = [(chart.OFFLINE_LOSS, lot)]
    if outcome is Outcome.VENUE:
        steps.insert(0, (venues.points_path(claim.venue_id), chart.OFFLINE_LOSS))
    key = (work.city_id, claim.claim_id)
    booked = [
        transfers.post(
            ids.derive(_NAMESPACE, *key, *([debit] if credit != lot else [])),
            debit,
            credit,
            points,
            effective=today,
            purpose=PURPOSE,
            subject=f"{offer.code}/{claim.voucher_id}",
            group_id=ids.derive(_NAMESPACE, *key, "group") if len(steps) > 1 else None,
        )
        for debit, credit in steps
    ]
    posting.post_or_raise(work, booked)


def given_back(reading: db.Reading, owner: str, voucher_id: str) -> set[int]:
    """Return the numbers of those uses of a voucher whose points came back by a decision."""
    mine = {one.claim_id: one for one in claims.of_owner(reading, owner) if one.voucher_id == voucher_id}
    decided = by_claim(reading, mine)
    granted = [mine[number] for number, made in decided.items() if made.points]
    return {use.use_number for one in granted if (use := _use_objected_to(reading, one)) is not None}


def _use_objected_to(reading: db.Reading, claim: Claim) -> _Use | None:
    """Return the use that a claim is about, None if nobody can tell any more."""
    try:
        receipt = receipts.get(reading, int(claim.about.removeprefix("receipt/")), claim.owner)
        return _use_of(reading, receipt, claim.voucher_id)
    except (Conflict, NotFound):
        return None


def _use_of(reading: db.Reading, receipt: Receipt, voucher_id: str) -> _Use:
    """Return the use that a receipt is of: it names what was booked for it."""
    columns = [redemptions.c[name] for name in _Use._fields]
    rows = reading.connection.execute(
        sa.select(*columns).where(
            redemptions.c.city_id == reading.city_id, redemptions.c.voucher_id == voucher_id
        )
    )
    booked = receipt.subject.partition("/")[2]
    for row in rows:
        if booked == str(vouchers.group_id(reading.city_id, voucher_id, Step.REDEEM, row.use_number)):
            return _Use(*row)
    raise Conflict("claim-nothing-used")
