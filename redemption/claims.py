"""Was that you? What citizens are asked about a use of their voucher, and what they say of one by themselves.

A question is a letter with a page behind it. Nobody loses points by it: whoever has it happen too often gets
codes that are good online only, so that it can't happen again.
"""

import datetime as dt
import enum
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from identity import postbox
from identity.postbox import EntryKind, NewEntry
from kernel import bulk, db
from kernel.errors import Conflict, Invalid, NotFound
from merchants import venues
from redemption import status_changes, vouchers
from redemption.log_tables import redemption_claims as table
from redemption.merging import Key, Merged
from redemption.scan_logs import Logged
from redemption.vouchers import Voucher, VoucherStatus

LETTER: Final = "used-twice"
REMARK_MAX: Final = 500
PAGE_MAX: Final = 200
ONLINE_ONLY_FROM: Final = 3
"""So many conflicts within COUNTED_FOR, and a person's codes are good online only. One is told, no more."""
COUNTED_FOR: Final = dt.timedelta(days=365)


class ClaimKind(enum.StrEnum):
    """Who began."""

    USED_TWICE = "used-twice"
    """The city asks: the voucher was taken more often than it can be used."""
    DISPUTED = "disputed"
    """The citizen says that a redemption was not theirs."""


class Answer(enum.StrEnum):
    """What the citizen says."""

    YES = "yes"
    """It was me."""
    NO = "no"


@dataclass(frozen=True, slots=True)
class NewClaim:
    """A question to an owner. `about` names what it is about: of one thing somebody is asked once."""

    owner: str
    kind: ClaimKind
    about: str
    voucher_id: str
    venue_id: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """A question with its answer, once there is one."""

    claim_id: int
    owner: str
    kind: ClaimKind
    about: str
    voucher_id: str
    venue_id: int
    facts: Mapping[str, Any]
    asked_at: dt.datetime
    answer: Answer | None = None
    remark: str | None = None
    answered_at: dt.datetime | None = None


_FIELDS = tuple(Claim.__dataclass_fields__)
_COLUMNS = ("city_id", *_FIELDS)
_USED_TWICE = sa.select(table.c.owner).where(
    table.c.city_id == sa.bindparam("city"),
    bulk.any_of(table.c.owner, "owners"),
    table.c.kind == ClaimKind.USED_TWICE.value,
    table.c.asked_at > sa.bindparam("since"),
)


def open_many(work: db.Work, wanted: Iterable[NewClaim]) -> list[Claim]:
    """Open claims, set-based; return those that are new."""
    by_name = {(one.owner, one.about): one for one in wanted}
    if not by_name:
        return []
    pair = (table.c.owner, table.c.about)
    rows = work.connection.execute(
        sa.select(*pair).where(
            table.c.city_id == work.city_id,
            bulk.any_row_of(pair, "names"),
        ),
        {"names": sorted(by_name)},
    )
    there = {(row.owner, row.about) for row in rows}
    fresh = [
        Claim(
            work.ids.next(), one.owner, one.kind, one.about, one.voucher_id, one.venue_id, dict(one.facts),
            work.now,
        )
        for name, one in by_name.items()
        if name not in there
    ]  # fmt: skip
    bulk.insert_rows(work, table, _COLUMNS, [_row(work.city_id, one) for one in fresh])
    return fresh


def ask(
    work: db.Work,
    lost: Sequence[tuple[Logged, Voucher]],
    merged: Merged,
    events: Mapping[Key, Logged],
) -> None:
    """Ask the owners of vouchers that were taken more often than they can be used, each by a letter.

    Not who is only late: whose voucher ran out before its one scan arrived did nothing wrong.
    """
    asked: list[NewClaim] = []
    where = venues.by_id(work, (one.venue_id for one, _ in lost)) if lost else {}
    for one, voucher in lost:
        others = [
            other for other in merged.by_voucher[voucher.voucher_id] if other.key != one.key and other.uses
        ]
        if not others and not voucher.used and voucher.status is not VoucherStatus.CANCELLED:
            continue
        first = min((events[other.key].happened_at for other in others), default=voucher.redeemed_at)
        facts = {
            "titles": voucher.titles,
            "venue": where[one.venue_id].name,
            "first_at": first.isoformat() if first else None,
            "second_at": one.happened_at.isoformat(),
        }
        about = f"log/{one.device_id}/{one.seq}"
        asked.append(
            NewClaim(voucher.owner, ClaimKind.USED_TWICE, about, voucher.voucher_id, one.venue_id, facts)
        )
    fresh = open_many(work, asked)
    postbox.put_many(work, [_letter(claim) for claim in fresh])
    _restrict(work, {claim.owner for claim in fresh})


