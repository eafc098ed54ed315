"""Witnesses: asked over real HTTP, believed only by their signature, and heard when they contradict."""

import datetime as dt
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kernel.clock import FixedClock
from kernel.db import Work
from kernel.errors import Conflict, Invalid, NotFound
from ledger import log_keys, notes, sealing, witnesses, witnessing
from ledger.log_parts import Log
from ledger.log_store import LogFolder
from ledger.notes import Kind, Verifier
from ledger.witnesses import Witness
from tests.fixtures import witness as real
from tests.ledger.desk import Desk
from tests.ledger.sealed import ORIGIN, Sealed


@pytest.fixture
def witness(clock: FixedClock) -> Iterator[real.Witness]:
    """Give a running witness."""
    with real.running(real.Witness(now=int(clock.now().timestamp()))) as running:
        yield running


@pytest.fixture
def sealed(desk: Desk, tmp_path: Path, witness: real.Witness) -> Sealed:
    """Give a book that is confirmed by the witness, nothing sealed yet."""
    made = Sealed(desk, tmp_path / "log")

    def command(work: Work) -> None:
        witnesses.add(work, real.NAME, witness.url, witness.public_key.hex())

    desk.database.run(desk.city_id, command)
    return made


def known(sealed: Sealed) -> Witness:
    """Return what is known of the witness."""
    with sealed.database.reading(sealed.desk.city_id) as reading:
        return witnesses.every(reading)[0]


def cosigners(sealed: Sealed) -> list[str]:
    """Return who signed what is served, every signature checked."""
    note = notes.parse((sealed.folder / "checkpoint").read_bytes())
    verified = notes.verify(note, [sealed.verifier(), known(sealed).verifier])
    assert len(note.signatures) == len(verified)
    return [one.verifier.name for one in verified]


def test_each_checkpoint_is_confirmed(sealed: Sealed, witness: real.Witness) -> None:
    """Every seal gets the witness's cosignature, with a proof from what it saw before; both are served."""
    for size in (1, 4, 300):
        sealed.book(size - witness.head[0])
        sealed.seal()
        assert (size, sealed.published().root) == witness.head
        assert [ORIGIN, real.NAME] == cosigners(sealed)

    assert (300, None, 0) == (known(sealed).size, known(sealed).last_error, known(sealed).failures)
    # Before each new seal the last one is shown again: so a rolled back log is noticed before it signs.
    assert [b"old 0", b"old 1", b"old 1", b"old 4", b"old 4"] == [
        body.split(b"\n")[0] for body in witness.requests if body.split(b"\n")[0] != b""
    ][:5]


def test_the_age_of_a_cosignature_is_known(sealed: Sealed, clock: FixedClock) -> None:
    """How long ago a witness confirmed the log can be asked."""
    assert known(sealed).age(clock.now()) is None
    sealed.book(1)
    sealed.seal()

    clock.advance(dt.timedelta(hours=2))

    assert known(sealed).age(clock.now()) == dt.timedelta(hours=2)


def test_a_witness_that_knows_the_log_already_is_caught_up(sealed: Sealed, witness: real.Witness) -> None:
    """A witness says where it stands, and gets the proof from there."""
    sealed.book(5)
    first = sealed.seal()
    sealed.book(5)
    sealed.seal()
    sealed.book(5)
    witness.head = (5, first.root)

    sealed.seal()

    assert 15 == witness.head[0]
    assert [ORIGIN, real.NAME] == cosigners(sealed)


def _assert_not_confirmed(sealed: Sealed, code: str) -> None:
    """Check that sealing goes on without the witness, and that it is known why."""
    sealed.book(1)
    sealed.seal()
    assert [ORIGIN] == cosigners(sealed)
    assert (code, None) == (known(sealed).last_error, known(sealed).cosigned_at)


def _reply(*reply: object) -> Callable[[bytes], real.Reply]:
    return lambda _: reply  # type: ignore[return-value]  # three parts, as each case says


GARBAGE = {
    "nothing": (200, "text/plain", b""),
    "words": (200, "text/plain", b"fine!\n"),
    "no text": (200, "text/plain", b"\xff\xfe"),
    "strangers": (200, "text/plain", b"\xe2\x80\x94 someone AAAAAAAA\n"),
    "a size in words": (409, "text/x.tlog.size", b"many\n"),
    "a size of another type": (409, "text/plain", b"7\n"),
    "no size": (409, "text/x.tlog.size", b""),
    "a size with zeroes": (409, "text/x.tlog.size", b"007\n"),
    "the size that was sent": (409, "text/x.tlog.size", b"0\n"),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_confirms_nothing(sealed: Sealed, witness: real.Witness, case: str) -> None:
    """Whatever is no cosignature counts as none; the log goes on without."""
    witness.misbehave = _reply(*GARBAGE[case])

    _assert_not_confirmed(sealed, "witness-answer-invalid")


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "witness-refused"), (403, "witness-key-refused"), (404, "witness-log-unknown"),
     (422, "witness-refused"), (500, "witness-refused"), (302, "witness-refused")],
)  # fmt: skip
def test_refusals_have_names(sealed: Sealed, witness: real.Witness, status: int, code: str) -> None:
    """Each status that the protocol knows is told apart."""
    witness.misbehave = _reply(status, "text/plain", b"no\n")

    _assert_not_confirmed(sealed, code)


