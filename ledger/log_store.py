"""Where the files of a log are kept: a port, and a folder that survives a crash at any moment.

A file appears whole or not at all, and is on the disk before `write` returns.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kernel.errors import Conflict, Invalid
from ledger import tiles
from ledger.tiles import WIDTH, Tile

CHECKPOINT = "checkpoint"
_LOCK = ".lock"
_TOGETHER = 16


class LogStore(Protocol):
    """Files by their path below the log's prefix."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None if there is none."""
        ...

    def write(self, files: Mapping[str, bytes]) -> None:
        """Keep these files, durably; one that is there is replaced."""
        ...

    def discard_partial(self, tile: Tile) -> None:
        """Forget the partial forms of a tile that has become full."""
        ...

    def publishing(self) -> AbstractContextManager[None]:
        """Be alone while the checkpoint is replaced."""
        ...


@dataclass(frozen=True, slots=True)
class LogFolder:
    """Files in a folder, as any web server could serve them."""

    folder: Path

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None if there is none."""
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    def write(self, files: Mapping[str, bytes]) -> None:
        """Keep these files: each written beside its place, forced to disk, and moved there in one step."""
        targets = {self.folder / path: data for path, data in files.items()}
        folders = dict.fromkeys(target.parent for target in targets)
        touched = dict.fromkeys(above for folder in folders for above in _made(folder))
        if len(targets) < _TOGETHER:
            for target, data in targets.items():
                _write_beside(target, data)
        else:
            # Forced together, files share the disk's flushes: many times faster than one after the other.
            with ThreadPoolExecutor(_TOGETHER) as pool:
                list(pool.map(_write_beside, targets, targets.values()))
        for folder in touched | folders:
            _force(folder)

    def discard_partial(self, tile: Tile) -> None:
        """Forget the partial forms of a tile that has become full."""
        shutil.rmtree(self.folder / f"{tile.full_path}.p", ignore_errors=True)

    @contextlib.contextmanager
    def publishing(self) -> Iterator[None]:
        """Hold the folder's lock; the system frees it if the process dies."""
        _made(self.folder)
        with (self.folder / _LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def read_tile(store: LogStore, tile: Tile, size: int) -> bytes:
    """Return a tile or bundle as it was in a smaller tree, out of what a log of `size` has kept.

    Raises Conflict `log-tile-missing`.
    """
    whole = tiles.width_at(size, tile.level or 0, tile.index)
    for width in dict.fromkeys((tile.width, WIDTH, whole)):
        if width >= tile.width and (data := store.read(Tile(tile.level, tile.index, width).path)):
            with contextlib.suppress(Invalid):
                return _checked(tile, data)
    raise Conflict("log-tile-missing", path=tile.path)


def _checked(tile: Tile, data: bytes) -> bytes:
    """Return the beginning of a tile's bytes that `tile` names. Raises Invalid if there is less."""
    part = tiles.truncate(tile, data)
    if tile.level is not None:
        tiles.split_hashes(part, tile.width)
    elif len(tiles.decode_bundle(part)) != tile.width:
        raise Invalid("bundle-invalid")
    return part


def _made(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the folders in which something is new."""
    missing = []
    above = folder
    while not above.is_dir():
        missing.append(above.parent)
        above = above.parent
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _write_beside(target: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            # What is public may be read by a web server of another user.
            os.fchmod(file.fileno(), 0o644)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _force(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
