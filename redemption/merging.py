"""Merging what devices wrote down without a network: who was first, whatever came in first. Pure.

`merge` takes any events in any order, parts of them twice or in pieces, and always gives the same: it is
commutative, associative and idempotent. Times are clamped before: an event can't be older than what its
device had last heard of the server, nor newer than its arrival, so nobody gains by a wrong clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

Key = tuple[int, int]
"""Device and number in its log."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What matters here of an event of a voucher."""

    device_id: int
    seq: int
    voucher_id: str
    at_ms: int
    """When it happened, clamped."""
    uses: int = 1
    """0: somebody passes a gate, which takes nothing from anybody."""
    undo_ms: int = 0
    """How long the offer lets a venue take a scan back."""
    undoes: int = 0
    """Number of the same device's scan that this takes back; 0: it is a scan itself."""
    digest: bytes = b""

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.device_id, self.seq

    @property
    def order(self) -> tuple[int, int, int]:
        """By which it is decided who was first."""
        return self.at_ms, self.device_id, self.seq


@dataclass(frozen=True, slots=True)
class Share:
    """What a scan gets of a voucher's uses."""

    entry: Entry
    won: int
    lost: int
    """Uses that others had taken before: the city bears them if the scan was in good faith."""


@dataclass(frozen=True)
class Merged:
    """All that is known."""

    entries: Mapping[Key, Entry]

    def __or__(self, other: "Merged") -> "Merged":
        """Return what is known to either."""
        return merge([*self.entries.values(), *other.entries.values()])

    @cached_property
    def by_voucher(self) -> Mapping[str, tuple[Entry, ...]]:
        """The scans of each voucher that were not taken back, the first one first."""
        undone = {scan.key for scan in map(self._undone_by, self.entries.values()) if scan is not None}
        grouped: dict[str, list[Entry]] = {}
        for entry in self.entries.values():
            if not entry.undoes and entry.key not in undone:
                grouped.setdefault(entry.voucher_id, []).append(entry)
        return {
            voucher_id: tuple(sorted(scans, key=lambda one: one.order))
            for voucher_id, scans in grouped.items()
        }

    def is_undone(self, key: Key) -> bool:
        """Whether a scan that is known was taken back in time."""
        entry = self.entries[key]
        return not entry.undoes and entry not in self.by_voucher.get(entry.voucher_id, ())

    def takes_effect(self, undo: Entry) -> bool:
        """Whether an undo takes a scan back that is known."""
        return self._undone_by(undo) is not None

    def shares(self, voucher_id: str, capacity: int) -> tuple[Share, ...]:
        """Return who gets how many uses of a voucher that had so many: the first take all they ask for."""
        shares: list[Share] = []
        for entry in self.by_voucher.get(voucher_id, ()):
            won = min(capacity, entry.uses)
            capacity -= won
            shares.append(Share(entry, won, entry.uses - won))
        return tuple(shares)

    def _undone_by(self, entry: Entry) -> Entry | None:
        """Return the scan that an undo takes back: of the same device and voucher, and in time."""
        scan = self.entries.get((entry.device_id, entry.undoes)) if entry.undoes else None
        if scan is None or scan.undoes or scan.voucher_id != entry.voucher_id:
            return None
        return scan if entry.at_ms - scan.at_ms <= scan.undo_ms else None


def merge(entries: Iterable[Entry]) -> Merged:
    """Return what follows from events, each of which may come several times.

    Of one number of a log only one event counts. Two that differ are a fork, which is held before it comes
    here; so that the result never depends on the order, the earlier one stays.
    """
    kept: dict[Key, Entry] = {}
    for entry in entries:
        before = kept.get(entry.key)
        if before is None or _rank(entry) < _rank(before):
            kept[entry.key] = entry
    return Merged(kept)


def clamp(at_ms: int, anchor_ms: int, received_ms: int) -> int:
    """Return when something happened: not before the last contact with the server, not after arriving."""
    return min(max(at_ms, anchor_ms), received_ms)


def arrived(entry: Entry, anchor_ms: int, received_ms: int) -> Entry:
    """Return an entry with its time clamped."""
    return replace(entry, at_ms=clamp(entry.at_ms, anchor_ms, received_ms))


def _rank(entry: Entry) -> tuple[int, bytes, str, int, int, int]:
    return entry.at_ms, entry.digest, entry.voucher_id, entry.uses, entry.undoes, entry.undo_ms