def test_the_real_witness_refuses_strangers(sealed: Sealed, witness: real.Witness) -> None:
    """A log or key that the witness does not know gets no cosignature."""
    witness.log_key = bytes(32)
    _assert_not_confirmed(sealed, "witness-key-refused")


def test_a_forged_cosignature_confirms_nothing(sealed: Sealed, witness: real.Witness) -> None:
    """A signature over another checkpoint, or from the future, is none."""
    forgeries = [witness.cosign("another\n1\nroot\n"), b""]
    for forged in forgeries:
        witness.misbehave = _reply(200, "text/plain", forged)
        sealed.book(1)
        sealed.seal()
        assert [ORIGIN] == cosigners(sealed)

    def from_the_future(body: bytes) -> real.Reply:
        text = body.decode().split("\n\n")[1] + "\n"
        return 200, "text/plain", witness.cosign(text, witness.now + 3600)

    witness.misbehave = from_the_future
    sealed.book(1)
    assert sealing.seal(sealed.log, ask_all=True) is not None
    assert "witness-answer-invalid" == known(sealed).last_error


def test_a_witness_that_is_down_is_asked_again_ever_more_rarely(
    sealed: Sealed, witness: real.Witness, clock: FixedClock
) -> None:
    """A silent witness does not stop the log, and does not slow each seal down."""
    witness.misbehave = _reply(503, "text/plain", b"")
    asked = []
    for _ in range(4):
        sealed.book(1)
        sealed.seal()
        asked.append(len(witness.requests))
        clock.advance(dt.timedelta(seconds=40))
    witness.misbehave = None

    assert asked[0] == 1
    assert asked[-1] < 8
    assert 4 == sealed.published().size
    clock.advance(dt.timedelta(hours=1))
    sealed.book(1)
    sealed.seal()
    assert [ORIGIN, real.NAME] == cosigners(sealed)
    assert 0 == known(sealed).failures


def test_a_connection_that_fails_is_noted(sealed: Sealed) -> None:
    """Nothing at the address: noted, tried later."""
    run = sealed.database.run
    run(sealed.desk.city_id, lambda work: witnesses.remove(work, real.NAME))
    key = "00" * 31 + "01"
    run(sealed.desk.city_id, lambda work: witnesses.add(work, real.NAME, "http://127.0.0.1:9", key))

    sealed.book(1)
    sealed.seal()

    assert "witness-unreachable" == known(sealed).last_error


@pytest.mark.parametrize("slow", [0.0, 0.2])
def test_an_answer_without_end_is_cut(
    witness: real.Witness, monkeypatch: pytest.MonkeyPatch, slow: float
) -> None:
    """An answer that is too large or too slow counts as none."""
    monkeypatch.setattr(witnessing, "DEADLINE_SECONDS", 0.1)

    def endless(_: bytes) -> real.Reply:
        time.sleep(slow)
        return 200, "text/plain", bytes(witnessing.ANSWER_BYTES_MAX + 1)

    witness.misbehave = endless
    with pytest.raises(OSError, match=r"no end|timed out"):
        witnessing.send(f"{witness.url}/add-checkpoint", b"")


