"""Signed notes, checkpoints and cosignatures: published examples, one spelling only, no signature forged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.signing import SigningKey, VerifyKey
from ledger import notes
from ledger.notes import Checkpoint, Kind, Note, Signature, Verifier

# golang.org/x/mod/sumdb/note, documentation of the package: a key and a note that it signed.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# c2sp.org/tlog-cosignature, its example; the keys are not published.
COSIGNED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)

KEY, OTHER = SigningKey(b"\1" * 32), SigningKey(b"\2" * 32)
LOG = Verifier("example.org/log", KEY.verify_key)
WITNESS = Verifier("witness.example", OTHER.verify_key, Kind.COSIGNATURE)
CHECKPOINT = Checkpoint("example.org/log", 7, bytes(range(32)))
TEXT = CHECKPOINT.text
SIGNED = Note(TEXT, (notes.sign(TEXT, LOG.name, KEY), notes.cosign(TEXT, WITNESS.name, OTHER, 1_700_000_000)))


def test_a_note_of_go_is_read_and_verified() -> None:
    """The example of the Go implementation verifies under its key, and is written as it was read."""
    verifier = Verifier.from_text(GO_VKEY)
    note = notes.parse(GO_NOTE)

    assert GO_VKEY == verifier.vkey
    assert GO_NOTE == str(note)
    assert [verifier] == [one.verifier for one in notes.verify(note, [LOG, verifier])]


def test_the_specifications_checkpoint_is_read() -> None:
    """The example says its size and carries a cosignature of 2023."""
    note = notes.parse(COSIGNED.encode())

    assert COSIGNED == str(note)
    assert ("example.com/behind-the-sofa", 20852163) == (
        Checkpoint.of(note.text).origin,
        Checkpoint.of(note.text).size,
    )
    assert [64, 72] == [len(signature.data) for signature in note.signatures]
    assert 1679315147 == int.from_bytes(note.signatures[1].data[:8], "big")


def test_a_checkpoint_is_signed_and_cosigned() -> None:
    """Both signatures verify, the cosignature with its time; unknown keys are passed over."""
    stranger = notes.sign(TEXT, "someone.else", OTHER)
    note = notes.parse(str(SIGNED.signed_by([stranger, *SIGNED.signatures])))

    assert 3 == len(note.signatures)
    assert [(LOG, 0), (WITNESS, 1_700_000_000)] == [
        (one.verifier, one.signed_at) for one in notes.verify(note, [WITNESS, LOG])
    ]
    assert Checkpoint.of(note.text) == CHECKPOINT


def test_the_same_key_is_another_under_another_name_or_kind() -> None:
    """Name and kind go into a key's id, so a log's signature can't be passed off as a cosignature."""
    names = [Verifier("a", KEY.verify_key), Verifier("b", KEY.verify_key)]
    kinds = [Verifier("a", KEY.verify_key, kind) for kind in Kind]

    assert 3 == len({verifier.key_id for verifier in (*names, *kinds)})
    with pytest.raises(Invalid, match="note-unsigned"):
        notes.verify(SIGNED, [Verifier(LOG.name, KEY.verify_key, Kind.COSIGNATURE)])
    with pytest.raises(Invalid, match="note-unsigned"):
        notes.verify(SIGNED, [])


@given(data=st.data())
def test_no_byte_of_a_signed_note_can_be_changed(data: st.DataObject) -> None:
    """With one bit turned anywhere a note is unreadable, unsigned or wrongly signed, or a stranger's line went."""
    whole = bytearray(str(Note(TEXT, SIGNED.signatures[:1])).encode())
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8

    with pytest.raises(Invalid):
        notes.verify(notes.parse(bytes(whole)), [LOG])


