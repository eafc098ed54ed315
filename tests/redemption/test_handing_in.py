"""Handing in a log: in its order, resumable, and nothing is ever dropped."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from kernel.errors import Conflict
from merchants.devices import DeviceState
from redemption import erasing, handing_in, scan_events, scan_logs
from redemption.log_tables import scan_log_oddities
from redemption.scan_events import EventFlags, EventKind, Signed
from redemption.vouchers import Voucher, VoucherStatus
from tests.fixtures import counting
from tests.redemption.office import SWIM, Office
from tests.redemption.phones import Phone, outcomes


@pytest.fixture
def phone(office: Office) -> Phone:
    """Give a phone at the pool with five scans of nothing in its log."""
    phone = Phone(office, office.pool)
    for _ in range(5):
        note(phone)
    return phone


@pytest.fixture
def voucher(office: Office) -> Voucher:
    """Give a voucher for the pool."""
    office.give("anna", 1000)
    return office.buy("anna", office.offer())


def note(phone: Phone) -> None:
    """Write a note down."""
    phone.write(kind=EventKind.NOTE, decision="note", code=b"", flags=EventFlags.NONE)


def oddities(office: Office) -> list[str]:
    """Return the faults of what could not be taken in."""
    with office.database.reading(office.city_id) as reading:
        table = scan_log_oddities
        rows = reading.connection.execute(sa.select(table.c.fault).where(table.c.city_id == office.city_id))
        return sorted(rows.scalars())


def release(office: Office, phone: Phone, *, accept: bool) -> list[tuple[str, str | None]]:
    """End the quarantine; return what became of what was held."""
    decided = office.database.run(
        office.city_id,
        lambda work: handing_in.decide_held(work, office.city, phone.device, accept=accept),
    )
    return [(one.outcome, one.reason) for one in map(handing_in.described, decided)]


def test_a_log_is_resumed_where_it_ended(office: Office, phone: Phone) -> None:
    """In pieces that overlap, each event is taken once, and the answer says how far it is known."""
    first = phone.hand_in(phone.events[:2])
    second = phone.hand_in(phone.events[1:])
    assert (2, phone.events[1].digest) == (first.log.link.seq, first.log.link.head)
    assert phone.link == second.log.link
    assert [("known", None)] * 4 == outcomes(second)
    with office.database.reading(office.city_id) as reading:
        kept = scan_logs.events(reading, phone.device_id, range(1, 6))
        assert phone.link == handing_in.known(reading, phone.device).link
    assert [one.data for one in phone.events] == [kept[seq].data for seq in range(1, 6)]


def test_a_gap_is_asked_for(office: Office, phone: Phone) -> None:
    """What comes too early is not taken yet; with what is missing all is well, and nobody is suspected."""
    early = phone.hand_in(phone.events[2:])
    assert ([("gap", None)] * 3, 0, False) == (outcomes(early), early.log.link.seq, early.quarantined)
    assert 5 == phone.hand_in().log.link.seq
    assert DeviceState.ACTIVE is phone.device.state


@pytest.mark.parametrize("how", ["said", "waited"])
def test_a_gap_that_stays_is_a_quarantine(office: Office, phone: Phone, voucher: Voucher, how: str) -> None:
    """The device says that it lost them, or a day passes: the rest is taken and held, and booked on release."""
    phone.scan(voucher)
    phone.hand_in(phone.events[3:])
    if how == "waited":
        office.clock.advance(handing_in.GAP_FOR)
    answer = phone.hand_in(phone.events[3:], lost_through=3 if how == "said" else 0)
    assert [("known", None), ("known", None), ("held", "quarantine")] == outcomes(answer)
    assert (True, "gap", phone.link) == (answer.quarantined, answer.log.fault, answer.log.link)
    assert phone.device.quarantined_at is not None
    assert VoucherStatus.USABLE is office.look(voucher).status
    assert [("accepted", None)] == release(office, phone, accept=True)
    assert VoucherStatus.REDEEMED is office.look(voucher).status
    assert ("accepted", None) == outcomes(phone.hand_in(phone.events[3:]))[2]
    assert DeviceState.ACTIVE is phone.device.state


def test_two_events_of_one_number_are_a_fork(office: Office, phone: Phone, voucher: Voucher) -> None:
    """The first one known stays, the other is kept aside, what comes later is held and may be refused."""
    phone.hand_in()
    other = Phone.__new__(Phone)
    other.__dict__.update(phone.__dict__ | {"events": [], "link": scan_events.following(phone.events[3])})
    note(other)
    changed = scan_events.sign(replace(other.events[0].event, list_version=9), phone.key)
    answer = phone.hand_in([changed])
    assert ([("fork", "fork")], True) == (outcomes(answer), answer.quarantined)
    phone.scan(voucher)
    assert [("held", "quarantine")] == outcomes(phone.hand_in(phone.events[5:]))
    assert outcomes(answer) == outcomes(phone.hand_in([changed]))
    assert ["fork"] == oddities(office)
    assert [("refused", "quarantine")] == release(office, phone, accept=False)
    assert VoucherStatus.USABLE is office.look(voucher).status
    with pytest.raises(Conflict, match="device-not-in-quarantine"):
        release(office, phone, accept=True)


def test_an_event_that_follows_something_else_is_a_fork(phone: Phone) -> None:
    """Its number is the next one, but its predecessor is not the known one."""
    wrong = scan_events.sign(replace(phone.events[0].event, prev=bytes(32)), phone.key)
    assert [("fork", "fork"), ("known", None)] == outcomes(phone.hand_in([wrong, phone.events[0]]))


def test_what_cant_be_read_is_kept(office: Office, phone: Phone, voucher: Voucher) -> None:
    """The events around it are taken; those after it are held. Sent again, it is known."""
    good = phone.scan(voucher)
    broken = bytes([*phone.write().data[:-1], 0])
    phone.link = scan_events.Link(7, scan_events.digest(broken))
    phone.scan(voucher)
    sent: list[Signed | bytes] = [*phone.events[:5], good, broken, phone.events[7]]
    answer = phone.hand_in(sent)
    assert [("accepted", None), ("unreadable", "bad-signature"), ("held", "quarantine")] == outcomes(answer)[
        5:
    ]
    assert (8, "bad-signature") == (answer.log.link.seq, answer.log.fault)
    assert outcomes(answer) == outcomes(phone.hand_in(sent))
    assert ["bad-signature"] == oddities(office)


def test_an_unreadable_end_is_skipped_once_it_is_followed(office: Office, phone: Phone) -> None:
    """Alone it may be sent better; followed by an event that names it, it was one."""
    phone.hand_in()
    broken = b"no event"
    assert 5 == phone.hand_in([broken]).log.link.seq
    phone.link = scan_events.Link(6, scan_events.digest(broken))
    note(phone)
    assert (7, True) == (phone.hand_in([broken, phone.events[5]]).log.link.seq, True)


def test_a_device_without_a_key_has_no_log(office: Office, phone: Phone) -> None:
    """It works online only."""
    office.till = phone.device_id
    plain = replace(phone.device, public_key=None)
    with pytest.raises(Conflict, match="device-without-key"):
        handing_in.read(plain, [])
    with (
        office.database.reading(office.city_id) as reading,
        pytest.raises(Conflict, match="device-without-key"),
    ):
        handing_in.known(reading, plain)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_batch_costs_as_many_statements_as_an_event(office: Office) -> None:
    """Twenty scans are booked with the statements of two."""
    office.give("anna", 10_000)
    offer = office.offer(replace(SWIM, code="many", places=None))
    bought = [office.buy("anna", offer) for _ in range(23)]
    phone = Phone(office, office.pool)
    for voucher in bought:
        phone.scan(voucher)
    office.clock.advance(dt.timedelta(minutes=1))
    phone.hand_in(phone.events[:1])
    with counting.asked(office.database) as few:
        phone.hand_in(phone.events[1:3])
    with counting.asked(office.database) as many:
        phone.hand_in(phone.events[3:])
    assert len(many) <= len(few)


def test_who_is_erased_leaves_no_number(office: Office, phone: Phone, voucher: Voucher) -> None:
    """Events, refused and broken ones too, forget the voucher; the chain's digests stay."""
    phone.scan(voucher)
    phone.scan(voucher, decision="already-used")
    phone.hand_in()
    phone.hand_in([scan_events.sign(replace(phone.events[5].event, list_version=9), phone.key)])
    office.database.run(office.city_id, lambda work: erasing.erase(work, office.city, "anna"))
    with office.database.reading(office.city_id) as reading:
        kept = scan_logs.events(reading, phone.device_id, range(1, 8))
        odd = scan_log_oddities
        left = reading.connection.execute(
            sa.select(odd.c.data).where(odd.c.city_id == office.city_id)
        ).scalars()
        assert [b""] == list(left)
    assert [None, None] == [kept[6].data, kept[7].voucher_id]
    assert [one.digest for one in phone.events] == [kept[seq].digest for seq in range(1, 8)]
