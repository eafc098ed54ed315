"""Sealing: the log grows with the book, survives crashes, and never signs what contradicts what was signed."""

import itertools
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel.db import Work, metadata
from kernel.errors import Conflict
from ledger import log_seals, log_tables, merkle, sealing, tiles
from ledger.log_parts import Log
from ledger.log_store import LogFolder
from tests.ledger.desk import Desk
from tests.ledger.sealed import ORIGIN, Sealed


@pytest.fixture
def sealed(desk: Desk, tmp_path: Path) -> Sealed:
    """Give a book whose log has not begun."""
    return Sealed(desk, tmp_path / "log")


def test_nothing_booked_nothing_sealed(sealed: Sealed) -> None:
    """A city without transfers has no log, no key and no files."""
    assert sealing.seal(sealed.log) is None
    assert not sealed.folder.exists()


def test_the_log_grows_with_the_book(sealed: Sealed) -> None:
    """Each seal continues the one before, provably, and its files hold the book's commitments."""
    sizes = [3, 256, 257, 700]
    for before, size in zip([0, *sizes], sizes, strict=False):
        sealed.book(size - before)
        assert (size, size) == (sealed.seal().size, sealed.published().size)
        sealed.assert_whole()

    seals = sealed.seals()
    assert sizes == [one.size for one in seals]
    assert {ORIGIN} == {one.note.text.split("\n")[0] for one in seals}
    for older, newer in itertools.pairwise(seals):
        proof = sealed.log.consistency(older.size, newer.size)
        assert merkle.verify_consistency(older.size, newer.size, older.root, newer.root, proof)
    bundles = sorted(path for path in sealed.files() if path.startswith("tile/entries"))
    assert ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/188"] == bundles
    booked = [entry for path in bundles for entry in tiles.decode_bundle(sealed.files()[path])]
    assert sealed.commitments() == booked


def test_sealing_again_changes_nothing(sealed: Sealed) -> None:
    """With nothing new the same seal is returned and no file is touched."""
    sealed.book(5)
    first, files = sealed.seal(), sealed.files()

    assert first == sealed.seal()
    assert (files, 1) == (sealed.files(), len(sealed.seals()))


def test_the_origin_stays(sealed: Sealed) -> None:
    """The name under which the log began is its name for ever, whatever the city is called later."""
    sealed.book(1)
    sealed.seal()
    sealed.book(1)
    renamed = Log(sealed.database, sealed.desk.city_id, sealed.log.store, sealed.log.sealer, "other.test/log")

    assert sealing.seal(renamed) is not None
    assert (ORIGIN, 2) == (sealed.published().origin, sealed.published().size)


def test_progress_is_told(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long work says how far it is."""
    monkeypatch.setattr(sealing, "CHUNK", 4)
    sealed.book(10)
    told: list[tuple[int, int]] = []

    sealing.seal(sealed.log, progress=lambda done, total: told.append((done, total)))

    assert [(4, 10), (8, 10), (10, 10)] == told
    sealed.assert_whole()


class Crash(BaseException):
    """The process dies here."""


class DyingStore:
    """A folder whose process dies before its n-th file, with a torn one beside."""

    def __init__(self, folder: Path, left: int) -> None:
        self.folder = folder
        self.left = left
        self.inner = LogFolder(folder)
        self.read = self.inner.read
        self.discard_partial = self.inner.discard_partial
        self.publishing = self.inner.publishing

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write one by one and die in time."""
        for path, data in files.items():
            if not self.left:
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / path).parent.joinpath(".new-torn").write_bytes(data[:7])
                raise Crash
            self.left -= 1
            self.inner.write({path: data})


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("files", range(9))
def test_a_crash_between_any_two_files_is_repaired(sealed: Sealed, files: int) -> None:
    """Wherever the process dies, what is served stays whole and the next run completes it."""
    sealed.book(200)
    before = sealed.seal()
    sealed.book(400)
    dying = Log(
        sealed.database, sealed.desk.city_id, DyingStore(sealed.folder, files), sealed.log.sealer, ORIGIN
    )

    if files < 8:
        with pytest.raises(Crash):
            sealing.seal(dying)
        assert before.size == sealed.published().size
        sealed.assert_whole()
    else:
        sealing.seal(dying)

    assert 600 == sealed.seal().size
    sealed.assert_whole()


