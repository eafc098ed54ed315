"""The Merkle tree of RFC 6962 (section 2.1): hashes, roots, proofs and their verification. Pure.

Nothing here wants all leaves. A root or a proof is made from the hashes of a few complete subtrees, which a
caller has stored: `Subtree(level, number)` covers the `2 ** level` leaves from `number << level` on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()
"""Root of a tree without leaves."""

_LEAF = b"\x00"
_NODE = b"\x01"


class Subtree(NamedTuple):
    """A complete subtree: the leaves `number << level` up to but not including `(number + 1) << level`."""

    level: int
    number: int


ReadHashes = Callable[[Sequence[Subtree]], Sequence[bytes]]
"""Gives the stored hashes of complete subtrees, in the order asked for."""

Span = tuple[int, int]
"""Leaves from the first number up to but not including the second."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf's bytes."""
    return sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(_NODE + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over neighbouring hashes: leaves, or subtrees of one size (the last may be smaller)."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        pairs = [node_hash(row[place], row[place + 1]) for place in range(0, len(row) - 1, 2)]
        # One left over rises as it is: RFC 6962 splits at the largest power of two.
        row = pairs + row[len(pairs) * 2 :]
    return row[0]


def root(size: int, read: ReadHashes) -> bytes:
    """Return the root of a tree of `size` leaves."""
    return _hashes_of([(0, size)], read)[0] if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: ReadHashes) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves, from the leaf's sibling upwards.

    Raises ValueError if the tree has no such leaf.
    """
    if not 0 <= index < size:
        msg = f"no leaf {index} in a tree of {size}"
        raise ValueError(msg)
    return _hashes_of(list(_inclusion_spans(index, (0, size))), read)


def consistency_proof(old_size: int, size: int, read: ReadHashes) -> list[bytes]:
    """Return the proof that the tree of `size` leaves begins with the tree of `old_size`.

    Empty for equal sizes and from nothing. Raises ValueError if the old tree is larger.
    """
    if not 0 <= old_size <= size:
        msg = f"no way from a tree of {old_size} to one of {size}"
        raise ValueError(msg)
    if old_size in {0, size}:
        return []
    return _hashes_of(list(_consistency_spans(old_size, (0, size), whole=True)), read)


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root_hash: bytes) -> bool:
    """Return whether `proof` shows leaf hash `leaf` at `index` in the tree of that size and root.

    RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size or not _are_hashes([leaf, *proof]):
        return False
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root_hash


def verify_consistency(
    old_size: int, size: int, old_root: bytes, root_hash: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether `proof` shows that the newer tree begins with the older one.

    RFC 9162, section 2.1.4.2. From nothing and between equal trees there is nothing to prove: the proof is
    empty and the roots fit.
    """
    if not 0 <= old_size <= size or not _are_hashes(proof):
        return False
    if old_size in {0, size}:
        expected = root_hash if old_size else EMPTY_ROOT
        return not proof and old_root == expected and (size > 0 or root_hash == EMPTY_ROOT)
    # A complete old tree is a subtree of the new one, so its root is known and not sent.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_found = found = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_found, found = node_hash(sibling, old_found), node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old_found == old_root and found == root_hash


def complete_subtrees(span: Span) -> Iterator[Subtree]:
    """Return the largest complete subtrees of which `span` consists, from the left.

    A span of a proof begins where a complete subtree of its size would begin.
    """
    first, end = span
    while first < end:
        level = (end - first).bit_length() - 1
        yield Subtree(level, first >> level)
        first += 1 << level


def _inclusion_spans(index: int, span: Span) -> Iterator[Span]:
    first, end = span
    if end - first == 1:
        return
    middle = _middle(span)
    if index < middle:
        yield from _inclusion_spans(index, (first, middle))
        yield (middle, end)
    else:
        yield from _inclusion_spans(index, (middle, end))
        yield (first, middle)


def _consistency_spans(old_size: int, span: Span, *, whole: bool) -> Iterator[Span]:
    """Return the spans of a consistency proof; `whole` while the old tree is all of what was seen of it."""
    first, end = span
    if old_size == end:
        if not whole:
            yield span
        return
    middle = _middle(span)
    if old_size <= middle:
        yield from _consistency_spans(old_size, (first, middle), whole=whole)
        yield (middle, end)
    else:
        yield from _consistency_spans(old_size, (middle, end), whole=False)
        yield (first, middle)


def _middle(span: Span) -> int:
    """Return where RFC 6962 splits a span: after the largest power of two that is smaller than it."""
    first, end = span
    return first + (1 << (end - first - 1).bit_length() - 1)


def _hashes_of(spans: Sequence[Span], read: ReadHashes) -> list[bytes]:
    parts = [list(complete_subtrees(span)) for span in spans]
    found = iter(read([subtree for part in parts for subtree in part]))
    return [_joined([next(found) for _ in part]) for part in parts]


def _joined(peaks: Sequence[bytes]) -> bytes:
    joined = peaks[-1]
    for peak in reversed(peaks[:-1]):
        joined = node_hash(peak, joined)
    return joined


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
