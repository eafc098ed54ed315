"""An independent implementation: Go's own transparency log reads ours, and we read its."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ledger import merkle, notes
from ledger.notes import Checkpoint, Verifier
from ledger.tiles import Growth, HashReader, Tile
from tests.ledger.desk import Desk
from tests.ledger.sealed import Sealed
from tests.ledger.test_merkle import MANY, READ

SOURCE = Path(__file__).parent / "go" / "main.go"
SEED = "05" * 32


class Go:
    """The program in Go."""

    def __init__(self, program: Path) -> None:
        self.program = program

    def __call__(self, *words: object, given: object = None) -> Any:
        """Run it and return what it printed."""
        return json.loads(self.run(*words, given=given).stdout)

    def refuses(self, *words: object, given: object = None) -> bool:
        """Run it and return whether it found a fault."""
        return self.run(*words, given=given, check=False).returncode != 0

    def run(
        self, *words: object, given: object = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run it on JSON."""
        command = [str(self.program), *map(str, words)]
        return subprocess.run(
            command, input=json.dumps(given), check=check, capture_output=True, text=True, timeout=60
        )


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Go:
    """Give the program, built offline from Debian's packages."""
    folder = tmp_path_factory.mktemp("go")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GO111MODULE": "off",
        "GOPATH": "/usr/share/gocode",
        "GOCACHE": str(folder / "cache"),
    }
    command = ["go", "build", "-o", str(folder / "tlog"), str(SOURCE)]
    subprocess.run(command, check=True, env=environment, timeout=300)
    return Go(folder / "tlog")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_go_reads_our_log(go: Go, desk: Desk, tmp_path: Path) -> None:
    """Checkpoint, signature, tiles and entries of a sealed book are what Go expects; a flipped bit is not."""
    sealed = Sealed(desk, tmp_path / "log")
    for size in (1, 255, 256, 257, 900):
        sealed.book(size - len(sealed.commitments()))
        sealed.seal()
        assert size == go("verify", sealed.folder, sealed.verifier().vkey)

    for path in ("tile/0/003.p/132", "tile/entries/001", "tile/1/000.p/3", "checkpoint"):
        good = (sealed.folder / path).read_bytes()
        (sealed.folder / path).write_bytes(good[:40] + bytes([good[40] ^ 1]) + good[41:])
        assert go.refuses("verify", sealed.folder, sealed.verifier().vkey), path
        (sealed.folder / path).write_bytes(good)
    assert 900 == go("verify", sealed.folder, sealed.verifier().vkey)


def _ours(sizes: range) -> dict[str, list[dict[str, object]]]:
    roots = {size: merkle.root(size, READ) for size in sizes}
    return {
        "Inclusion": [
            {
                "Index": index,
                "Size": size,
                "Leaf": merkle.leaf_hash(MANY[index]).hex(),
                "Root": roots[size].hex(),
                "Proof": [value.hex() for value in merkle.inclusion_proof(index, size, READ)],
            }
            for size in sizes
            for index in range(size)
        ],
        "Consistency": [
            {
                "Old": old,
                "Size": size,
                "OldRoot": roots[old].hex(),
                "Root": roots[size].hex(),
                "Proof": [value.hex() for value in merkle.consistency_proof(old, size, READ)],
            }
            for size in sizes
            for old in sizes
            if old <= size
        ],
    }


def test_go_accepts_our_proofs(go: Go) -> None:
    """Every proof of every small tree passes there; a proof with one bit turned does not."""
    ours = _ours(range(1, 66))

    assert len(ours["Inclusion"]) + len(ours["Consistency"]) == go("check", given=ours)
    wrong = _ours(range(33, 34))
    wrong["Inclusion"][5]["Root"] = "00" * 32
    assert go.refuses("check", given=wrong)
    wrong = _ours(range(33, 35))
    wrong["Consistency"][1]["OldRoot"] = "00" * 32
    assert go.refuses("check", given=wrong)


def test_we_read_gos_log(go: Go, tmp_path: Path) -> None:
    """A log published by Go has the root that we find in its tiles, and can be continued by us."""
    sizes = (3, 256, 300, 70_000)
    made = go("make", tmp_path, SEED, *sizes)
    note = notes.parse((tmp_path / "checkpoint").read_bytes())
    checkpoint = Checkpoint.of(note.text)

    def read(tile: Tile) -> bytes:
        return (tmp_path / tile.path).read_bytes()

    assert [Verifier.from_text(made["Key"])] == [
        one.verifier for one in notes.verify(note, [Verifier.from_text(made["Key"])])
    ]
    assert checkpoint.root == merkle.root(checkpoint.size, HashReader(checkpoint.size, read))
    growth = Growth.resume(checkpoint.size, read)
    assert checkpoint.root == growth.root()
    again = Growth()
    files = {tile.path: data for tile, data in again.extend(_entries(70_000))}
    files |= {tile.path: data for tile, data in again.unfinished()}
    assert {path: (tmp_path / path).read_bytes() for path in files} == files
    assert 70_000 == go("verify", tmp_path, made["Key"])


def _entries(count: int) -> list[bytes]:
    return [f"entry {index} of Go".encode() for index in range(count)]


def test_we_accept_gos_proofs(go: Go, tmp_path: Path) -> None:
    """Go's proofs pass here and are the ones that we make; with one bit turned they don't pass."""
    made = go("make", tmp_path, SEED, *range(1, 40), 256, 300, 1000)
    assert len(made["Inclusion"]) > 100
    for one in made["Inclusion"]:
        index, size, root = one["Index"], one["Size"], bytes.fromhex(one["Root"])
        proof = [bytes.fromhex(value) for value in one["Proof"]]
        leaf = merkle.leaf_hash(one["Text"].encode())
        assert merkle.verify_inclusion(index, size, leaf, proof, root)
        assert not merkle.verify_inclusion(index, size, leaf[::-1], proof, root)
    for one in made["Consistency"]:
        proof = [bytes.fromhex(value) for value in one["Proof"]]
        roots = bytes.fromhex(one["OldRoot"]), bytes.fromhex(one["Root"])
        assert merkle.verify_consistency(one["Old"], one["Size"], *roots, proof)
        assert not merkle.verify_consistency(one["Old"], one["Size"], roots[0], roots[0], proof)
