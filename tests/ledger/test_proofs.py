"""Receipts: written, read and checked without anything else at hand."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.signing import SigningKey
from ledger import merkle, notes, proofs
from ledger.notes import Checkpoint, Kind, Note, Verifier
from ledger.proofs import Bundle
from tests.ledger.test_merkle import Leaves

KEY, WITNESS_KEY = SigningKey(b"\3" * 32), SigningKey(b"\4" * 32)
LOG = Verifier("duisburg.test/log", KEY.verify_key)
WITNESS = Verifier("witness.example", WITNESS_KEY.verify_key, Kind.COSIGNATURE)
OPENINGS = [f"opening {number}".encode() for number in range(21)]
ENTRIES = [hashlib.sha256(opening).digest() for opening in OPENINGS]
READ = Leaves(ENTRIES)


def receipt(index: int, size: int = 21) -> Bundle:
    """Return a receipt for one of the openings."""
    text = Checkpoint(LOG.name, size, merkle.root(size, READ)).text
    signatures = (
        notes.sign(text, LOG.name, KEY),
        notes.cosign(text, WITNESS.name, WITNESS_KEY, 1_700_000_000),
    )
    hashes = tuple(merkle.inclusion_proof(index, size, READ))
    return Bundle(index, hashes, Note(text, signatures), OPENINGS[index])


@given(size=st.integers(1, 21), data=st.data())
def test_every_receipt_checks(size: int, data: st.DataObject) -> None:
    """A receipt for any entry of any tree shows its opening and who signed."""
    index = data.draw(st.integers(0, size - 1))

    checked = proofs.check(str(receipt(index, size)), LOG, [WITNESS])

    assert (OPENINGS[index], ENTRIES[index], index) == (checked.opening, checked.commitment, checked.index)
    assert [LOG, WITNESS] == [one.verifier for one in checked.signatures]
    assert size == checked.checkpoint.size


@given(st.data())
def test_no_character_of_a_receipt_can_be_changed(data: st.DataObject) -> None:
    """With one character of a receipt another, it does not check, unless only the witness's name changed."""
    text = str(receipt(5))
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda one: one != text[place]))
    changed = text[:place] + other + text[place + 1 :]

    try:
        proofs.check(changed, LOG, [WITNESS])
    except Invalid:
        return
    assert place >= text.index(f"\u2014 {WITNESS.name}")


def test_a_receipt_without_extra_is_read_but_shows_nothing() -> None:
    """The format allows it; without the opening there is nothing to show."""
    bundle = receipt(5)
    bare = Bundle(bundle.index, bundle.hashes, bundle.checkpoint)

    assert Bundle.parse(str(bare)) == bare
    with pytest.raises(Invalid, match="proof-without-opening"):
        proofs.check(str(bare), LOG)


def _other_log(text: str) -> str:
    return text.replace("duisburg.test/log", "moers.test/log")


def _other_opening(text: str) -> str:
    return text.replace(notes.encode_base64(OPENINGS[5]), notes.encode_base64(OPENINGS[6]))


def _other_index(text: str) -> str:
    return text.replace("index 5", "index 6")


def _other_size(text: str) -> str:
    return text.replace("\n21\n", "\n22\n")


def _no_header(text: str) -> str:
    return text.replace("v1", "v2")


def _spaced_index(text: str) -> str:
    return text.replace("index 5", "index 05")


def _no_checkpoint(text: str) -> str:
    return text.split("\n\n", maxsplit=1)[0]


def _no_index(text: str) -> str:
    return text.replace("index 5\n", "")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_other_log, "proof-of-other-log"),
        (_other_opening, "proof-not-included"),
        (_other_index, "proof-not-included"),
        (_other_size, "proof-signature-invalid"),
        (_no_header, "proof-unreadable"),
        (_spaced_index, "proof-unreadable"),
        (_no_checkpoint, "proof-unreadable"),
        (_no_index, "proof-unreadable"),
    ],
)
def test_refusals_are_named(change: Callable[[str], str], code: str) -> None:
    """Each way in which a receipt is wrong has a name of its own."""
    with pytest.raises(Invalid, match=code):
        proofs.check(change(str(receipt(5))), LOG, [WITNESS])


def test_a_receipt_that_only_a_witness_signed_is_of_another_log() -> None:
    """Witnesses confirm a log; they don't stand in for it."""
    bundle = receipt(5)
    text = str(
        Bundle(5, bundle.hashes, Note(bundle.checkpoint.text, bundle.checkpoint.signatures[1:]), OPENINGS[5])
    )

    with pytest.raises(Invalid, match="proof-of-other-log"):
        proofs.check(text, LOG, [WITNESS])


def test_a_signed_text_that_is_no_checkpoint_is_unreadable() -> None:
    """A signature of the log under something else proves nothing."""
    text = "hello\n"
    note = Note(text, (notes.sign(text, LOG.name, KEY),))

    with pytest.raises(Invalid, match="proof-unreadable"):
        proofs.check(str(Bundle(0, (), note, OPENINGS[0])), LOG)
