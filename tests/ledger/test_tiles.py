"""Tiles: their names, their bytes, and that a tree can be read and grown from them alone."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Invalid
from ledger import merkle, tiles
from ledger.merkle import Subtree
from ledger.tiles import Growth, HashReader, Tile

ENTRIES = [number.to_bytes(4, "big") for number in range(70_000)]


class Grown(NamedTuple):
    """A tree and all tiles that were ever written for it."""

    growth: Growth
    files: dict[str, bytes]


def grown(*sizes: int, begin: Grown | None = None) -> Grown:
    """Return a tree that was published at each of `sizes`."""
    growth, files = begin or Grown(Growth(), {})
    for size in sizes:
        files.update((tile.path, data) for tile, data in growth.extend(ENTRIES[growth.size : size]))
        files.update((tile.path, data) for tile, data in growth.unfinished())
    return Grown(growth, files)


@pytest.fixture(scope="module")
def large() -> Grown:
    """Give the specification's own example: 70,000 entries."""
    return grown(70_000)


def test_the_specifications_example(large: Grown) -> None:
    """70,000 entries are 273 full tiles and partial ones of 112, 17 and 1."""
    hashes = [path for path in large.files if not path.startswith("tile/entries")]
    partial = sorted(path for path in hashes if ".p/" in path)

    assert 273 == len([path for path in hashes if path.startswith("tile/0/") and ".p" not in path])
    assert ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"] == partial
    assert [tile.path for tile in tiles.edge(70_000)] == partial
    assert {8192} == {len(large.files[path]) for path in hashes if path not in partial}
    assert 274 == len(large.files) - len(hashes)


def test_the_root_of_the_edge_is_the_root_of_the_tree(large: Grown) -> None:
    """What the unfinished tiles know is enough for the root."""
    leaves = [merkle.leaf_hash(entry) for entry in ENTRIES]

    assert merkle.root_of(leaves) == large.growth.root()


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 5, 255), "tile/0/005.p/255"),
        (Tile(1, 1_234_067), "tile/1/x001/x234/067"),
        (Tile(63, 999, 1), "tile/63/999.p/1"),
        (Tile(None, 1000), "tile/entries/x001/000"),
        (Tile(None, 70_000, 7), "tile/entries/x070/000.p/7"),
    ],
)
def test_names(tile: Tile, path: str) -> None:
    """A tile has one name, and the name leads back to it."""
    assert path == tile.path
    assert tile == tiles.parse_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/00/000", "tile/64/000", "tile/-1/000",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/0/000/",
        "tile/0/x000/000", "tile/0/001/000", "tile/0/x001", "tile/0/000\n", "/tile/0/000", "tile/data/000",
        "tile/0/../000", "tile/0/..%2f000", "tile/entries/0000", "tile/0/x001/../../000", "tile/\u0660/000",
        "tile/0/" + "x999/" * 9 + "999",
    ],
)  # fmt: skip
def test_other_spellings_are_no_names(path: str) -> None:
    """Whatever is not the one spelling of a tile's name is refused."""
    with pytest.raises(Invalid, match="tile-path-invalid"):
        tiles.parse_path(path)


def _from(files: dict[str, bytes]) -> Callable[[Tile], bytes]:
    return lambda tile: files[tile.path]


@given(level=st.integers(0, 63) | st.none(), index=st.integers(0, 2**55), width=st.integers(1, 256))
def test_every_name_leads_back(level: int | None, index: int, width: int) -> None:
    """Any tile's name is read as that tile."""
    tile = Tile(level, index, width)

    assert tile == tiles.parse_path(tile.path)


@given(st.lists(st.binary(max_size=40)))
def test_bundles_are_read_as_written(entries: list[bytes]) -> None:
    """Entries come back out of a bundle; one that ends too early is refused."""
    data = tiles.encode_bundle(entries)

    assert entries == tiles.decode_bundle(data)
    if data:
        with pytest.raises(Invalid, match="bundle-invalid"):
            tiles.decode_bundle(data + b"\0")


def test_sizes_are_bounded() -> None:
    """Entries longer than 65,535 bytes and tiles of another length are refused."""
    assert tiles.encode_bundle([bytes(65_535)])[:2] == b"\xff\xff"
    with pytest.raises(Invalid, match="entry-too-large"):
        tiles.encode_bundle([bytes(65_536)])
    with pytest.raises(Invalid, match="tile-invalid"):
        tiles.split_hashes(bytes(33), 1)


@given(st.lists(st.integers(1, 1_500), min_size=1, max_size=4).map(sorted))
@settings(max_examples=40, deadline=None)
def test_a_tree_grows_from_its_tiles_alone(sizes: list[int]) -> None:
    """Picked up from its tiles at every size, a tree ends as if it had grown in one go."""
    step = Grown(Growth(), {})
    for size in sizes:
        again = Growth.resume(step.growth.size, _from(step.files))
        assert again == step.growth
        step = grown(size, begin=Grown(again, step.files))

    at_once = grown(sizes[-1])
    assert at_once.growth.root() == step.growth.root()
    assert at_once.files.items() <= step.files.items()


@given(size=st.integers(1, 70_000), data=st.data())
@settings(max_examples=60, deadline=None)
def test_proofs_come_out_of_tiles(large: Grown, size: int, data: st.DataObject) -> None:
    """Proofs in a tree of any size up to that of the tiles are made from a few of them, and verify."""
    index = data.draw(st.integers(0, size - 1))
    wanted: list[Tile] = []

    def read(tile: Tile) -> bytes:
        wanted.append(tile)
        full = Tile(tile.level, tile.index, tiles.width_at(70_000, tile.level or 0, tile.index))
        return tiles.truncate(tile, large.files[full.path])

    reader = HashReader(size, read)
    root = merkle.root(size, reader)
    inclusion = merkle.inclusion_proof(index, size, reader)
    consistency = merkle.consistency_proof(index, size, reader)

    assert merkle.verify_inclusion(index, size, merkle.leaf_hash(ENTRIES[index]), inclusion, root)
    old_root = merkle.root(index, HashReader(index, read)) if index else merkle.EMPTY_ROOT
    assert merkle.verify_consistency(index, size, old_root, root, consistency)
    assert len(wanted) <= 9


def test_what_is_not_in_the_tree_is_not_read(large: Grown) -> None:
    """A subtree beyond the right edge, or a torn tile, is an error and no hash."""
    reader = tiles.reader_of(70_000, large.files)
    with pytest.raises(ValueError, match="not in a tree"):
        reader([Subtree(4, 70_000 >> 4)])
    torn = tiles.reader_of(70_000, {path: data[:-1] for path, data in large.files.items()})
    with pytest.raises(Invalid, match="tile-invalid"):
        torn([Subtree(0, 0)])


def test_a_bundle_that_does_not_fit_its_tile_is_refused() -> None:
    """Entries and hashes of the right edge have to be as many."""
    files = grown(5).files
    files["tile/entries/000.p/5"] = tiles.encode_bundle(ENTRIES[:4])

    with pytest.raises(Invalid, match="bundle-invalid"):
        Growth.resume(5, lambda tile: files[tile.path])


def test_a_partial_bundle_is_cut_from_a_wider_one() -> None:
    """Tiles and bundles of fewer entries are the beginning of those of more."""
    few, more = grown(5).files, grown(9).files

    assert few == {
        path: tiles.truncate(tiles.parse_path(path), more[path.replace("p/5", "p/9")]) for path in few
    }
