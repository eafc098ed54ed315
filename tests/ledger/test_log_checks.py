"""The auditor's check of the log: whatever is altered in seals, cosignatures, book or files is found and named."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel import signing
from kernel.clock import FixedClock
from kernel.db import Work
from kernel.errors import Conflict
from ledger import log_checks, sealing, witnesses
from tests.fixtures import witness as real
from tests.ledger.desk import Desk
from tests.ledger.sealed import Sealed


@pytest.fixture
def sealed(desk: Desk, tmp_path: Path, clock: FixedClock) -> Iterator[Sealed]:
    """Give a log with three seals over 300 transfers, confirmed by a witness, and five more transfers."""
    made = Sealed(desk, tmp_path / "log")
    with real.running(real.Witness(now=int(clock.now().timestamp()))) as witness:

        def add(work: Work) -> None:
            witnesses.add(work, real.NAME, witness.url, witness.public_key.hex())

        desk.database.run(desk.city_id, add)
        for size in (3, 260, 300):
            made.book(size - len(made.commitments()))
            made.seal()
        made.book(5)
        yield made


def flaws(sealed: Sealed) -> set[str]:
    """Return the names of what was found."""
    return {one.check for one in log_checks.check(sealed.log)}


def test_a_whole_log_has_no_flaw(sealed: Sealed) -> None:
    """Nothing is found in a log that is right, sealed up to the end or not, nor where there is none."""
    assert set() == flaws(sealed)
    sealed.seal()
    assert set() == flaws(sealed)


def test_no_log_has_no_flaw(desk: Desk, tmp_path: Path) -> None:
    """A book that was never sealed has nothing to find."""
    unsealed = Sealed(desk, tmp_path / "log")
    assert set() == flaws(unsealed)
    unsealed.book(3)
    assert set() == flaws(unsealed)


SEAL = "UPDATE ledger_seals SET {} WHERE city_id = :city AND size = 260"
COSIGNATURE = "UPDATE ledger_cosignatures SET {} WHERE city_id = :city AND size = 260"
KEY = "UPDATE ledger_log_keys SET {} WHERE city_id = :city"
BOOK = "UPDATE ledger_transfers SET {} WHERE city_id = :city AND sequence = 17"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (SEAL.format("root = zeroblob(32)"), {"seal-root", "seal-signed"}),
        (SEAL.format("sealed_at = '2026-05-04 07:30:00.000001'"), {"seal-signed"}),
        (SEAL.format("checkpoint = replace(checkpoint, 'duisburg', 'moers')"), {"seal-signed", "cosignature"}),
        (SEAL.format("digest = zeroblob(32)"), {"seal-signed"}),
        ("DELETE FROM ledger_seals WHERE city_id = :city AND size = 260", {"seal-signed"}),
        (COSIGNATURE.format("line = replace(line, 'witness', 'wittness')"), {"cosignature"}),
        (COSIGNATURE.format("line = 'nonsense'"), {"cosignature"}),
        (COSIGNATURE.format("cosigned_at = '2026-05-04 07:30:01.000000'"), {"cosignature"}),
        (COSIGNATURE.format("witness = 'somebody'"), {"cosignature"}),
        ("UPDATE ledger_witnesses SET public_key = zeroblob(32) WHERE city_id = :city", {"cosignature"}),
        (KEY.format("origin = 'moers.test/log'"), {"seal-signed", "checkpoint"}),
        (KEY.format("public_key = zeroblob(32)"), {"seal-signed", "checkpoint"}),
        ("DELETE FROM ledger_log_keys WHERE city_id = :city", {"seal-signed", "checkpoint"}),
        (BOOK.format("commitment = zeroblob(32)"), {"seal-root", "file"}),
        ("DELETE FROM ledger_transfers WHERE city_id = :city AND sequence = 17", {"gap", "seal-covered"}),
    ],
)  # fmt: skip
def test_what_is_altered_is_named(sealed: Sealed, statement: str, found: set[str]) -> None:
    """Each column of each table of the log, and of the book what was sealed."""
    if statement.startswith("DELETE FROM ledger_seals"):
        sealed.execute(statement.replace("ledger_seals", "ledger_cosignatures"))
    sealed.execute(statement)

    assert found <= flaws(sealed)


def test_a_truncated_book_is_named(sealed: Sealed) -> None:
    """Seals beyond the end of the book say that something is missing."""
    sealed.execute(
        "DELETE FROM ledger_transfers WHERE city_id = :city AND sequence > 280",
        "UPDATE ledger_heads SET sequence = 280 WHERE city_id = :city",
    )

    assert "seal-covered" in flaws(sealed)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_file_is_compared(sealed: Sealed) -> None:
    """A flipped bit in any file, or a missing one, is found."""
    # Partial tiles of older seals are not looked at: the wider ones hold the same.
    kept = {path: data for path, data in sealed.files().items() if not path.endswith((".p/3", ".p/4"))}
    assert len(kept) == 6
    for path, data in kept.items():
        (sealed.folder / path).write_bytes(data[:5] + bytes([data[5] ^ 1]) + data[6:])
        assert flaws(sealed) & {"file", "checkpoint"}, path
        (sealed.folder / path).unlink()
        assert flaws(sealed) & {"file", "checkpoint"}, path
        (sealed.folder / path).write_bytes(data)
    assert set() == flaws(sealed)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_key_whose_halves_differ_signs_nothing(sealed: Sealed) -> None:
    """Another seed under the same public key is noticed before it signs."""
    other = signing.seal("tests", bytes(32), bytes(signing.SEAL_NONCE_BYTES)).hex()
    sealed.execute(KEY.format(f"sealed_seed = x'{other}'"))

    with pytest.raises(Conflict, match="log-key-altered"):
        sealing.seal(sealed.log)
