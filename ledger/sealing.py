"""Sealing: extends the log by what was booked since, signs its new checkpoint and publishes it.

Nothing is signed that does not continue what was signed before, as far as the folder, the seals in the
database and the witnesses know. Reading and hashing happen outside the city's writer section; only the row of
the seal is written in it. A crash at any point leaves files that the next run writes again, and at worst a
seal that the next run publishes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict, Invalid
from ledger import log_keys, log_seals, log_store, notes, queries, witnesses, witnessing
from ledger.log_keys import LogKey
from ledger.log_parts import Log, Progress
from ledger.log_seals import Seal
from ledger.log_store import CHECKPOINT
from ledger.notes import Checkpoint, Note, Verifier
from ledger.tables import transfers
from ledger.tiles import WIDTH, Growth, Tile
from ledger.witnessing import Post

CHUNK = 16_384
"""Transfers read in one short transaction."""
_FILES_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Known:
    """What was signed before, as the database and the folder say."""

    last: Seal | None
    published: Note | None
    head: int
    """Number of the newest transfer."""


def seal(
    log: Log, *, progress: Progress | None = None, post: Post | None = None, ask_all: bool = False
) -> Seal | None:
    """Seal all that is booked; return the newest seal, or None if nothing was ever booked.

    With nothing new it only repairs what an interrupted run left. If another process seals at the same time,
    one of the two wins and the other returns what that one sealed. Raises Conflict, and signs nothing, when
    the books do not continue what was signed: `log-ahead-of-ledger`, `log-forked`, `log-root-differs`,
    `log-seal-altered`, `log-commitment-altered`, `log-sequence-gap`, `log-folder-foreign`,
    `log-witness-contradicts`.
    """
    with log.database.reading(log.city_id) as reading:
        head = queries.head_sequence(reading)
        begun = log_keys.exists(reading)
    if not head and not begun:
        return None
    if not begun:
        log.database.run(log.city_id, lambda work: log_keys.begin(work, log.sealer, log.origin))
    with log.database.reading(log.city_id) as reading:
        key = log_keys.key(reading, log.sealer)
        known = _known(log, reading, key.verifier)
    last, growth = _standing(log, known, progress)
    if last is None or known.head > last.size:
        if last is not None:
            witnessing.confirm(log, last, post=post, all_now=ask_all)
        last = _extend(log, key, last, growth, known.head, progress)
    publish(log)
    witnessing.confirm(log, last, post=post, all_now=ask_all)
    publish(log)
    return last


def is_due(reading: db.Reading) -> bool:
    """Whether something was booked since the last seal, or a witness is to be asked about that."""
    last = log_seals.last(reading)
    if queries.head_sequence(reading) > (last.size if last else 0):
        return True
    return last is not None and any(
        known.is_wanted(last.size, reading.now) for known in witnesses.every(reading)
    )


def publish(log: Log) -> None:
    """Serve the newest seal with its cosignatures. Does nothing if that is so already.

    One process at a time, each looking only then what is newest: so what is served never goes back.
    """
    with log.store.publishing():
        with log.database.reading(log.city_id) as reading:
            last = log_seals.last(reading)
            if last is None:
                return
            text = str(log_seals.cosigned(reading, last)).encode()
            served = _published(log, log_keys.verifier(reading))
        if served is not None and Checkpoint.of(served.text).size > last.size:
            raise Conflict("log-forked", size=last.size)
        if served is None or str(served).encode() != text:
            log.store.write({CHECKPOINT: text})


def commitments(
    database: db.Database, city_id: int, after: int, up_to: int, progress: Progress | None = None
) -> Iterator[bytes]:
    """Yield the commitments of the transfers after number `after`, each chunk in a transaction of its own.

    Raises Conflict `log-sequence-gap`.
    """
    while after < up_to:
        end = min(after + CHUNK, up_to)
        with database.reading(city_id) as reading:
            rows = reading.connection.execute(
                sa.select(transfers.c.sequence, transfers.c.commitment)
                .where(
                    transfers.c.city_id == city_id, transfers.c.sequence > after, transfers.c.sequence <= end
                )
                .order_by(transfers.c.sequence)
            ).all()
        for expected, row in zip(range(after + 1, end + 1), [*rows, None], strict=False):
            if row is None or row.sequence != expected:
                raise Conflict("log-sequence-gap", sequence=expected)
            yield row.commitment
        after = end
        if progress:
            progress(after, up_to)


def _known(log: Log, reading: db.Reading, verifier: Verifier) -> Known:
    """Return what was signed before. Raises Conflict if that can't all be true."""
    head = queries.head_sequence(reading)
    seals = log_seals.newest(reading, 2)
    last = seals[0] if seals else None
    if last is not None:
        log_seals.check(reading, last, seals[1] if len(seals) > 1 else None, verifier)
    note = _published(log, verifier)
    served = Checkpoint.of(note.text) if note else None
    signed = max(last.size if last else 0, served.size if served else 0)
    if signed > head:
        raise Conflict("log-ahead-of-ledger", size=signed, transfers=head)
    if served is not None and last is not None and served.size <= last.size:
        same = log_seals.at(reading, served.size)
        if same is None or same.root != served.root:
            raise Conflict("log-forked", size=served.size)
    return Known(last, note, head)


