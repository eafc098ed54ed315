"""Merging scans: the order in which they arrive never matters."""

import random
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from redemption import merging
from redemption.merging import Entry, Merged

MINUTE = 60_000

SCANS = st.builds(
    Entry,
    device_id=st.integers(1, 3),
    seq=st.integers(1, 5),
    voucher_id=st.sampled_from("ab"),
    at_ms=st.integers(0, 5 * MINUTE),
    uses=st.integers(0, 3),
    undo_ms=st.sampled_from([0, MINUTE]),
    digest=st.binary(max_size=1),
)
UNDOS = st.builds(
    Entry,
    device_id=st.integers(1, 3),
    seq=st.integers(2, 6),
    voucher_id=st.sampled_from("ab"),
    at_ms=st.integers(0, 5 * MINUTE),
    undoes=st.integers(1, 5),
)
LOGS = st.lists(SCANS | UNDOS, max_size=12)


def outcome(merged: Merged) -> object:
    """Return all that a merge says."""
    return merged.entries, [merged.shares(voucher, 2) for voucher in "ab"]


@given(LOGS, LOGS)
def test_it_is_commutative(one: list[Entry], other: list[Entry]) -> None:
    """Whose log comes first does not matter, nor the order within."""
    assert outcome(merging.merge(one + other)) == outcome(merging.merge([*other[::-1], *one[::-1]]))
    assert outcome(merging.merge(one) | merging.merge(other)) == outcome(
        merging.merge(other) | merging.merge(one)
    )


@given(LOGS, LOGS, LOGS)
def test_it_is_associative(one: list[Entry], two: list[Entry], three: list[Entry]) -> None:
    """Which logs are merged with which first does not matter."""
    a, b, c = (merging.merge(log) for log in (one, two, three))
    assert outcome((a | b) | c) == outcome(a | (b | c)) == outcome(merging.merge(one + two + three))


@given(LOGS)
def test_it_is_idempotent(log: list[Entry]) -> None:
    """Merging the same again changes nothing."""
    merged = merging.merge(log)
    assert outcome(merged) == outcome(merged | merged) == outcome(merging.merge(log + log))


@given(LOGS, st.integers(0, 5))
def test_uses_are_given_once(log: list[Entry], capacity: int) -> None:
    """Winners never get more than there is, and nothing of what was claimed is lost."""
    merged = merging.merge(log)
    for voucher in "ab":
        shares = merged.shares(voucher, capacity)
        claimed = sum(one.uses for one in merged.by_voucher.get(voucher, ()))
        assert min(capacity, claimed) == sum(share.won for share in shares)
        assert claimed == sum(share.won + share.lost for share in shares)


@given(LOGS, st.integers(0, 5))
def test_who_passes_a_gate_takes_nothing(log: list[Entry], capacity: int) -> None:
    """Everybody gets the same share with and without those events."""
    merged = merging.merge(log)
    passing = {key for key, one in merged.entries.items() if not one.uses and not one.undoes}
    without = Merged({key: one for key, one in merged.entries.items() if key not in passing})
    for voucher in "ab":
        taking = tuple(share for share in merged.shares(voucher, capacity) if share.entry.uses)
        assert without.shares(voucher, capacity) == taking


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_clamping(at: int, anchor: int, received: int) -> None:
    """A clock can't make an event older than the last contact or newer than its arrival."""
    clamped = merging.clamp(at, anchor, received)
    assert clamped <= received
    assert clamped >= min(anchor, received)
    if anchor <= at <= received:
        assert clamped == at


def test_the_first_wins_and_ties_go_by_device() -> None:
    """Time decides, then the device's number, then its own order."""
    early, tie, late = Entry(2, 9, "a", 10), Entry(1, 5, "a", 20), Entry(2, 10, "a", 20)
    for order in permutations((early, tie, late)):
        assert (early, tie, late) == merging.merge(order).by_voucher["a"]


def test_a_scan_that_is_taken_back_makes_room() -> None:
    """In time it counts no more; too late, by another device or for another voucher it changes nothing."""
    scan, second = Entry(1, 1, "a", 0, undo_ms=MINUTE), Entry(2, 1, "a", 10)
    undo = Entry(1, 2, "a", MINUTE, undoes=1)
    merged = merging.merge([scan, second, undo])
    assert [(second, 1)] == [(share.entry, share.won) for share in merged.shares("a", 1)]
    assert (True, True, False) == (
        merged.is_undone(scan.key), merged.takes_effect(undo), merged.is_undone(second.key),
    )  # fmt: skip
    for wrong in (
        Entry(1, 2, "a", MINUTE + 1, undoes=1), Entry(2, 2, "a", 20, undoes=2), Entry(1, 2, "b", 5, undoes=1),
    ):  # fmt: skip
        assert scan in merging.merge([scan, second, wrong]).by_voucher["a"]


def test_any_split_of_a_large_log_gives_the_same() -> None:
    """2,000 events in random pieces, some twice."""
    dice = random.Random(7)
    entries = [
        Entry(dice.randrange(1, 5), seq, f"{dice.randrange(300)}", dice.randrange(10**6), undo_ms=1000)
        for seq in range(2000)
    ]
    whole = merging.merge(entries)
    for _ in range(5):
        dice.shuffle(entries)
        merged = Merged({})
        at = 0
        while at < len(entries):
            size = dice.randrange(1, 400)
            merged |= merging.merge(entries[max(0, at - 20) : at + size])
            at += size
        assert whole.by_voucher == merged.by_voucher