def answer(work: db.Work, owner: str, claim_id: int, said: Answer, remark: str = "") -> Claim:
    """Keep what a citizen says. The same again changes nothing.

    Raises NotFound `claim-not-found`, Conflict `claim-answered`, Invalid `claim-remark-too-long`.
    """
    claim = get(work, claim_id, owner)
    if claim.answer is not None:
        if claim.answer is said:
            return claim
        raise Conflict("claim-answered")
    remark = remark.strip()
    if len(remark) > REMARK_MAX:
        raise Invalid("claim-remark-too-long", field="remark", maximum=REMARK_MAX)
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.claim_id == claim_id)
        .values(answer=said.value, remark=remark or None, answered_at=work.now)
    )
    return get(work, claim_id, owner)


def get(reading: db.Reading, claim_id: int, owner: str | None = None) -> Claim:
    """Return a claim, of that owner only if given. Raises NotFound `claim-not-found`."""
    for claim in _select(reading, table.c.claim_id == claim_id):
        if owner in {None, claim.owner}:
            return claim
    raise NotFound("claim-not-found")


def moment(claim: Claim, name: str) -> dt.datetime | None:
    """Return an instant among the facts of a claim, None if it isn't there."""
    value = claim.facts.get(name)
    return dt.datetime.fromisoformat(value) if value else None


def of_owner(reading: db.Reading, owner: str) -> list[Claim]:
    """Return all claims of an owner, newest first."""
    return _select(reading, table.c.owner == owner)


def of_venue(
    reading: db.Reading, venue_id: int, *, before: int | None = None, limit: int = 50
) -> list[Claim]:
    """Return claims about a venue, newest first, older than claim `before`."""
    older = [] if before is None else [table.c.claim_id < before]
    return _select(reading, table.c.venue_id == venue_id, *older, limit=limit)


def every(reading: db.Reading, *, before: int | None = None, limit: int = 50) -> list[Claim]:
    """Return claims of the city, newest first, older than claim `before`."""
    older = [] if before is None else [table.c.claim_id < before]
    return _select(reading, *older, limit=limit)


def online_only(reading: db.Reading, owners: Collection[str]) -> set[str]:
    """Return those of the owners whose vouchers are not taken without asking the server.

    Counted is what happened to them; what they say was not theirs counts, too: their code is in two hands.
    """
    if not owners:
        return set()
    found = reading.connection.execute(
        _USED_TWICE,
        {"city": reading.city_id, "owners": sorted(set(owners)), "since": reading.now - COUNTED_FOR},
    )
    counted = Counter(found.scalars())
    return {owner for owner, count in counted.items() if count >= ONLINE_ONLY_FROM}


def erase(work: db.Work, owner: str) -> None:
    """Delete what an owner was asked and said."""
    work.connection.execute(sa.delete(table).where(table.c.city_id == work.city_id, table.c.owner == owner))


def _restrict(work: db.Work, owners: Collection[str]) -> None:
    """Have the open vouchers of some owners refused by who has only the status list."""
    restricted = online_only(work, owners)
    indexes = [
        voucher.status_index
        for owner in sorted(restricted)
        for voucher in vouchers.page(work, owner, limit=vouchers.PAGE_MAX)
        if voucher.status is VoucherStatus.USABLE
    ]
    if indexes:
        status_changes.note(work, indexes)


def _letter(claim: Claim) -> NewEntry:
    facts = {**claim.facts, "claim_id": str(claim.claim_id), "voucher_id": claim.voucher_id}
    return NewEntry(claim.owner, EntryKind.MESSAGE, LETTER, facts, event_key=f"{LETTER}/{claim.claim_id}")


def _row(city_id: int, one: Claim) -> tuple[object, ...]:
    values = (getattr(one, name) for name in _FIELDS)
    return (city_id, *(value.value if isinstance(value, enum.Enum) else value for value in values))


def _select(reading: db.Reading, *conditions: sa.ColumnElement[bool], limit: int = PAGE_MAX) -> list[Claim]:
    rows = reading.connection.execute(
        sa.select(*(table.c[name] for name in _FIELDS))
        .where(table.c.city_id == reading.city_id, *conditions)
        .order_by(table.c.claim_id.desc())
        .limit(min(limit, PAGE_MAX))
    )
    return [
        Claim(
            **{
                **row._mapping,
                "kind": ClaimKind(row.kind),
                "answer": None if row.answer is None else Answer(row.answer),
            }
        )
        for row in rows
    ]