def test_what_is_no_http_is_no_answer() -> None:
    """Something else than HTTP at the address is like nobody there."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            with server.accept()[0] as connection:
                connection.recv(65_536)
                connection.sendall(b"hello, who is there?\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(OSError, match="hello"):
            witnessing.send(f"http://127.0.0.1:{server.getsockname()[1]}/x", b"")
        thread.join()


def _assert_contradicted(sealed: Sealed, size: int) -> None:
    """Check that nothing is signed any more, and which size the witness saw."""
    seals, served = sealed.seals(), sealed.published()
    for _ in range(2):
        sealed.book(1)
        with pytest.raises(Conflict, match="log-witness-contradicts") as caught:
            sealed.seal()
        assert (real.NAME, size) == (caught.value.details["witness"], caught.value.details["size"])
    assert (seals, served) == (sealed.seals(), sealed.published())
    assert witnesses.CONTRADICTS == known(sealed).last_error


def test_a_rolled_back_log_is_refused(sealed: Sealed, witness: real.Witness, tmp_path: Path) -> None:
    """Database and folder restored from the same old backup: only the witness knows better, and is heard."""
    sealed.book(5)
    sealed.seal()
    witness.head = (9, bytes(32))

    _assert_contradicted(sealed, 9)


def test_a_forked_log_is_refused(sealed: Sealed, witness: real.Witness) -> None:
    """A witness that saw another tree of the same size, or a smaller one that ours does not continue."""
    sealed.book(5)
    sealed.seal()
    witness.head = (5, bytes(32))
    _assert_contradicted(sealed, 5)

    witness.head = (3, bytes(32))
    _assert_contradicted(sealed, 3)


def test_a_lying_witness_stops_the_log_until_it_is_removed(sealed: Sealed, witness: real.Witness) -> None:
    """A claim without proof is taken seriously: somebody has to look, and can remove the witness."""
    sealed.book(5)
    sealed.seal()
    witness.misbehave = _reply(409, "text/x.tlog.size", b"9223372036854775807\n")
    _assert_contradicted(sealed, 2**63 - 1)

    sealed.database.run(sealed.desk.city_id, lambda work: witnesses.remove(work, real.NAME))
    sealed.seal()
    assert 7 == sealed.published().size


def test_an_honest_answer_ends_the_contradiction(sealed: Sealed, witness: real.Witness) -> None:
    """When witness and log agree again, sealing goes on by itself."""
    sealed.book(5)
    sealed.seal()
    head, witness.head = witness.head, (9, bytes(32))
    _assert_contradicted(sealed, 9)
    witness.head = head

    sealed.seal()

    assert (7, None) == (witness.head[0], known(sealed).last_error)


def test_a_witness_that_keeps_changing_its_mind_confirms_nothing(
    sealed: Sealed, witness: real.Witness
) -> None:
    """Another size each time: after a few tries it is left alone."""
    sealed.book(9)
    sizes = iter(range(1, 9))
    witness.misbehave = lambda _: (409, "text/x.tlog.size", f"{next(sizes)}\n".encode())

    sealed.seal()

    assert witnessing.ATTEMPTS == len(witness.requests)
    assert "witness-answer-invalid" == known(sealed).last_error


def test_the_request_is_as_specified() -> None:
    """Old size, proof lines, an empty line, the checkpoint: each ends with a newline."""
    note = notes.parse("a\n1\nAA==\n\n\u2014 a AAAAAAA=\n")

    assert b"old 7\nAAAA\n/+8=\n\n" + str(note).encode() == witnessing.request_body(
        7, [bytes(3), b"\xff\xef"], note
    )


def test_witnesses_are_added_and_removed(sealed: Sealed, witness: real.Witness) -> None:
    """A witness is known by name once, with a key in any of its spellings, and can be forgotten."""
    run, city_id = sealed.database.run, sealed.desk.city_id
    vkey = Verifier("w2", known(sealed).verifier.key, Kind.COSIGNATURE).vkey
    run(city_id, lambda work: witnesses.add(work, "w2", "https://w.example/prefix/", vkey))
    with sealed.database.reading(city_id) as reading:
        both = witnesses.every(reading)

    assert [("w2", "https://w.example/prefix"), (real.NAME, witness.url)] == [(w.name, w.url) for w in both]
    assert vkey == both[0].verifier.vkey
    with pytest.raises(Conflict, match="witness-exists"):
        run(city_id, lambda work: witnesses.add(work, "w2", "https://w.example", vkey))
    run(city_id, lambda work: witnesses.remove(work, "w2"))
    with pytest.raises(NotFound, match="witness-not-found"):
        run(city_id, lambda work: witnesses.remove(work, "w2"))


@pytest.mark.parametrize(
    ("name", "url", "key", "code"),
    [
        *(
            ("w", url, "00" * 32, "witness-url-invalid")
            for url in ("ftp://w.example", "https://", "https://w:port", "https://w/?q", "https://me@w", "http://[")
        ),
        ("w", "https://w.example", "00", "verifier-key-invalid"),
        ("two words", "https://w.example", "00" * 32, "key-name-invalid"),
        ("w" * 201, "https://w.example", "00" * 32, "key-name-invalid"),
        ("w", "https://w.example", "w+00000000+BAAA", "verifier-key-invalid"),
        ("w", "https://w.example", Verifier("w", Verifier.from_text("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").key).vkey, "verifier-key-invalid"),
    ],
)  # fmt: skip
def test_wrong_witnesses_are_refused(sealed: Sealed, name: str, url: str, key: str, code: str) -> None:
    """Addresses, names and keys that make no sense are refused; so is a key of a log."""
    with pytest.raises(Invalid, match=code):
        sealed.database.run(sealed.desk.city_id, lambda work: witnesses.add(work, name, url, key))


def test_cities_have_witnesses_and_keys_of_their_own(
    sealed: Sealed, other_city_id: int, tmp_path: Path
) -> None:
    """A second city has another log, another key and none of the first one's witnesses."""
    moers = Sealed(Desk(sealed.database, other_city_id), tmp_path / "moers")
    moers.log = Log(
        sealed.database, other_city_id, LogFolder(moers.folder), sealed.log.sealer, "moers.test/log"
    )
    for one in (sealed, moers):
        one.book(2)
        one.seal()

    assert sealed.verifier().key != moers.verifier().key
    assert (ORIGIN, "moers.test/log") == (sealed.published().origin, moers.published().origin)
    with sealed.database.reading(other_city_id) as reading:
        assert [] == witnesses.every(reading)
        assert "moers.test/log" == log_keys.verifier(reading).name
