"""Erasing a person: nothing is left that leads to them, and nothing that was true before changes."""

import random
from dataclasses import dataclass
from uuid import UUID

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.db import Reading
from kernel.errors import NotFound
from ledger import accounts, invariants, leaves, log_keys, log_seals, proofs, proving, queries, rows, sealing
from ledger.leaves import Party
from ledger.log_parts import Log
from ledger.outcomes import BookedTransfer, Counters
from merchants import venues
from tests.api.edge import Edge
from tests.erasure import dumps
from tests.erasure.lives import Citizen, Town

HISTORY = {"ledger_transfers.subject", "audit_log.subject"}
"""Where the number of something that is gone may stay: the book, and the record of who decided it."""


@dataclass(frozen=True)
class Snapshot:
    """What could be seen of the book at one moment."""

    sequence: int
    counters: dict[int, Counters]
    venue: list[tuple[int, int, int]]
    commitments: list[bytes]
    openings: dict[int, bytes]
    bundles: list[str]
    size: int
    root: bytes


@dataclass(frozen=True)
class Wallet:
    """What somebody had in the book."""

    lots: set[int]
    booked: list[BookedTransfer]
    parties: dict[int, Party]


def _log(edge: Edge) -> Log:
    log: Log = edge.app.state.services.log(edge.city)
    return log


def _booked(reading: Reading, up_to: int) -> list[BookedTransfer]:
    query = sa.text("SELECT transfer_id FROM ledger_transfers WHERE city_id = :city AND sequence <= :up_to")
    typed = query.columns(transfer_id=sa.Uuid)
    found = reading.connection.execute(typed, {"city": reading.city_id, "up_to": up_to}).scalars().all()
    return sorted(rows.by_transfer_id(reading, found).values(), key=lambda one: one.sequence)


def _figures(
    edge: Edge, reading: Reading, sequence: int
) -> tuple[dict[int, Counters], list[tuple[int, int, int]]]:
    """Return every account's counters and the venue's statement as of a transfer."""
    numbers = [account.account_id for account in accounts.every(reading)]
    path = venues.points_path(edge.pool.venue_id)
    lines = queries.statement(reading, path, before=sequence + 1, limit=queries.PAGE_MAX)
    seen = [(line.booked.sequence, line.change, line.balance) for line in lines]
    return rows.counters_as_of(reading, numbers, sequence), seen


def _commitments(reading: Reading, up_to: int) -> list[bytes]:
    query = sa.text(
        "SELECT commitment FROM ledger_transfers WHERE city_id = :city AND sequence <= :up_to ORDER BY sequence"
    )
    found = reading.connection.execute(query, {"city": reading.city_id, "up_to": up_to})
    return [bytes(row.commitment) for row in found]


def _snapshot(edge: Edge) -> Snapshot:
    log = _log(edge)
    seal = sealing.seal(log)
    assert seal is not None
    with edge.database.reading(edge.city.city_id) as reading:
        booked = _booked(reading, seal.size)
        counters, lines = _figures(edge, reading, seal.size)
        return Snapshot(
            seal.size, counters, lines, _commitments(reading, seal.size),
            {one.sequence: queries.opening(reading, one.transfer_id) for one in booked},
            [proving.prove(reading, log.store, one.transfer_id) for one in booked],
            seal.size, seal.root,
        )  # fmt: skip


def _wallet(edge: Edge, owner: str) -> Wallet:
    with edge.database.reading(edge.city.city_id) as reading:
        lots = {account.account_id for account in accounts.of_owner(reading, owner)}
        booked = [
            one for one in _booked(reading, queries.head_sequence(reading))
            if lots & {one.debit_account_id, one.credit_account_id}
        ]  # fmt: skip
        sides = {side for one in booked for side in (one.debit_account_id, one.credit_account_id)}
        standings = rows.standings(reading, account_ids=sides)
        return Wallet(lots, booked, {one.account.account_id: one.party for one in standings})


