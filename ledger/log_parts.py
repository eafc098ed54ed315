"""One city's log: the database that it is of, the files that it is served from, the key that signs it."""

from collections.abc import Callable
from dataclasses import dataclass

from kernel import db
from ledger import log_store, merkle
from ledger.log_keys import Sealer
from ledger.log_store import LogStore
from ledger.tiles import HashReader

Progress = Callable[[int, int], None]
"""Called with the number of transfers done and the number in all."""


@dataclass(frozen=True, slots=True)
class Log:
    """Where the parts of one city's log are."""

    database: db.Database
    city_id: int
    store: LogStore
    sealer: Sealer
    origin: str
    """The log's name if it has none yet (`log_keys.origin_for`)."""

    def hashes(self, size: int) -> HashReader:
        """Return what reads the tree of `size` leaves from its tiles."""
        return hash_reader(self.store, size)

    def consistency(self, old_size: int, size: int) -> list[bytes]:
        """Return the proof between two sizes. Raises Conflict `log-tile-missing`."""
        return merkle.consistency_proof(old_size, size, self.hashes(size))


def hash_reader(store: LogStore, size: int) -> HashReader:
    """Return what reads the tree of `size` leaves from the tiles in a store."""
    return HashReader(size, lambda tile: log_store.read_tile(store, tile, size))
