"""Checking a log against its book: every seal, every signature, every file, for an auditor.

`SealCheck` takes the commitments as whoever walks through the book reads them, so that one walk serves all.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from kernel import db
from kernel.errors import Conflict, Invalid
from ledger import log_keys, log_seals, log_store, merkle, notes, queries, sealing, witnesses
from ledger.log_parts import Log, Progress
from ledger.log_seals import Seal
from ledger.log_store import CHECKPOINT
from ledger.notes import Checkpoint, Verifier
from ledger.tiles import Growth, Tile

_SEALS_AT_ONCE = 500


class Flaw(NamedTuple):
    """Something that contradicts the log."""

    check: str
    message: str
    sequence: int | None = None


Compare = Callable[[Tile, bytes], Flaw | None]
"""Looks whether a tile or bundle is kept as it should be."""


class SealCheck:
    """Compares each seal with the root of the book at its size, while the book is read from its beginning."""

    def __init__(self, reading: db.Reading, compare: Compare | None = None) -> None:
        self._reading = reading
        self._compare = compare
        self._growth = Growth()
        self._before: Seal | None = None
        self._seals: list[Seal] = []
        self._exhausted = False
        try:
            self._log: Verifier | None = log_keys.verifier(reading)
        except Conflict:
            self._log = None

    def add(self, commitments: Sequence[bytes]) -> Iterator[Flaw]:
        """Take the next commitments of the book; yield what contradicts them."""
        place = 0
        while place < len(commitments):
            seal = self._next()
            left = seal.size - self._growth.size if seal else len(commitments)
            part = commitments[place : place + left]
            for tile, data in self._growth.extend(part):
                yield from self._compared(tile, data)
            place += len(part)
            if seal is not None and self._growth.size == seal.size:
                yield from self._checked(seal)

    def finish(self) -> Iterator[Flaw]:
        """Yield the seals beyond the end of the book, and what contradicts its unfinished tiles."""
        while seal := self._next():
            message = f"{seal.size} transfers were sealed, the book has {self._growth.size}"
            yield Flaw("seal-covered", message, seal.size)
            self._pass(seal)
        sealed = self._before.size if self._before else 0
        if self._growth.size == sealed:
            for tile, data in self._growth.unfinished():
                yield from self._compared(tile, data)

    def _next(self) -> Seal | None:
        """Return the seal that is to be compared next."""
        if not self._seals and not self._exhausted:
            after = self._before.size if self._before else 0
            self._seals = log_seals.following(self._reading, after, _SEALS_AT_ONCE)
            self._exhausted = len(self._seals) < _SEALS_AT_ONCE
        return self._seals[0] if self._seals else None

    def _pass(self, seal: Seal) -> None:
        self._before = seal
        del self._seals[0]

    def _checked(self, seal: Seal) -> Iterator[Flaw]:
        if self._log is None:
            yield Flaw("seal-signed", "there is no key for the seals", seal.size)
        else:
            try:
                log_seals.check(self._reading, seal, self._before, self._log)
            except Conflict:
                yield Flaw("seal-signed", "the seal is not what was written and signed", seal.size)
        if self._growth.root() != seal.root:
            yield Flaw("seal-root", "the book has another root than was sealed", seal.size)
        yield from self._cosigned(seal)
        self._pass(seal)

    def _cosigned(self, seal: Seal) -> Iterator[Flaw]:
        known = {one.name: one.verifier for one in witnesses.every(self._reading)}
        for name, line, cosigned_at in log_seals.cosignatures_of(self._reading, seal):
            try:
                (signature,) = notes.parse_signatures(line)
                verifier = known.get(name)
                seconds = int.from_bytes(signature.data[:8], "big")
                genuine = verifier is None or verifier.signed_at(seal.note.text, signature) is not None
                fits = signature.name == name and seconds == int(cosigned_at.timestamp())
            except (Invalid, ValueError):
                genuine = fits = False
            if not genuine or not fits:
                yield Flaw("cosignature", f"the cosignature of {name} is not what it signed", seal.size)

    def _compared(self, tile: Tile, data: bytes) -> Iterator[Flaw]:
        fault = self._compare(tile, data) if self._compare else None
        if fault is not None:
            yield fault


def check(log: Log, progress: Progress | None = None) -> list[Flaw]:
    """Compare the whole log with the book: seals, cosignatures, the checkpoint, every tile and bundle."""
    with log.database.reading(log.city_id) as reading:
        head = queries.head_sequence(reading)
        last = log_seals.last(reading)
        sealed = last.size if last else 0

        def compare(tile: Tile, data: bytes) -> Flaw | None:
            end = (tile.index * 256 + tile.width) << (8 * (tile.level or 0))
            if end > sealed or _kept(log, tile, sealed) == data:
                return None
            return Flaw("file", f"{tile.path} is missing or not what the book leads to")

        walk = SealCheck(reading, compare)
        flaws: list[Flaw] = []
        chunk: list[bytes] = []
        try:
            for commitment in sealing.commitments(log.database, log.city_id, 0, head, progress):
                chunk.append(commitment)
                if len(chunk) == sealing.CHUNK:
                    flaws.extend(walk.add(chunk))
                    chunk = []
        except Conflict as error:
            flaws.append(Flaw("gap", str(error)))
        flaws.extend(
            [*walk.add(chunk), *walk.finish(), *_partial(log, last), *_published(log, reading, last)]
        )
    return flaws


def _kept(log: Log, tile: Tile, sealed: int) -> bytes | None:
    try:
        return log_store.read_tile(log.store, tile, sealed)
    except Conflict:
        return None


def _partial(log: Log, last: Seal | None) -> Iterator[Flaw]:
    """Yield a flaw if the unfinished tiles at the last seal don't lead to its root."""
    if last is None:
        return
    try:
        growth = Growth.resume(last.size, lambda tile: log_store.read_tile(log.store, tile, last.size))
        hashes = [merkle.leaf_hash(entry) for entry in growth.entries]
        if growth.root() == last.root and hashes == (growth.levels[0] if growth.levels else []):
            return
    except (Conflict, Invalid):
        pass
    yield Flaw("file", "the tiles at the edge don't lead to the root that was sealed")


def _published(log: Log, reading: db.Reading, last: Seal | None) -> Iterator[Flaw]:
    """Yield a flaw if the served checkpoint is not the newest seal."""
    data = log.store.read(CHECKPOINT)
    if last is None:
        if data is not None:
            yield Flaw("checkpoint", "a checkpoint is served, but nothing was sealed")
        return
    try:
        note = notes.parse(data or b"")
        notes.verify(note, [log_keys.verifier(reading)])
        right = Checkpoint.of(note.text) == Checkpoint.of(last.note.text)
    except (Invalid, Conflict):
        right = False
    if not right:
        yield Flaw("checkpoint", "what is served is not the newest seal")