def _erase(town: Town, one: Citizen) -> None:
    town.clock.advance(town.clock.now().resolution)
    assert town.edge.call("DELETE", "/api/v1/me", one.token).status_code == 204
    town.citizens.remove(one)


@pytest.fixture
def town(edge: Edge, clock: FixedClock, seed: int) -> Town:
    """Give a town in which three citizens have lived for a while."""
    town = Town(edge, clock, random.Random(seed))
    for name in ("Anna", "Bela", "Chris"):
        town.move_in(name)
    for deed in (
        town.report, town.buy, town.use, town.buy, town.pay, town.go_swimming, town.scan_offline,
        town.scan_offline, town.speak_up, town.become_a_venue,
    ):  # fmt: skip
        deed(town.citizens[0])
    town.live(25)
    return town


SEEDS = pytest.mark.parametrize("seed", [1, 2])


@SEEDS
def test_every_figure_and_proof_stays(town: Town) -> None:
    """Balances as of any earlier moment, statements, tree, receipts and openings are as they were.

    The book verifies, its log grows on, who was not erased still gets receipts and who was gets none.
    """
    edge, anna = town.edge, town.citizens[0]
    before = _snapshot(edge)
    mine = _wallet(edge, anna.person.owner)
    _erase(town, anna)
    town.deliver()
    town.live(8)
    after = _snapshot_of_others(edge, mine)

    with edge.database.reading(edge.city.city_id) as reading:
        assert (before.counters, before.venue) == _figures(edge, reading, before.sequence)
        assert before.commitments == _commitments(reading, before.size)
        seal = log_seals.at(reading, before.size)
        assert seal is not None
        assert before.root == seal.root
        key = log_keys.verifier(reading)
        report = invariants.verify(reading)
    assert () == report.findings
    for bundle in before.bundles:
        checked = proofs.check(bundle, key)
        assert before.commitments[checked.index] == checked.commitment
    for sequence, opening in before.openings.items():
        assert before.commitments[sequence - 1] == leaves.commitment(opening)
    own = {one.sequence for one in mine.booked}
    assert {n: opening for n, opening in before.openings.items() if n not in own} == {
        n: opening for n, opening in after.items() if n <= before.size
    }


def _snapshot_of_others(edge: Edge, mine: Wallet) -> dict[int, bytes]:
    """Return the openings of all that was booked for others; a receipt of the erased is refused."""
    log = _log(edge)
    seal = sealing.seal(log)
    assert seal is not None
    own = {one.transfer_id for one in mine.booked}
    with edge.database.reading(edge.city.city_id) as reading:
        for number in own:
            with pytest.raises(NotFound, match="salt-destroyed"):
                proving.prove(reading, log.store, number)
        opened: dict[int, bytes] = {}
        for one in _booked(reading, seal.size):
            if mine.lots & {one.debit_account_id, one.credit_account_id}:
                continue
            proofs.check(proving.prove(reading, log.store, one.transfer_id), log_keys.verifier(reading))
            opened[one.sequence] = queries.opening(reading, one.transfer_id)
    return opened


@SEEDS
def test_nothing_in_the_database_leads_to_the_erased(town: Town) -> None:
    """No table, no free page and no log of the database has anything of them, whatever others did since.

    Before, all of it is found: the search can fail.
    """
    edge = town.edge
    leaving = [town.citizens[0], town.citizens[1]]
    photos = [key for one in leaving for key in town.stored_files(one)]
    traces = [*photos, *(trace for one in leaving for trace in one.traces)]
    known = dumps.take(edge.database, edge.city.city_id)
    assert all(known.places(one.person.owner) for one in leaving)
    assert all(known.places(one.person.person_id) for one in leaving)
    assert all(known.places(key) for key in photos)

    for one in leaving:
        _erase(town, one)
        town.live(3)
    town.deliver()

    left = dumps.take(edge.database, edge.city.city_id)
    assert {} == {trace: found for trace in traces if (found := left.places(trace))}
    folder = edge.app.state.services.settings.data_directory
    assert [] == [key for key in photos if (folder / edge.city.slug / "photos" / key).exists()]
    raw = [trace.to_bytes(8) if isinstance(trace, int) else str(trace).encode() for trace in traces]
    for name, data in dumps.files(edge.database).items():
        assert [] == [trace for trace in raw if trace in data], name
    if edge.database.backend == "sqlite":
        dumps.vacuum(edge.database)
        for name, data in dumps.files(edge.database).items():
            assert [] == [trace for trace in raw if trace in data], name


