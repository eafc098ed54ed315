"""Receipts out of a real book: made from seal and tiles, checked without either."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from kernel.clock import FixedClock
from kernel.db import Work
from kernel.errors import Conflict, Invalid, NotFound
from kernel.signing import VerifyKey
from ledger import leaves, proofs, proving, witnesses
from ledger.notes import Kind, Verifier
from ledger.proofs import Checked
from ledger.transfers import TransferKind
from tests.fixtures import witness as real
from tests.ledger.desk import ANNA, DAY, Desk
from tests.ledger.sealed import ORIGIN, Sealed


@pytest.fixture
def sealed(desk: Desk, tmp_path: Path) -> Sealed:
    """Give a book whose log has not begun."""
    return Sealed(desk, tmp_path / "log")


@pytest.fixture
def witness(clock: FixedClock) -> Iterator[real.Witness]:
    """Give a running witness."""
    with real.running(real.Witness(now=int(clock.now().timestamp()))) as running:
        yield running


def receipt(sealed: Sealed, transfer_id: UUID) -> str:
    """Return a transfer's receipt."""
    with sealed.database.reading(sealed.desk.city_id) as reading:
        return proving.prove(reading, sealed.log.store, transfer_id)


def check(sealed: Sealed, text: str, *others: Verifier) -> Checked:
    """Check a receipt with the log's public key and nothing else."""
    return proofs.check(text, sealed.verifier(), others)


def test_a_receipt_says_what_was_booked(sealed: Sealed) -> None:
    """The receipt of a transfer opens to its fields, and to nothing of anybody's balance."""
    sealed.book(2)
    sealed.desk.fund(100)
    gift = sealed.desk.move(30)
    sealed.desk.post(gift)
    sealed.book(300)
    sealed.seal()

    checked = check(sealed, receipt(sealed, gift.transfer_id))
    said = leaves.read_opening(checked.opening)

    assert (gift.transfer_id, 4, 3) == (said.transfer_id, said.sequence, checked.index)
    assert ("budget/litter", ANNA, 30, "DUC", "test") == (
        said.debit,
        said.credit,
        said.amount,
        said.asset,
        said.purpose,
    )
    assert (TransferKind.POST, DAY) == (said.kind, said.effective)
    assert (ORIGIN, 304) == (checked.checkpoint.origin, checked.checkpoint.size)


def test_every_transfer_has_a_receipt(sealed: Sealed) -> None:
    """Old and new, under every later seal."""
    ids: list[UUID] = []
    for count in (1, 2, 300):
        ids.extend(sealed.desk.fund(1) for _ in range(count))
        sealed.seal()

    for transfer_id in (ids[0], ids[1], ids[2], ids[150], ids[-1]):
        assert (
            transfer_id
            == leaves.read_opening(check(sealed, receipt(sealed, transfer_id)).opening).transfer_id
        )


def test_what_is_not_sealed_has_no_receipt_yet(sealed: Sealed) -> None:
    """Before the first seal, and between seals, a receipt is refused by name."""
    first = sealed.desk.fund(1)
    with pytest.raises(Conflict, match="transfer-not-sealed"):
        receipt(sealed, first)
    sealed.seal()
    second = sealed.desk.fund(1)
    with pytest.raises(Conflict, match="transfer-not-sealed"):
        receipt(sealed, second)
    with pytest.raises(NotFound, match="transfer-not-found"):
        receipt(sealed, sealed.desk.id())


def test_a_receipt_carries_the_witness(sealed: Sealed, witness: real.Witness, clock: FixedClock) -> None:
    """A receipt is made by a seal that a witness confirmed, as long as that covers it."""

    def add(work: Work) -> None:
        witnesses.add(work, real.NAME, witness.url, witness.public_key.hex())

    sealed.database.run(sealed.desk.city_id, add)
    first = sealed.desk.fund(1)
    sealed.seal()
    witness.misbehave = lambda _: (503, "text/plain", b"")
    second = sealed.desk.fund(1)
    clock.advance(dt.timedelta(minutes=1))
    sealed.seal()
    known = Verifier(real.NAME, VerifyKey(witness.public_key), Kind.COSIGNATURE)

    one, two = (check(sealed, receipt(sealed, each), known) for each in (first, second))

    assert [ORIGIN, real.NAME] == [signed.verifier.name for signed in one.signatures]
    assert (1, [ORIGIN]) == (one.checkpoint.size, [signed.verifier.name for signed in two.signatures][:1])
    assert (2, 1) == (two.checkpoint.size, len(two.signatures))


def test_an_altered_row_gets_no_receipt(sealed: Sealed) -> None:
    """A row that is not what was sealed leads to a refusal, not to a receipt that does not check."""
    transfer_id = sealed.desk.fund(100)
    sealed.seal()
    sealed.execute("UPDATE ledger_transfers SET amount = 101 WHERE city_id = :city")

    with pytest.raises(Conflict, match="log-commitment-altered"):
        receipt(sealed, transfer_id)


def test_a_lost_tile_is_named(sealed: Sealed) -> None:
    """Without the tiles there is no receipt until the log is sealed again."""
    transfer_id = sealed.desk.fund(100)
    sealed.book(1)
    sealed.seal()
    sealed.lose("tile")

    with pytest.raises(Conflict, match="log-tile-missing"):
        receipt(sealed, transfer_id)
    sealed.seal()
    assert 2 == check(sealed, receipt(sealed, transfer_id)).checkpoint.size


def test_a_receipt_of_another_city_is_refused(sealed: Sealed) -> None:
    """A receipt is believed under its own log's key only."""
    transfer_id = sealed.desk.fund(100)
    sealed.seal()
    other = Verifier("moers.test/log", sealed.verifier().key)

    with pytest.raises(Invalid, match="proof-of-other-log"):
        proofs.check(receipt(sealed, transfer_id), other)
