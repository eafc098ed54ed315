"""Events of the scan log: the pinned vectors, an independent library, and the chain."""

from dataclasses import replace
from typing import Any

import pytest
from cwt import COSE, COSEKey
from hypothesis import given
from hypothesis import strategies as st

from kernel.signing import SigningKey, VerifyKey
from redemption import scan_events
from redemption.scan_events import (
    EventFlags,
    EventKind,
    EventUnreadable,
    Link,
    LogFileUnreadable,
    Place,
    ScanEvent,
    Tier,
)
from tests.redemption import pinned

PINNED = pinned.load("scan_events")
KEY = SigningKey.from_text(PINNED["seed"])
PUBLIC = VerifyKey.from_text(PINNED["public_key"])
DEVICE = int(PINNED["device_id"])


def event_of(fields: dict[str, Any]) -> ScanEvent:
    """Return the event that a vector describes."""
    code, live = fields["code"], fields["live"]
    return ScanEvent(
        **{
            **fields,
            "device_id": int(fields["device_id"]),
            "prev": bytes.fromhex(fields["prev"]),
            "kind": EventKind(fields["kind"]),
            "tier": Tier(fields["tier"]),
            "code": code if len(code) == 10 else bytes.fromhex(code),
            "live": live and (live[0], bytes.fromhex(live[1])),
            "nonce": bytes.fromhex(fields["nonce"]),
            "flags": EventFlags(fields["flags"]),
            "more": {int(key): value for key, value in fields["more"].items()},
        }
    )


EVENTS = [event_of(vector["fields"]) for vector in PINNED["events"]]
SIGNED = [scan_events.sign(event, KEY) for event in EVENTS]


@pytest.mark.parametrize("vector", PINNED["events"], ids=pinned.name)
def test_pinned_events_are_made_byte_by_byte(vector: dict[str, Any]) -> None:
    """Our encoder makes what cbor2 and libsodium made, and reads it again."""
    event, data = event_of(vector["fields"]), bytes.fromhex(vector["event"])
    signed = scan_events.sign(event, KEY)

    assert [vector["event"], vector["digest"]] == [signed.data.hex(), signed.digest.hex()]
    assert event == scan_events.read(data, PUBLIC, DEVICE).event


@pytest.mark.parametrize("vector", PINNED["events"], ids=pinned.name)
def test_an_independent_library_verifies_them(vector: dict[str, Any]) -> None:
    """The cwt library (on OpenSSL) finds signature and payload right."""
    key = COSEKey.new({1: 1, 2: bytes.fromhex(PINNED["kid"]), 3: -19, -1: 6, -2: PUBLIC.public_key})

    assert bytes.fromhex(vector["payload"]) == COSE.new().decode(bytes.fromhex(vector["event"]), key)


@pytest.mark.parametrize("case", PINNED["refusals"], ids=pinned.name)
def test_each_fault_has_its_name(case: dict[str, Any]) -> None:
    """What is no event of this device is refused with the code that the page gives."""
    with pytest.raises(EventUnreadable) as refused:
        scan_events.read(bytes.fromhex(case["event"]), PUBLIC, DEVICE)

    assert case["refusal"] == refused.value.fault.value


def test_the_chain_is_followed() -> None:
    """Each pinned event comes after the one before, the first after the public key."""
    link = scan_events.beginning(PUBLIC.public_key)
    assert Link(0, bytes.fromhex(PINNED["beginning"])) == link
    for signed in SIGNED:
        assert Place.NEXT is scan_events.place(link, signed)
        link = scan_events.following(signed)
        assert Place.EARLIER is scan_events.place(link, signed)
    assert bytes.fromhex(PINNED["events"][-1]["digest"]) == link.head


def test_gaps_and_forks_are_seen() -> None:
    """An event that follows nothing known is a gap, one that follows something else a fork."""
    link = scan_events.following(SIGNED[0])
    forked = scan_events.sign(replace(EVENTS[1], prev=bytes(32)), KEY)

    assert [Place.GAP, Place.FORK] == [scan_events.place(link, one) for one in (SIGNED[2], forked)]


@pytest.mark.parametrize(
    "change",
    [
        {"device_id": 0}, {"device_id": 2**63}, {"seq": 0}, {"seq": 2**53}, {"uses": 2**16}, {"device_ms": -1},
        {"offset_ms": -2**53}, {"decision": ""}, {"decision": "x" * 25}, {"code": "short"}, {"code": bytes(201)},
        {"live": (2**16, bytes(8))}, {"live": (1, bytes(8)), "code": b""}, {"more": {0: 1}}, {"more": {9: -1}},
        {"more": {1: "x" * 201}}, {"more": {4: b"bytes"}}, {"more": dict.fromkeys(range(20, 30), 1)},
        {"kind": EventKind.UNDO, "refers": 1}, {"kind": EventKind.UNDO, "refers": 2},
    ],
)  # fmt: skip
def test_impossible_events_are_not_made(change: dict[str, Any]) -> None:
    """Values that have no place in an event are a mistake of the caller."""
    with pytest.raises(ValueError, match="no scan event"):
        replace(EVENTS[0], **change)


@given(data=st.binary(max_size=64), at=st.integers(0, 400))
def test_no_damaged_event_is_read(data: bytes, at: int) -> None:
    """Whatever somebody writes into an event: it is refused, or it is the same."""
    whole = SIGNED[1].data
    damaged = whole[:at] + data + whole[at + len(data) :]
    try:
        assert whole == scan_events.read(damaged, PUBLIC, DEVICE).data
    except EventUnreadable:
        assert whole != damaged


def test_a_log_is_a_file() -> None:
    """A file gives back what was written; one that ends too early gives the events that are whole."""
    written = bytes.fromhex(PINNED["file"]["data"])
    whole = scan_events.read_file(written)
    cut = scan_events.read_file(bytes.fromhex(PINNED["file"]["cut_short"]))

    assert written == scan_events.write_file(DEVICE, PUBLIC.public_key, (one.data for one in SIGNED[:3]))
    assert (DEVICE, PUBLIC.public_key, tuple(one.data for one in SIGNED[:3]), False) == (
        whole.device_id, whole.public_key, whole.events, whole.cut_short,
    )  # fmt: skip
    assert (whole.events[:2], True) == (cut.events, cut.cut_short)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04" + bytes(100), scan_events.MAGIC + bytes(39)])
def test_other_files_are_refused(data: bytes) -> None:
    """Something else than a scan log is told from one."""
    with pytest.raises(LogFileUnreadable, match="scan-log-file-unreadable"):
        scan_events.read_file(data)