@SEEDS
def test_nothing_joins_the_wallet_to_anything(town: Town) -> None:
    """The pseudonym stands in the list of accounts alone, ids of its transfers in the book alone.

    Numbers of what was handed in or bought stay where they lead to nothing; and nobody who has the whole
    database can open a commitment of the wallet, while before the same attempt opened all of them.
    """
    edge, anna = town.edge, town.citizens[0]
    city_id, mine = edge.city.city_id, _wallet(edge, anna.person.owner)
    assert mine.booked
    tried = mine.booked[:12]
    numbers: set[UUID] = {one.transfer_id for one in tried}
    assert numbers == dumps.opened(
        dumps.take(edge.database, edge.city.city_id), city_id, tried, mine.parties, mine.lots
    )

    _erase(town, anna)
    town.deliver()
    town.live(5)

    dump = dumps.take(edge.database, edge.city.city_id)
    assert set() == dumps.opened(dump, city_id, tried, mine.parties, mine.lots)
    with edge.database.reading(city_id) as reading:
        owners = {account.owner for account in accounts.by_id(reading, mine.lots).values()}
    (pseudonym,) = owners
    assert {"ledger_accounts.owner", "ledger_accounts.path"} == dump.places(pseudonym)
    for one in mine.booked:
        found = dump.places(one.transfer_id.hex) | (dump.places(one.group_id.hex) if one.group_id else set())
        assert {place for place in found if not place.startswith("ledger_")} == set()
    for account_id in mine.lots:
        assert all(place.startswith("ledger_") for place in dump.places(account_id))
    for number in anna.submissions:
        assert dump.places(number) <= HISTORY
    for voucher in anna.vouchers:
        assert dump.places(voucher["voucher_id"]) <= HISTORY


@pytest.mark.parametrize("seed", [3])
def test_points_left_expire_and_promises_go_back(town: Town) -> None:
    """What could be spent is in `expired`, what was promised in its budget again; nothing waits for nobody."""
    edge, anna = town.edge, town.citizens[0]
    town.buy(anna)
    town.suggest(anna)
    mine = _wallet(edge, anna.person.owner)
    with edge.database.reading(edge.city.city_id) as reading:
        before = queries.balance(reading, "expired").posted

    _erase(town, anna)

    with edge.database.reading(edge.city.city_id) as reading:
        lots = queries.counters(reading, list(accounts.by_id(reading, mine.lots).values()))
        expired = queries.balance(reading, "expired").posted
        assert () == invariants.verify(reading).findings
    assert expired > before
    for left in lots.values():
        assert (0, 0, 0) == (left.available, left.debits_pending, left.credits_pending)


@pytest.mark.parametrize("seed", [4])
def test_coming_back_does_not_earn_twice(town: Town) -> None:
    """The same case again is somebody's to look at: its evidence is known, though not whose it was."""
    edge, anna = town.edge, town.citizens[0]
    body = {"action": "application-completed", "case_id": "wohnsitz/2026-1", "facts": {"complete": True}}
    told = {**body, "owner": anna.person.owner}
    assert edge.call("POST", "/api/v1/events/actions", town.portal, json=told).status_code == 201
    _erase(town, anna)
    again = town.move_in("Anna")

    told = {**body, "owner": again.person.owner}
    answer = edge.call("POST", "/api/v1/events/actions", town.portal, json=told).json()

    assert ("review", []) == (answer["status"], answer["awards"])
