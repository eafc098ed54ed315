"""What a hub takes over from the city: keys, offers, vouchers. Without persons, points and signatures.

A hub's database is that of any installation; what the ledger would know stays empty. Uses that the hub has
made are its own and never overwritten: during a session nobody else makes any.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from kernel import bulk, db
from kernel.signing import KeyStatus
from redemption import tokens
from redemption.hub_lists import Listed
from redemption.hub_tables import hub_live_keys
from redemption.tables import issuing_keys, offers, redemptions, vouchers
from redemption.tokens import Claims

LISTED: Final = "hub/listed"
"""Stands for the owner of a voucher that is left to the hub."""
SHOWN: Final = "hub/shown"
"""Stands for the owner of one that the city has not named: a guest has shown it."""
_USES: Final = ("city_id", "voucher_id", "use_number", "venue_id", "device_id", "scan_id", "redeemed_at")
_MOMENTS: Final = tuple(column.name for column in offers.c if isinstance(column.type, db.UtcDateTime))


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A key by which vouchers are verified."""

    kid: str
    public_key: bytes
    status: KeyStatus


def take_keys(work: db.Work, told: Iterable[IssuerKey]) -> bool:
    """Keep the city's keys; return whether one has changed its status or is new."""
    columns = (issuing_keys.c.kid, issuing_keys.c.status)
    rows = work.connection.execute(sa.select(*columns).where(issuing_keys.c.city_id == work.city_id))
    before = {row.kid: row.status for row in rows}
    changed = [one for one in told if before.get(one.kid) != one.status.value]
    for one in changed:
        blocked = work.now if one.status is KeyStatus.BLOCKED else None
        new = db.insert(work, issuing_keys).values(
            city_id=work.city_id, kid=one.kid, public_key=one.public_key, sealed_seed=b"",
            status=one.status.value, created_at=work.now, blocked_at=blocked, issued=0, accepted=0,
        )  # fmt: skip
        values = {"status": one.status.value, "blocked_at": blocked}
        work.connection.execute(new.on_conflict_do_update(index_elements=["city_id", "kid"], set_=values))
    return bool(changed)


def take_live_keys(work: db.Work, told: Iterable[tuple[bytes, int, bytes]]) -> None:
    """Keep the keys of moving codes (group, day, key) in place of those before."""
    table = hub_live_keys
    work.connection.execute(sa.delete(table).where(table.c.city_id == work.city_id))
    rows = ((work.city_id, group, day, key) for group, day, key in told)
    bulk.insert_rows(work, table, ("city_id", "venue_group", "day", "day_key"), rows)


def take_offers(work: db.Work, told: Iterable[Mapping[str, Any]]) -> None:
    """Keep the offers of the venue."""
    for one in told:
        # How many places there are is the ledger's, which is not here.
        values = {name: value for name, value in one.items() if name in offers.c} | {"planned_places": None}
        values |= {name: _moment(values[name]) for name in _MOMENTS if values.get(name) is not None}
        new = db.insert(work, offers).values(city_id=work.city_id, **values | {"descriptions": {}})
        work.connection.execute(
            new.on_conflict_do_update(index_elements=["city_id", "offer_id"], set_=values)
        )


def forget_vouchers(work: db.Work) -> None:
    """Forget all vouchers and uses: another session begins, and the city has the whole log."""
    for table in (redemptions, vouchers):
        work.connection.execute(sa.delete(table).where(table.c.city_id == work.city_id))


def take_vouchers(work: db.Work, venue_id: int, told: Sequence[Listed]) -> None:
    """Keep vouchers that are left to the hub; of one that is here already its uses stay as they are."""
    known = _known(work, [one.voucher_id for one in told])
    for one in told:
        shown = {
            "kid": one.kid,
            "token": one.token,
            "seat": one.seat,
            "valid_from": _moment(one.valid_from),
            "valid_until": _moment(one.valid_until),
            "frozen_at": work.now if one.frozen else None,
            "owner": LISTED,
        }
        before = known.get(one.voucher_id)
        if before is None:
            _add(work, one.voucher_id, one.status_index, one.offer_id, one.uses, shown)
        else:
            _change(work, one.voucher_id, shown | {"status_index": one.status_index})
        if before != LISTED:
            _note_uses(work, venue_id, one)