@given(data=st.data())
def test_no_bit_of_a_cosignature_can_be_changed(data: st.DataObject) -> None:
    """Time, signature and text of a cosignature belong together."""
    signature = SIGNED.signatures[1]
    bit = data.draw(st.integers(0, len(signature.data) * 8 - 1))
    changed = bytearray(signature.data)
    changed[bit // 8] ^= 1 << bit % 8

    forged = Signature(signature.name, signature.key_id, bytes(changed))
    assert WITNESS.signed_at(TEXT, signature) == 1_700_000_000
    assert WITNESS.signed_at(TEXT, forged) is None
    assert WITNESS.signed_at(TEXT.replace("7", "8"), signature) is None


def test_a_cosignature_of_another_shape_is_none() -> None:
    """A signature without time, or with one beyond 63 bits, is no cosignature."""
    bare = Signature(WITNESS.name, WITNESS.key_id, OTHER.sign(TEXT.encode()))
    late = notes.cosign(TEXT, WITNESS.name, OTHER, 1 << 63)

    assert [None, None] == [WITNESS.signed_at(TEXT, one) for one in (bare, late)]


LINE = SIGNED.signatures[0].line


@pytest.mark.parametrize(
    "whole",
    [
        "", "\n", "text\n", "text\n\n", f"text\n{LINE}", f"text\n\n{LINE[:-1]}", f"text\n\n{LINE}\n",
        f"te\tt\n\n{LINE}", f"text\r\n\n{LINE}", f"text\n\n-{LINE[1:]}", f"text\n\n{LINE.replace(' ', '  ', 1)}",
        "text\n\n\u2014 name\n", "text\n\n\u2014 na+me AAAAAAA=\n", "text\n\n\u2014  AAAAAAA=\n",
        "text\n\n\u2014 name AAAAAA==\n", "text\n\n\u2014 name AAAAAAA\n", "text\n\n\u2014 name AAAAAAB=\n",
        "text\n\n\u2014 name AAAA-AA=\n", f"text\n\n{LINE * 101}", "x" * 1_000_001 + f"\n\n{LINE}",
    ],
    ids=lambda whole: repr(whole[:24]),
)  # fmt: skip
def test_other_spellings_are_no_notes(whole: str) -> None:
    """Whatever is not exactly a note is refused."""
    with pytest.raises(Invalid, match="note-invalid"):
        notes.parse(whole)


def test_what_is_no_utf8_is_no_note() -> None:
    """Bytes that are not UTF-8, and text that can't be, are refused."""
    for whole in (b"\xff\n\n" + LINE.encode(), f"\ud800\n\n{LINE}"):
        with pytest.raises(Invalid, match="note-invalid"):
            notes.parse(whole)


@pytest.mark.parametrize(
    "text",
    [
        "", "a\n", "a\n1\n", TEXT[:-1], TEXT + "\n", TEXT.replace("7", "07"), TEXT.replace("7", "-7"),
        TEXT.replace("7", "\u0667"), TEXT.replace("7", str(1 << 63)), TEXT.replace("=", ""), "\n" + TEXT,
        TEXT.replace("AAEC", "AAE="), TEXT.replace("example.org/log", ""),
        f"a\n1\n{notes.encode_base64(bytes(31))}\n",
    ],
    ids=repr,
)  # fmt: skip
def test_other_spellings_are_no_checkpoints(text: str) -> None:
    """Whatever is not exactly a checkpoint is refused."""
    with pytest.raises(Invalid, match="checkpoint-invalid"):
        Checkpoint.of(text)


def test_further_lines_of_a_checkpoint_are_left_alone() -> None:
    """A log of others may add lines; they are signed but say nothing to us."""
    assert Checkpoint.of(f"{TEXT}more\n") == CHECKPOINT


@pytest.mark.parametrize(
    "vkey",
    [
        "", "name", "name+c74f20a3", GO_VKEY.replace("c74f", "c74e"), GO_VKEY.replace("ARpc", "AhpC"),
        GO_VKEY[:-4], GO_VKEY.replace("PeterNeumann", "Peter Neumann"), GO_VKEY.replace("PeterNeumann", ""),
    ],
)  # fmt: skip
def test_other_spellings_are_no_keys(vkey: str) -> None:
    """A verifier key has a name, its own id and 32 bytes of a known kind."""
    with pytest.raises(Invalid, match="verifier-key-invalid"):
        Verifier.from_text(vkey)


def test_names_of_keys_are_single_words() -> None:
    """A key can't be called something that would break a signature line."""
    for name in ("", "two words", "plus+sign", "new\nline", "no\u00a0break"):
        with pytest.raises(Invalid, match="key-name-invalid"):
            Verifier(name, VerifyKey(KEY.verify_key.public_key))
