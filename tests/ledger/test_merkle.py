"""The tree of RFC 6962: published vectors, the definition itself, and proofs of any sizes."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import merkle
from ledger.merkle import Subtree

VECTORS = json.loads((Path(__file__).parent / "vectors" / "rfc6962.json").read_text())
ENTRIES = [bytes.fromhex(entry) for entry in VECTORS["entries"]]
ROOTS = [bytes.fromhex(root) for root in (VECTORS["empty_root"], *VECTORS["roots"])]

SIZES = st.integers(0, 700)


def definition(leaves: Sequence[bytes]) -> bytes:
    """Return the root as RFC 6962, section 2.1, defines it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + definition(leaves[:split]) + definition(leaves[split:])).digest()


class Leaves:
    """Gives the hashes of subtrees of leaves at hand."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves
        self.known: dict[Subtree, bytes] = {}

    def __call__(self, subtrees: Sequence[Subtree]) -> list[bytes]:
        """Return the hashes asked for; complain about a leaf that is not there."""
        return [self.one(subtree) for subtree in subtrees]

    def one(self, subtree: Subtree) -> bytes:
        """Return one hash."""
        if subtree.level == 0:
            return merkle.leaf_hash(self.leaves[subtree.number])
        if subtree not in self.known:
            left, right = subtree.number * 2, subtree.number * 2 + 1
            below = subtree.level - 1
            self.known[subtree] = merkle.node_hash(
                self.one(Subtree(below, left)), self.one(Subtree(below, right))
            )
        return self.known[subtree]


MANY = [number.to_bytes(2, "big") for number in range(700)]
READ = Leaves(MANY)


def flipped(value: bytes, bit: int) -> bytes:
    """Return `value` with one bit turned over."""
    place = bit % (len(value) * 8)
    return bytes(byte ^ (1 << place % 8) if at == place // 8 else byte for at, byte in enumerate(value))


def hexes(values: Sequence[bytes]) -> list[str]:
    """Return values as the vectors write them."""
    return [value.hex() for value in values]


def test_published_roots() -> None:
    """Trees of none to eight reference entries have the published roots."""
    read = Leaves(ENTRIES)

    assert ROOTS == [merkle.root(size, read) for size in range(9)]
    assert ROOTS == [merkle.root_of([merkle.leaf_hash(one) for one in ENTRIES[:size]]) for size in range(9)]


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=str)
def test_published_inclusion_proofs(case: dict[str, object]) -> None:
    """The published audit paths are made, and verify."""
    index, size = int(str(case["index"])), int(str(case["size"]))
    proof = merkle.inclusion_proof(index, size, Leaves(ENTRIES))

    assert case["proof"] == hexes(proof)
    assert merkle.verify_inclusion(index, size, merkle.leaf_hash(ENTRIES[index]), proof, ROOTS[size])


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=str)
def test_published_consistency_proofs(case: dict[str, object]) -> None:
    """The published consistency proofs are made, and verify."""
    old, size = int(str(case["old_size"])), int(str(case["size"]))
    proof = merkle.consistency_proof(old, size, Leaves(ENTRIES))

    assert case["proof"] == hexes(proof)
    assert merkle.verify_consistency(old, size, ROOTS[old], ROOTS[size], proof)


@given(size=SIZES)
def test_the_root_is_as_defined(size: int) -> None:
    """A root put together from complete subtrees is the root of the definition."""
    assert definition(MANY[:size]) == merkle.root(size, READ)


@given(data=st.data(), size=st.integers(1, 700))
def test_every_inclusion_proof_verifies_and_no_other(data: st.DataObject, size: int) -> None:
    """A leaf's proof verifies; with one bit turned anywhere, at another place or size, it does not."""
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, READ)
    leaf, root = merkle.leaf_hash(MANY[index]), merkle.root(size, READ)
    bit = data.draw(st.integers(0, 8 * 32 * (len(proof) + 2) - 1))
    values = [leaf, root, *proof]
    values[bit // 256] = flipped(values[bit // 256], bit % 256)

    assert merkle.verify_inclusion(index, size, leaf, proof, root)
    assert not merkle.verify_inclusion(index, size, values[0], values[2:], values[1])
    assert not merkle.verify_inclusion(index, size, leaf, [*proof, root], root)
    assert not merkle.verify_inclusion(index, size, leaf, proof[:-1], root) or not proof
    other = data.draw(st.integers(-1, size).filter(lambda place: place != index))
    assert not merkle.verify_inclusion(other, size, leaf, proof, root)


@given(data=st.data(), size=SIZES)
def test_every_consistency_proof_verifies_and_no_other(data: st.DataObject, size: int) -> None:
    """Any older tree is shown to be the beginning; with one bit turned anywhere it is not."""
    old = data.draw(st.integers(0, size))
    proof = merkle.consistency_proof(old, size, READ)
    old_root, root = merkle.root(old, READ), merkle.root(size, READ)
    values = [old_root, root, *proof]
    bit = data.draw(st.integers(0, 256 * len(values) - 1))
    values[bit // 256] = flipped(values[bit // 256], bit % 256)

    assert merkle.verify_consistency(old, size, old_root, root, proof)
    # Nothing is a beginning of everything: the newer root is not looked at.
    assert not merkle.verify_consistency(old, size, values[0], values[1], values[2:]) or old == 0 < bit // 256
    assert not merkle.verify_consistency(old, size, old_root, root, [*proof, root])
    assert not merkle.verify_consistency(old, size, old_root, root, proof[:-1]) or not proof


@given(data=st.data(), size=st.integers(2, 400))
@settings(max_examples=50)
def test_a_fork_has_no_proof(data: st.DataObject, size: int) -> None:
    """The proof between two trees does not verify for a tree in which one old leaf is another."""
    old = data.draw(st.integers(1, size - 1))
    place = data.draw(st.integers(0, old - 1))
    forked = Leaves([*MANY[:place], b"another", *MANY[place + 1 :]])

    proof = merkle.consistency_proof(old, size, forked)

    root = merkle.root(size, forked)
    assert not merkle.verify_consistency(old, size, merkle.root(old, READ), root, proof)


def test_what_is_not_there_has_no_proof() -> None:
    """Leaves and trees that do not exist are refused, hashes of another length never verify."""
    for index, size in ((0, 0), (3, 3), (-1, 3)):
        with pytest.raises(ValueError, match="no leaf"):
            merkle.inclusion_proof(index, size, READ)
    for old, size in ((4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="no way"):
            merkle.consistency_proof(old, size, READ)
    root = merkle.root(4, READ)
    assert not merkle.verify_inclusion(0, 4, b"short", [root, root], root)
    assert not merkle.verify_consistency(3, 4, root, root, [b"short"])
    assert not merkle.verify_consistency(5, 4, root, root, [])
    assert not merkle.verify_consistency(3, 4, root, root, [])
