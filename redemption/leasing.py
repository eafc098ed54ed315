"""Leases: a voucher that is reserved for one device, which may take it without a network.

While a lease runs nobody else takes the voucher. It ends when the device's signed log says that it gives it
back (`close`), or, if that never comes, at `free_at`: a device keeps its log to itself no longer than that.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa

from kernel import bulk, db
from kernel.errors import Conflict
from merchants import devices, venues
from merchants.devices import Device
from redemption import hub_sessions, issuing, keys, refusals, status_changes, tokens, vouchers
from redemption.keys import Sealer
from redemption.offline_tables import leases as table
from redemption.tokens import Flags
from redemption.vouchers import Voucher, VoucherStatus

LENGTH: Final = dt.timedelta(hours=2)
OFFLINE_MOST: Final = dt.timedelta(hours=24)
"""How long after its end a device may need to hand in what it took."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A reservation of a voucher for a device."""

    lease_id: int
    voucher_id: str
    venue_id: int
    device_id: int
    leased_at: dt.datetime
    until: dt.datetime
    """Exclusive: before it the device takes the voucher."""
    free_at: dt.datetime
    """From then on anybody may take it."""
    token: bytes
    ended_at: dt.datetime | None

    def runs(self, now: dt.datetime) -> bool:
        """Whether nobody but its device may take the voucher."""
        return self.ended_at is None and now < self.free_at


def may_be_leased(voucher: Voucher, now: dt.datetime) -> bool:
    """Whether a voucher that is not reserved can be reserved, if there is an entrance for it."""
    usable = voucher.status is VoucherStatus.USABLE and voucher.frozen_at is None
    return usable and voucher.terms.activation_minutes is None and voucher.valid_from <= now


def gates_for(reading: db.Reading, voucher: Voucher) -> list[Device]:
    """Return the devices for which a voucher can be reserved; none for what a hub takes anyway."""
    if hub_sessions.holding(reading, [voucher]):
        return []
    open_ones = [one.venue_id for one in venues.by_id(reading, voucher.venue_ids).values() if one.active]
    every = devices.of_venues(reading, open_ones)
    able = [one for one in every if one.trusted_offline and one.limits.take(voucher.offer_id)]
    names = [tokens.device_name(one.device_id) for one in able]
    # Four bytes name a device: of two with the same name neither would be the only one.
    return [one for one, name in zip(able, names, strict=True) if names.count(name) == 1]


def lease(work: db.Work, sealer: Sealer, owner: str, voucher_id: str, device_id: int) -> Lease:
    """Reserve a voucher for a device; for the same device again: the lease that runs.

    Raises NotFound `voucher-not-found`, for somebody else's voucher too; Conflict `voucher-already-used`,
    `voucher-already-cancelled`, `voucher-expired`, `voucher-active`, `voucher-frozen`, `voucher-needs-app`,
    `voucher-not-yet-valid`, `voucher-leased`, `voucher-at-hub`, `lease-gate-unknown` or
    `issuing-key-missing`.
    """
    voucher = vouchers.of_owner(work, owner, voucher_id)
    refusals.check_usable(voucher)
    if voucher.terms.activation_minutes is not None:
        raise Conflict("voucher-needs-app")
    if work.now < voucher.valid_from:
        raise Conflict("voucher-not-yet-valid", offer=voucher.offer_code)
    before = running(work, [voucher_id]).get(voucher_id)
    if before is not None:
        if before.device_id == device_id and work.now < before.until:
            return before
        raise Conflict("voucher-leased")
    if hub_sessions.holding(work, [voucher]):
        raise Conflict("voucher-at-hub")
    gate = next((one for one in gates_for(work, voucher) if one.device_id == device_id), None)
    if gate is None:
        raise Conflict("lease-gate-unknown")
    return _begin(work, sealer, voucher, gate)


def _begin(work: db.Work, sealer: Sealer, voucher: Voucher, gate: Device) -> Lease:
    begins = work.now.replace(microsecond=0)
    until = min(begins + LENGTH, voucher.valid_until)
    claims = replace(
        issuing.claims_of(voucher, begins, until),
        flags=tokens.own_claims(voucher.token).flags | Flags.LEASE,
        uses=voucher.left,
        value_cents=voucher.value_cents * voucher.left // voucher.uses,
        device=tokens.device_name(gate.device_id),
    )
    # Another code of a voucher that is counted already.
    token = tokens.issue(claims, keys.active(work, sealer))
    made = Lease(
        work.ids.next(), voucher.voucher_id, gate.venue_id, gate.device_id, work.now, until,
        until + OFFLINE_MOST, token, None,
    )  # fmt: skip
    values = {name: getattr(made, name) for name in Lease.__dataclass_fields__}
    work.connection.execute(sa.insert(table).values(city_id=work.city_id, **values))
    # Devices that are limited by a cap only must not take its other code meanwhile.
    status_changes.note(work, [voucher.status_index])
    return made


