"""A city's log for tests: something is booked, sealed, broken and looked at."""

import shutil
from pathlib import Path

import sqlalchemy as sa

from kernel import signing
from kernel.db import Database, Work
from ledger import log_keys, log_seals, merkle, notes, sealing
from ledger.log_parts import Log
from ledger.log_seals import Seal
from ledger.log_store import LogFolder
from ledger.notes import Checkpoint, Verifier
from tests.ledger.desk import Desk

ORIGIN = "duisburg.test/log"


class PlainSealer:
    """Seals with a secret of the tests."""

    def seal(self, work: Work, data: bytes) -> bytes:
        """Return `data` sealed."""
        return signing.seal("tests", data, work.ids.random_bytes(signing.SEAL_NONCE_BYTES))

    def unseal(self, sealed: bytes) -> bytes:
        """Return what was sealed."""
        return signing.unseal(("tests",), sealed)


class Sealed:
    """A desk whose book is sealed into a folder."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk = desk
        self.folder = folder
        self.log = Log(desk.database, desk.city_id, LogFolder(folder), PlainSealer(), ORIGIN)

    @property
    def database(self) -> Database:
        """The database of the book."""
        return self.desk.database

    def book(self, count: int) -> None:
        """Book some transfers."""
        while count:
            batch = min(count, 500)
            self.desk.post(*(self.desk.move(1, debit="issued", credit="budget/litter") for _ in range(batch)))
            count -= batch

    def seal(self) -> Seal:
        """Seal all that is booked."""
        sealed = sealing.seal(self.log)
        assert sealed is not None
        return sealed

    def commitments(self) -> list[bytes]:
        """Return the entries of the log as the book has them."""
        with self.database.reading(self.desk.city_id) as reading:
            rows = reading.connection.execute(
                sa.text("SELECT commitment FROM ledger_transfers WHERE city_id = :city ORDER BY sequence"),
                {"city": self.desk.city_id},
            )
            return [bytes(row.commitment) for row in rows]

    def seals(self) -> list[Seal]:
        """Return all seals."""
        with self.database.reading(self.desk.city_id) as reading:
            return log_seals.following(reading, 0, 1000)

    def verifier(self) -> Verifier:
        """Return the log's public key."""
        with self.database.reading(self.desk.city_id) as reading:
            return log_keys.verifier(reading)

    def published(self) -> Checkpoint:
        """Return the served checkpoint, its signature checked."""
        note = notes.parse((self.folder / "checkpoint").read_bytes())
        notes.verify(note, [self.verifier()])
        return Checkpoint.of(note.text)

    def files(self) -> dict[str, bytes]:
        """Return what could be served."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }

    def assert_whole(self) -> None:
        """Check that what is served is the tree of the book, every file of it."""
        entries = self.commitments()
        checkpoint = self.published()
        leaves = [merkle.leaf_hash(entry) for entry in entries[: checkpoint.size]]
        assert merkle.root_of(leaves) == checkpoint.root
        for index in {0, checkpoint.size // 2, checkpoint.size - 1}:
            proof = merkle.inclusion_proof(index, checkpoint.size, self.log.hashes(checkpoint.size))
            assert merkle.verify_inclusion(index, checkpoint.size, leaves[index], proof, checkpoint.root)

    def lose(self, path: str) -> None:
        """Delete a file or folder of the log."""
        target = self.folder / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    def execute(self, *statements: str) -> None:
        """Change the city `:city` in the database behind everybody's back, its guards switched off."""
        with self.database.engine.begin() as connection:
            if self.database.backend == "postgresql":
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            else:
                names = connection.exec_driver_sql(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'ledger%'"
                )
                for name in names.scalars().all():
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(sa.text(statement), {"city": self.desk.city_id})