def _note_uses(work: db.Work, venue_id: int, one: Listed) -> None:
    """Note uses of before the voucher was left to the hub that the hub does not know."""
    count = sa.select(sa.func.count()).where(
        redemptions.c.city_id == work.city_id,
        redemptions.c.voucher_id == one.voucher_id,
        redemptions.c.undone_at.is_(None),
    )
    here = int(work.connection.execute(count).scalar() or 0)
    newest = sa.select(sa.func.max(redemptions.c.use_number)).where(
        redemptions.c.city_id == work.city_id, redemptions.c.voucher_id == one.voucher_id
    )
    last = int(work.connection.execute(newest).scalar() or 0)
    at = _moment(one.used_at) if one.used_at else work.now
    rows = [
        (work.city_id, one.voucher_id, last + number, venue_id, one.used_by, None, at)
        for number in range(1, one.used - here + 1)
    ]
    bulk.insert_rows(work, redemptions, _USES, rows)


def drop_vouchers(work: db.Work, indexes: Iterable[int]) -> None:
    """Let nobody in any more with vouchers at these places, which are not the hub's any more."""
    for index in indexes:
        work.connection.execute(
            sa.update(vouchers)
            .where(vouchers.c.city_id == work.city_id, vouchers.c.status_index == index)
            .values(owner=SHOWN)
        )


def places_of(reading: db.Reading, indexes: Iterable[int]) -> list[int]:
    """Return those of some places of the status list whose vouchers are left to the hub."""
    wanted = sorted(set(indexes))
    found = reading.connection.execute(
        sa.select(vouchers.c.status_index).where(
            vouchers.c.city_id == reading.city_id,
            vouchers.c.owner == LISTED,
            bulk.any_of(vouchers.c.status_index, "indexes"),
        ),
        {"indexes": wanted},
    )
    return sorted(found.scalars())


def count(reading: db.Reading) -> int:
    """Return how many vouchers are left to the hub."""
    counted = sa.select(sa.func.count()).where(
        vouchers.c.city_id == reading.city_id, vouchers.c.owner == LISTED
    )
    return int(reading.connection.execute(counted).scalar() or 0)


def show(work: db.Work, token: bytes, claims: Claims) -> bool:
    """Keep a voucher that a guest has shown and the city has not named; return whether that can be."""
    offer = sa.select(offers.c.offer_id).where(
        offers.c.city_id == work.city_id, offers.c.offer_id == claims.product
    )
    voucher_id = claims.voucher_id.hex()
    at_place = sa.select(vouchers.c.voucher_id).where(
        vouchers.c.city_id == work.city_id,
        sa.or_(vouchers.c.voucher_id == voucher_id, vouchers.c.status_index == claims.status_index),
    )
    if (
        work.connection.execute(offer).first() is None
        or work.connection.execute(at_place).first() is not None
    ):
        return False
    shown = {
        "kid": tokens.kid_of(token),
        "token": tokens.withheld(token),
        "seat": None,
        "valid_from": dt.datetime.fromtimestamp(claims.issued_at, dt.UTC),
        "valid_until": dt.datetime.fromtimestamp(claims.expires_at, dt.UTC),
        "frozen_at": None,
        "owner": SHOWN,
    }
    _add(work, voucher_id, claims.status_index, claims.product, claims.uses, shown)
    return True


def type_in(work: db.Work, voucher_id: str, manual_code: str) -> None:
    """Keep which voucher ten characters name, as the city said."""
    _change(work, voucher_id, {"manual_code": manual_code})


def _known(reading: db.Reading, voucher_ids: Sequence[str]) -> dict[str, str]:
    found = reading.connection.execute(
        sa.select(vouchers.c.voucher_id, vouchers.c.owner).where(
            vouchers.c.city_id == reading.city_id, bulk.any_of(vouchers.c.voucher_id, "voucher_ids")
        ),
        {"voucher_ids": sorted(set(voucher_ids))},
    )
    return {row.voucher_id: row.owner for row in found}


def _add(
    work: db.Work, voucher_id: str, index: int, offer_id: int, uses: int, shown: Mapping[str, object]
) -> None:
    work.connection.execute(
        sa.insert(vouchers).values(
            city_id=work.city_id,
            voucher_id=voucher_id,
            # Nobody can type it: it has a letter that no code has.
            manual_code=f"U{index % 10**9:09d}",
            status_index=index,
            offer_id=offer_id,
            points=0,
            hold_count=0,
            uses=uses,
            bought_at=work.now,
            **shown,
        )
    )


def _change(work: db.Work, voucher_id: str, values: Mapping[str, object]) -> None:
    work.connection.execute(
        sa.update(vouchers)
        .where(vouchers.c.city_id == work.city_id, vouchers.c.voucher_id == voucher_id)
        .values(**values)
    )


def _moment(text: object) -> dt.datetime:
    return dt.datetime.fromisoformat(str(text))