def of_vouchers(reading: db.Reading, voucher_ids: Iterable[str]) -> dict[str, list[Lease]]:
    """Return all leases of vouchers, oldest first, by voucher."""
    wanted = sorted(set(voucher_ids))
    found: dict[str, list[Lease]] = {}
    for one in _found(reading, _OF_VOUCHERS, voucher_ids=wanted) if wanted else []:
        found.setdefault(one.voucher_id, []).append(one)
    return found


def running(reading: db.Reading, voucher_ids: Iterable[str]) -> dict[str, Lease]:
    """Return the leases that run, by voucher."""
    return {
        voucher_id: of[-1]
        for voucher_id, of in of_vouchers(reading, voucher_ids).items()
        if of[-1].runs(reading.now)
    }


def open_ones(reading: db.Reading, voucher_ids: Iterable[str]) -> set[str]:
    """Return those of the vouchers whose lease has not ended: nobody has noted yet that they are free."""
    leased = of_vouchers(reading, voucher_ids)
    return {voucher_id for voucher_id, of in leased.items() if of[-1].ended_at is None}


def check_free(reading: db.Reading, voucher_id: str) -> None:
    """Raise Conflict `voucher-leased` or `voucher-at-hub` if only one device may take a voucher."""
    if running(reading, [voucher_id]):
        raise Conflict("voucher-leased")
    if hub_sessions.holding(reading, vouchers.find(reading, voucher_ids=[voucher_id])):
        raise Conflict("voucher-at-hub")


def close(work: db.Work, device_id: int, leased_before: dt.datetime, voucher_id: str | None = None) -> int:
    """End what was leased to a device before an instant, as its signed log says; return how many leases.

    What the device took before has to be booked already: the log is whole up to here.
    """
    conditions = [
        table.c.device_id == device_id, table.c.ended_at.is_(None), table.c.leased_at <= leased_before,
    ]  # fmt: skip
    if voucher_id is not None:
        conditions.append(table.c.voucher_id == voucher_id)
    return _end(work, _select(work, sa.and_(*conditions)), "closed")


def lose(work: db.Work, device_id: int) -> None:
    """End what is leased to a device that was reported lost or shut out: its guests go elsewhere."""
    _end(work, _select(work, sa.and_(table.c.device_id == device_id, table.c.ended_at.is_(None))), "lost")


def sweep(work: db.Work) -> None:
    """End leases whose time, and that of the device's log, is over."""
    _end(work, _select(work, sa.and_(table.c.ended_at.is_(None), table.c.free_at <= work.now)), "over")


def forget(work: db.Work, voucher_ids: Sequence[str]) -> None:
    """Delete the leases of vouchers whose owner is erased."""
    work.connection.execute(
        sa.delete(table).where(table.c.city_id == work.city_id, table.c.voucher_id.in_(list(voucher_ids)))
    )


def _end(work: db.Work, ended: Sequence[Lease], how: str) -> int:
    if not ended:
        return 0
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.lease_id.in_([one.lease_id for one in ended]))
        .values(ended_at=work.now, how=how)
    )
    found = vouchers.find(work, voucher_ids=(one.voucher_id for one in ended))
    good = [one.status_index for one in found if one.status is VoucherStatus.USABLE]
    status_changes.note(work, good, invalid=False)
    return len(ended)


_ALL = (
    sa.select(*(table.c[name] for name in Lease.__dataclass_fields__))
    .where(table.c.city_id == sa.bindparam("city"))
    .order_by(table.c.lease_id)
)
_OF_VOUCHERS = _ALL.where(bulk.any_of(table.c.voucher_id, "voucher_ids"))


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Lease]:
    return _found(reading, _ALL.where(condition))


def _found(reading: db.Reading, statement: sa.Select[Any], **asked: object) -> list[Lease]:
    rows = reading.connection.execute(statement, {"city": reading.city_id, **asked})
    return [Lease(**row._mapping) for row in rows]
