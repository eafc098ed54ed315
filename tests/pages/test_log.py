"""The log over HTTP: what the specification says of paths, types and caches; and nothing that is not signed."""

import re
import threading
import time
from typing import Any

import pytest

from api import log_keeping, working
from kernel import cities
from kernel.cities import NewCity
from kernel.db import Work
from ledger import merkle, notes, posting, queries, sealing, tiles, transfers, wallets
from ledger.notes import Checkpoint, Verifier
from tests.api.edge import Edge
from web import verifier


def _book(edge: Edge, count: int) -> None:
    def command(work: Work) -> None:
        day = work.now.date().replace(year=2028, month=12, day=31)
        lot = wallets.open_lot(work, "anna", day)
        effective = work.now.date()
        posting.post_or_raise(
            work,
            [
                transfers.post(work.ids.uuid(), "issued", lot, 1, effective=effective, purpose="test")
                for _ in range(count)
            ],
        )

    edge.database.run(edge.city.city_id, command)


def _seal(edge: Edge) -> None:
    sealing.seal(edge.app.state.services.log(edge.city))


def _get(edge: Edge, path: str) -> Any:
    return edge.client.get(f"/log/{path}")


@pytest.fixture
def sealed(edge: Edge) -> Edge:
    """Give a city whose log has 300 entries."""
    with edge.database.reading(edge.city.city_id) as reading:
        booked = queries.head_sequence(reading)
    _book(edge, 300 - booked)
    _seal(edge)
    return edge


def _key(edge: Edge) -> Verifier:
    return Verifier.from_text(_get(edge, "key").text)


def _checkpoint(edge: Edge) -> Checkpoint:
    note = notes.parse(_get(edge, "checkpoint").content)
    notes.verify(note, [_key(edge)])
    return Checkpoint.of(note.text)


def test_before_the_first_seal_there_is_nothing(edge: Edge) -> None:
    """A log that has not begun answers 404 everywhere; the page that checks receipts is there."""
    for path in ("checkpoint", "key", "tile/0/000", "tile/entries/000.p/1"):
        assert 404 == _get(edge, path).status_code
    assert '{"key": "", "witnesses": []}' in _get(edge, "verify").text


def test_a_client_follows_the_log_by_the_specification(sealed: Edge) -> None:
    """From the checkpoint alone a client finds every tile and bundle, and they lead to the signed root."""
    checkpoint = _checkpoint(sealed)
    assert 300 == checkpoint.size
    hashes = _get(sealed, "tile/0/000").content + _get(sealed, "tile/0/001.p/44").content
    entries = [
        entry
        for path in ("tile/entries/000", "tile/entries/001.p/44")
        for entry in tiles.decode_bundle(_get(sealed, path).content)
    ]

    leaves = [merkle.leaf_hash(entry) for entry in entries]
    assert b"".join(leaves) == hashes
    assert checkpoint.root == merkle.root_of(leaves)
    assert _get(sealed, "tile/1/000.p/1").content == merkle.root_of(leaves[:256])


def test_types_and_caches_are_as_specified(sealed: Edge) -> None:
    """Tiles are for ever, the checkpoint for seconds; anybody may read them from anywhere."""
    checkpoint, tile = _get(sealed, "checkpoint"), _get(sealed, "tile/0/000")
    bundle = _get(sealed, "tile/entries/001.p/44")

    assert "text/plain; charset=utf-8" == checkpoint.headers["content-type"]
    assert "public, max-age=2" == checkpoint.headers["cache-control"]
    for immutable in (tile, bundle):
        assert "application/octet-stream" == immutable.headers["content-type"]
        assert "public, max-age=31536000, immutable" == immutable.headers["cache-control"]
    for answer in (checkpoint, tile, bundle):
        assert "*" == answer.headers["access-control-allow-origin"]
    assert 8192 == len(tile.content)


ELSEWHERE = (
    "tile/0/002", "tile/0/001", "tile/0/001.p/45", "tile/1/000", "tile/1/000.p/2", "tile/2/000.p/1",
    "tile/0/1", "tile/64/000", "tile/0/000.p/256", "tile/0/000.p/0", "tile/entries/001", "tile/data/000",
    "tile/0/..%2f..%2f..%2fcheckpoint", "tile/..%2fcheckpoint", "tile/%2e%2e/checkpoint", "tile/",
    "tile/0/000/", "tile/0/000.p", ".lock", "tile/.lock", "",
)  # fmt: skip


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nothing_else_is_there(sealed: Edge) -> None:
    """What the checkpoint does not cover, other spellings and ways out of the folder lead nowhere."""
    for path in ELSEWHERE:
        answer = _get(sealed, path)
        assert (path, 404, "no-store") == (path, answer.status_code, answer.headers["cache-control"])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_older_partial_tiles_stay(sealed: Edge) -> None:
    """Every partial tile of an earlier checkpoint is served after the full one has replaced it."""
    before = {path: _get(sealed, path).content for path in ("tile/0/001.p/44", "tile/entries/001.p/44")}
    _book(sealed, 300)
    _seal(sealed)

    assert 600 == _checkpoint(sealed).size
    for path, content in before.items():
        assert content == _get(sealed, path).content
    assert 200 == _get(sealed, "tile/0/001").status_code


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_unsigned_files_are_not_served(sealed: Edge) -> None:
    """Tiles that were written for a checkpoint that is not published yet stay unseen."""
    store = sealed.app.state.services.log(sealed.city).store
    store.write({"tile/0/001": bytes(8192), "tile/0/001.p/45": bytes(45 * 32)})

    assert 404 == _get(sealed, "tile/0/001").status_code
    assert 404 == _get(sealed, "tile/0/001.p/45").status_code


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_city_without_a_log_shows_none(sealed: Edge) -> None:
    """Another city's host leads to its own log, and that has not begun."""
    cities.found(sealed.database, NewCity("moers", "Moers", host="moers.test"))

    assert 404 == sealed.client.get("/log/checkpoint", headers={"Host": "moers.test"}).status_code


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_worker_seals_what_is_due(edge: Edge) -> None:
    """The worker seals when something was booked, and only then; a failure is logged, and others go on."""
    services = edge.app.state.services
    _book(edge, 3)

    assert log_keeping.seal_due(services, edge.city)
    assert not log_keeping.seal_due(services, edge.city)
    size = _checkpoint(edge).size
    _book(edge, 3)
    stop = threading.Event()
    thread = threading.Thread(target=working.run_forever, args=(services, stop))
    thread.start()
    deadline = time.monotonic() + 20
    while _checkpoint(edge).size == size and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    thread.join()

    assert size + 3 == _checkpoint(edge).size


def test_the_page_in_the_source_has_no_key() -> None:
    """The file itself trusts nobody: keys are filled in when a city serves it, safely."""
    assert verifier.preset("", []) == verifier.page()
    filled = verifier.preset("a</script><b>", ["w"])
    assert "</script><b>" not in filled
    assert 2 == len(re.findall("'sha256-", verifier.policy()))
