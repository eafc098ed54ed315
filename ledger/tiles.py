"""Tiles of a transparency log (c2sp.org/tlog-tiles): their names, their bytes, and what is in which. Pure.

A tile holds up to 256 neighbouring hashes of one level; level L + 1 hashes the full tiles of level L. An
entry bundle holds the entries whose hashes are in the level 0 tile of the same number.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from kernel.errors import Invalid
from ledger import merkle
from ledger.merkle import HASH_BYTES, Subtree

HEIGHT = 8
WIDTH = 1 << HEIGHT
LEVEL_MAX = 63
ENTRY_BYTES_MAX = 0xFFFF

_LENGTH_BYTES = 2
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)
_INDEX_GROUPS_MAX = 7
"""Seven groups of three digits name every tile that a 63-bit tree can have."""


@dataclass(frozen=True, slots=True)
class Tile:
    """The name of a tile, or of an entry bundle where `level` is None."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is served, below the log's prefix."""
        suffix = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{self.full_path}{suffix}"

    @property
    def full_path(self) -> str:
        """Where it is served once it is full."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[place : place + 3] for place in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        return f"tile/{'entries' if self.level is None else self.level}/{name}"

    @property
    def is_full(self) -> bool:
        """Whether it will never grow again."""
        return self.width == WIDTH

    @property
    def bundle(self) -> Self:
        """The entry bundle that belongs to this level 0 tile."""
        return type(self)(None, self.index, self.width)


def parse_path(path: str) -> Tile:
    """Return the tile that a path names, in its one spelling. Raises Invalid `tile-path-invalid`."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise Invalid("tile-path-invalid", path=path)
    groups = match["index"].replace("x", "").split("/")
    level = None if match["level"] == "entries" else int(match["level"])
    width = int(match["width"]) if match["width"] else WIDTH
    fits = (level or 0) <= LEVEL_MAX and len(groups) <= _INDEX_GROUPS_MAX
    # The pattern lets a leading "x000" and widths up to 999 pass: neither is a tile's one name.
    if not fits or (len(groups) > 1 and groups[0] == "000") or (match["width"] and width >= WIDTH):
        raise Invalid("tile-path-invalid", path=path)
    return Tile(level, int("".join(groups)), width)


def width_at(size: int, level: int, index: int) -> int:
    """Return how many hashes tile `index` of `level` has in a tree of `size` leaves; 0 if it is not there."""
    return max(0, min(WIDTH, (size >> (HEIGHT * level)) - index * WIDTH))


