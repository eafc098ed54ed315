"""Archives of the book: whole, verifiable by themselves, and silent about persons."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel.errors import Conflict, DomainError, Invalid
from ledger import accounts, archiving, invariants, log_keys, partitions, queries
from ledger.archiving import Archive
from tests.ledger.desk import Desk
from tests.ledger.sealed import Sealed


@pytest.fixture
def sealed(desk: Desk, tmp_path: Path) -> Sealed:
    """Give a book of which seven transfers are sealed and two are not."""
    made = Sealed(desk, tmp_path / "log")
    made.book(4)
    desk.post(desk.move(1), desk.hold(2), desk.move(1, credit="venue/1"))
    made.seal()
    made.book(2)
    return made


@pytest.fixture
def file(sealed: Sealed, tmp_path: Path) -> Path:
    """Give an archive of what is sealed."""
    path = tmp_path / "archive.gz"
    assert _write(sealed, path).size == 7
    return path


def _write(sealed: Sealed, path: Path, upto: int = 100) -> Archive:
    with sealed.database.reading(sealed.desk.city_id) as reading:
        return archiving.write(reading, path, upto)


def _lines(file: Path) -> list[str]:
    with gzip.open(file, "rt") as opened:
        return opened.readlines()


def _rewrite(file: Path, change: Callable[[list[str]], list[str]]) -> None:
    lines = change(_lines(file))
    with gzip.open(file, "wt") as opened:
        opened.writelines(lines)


def test_an_archive_is_verified_without_the_database(sealed: Sealed, file: Path) -> None:
    """An archive holds what is sealed and shows by itself that it is whole and what was signed."""
    with sealed.database.reading(sealed.desk.city_id) as reading:
        key = log_keys.verifier(reading)
    archive = archiving.verify(file, key)

    assert archive.size == 7
    rows = [json.loads(line) for line in _lines(file)[1:]]
    assert [row["sequence"] for row in rows] == list(range(1, 8))
    assert {(row["kind"], row["debit"]) for row in rows} >= {("hold", "budget/litter"), ("post", "issued")}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda lines: lines[:-1], "archive-incomplete"),
        (lambda lines: [*lines[:3], *lines[4:]], "archive-malformed"),
        (lambda lines: [*lines, lines[-1]], "archive-malformed"),
        (
            lambda lines: [lines[0], lines[1].replace('"commitment":"', '"commitment":"00'), *lines[2:]],
            "archive-malformed",
        ),
        (
            lambda lines: [
                lines[0],
                lines[1][:-5] + ("aa" if lines[1][-5:-3] != "aa" else "bb") + lines[1][-3:],
                *lines[2:],
            ],
            "archive-root-wrong",
        ),
        (lambda lines: ["{}\n", *lines[1:]], "archive-malformed"),
        (lambda lines: [lines[0].replace("archive/1", "archive/9"), *lines[1:]], "archive-malformed"),
    ],
)
def test_a_changed_archive_is_refused(
    file: Path, change: Callable[[list[str]], list[str]], code: str
) -> None:
    """Cut off, left out, doubled, altered: each is noticed and named."""
    _rewrite(file, change)

    with pytest.raises(Invalid) as refused:
        archiving.verify(file)
    assert refused.value.code == code


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    """Any other file, also one that was cut off while it was written, gets the same answer."""
    path = tmp_path / "other"
    path.write_bytes(b"no gzip")

    with pytest.raises(Invalid, match="archive-malformed"):
        archiving.verify(path)


def test_another_city_did_not_sign_it(file: Path, sealed: Sealed, other_city_id: int, tmp_path: Path) -> None:
    """With another log's key the checkpoint proves nothing."""
    other = Sealed(Desk(sealed.database, other_city_id), tmp_path / "other-log")
    other.log = type(other.log)(
        other.database, other_city_id, other.log.store, other.log.sealer, "moers.test/log"
    )
    other.book(1)
    other.seal()
    with sealed.database.reading(other_city_id) as reading:
        key = log_keys.verifier(reading)

    with pytest.raises(Invalid, match="note-unsigned"):
        archiving.verify(file, key)


def test_nothing_is_overwritten_and_nothing_unsealed_is_archived(
    sealed: Sealed, file: Path, desk: Desk, tmp_path: Path
) -> None:
    """A file that is there stays; without a seal up to the number there is nothing to archive."""
    before = file.read_bytes()
    for path, upto, code in ((file, 100, "archive-exists"), (tmp_path / "new", 3, "archive-not-sealed")):
        with pytest.raises(Conflict) as refused:
            _write(sealed, path, upto)
        assert refused.value.code == code

    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.glob("*.part")) == []


def test_an_archive_keeps_no_secret(sealed: Sealed, file: Path) -> None:
    """What salts are derived from is not in the file, so erasing stays effective for it."""
    with sealed.database.reading(sealed.desk.city_id) as reading:
        every = accounts.every(reading)
        secrets = accounts.secrets_of(reading, [account.account_id for account in every])
    text = "".join(_lines(file))

    assert secrets
    assert not any(secret.hex() in text for secret in secrets.values())


def test_moved_partitions_are_read_and_verified(desk: Desk, tmp_path: Path) -> None:
    """On PostgreSQL full partitions move to a tablespace: old rows and balances are read as before."""
    if desk.database.backend != "postgresql":
        with pytest.raises(DomainError, match="archive-needs-postgresql"):
            desk.database.run(desk.city_id, lambda work: archiving.move(work, "cheap", 10))
        return
    desk.fund(10)
    city_id, upto = desk.city_id, partitions.RANGE_SIZE
    with desk.database.engine.connect() as connection:
        there = connection.exec_driver_sql("SELECT spcname FROM pg_catalog.pg_tablespace").scalars().all()
    # A tablespace needs a folder of the server's own; the one that is always there shows the way of it.
    assert "pg_default" in there
    moved = desk.database.run(city_id, lambda work: archiving.move(work, "pg_default", upto - 1))
    with pytest.raises(Invalid, match="tablespace-unknown"):
        desk.database.run(city_id, lambda work: archiving.move(work, "nowhere", upto))

    assert moved == ["ledger_transfers_p0000"]
    assert desk.database.run(city_id, lambda work: archiving.move(work, "pg_default", upto - 2)) == []
    with desk.database.reading(city_id) as reading:
        assert queries.as_of(reading, "budget/litter", 1).available == 10
        assert invariants.verify(reading).findings == ()


def test_a_book_that_was_altered_is_not_archived(sealed: Sealed, tmp_path: Path) -> None:
    """If a commitment in the book is not the sealed one, no archive is made of it."""
    with sealed.database.engine.connect() as connection:
        if sealed.database.backend == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = replica")
        else:
            connection.exec_driver_sql("DROP TRIGGER ledger_transfers_refuses_update")
        connection.execute(
            sa.text("UPDATE ledger_transfers SET commitment = :other WHERE city_id = :city AND sequence = 2"),
            {"other": b"x" * 32, "city": sealed.desk.city_id},
        )
        connection.commit()

    with pytest.raises(Conflict, match="archive-contradicts-seal"):
        _write(sealed, tmp_path / "new")
    assert list(tmp_path.glob("new*")) == []