def _published(log: Log, verifier: Verifier) -> Note | None:
    """Return the checkpoint in the folder. Raises Conflict `log-folder-foreign` if it is not ours."""
    data = log.store.read(CHECKPOINT)
    if data is None:
        return None
    try:
        note = notes.parse(data)
        notes.verify(note, [verifier])
        said = Checkpoint.of(note.text)
    except Invalid:
        said = None
    if said is None or said.origin != verifier.name:
        raise Conflict("log-folder-foreign")
    return note


def _standing(log: Log, known: Known, progress: Progress | None) -> tuple[Seal | None, Growth]:
    """Return the newest seal and the tree at it, having compared tiles, seal and books."""
    served = Checkpoint.of(known.published.text) if known.published else None
    growth = _grown(log, known.last, served, progress)
    if known.published is None or served is None or served.size <= (known.last.size if known.last else 0):
        return known.last, growth
    # The folder is ahead: a seal was lost with a younger database. If the books lead there, it is taken back.
    _write_growth(log, growth, growth.size, served.size, progress)
    if growth.root() != served.root:
        raise Conflict("log-forked", size=served.size)
    own = Note(known.published.text, known.published.signatures[:1])
    return _insert(log, known.last, own), growth


def _grown(log: Log, last: Seal | None, served: Checkpoint | None, progress: Progress | None) -> Growth:
    """Return the tree at the last seal, from its tiles or, as far as they are lost, from the books."""
    if last is None:
        return Growth()
    growth = _resumed(log, last.size)
    if growth is None and served is not None and served.size < last.size:
        # A folder that lags behind, say of another machine, is continued from where it is.
        growth = _resumed(log, served.size)
        if growth is not None:
            _write_growth(log, growth, served.size, last.size, progress)
    if growth is None or growth.root() != last.root:
        return rebuild(log, last, progress)
    first = last.size - len(growth.entries)
    booked = commitments(log.database, log.city_id, first, last.size)
    for sequence, (entry, commitment) in enumerate(zip(growth.entries, booked, strict=True), first + 1):
        if entry != commitment:
            raise Conflict("log-commitment-altered", sequence=sequence)
    return growth


def _resumed(log: Log, size: int) -> Growth | None:
    try:
        return Growth.resume(size, lambda tile: log_store.read_tile(log.store, tile, size))
    except (Conflict, Invalid):
        return None


def rebuild(log: Log, last: Seal, progress: Progress | None = None) -> Growth:
    """Write all files of the log again from the books, if those lead to the root that was sealed.

    Raises Conflict `log-root-differs`, and then leaves the files as they were.
    """
    trial = Growth()
    booked = commitments(log.database, log.city_id, 0, last.size, progress)
    for _ in trial.extend(booked):
        pass
    if trial.root() != last.root:
        raise Conflict("log-root-differs", size=last.size)
    growth = Growth()
    _write_growth(log, growth, 0, last.size, progress)
    return growth


def _extend(
    log: Log, key: LogKey, last: Seal | None, growth: Growth, head: int, progress: Progress | None
) -> Seal:
    """Write the tiles up to `head`, then the seal; return that, or what another process sealed meanwhile."""
    before = growth.size
    _write_growth(log, growth, before, head, progress)
    note = key.sign(Checkpoint(key.verifier.name, growth.size, growth.root()).text)
    sealed = _insert(log, last, note)
    for tile in _completed(before, sealed.size):
        log.store.discard_partial(tile)
    return sealed


def _insert(log: Log, before: Seal | None, note: Note) -> Seal:
    def command(work: db.Work) -> Seal:
        present = log_seals.last(work)
        if present is not None and present != before:
            return present
        return log_seals.append(work, before, note)

    return log.database.run(log.city_id, command)


def _write_growth(log: Log, growth: Growth, after: int, up_to: int, progress: Progress | None) -> None:
    """Extend the tree and write every tile and bundle that this fills or begins."""
    booked = commitments(log.database, log.city_id, after, up_to, progress)
    _write_all(log.store.write, growth.extend(booked))
    _write_all(log.store.write, growth.unfinished())


def _write_all(write: Callable[[dict[str, bytes]], None], pieces: Iterable[tuple[Tile, bytes]]) -> None:
    files: dict[str, bytes] = {}
    for tile, data in pieces:
        files[tile.path] = data
        if len(files) == _FILES_AT_ONCE:
            write(files)
            files = {}
    write(files)


def _completed(before: int, size: int) -> Iterator[Tile]:
    """Yield the tiles and bundles that were partial at `before` and are full at `size`."""
    span, level = WIDTH, 0
    while before // (span // WIDTH):
        index = before // span
        if before % span and (index + 1) * span <= size:
            yield Tile(level, index)
            if not level:
                yield Tile(None, index)
        span, level = span * WIDTH, level + 1