def edge(size: int) -> list[Tile]:
    """Return the partial tiles of a tree of `size` leaves, one a level at most, from level 0 upwards."""
    found = []
    level = 0
    while size >> (HEIGHT * level):
        count = size >> (HEIGHT * level)
        if count % WIDTH:
            found.append(Tile(level, count // WIDTH, count % WIDTH))
        level += 1
    return found


def split_hashes(data: bytes, width: int) -> list[bytes]:
    """Return the hashes of a tile. Raises Invalid `tile-invalid` if it has not exactly `width`."""
    if len(data) != width * HASH_BYTES:
        raise Invalid("tile-invalid", expected_bytes=width * HASH_BYTES, actual_bytes=len(data))
    return [data[place : place + HASH_BYTES] for place in range(0, len(data), HASH_BYTES)]


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries behind one another, each after its length. Raises Invalid `entry-too-large`."""
    known = list(entries)
    if max(map(len, known), default=0) > ENTRY_BYTES_MAX:
        raise Invalid("entry-too-large", maximum_bytes=ENTRY_BYTES_MAX)
    return b"".join([len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in known])


def decode_bundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle. Raises Invalid `bundle-invalid` if it ends within one."""
    entries = []
    place = 0
    while place < len(data):
        begin = place + _LENGTH_BYTES
        place = begin + int.from_bytes(data[place:begin], "big")
        if begin > len(data) or place > len(data):
            raise Invalid("bundle-invalid")
        entries.append(data[begin:place])
    return entries


def truncate(tile: Tile, wider: bytes) -> bytes:
    """Return the bytes of a partial tile or bundle from those of the same one with more in it."""
    if tile.level is None:
        return encode_bundle(decode_bundle(wider)[: tile.width])
    return wider[: tile.width * HASH_BYTES]


@dataclass(slots=True)
class Growth:
    """A tree that grows at its right edge; holds the unfinished tile of each level and nothing else."""

    size: int = 0
    levels: list[list[bytes]] = field(default_factory=list)
    """Hashes of the unfinished tile of each level."""
    entries: list[bytes] = field(default_factory=list)
    """Entries of the unfinished bundle."""

    @classmethod
    def resume(cls, size: int, read: Callable[[Tile], bytes]) -> Self:
        """Return the tree of `size` leaves, whose unfinished tiles and bundle `read` gives.

        Raises Invalid if one of them is misshapen.
        """
        partial = {tile.level: tile for tile in edge(size)}
        height = (size.bit_length() + HEIGHT - 1) // HEIGHT if size else 0
        levels = [
            split_hashes(read(partial[level]), partial[level].width) if level in partial else []
            for level in range(height)
        ]
        entries = decode_bundle(read(partial[0].bundle)) if 0 in partial else []
        if len(entries) != (len(levels[0]) if levels else 0):
            raise Invalid("bundle-invalid")
        return cls(size, levels, entries)

    def root(self) -> bytes:
        """Return the root of the tree as it is now."""
        rest: list[bytes] = []
        for level in self.levels:
            rest = [merkle.root_of([*level, *rest])] if level or rest else []
        return rest[0] if rest else merkle.EMPTY_ROOT

    def extend(self, entries: Iterable[bytes]) -> Iterator[tuple[Tile, bytes]]:
        """Add entries; yield each tile and bundle that has become full, with its bytes."""
        coming = iter(entries)
        while taken := list(itertools.islice(coming, WIDTH - len(self.entries))):
            self.entries += taken
            self.size += len(taken)
            self._level(0).extend(map(merkle.leaf_hash, taken))
            if len(self.entries) == WIDTH:
                full = [(Tile(None, self.size // WIDTH - 1), encode_bundle(self.entries)), *self._close(0)]
                self.entries.clear()
                yield from full

    def unfinished(self) -> Iterator[tuple[Tile, bytes]]:
        """Yield the partial tiles and the partial bundle of the tree as it is now."""
        if self.entries:
            yield Tile(None, self.size // WIDTH, len(self.entries)), encode_bundle(self.entries)
        for tile in edge(self.size):
            if tile.level is not None:
                yield tile, b"".join(self.levels[tile.level])

    def _level(self, level: int) -> list[bytes]:
        if level == len(self.levels):
            self.levels.append([])
        return self.levels[level]

    def _close(self, level: int) -> list[tuple[Tile, bytes]]:
        """Return the full tile of a level, and of each level above that its root fills."""
        hashes, above = self.levels[level], self._level(level + 1)
        index = (self.size >> (HEIGHT * (level + 1))) - 1
        closed = [(Tile(level, index), b"".join(hashes))]
        above.append(merkle.root_of(hashes))
        hashes.clear()
        return closed if len(above) < WIDTH else [*closed, *self._close(level + 1)]


@dataclass(slots=True)
class HashReader:
    """Gives the hashes of complete subtrees of a tree of `size` leaves out of its tiles."""

    size: int
    read: Callable[[Tile], bytes]
    """Gives a tile's bytes; called once for each tile."""
    _tiles: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)

    def __call__(self, subtrees: Sequence[Subtree]) -> list[bytes]:
        """Return the hashes asked for. Raises Invalid `tile-invalid`, or what `read` raises."""
        return [self._hash(subtree) for subtree in subtrees]

    def _hash(self, subtree: Subtree) -> bytes:
        level, height = divmod(subtree.level, HEIGHT)
        first = subtree.number << height
        index = first // WIDTH
        if (level, index) not in self._tiles:
            width = width_at(self.size, level, index)
            self._tiles[level, index] = split_hashes(self.read(Tile(level, index, width)), width)
        hashes = self._tiles[level, index][first % WIDTH :][: 1 << height]
        if len(hashes) < 1 << height:
            msg = f"{subtree} is not in a tree of {self.size}"
            raise ValueError(msg)
        return merkle.root_of(hashes)


def reader_of(size: int, tiles: Mapping[str, bytes]) -> HashReader:
    """Return a reader of tiles that are at hand, by path."""
    return HashReader(size, lambda tile: tiles[tile.path])