def test_a_crash_before_publishing_is_repaired(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seal that was written but not published is published by the next run, as it is."""
    sealed.book(3)
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "publish", lambda _: (_ for _ in ()).throw(Crash))
        with pytest.raises(Crash):
            sealing.seal(sealed.log)
    assert not (sealed.folder / "checkpoint").exists()

    assert sealed.seals() == [sealed.seal()]
    sealed.assert_whole()


def test_leftovers_of_an_unsealed_run_are_overwritten(sealed: Sealed) -> None:
    """Files beyond the last seal bind nobody: after a crash and other bookings they are written anew."""
    sealed.book(3)
    sealed.seal()
    for path in ("tile/0/000", "tile/entries/000", "tile/0/000.p/5"):
        LogFolder(sealed.folder).write({path: b"left behind by a crash"})

    sealed.book(300)
    sealed.seal()

    sealed.assert_whole()


@pytest.mark.concurrency
def test_of_two_at_once_one_wins(sealed: Sealed) -> None:
    """Processes that seal together agree: each size is sealed once, and what is served is the newest."""
    sealed.book(300)
    results: list[int] = []
    errors: list[BaseException] = []
    start = threading.Barrier(4)

    def run() -> None:
        try:
            start.wait()
            for _ in range(5):
                found = sealing.seal(sealed.log)
                assert found is not None
                results.append(found.size)
        except BaseException as error:  # noqa: BLE001 -- reported by the test
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        sealed.book(90)
    for thread in threads:
        thread.join()

    assert [] == errors
    assert 660 == sealed.seal().size
    sizes = [one.size for one in sealed.seals()]
    assert sorted(set(sizes)) == sizes
    sealed.assert_whole()
    with sealed.database.reading(sealed.desk.city_id) as reading:
        chain = log_seals.following(reading, 0, 100)
        for before, one in zip([None, *chain], chain, strict=False):
            log_seals.check(reading, one, before, sealed.verifier())


def _delete_beyond(sealed: Sealed, transfer: int, seal: int) -> None:
    """Make the database what it was at an older backup."""
    sealed.execute(
        f"DELETE FROM ledger_seals WHERE city_id = :city AND size > {seal}",
        *(
            f"DELETE FROM {name} WHERE city_id = :city AND sequence > {transfer}"
            for name, table in metadata.tables.items()
            if name.startswith("ledger_") and name != "ledger_heads" and "sequence" in table.c
        ),
        f"UPDATE ledger_heads SET sequence = {transfer} WHERE city_id = :city",
    )


def _assert_refuses(sealed: Sealed, code: str) -> None:
    seals, files = sealed.seals(), sealed.files()
    with pytest.raises(Conflict, match=code):
        sealed.seal()
    assert (seals, files) == (sealed.seals(), sealed.files())


def test_an_older_database_refuses(sealed: Sealed) -> None:
    """A database from before the published checkpoint signs nothing."""
    sealed.book(5)
    sealed.seal()
    sealed.book(5)
    sealed.seal()
    _delete_beyond(sealed, 7, 5)

    _assert_refuses(sealed, "log-ahead-of-ledger")


def test_an_older_database_that_went_on_refuses(sealed: Sealed) -> None:
    """Other transfers under numbers that were sealed already are a fork: nothing is signed."""
    sealed.book(5)
    sealed.seal()
    sealed.book(5)
    sealed.seal()
    _delete_beyond(sealed, 7, 5)
    sealed.book(20)

    seals = sealed.seals()
    with pytest.raises(Conflict, match="log-forked"):
        sealed.seal()
    assert (seals, 10) == (sealed.seals(), sealed.published().size)


def test_a_lost_seal_is_taken_back(sealed: Sealed) -> None:
    """If only the newest seal is lost and the book is the same, the published checkpoint is taken back."""
    sealed.book(5)
    sealed.seal()
    sealed.book(5)
    newest = sealed.seal()
    sealed.book(5)
    _delete_beyond(sealed, 15, 5)

    assert 15 == sealed.seal().size
    assert [5, 10, 15] == [one.size for one in sealed.seals()]
    assert newest.checkpoint == sealed.seals()[1].checkpoint
    sealed.assert_whole()


def test_a_truncated_book_refuses(sealed: Sealed) -> None:
    """A book that ends before its own last seal signs nothing."""
    sealed.book(9)
    sealed.seal()
    _delete_beyond(sealed, 8, 9)

    _assert_refuses(sealed, "log-ahead-of-ledger")


def test_an_altered_commitment_refuses(sealed: Sealed) -> None:
    """A sealed transfer whose commitment is another one stops the sealing and is named."""
    sealed.book(9)
    sealed.seal()
    other = "x'00'" if sealed.database.backend == "sqlite" else "'\\x00'"
    sealed.execute(f"UPDATE ledger_transfers SET commitment = {other} WHERE city_id = :city AND sequence = 4")
    sealed.book(1)

    _assert_refuses(sealed, "log-commitment-altered.*4")


def test_a_gap_refuses(sealed: Sealed) -> None:
    """A missing transfer stops the sealing and is named."""
    sealed.book(3)
    sealed.seal()
    sealed.book(3)
    sealed.execute("DELETE FROM ledger_transfers WHERE city_id = :city AND sequence = 5")

    _assert_refuses(sealed, "log-sequence-gap.*5")


@pytest.mark.parametrize("change", ["size = 4", "root = x'00'", "sealed_at = '2026-01-01 00:00:00'"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_altered_seal_refuses(sealed: Sealed, change: str) -> None:
    """A seal of which anything was changed is not continued."""
    sealed.book(5)
    sealed.seal()
    sealed.execute(f"UPDATE ledger_seals SET {change} WHERE city_id = :city")

    _assert_refuses(sealed, "log-seal-altered")


def test_seals_are_append_only(sealed: Sealed) -> None:
    """The database itself refuses to change or delete a seal."""
    sealed.book(1)
    sealed.seal()
    held = log_tables.seals.c.city_id == sealed.desk.city_id

    def change(work: Work) -> None:
        work.connection.execute(sa.update(log_tables.seals).where(held).values(size=2))

    def delete(work: Work) -> None:
        work.connection.execute(sa.delete(log_tables.seals).where(held))

    for command in (change, delete):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            sealed.database.run(sealed.desk.city_id, command)


@pytest.mark.parametrize("path", ["tile/0/002.p/88", "tile/entries/002.p/88", "tile/1/000.p/2"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_missing_or_torn_tile_is_made_again(sealed: Sealed, path: str) -> None:
    """A tile at the edge that is lost or damaged is rebuilt from the books, and sealing goes on."""
    sealed.book(600)
    sealed.seal()
    good = sealed.files()
    for damage in (lambda: sealed.lose(path), lambda: (sealed.folder / path).write_bytes(good[path][:-1])):
        damage()
        sealed.seal()
        assert good == sealed.files()
    sealed.book(100)
    sealed.seal()
    sealed.assert_whole()


def test_a_wrong_tile_is_made_again(sealed: Sealed) -> None:
    """A tile of the right length and the wrong content is noticed by the root."""
    sealed.book(5)
    sealed.seal()
    good = sealed.files()
    (sealed.folder / "tile/0/000.p/5").write_bytes(bytes(5 * 32))

    sealed.seal()

    assert good == sealed.files()


def test_a_lost_folder_is_made_again(sealed: Sealed) -> None:
    """Without any file the log is rebuilt from the books, if these lead to the sealed root."""
    sealed.book(300)
    sealed.seal()
    good = sealed.files()
    sealed.lose(".")

    sealed.seal()

    assert good == sealed.files()


def test_a_lost_folder_is_not_made_from_other_books(sealed: Sealed) -> None:
    """Books that lead to another root than the sealed one don't become the log."""
    sealed.book(300)
    sealed.seal()
    sealed.lose(".")
    other = "x'00'" if sealed.database.backend == "sqlite" else "'\\x00'"
    sealed.execute(f"UPDATE ledger_transfers SET commitment = {other} WHERE city_id = :city AND sequence = 4")

    _assert_refuses(sealed, "log-root-differs")


def test_an_older_folder_is_brought_up_to_date(sealed: Sealed, tmp_path: Path) -> None:
    """A folder from an older backup is continued; one of another log is refused."""
    sealed.book(5)
    sealed.seal()
    old = sealed.files()
    sealed.book(5)
    sealed.seal()
    sealed.lose(".")
    LogFolder(sealed.folder).write(old)

    sealed.seal()
    assert 10 == sealed.published().size
    sealed.assert_whole()


@pytest.mark.parametrize(
    "change",
    [lambda data: data.replace(b"duisburg", b"moers123"), lambda _: b"garbage", lambda data: data[:-9]],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_foreign_checkpoint_refuses(sealed: Sealed, change: Callable[[bytes], bytes]) -> None:
    """A checkpoint in the folder that this log did not sign is not overwritten."""
    sealed.book(5)
    sealed.seal()
    path = sealed.folder / "checkpoint"
    path.write_bytes(change(path.read_bytes()))

    _assert_refuses(sealed, "log-folder-foreign")


def test_partial_tiles_go_when_they_are_full(sealed: Sealed) -> None:
    """Partial tiles are kept until the full one is there, then forgotten; older proofs still come out."""
    for _ in range(3):
        sealed.book(80)
        sealed.seal()
    assert 3 == len([path for path in sealed.files() if path.startswith("tile/0/000.p/")])
    sealed.book(80)
    sealed.seal()

    assert ["tile/0/000", "tile/0/001.p/64"] == [
        path for path in sealed.files() if path.startswith("tile/0/")
    ]
    for older in sealed.seals():
        proof = merkle.inclusion_proof(7, older.size, sealed.log.hashes(older.size))
        leaf = merkle.leaf_hash(sealed.commitments()[7])
        assert merkle.verify_inclusion(7, older.size, leaf, proof, older.root)
