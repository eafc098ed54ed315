"""Proving: the receipt of one transfer, which anybody can check without this system (docs/ledger-log.md)."""

from uuid import UUID

from kernel import db
from kernel.errors import Conflict
from ledger import leaves, log_seals, merkle, queries
from ledger.log_parts import hash_reader
from ledger.log_store import LogStore
from ledger.proofs import Bundle


def prove(reading: db.Reading, store: LogStore, transfer_id: UUID) -> str:
    """Return the receipt of a transfer: what it says, where it is in the log, and who signed that.

    By the newest seal that a witness confirmed, if that covers the transfer, else by the newest. Raises
    NotFound `transfer-not-found` or `salt-destroyed`, Conflict `transfer-not-sealed` until the next seal,
    `log-tile-missing` or `log-commitment-altered` if log and book don't fit together.
    """
    booked = queries.transfer(reading, transfer_id)
    seal = log_seals.covering(reading, booked.sequence)
    if seal is None:
        raise Conflict("transfer-not-sealed", transfer_id=str(transfer_id))
    opening = queries.opening(reading, transfer_id)
    index = booked.sequence - 1
    hashes = merkle.inclusion_proof(index, seal.size, hash_reader(store, seal.size))
    leaf = merkle.leaf_hash(leaves.commitment(opening))
    # A receipt that would not check is never handed out.
    if not merkle.verify_inclusion(index, seal.size, leaf, hashes, seal.root):
        raise Conflict("log-commitment-altered", sequence=booked.sequence)
    return str(Bundle(index, tuple(hashes), log_seals.cosigned(reading, seal), opening))
