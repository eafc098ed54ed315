"""The formats of the log, pinned byte for byte: whoever kept a receipt must be able to check it for ever."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import nacl.exceptions
import pytest

from kernel.signing import SigningKey
from ledger import leaves, merkle, notes, proofs
from ledger.leaves import Committer, Party
from ledger.notes import Checkpoint, Kind, Note, Verifier
from ledger.outcomes import BookedTransfer, Counters
from ledger.proofs import Bundle
from ledger.transfers import TransferKind

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "vectors" / "log.json").read_text(encoding="utf-8")
)
DOCUMENT = (Path(__file__).parents[2] / "docs" / "ledger-log.md").read_text(encoding="utf-8")
RECEIPT: str = VECTORS["receipt"]
LOG = Verifier.from_text(VECTORS["log"]["vkey"])
WITNESS = Verifier.from_text(VECTORS["witness"]["vkey"])


def _booked(row: dict[str, Any]) -> BookedTransfer:
    return BookedTransfer(
        sequence=row["sequence"],
        transfer_id=UUID(row["transfer_id"]),
        kind=TransferKind(row["kind"]),
        refers_to=UUID(row["refers_to"]) if row["refers_to"] else None,
        debit_account_id=row["debit_account_id"],
        credit_account_id=row["credit_account_id"],
        amount=row["amount"],
        purpose=row["purpose"],
        subject=row["subject"],
        group_id=UUID(row["group_id"]) if row["group_id"] else None,
        effective=dt.date.fromisoformat(row["effective"]),
        booked_at=dt.datetime.fromisoformat(row["booked_at"]),
        expires_at=dt.datetime.fromisoformat(row["expires_at"]) if row["expires_at"] else None,
        debit_side=Counters(*row["debit_side"]),
        credit_side=Counters(*row["credit_side"]),
    )


@pytest.mark.parametrize("row", VECTORS["transfers"], ids=lambda row: row["kind"])
def test_openings_are_pinned(row: dict[str, Any]) -> None:
    """A transfer's opening, commitment and leaf hash are these bytes, and no others are read."""
    parties = {
        one["account_id"]: Party(one["path"], one["asset"], bytes.fromhex(one["secret"]))
        for one in VECTORS["accounts"]
    }
    opening = Committer(VECTORS["city_id"], parties).opening(_booked(row))

    assert row["opening"] == opening.hex()
    assert row["commitment"] == leaves.commitment(opening).hex()
    assert row["leaf_hash"] == merkle.leaf_hash(leaves.commitment(opening)).hex()
    assert row["amount"] == leaves.read_opening(opening).amount


def test_what_is_remembered_for_openings_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that books for years does not remember every pair of accounts, text, day and instant."""
    monkeypatch.setattr(leaves, "_REMEMBERED_MAX", 2)
    parties = {number: Party(f"wallet/{number}", "DUC", bytes(32)) for number in range(10)}
    committer = Committer(1, parties)
    booked = _booked(VECTORS["transfers"][0])
    for number in range(1, 10):
        at = booked.booked_at + dt.timedelta(days=number)
        other = booked._replace(
            debit_account_id=0,
            credit_account_id=number,
            purpose=f"p{number}",
            effective=at.date(),
            booked_at=at,
        )
        assert Committer(1, parties).opening(other) == committer.opening(other)

    kept = (committer._pairs, committer._texts, committer._days, committer._instants)
    assert [len(remembered) <= 2 for remembered in kept] == [True] * 4


def test_the_checkpoint_is_pinned() -> None:
    """Root, text, signature and cosignature of the three transfers are these bytes."""
    root = merkle.root_of([bytes.fromhex(row["leaf_hash"]) for row in VECTORS["transfers"]])
    text = Checkpoint(LOG.name, 3, root).text
    log, witness = VECTORS["log"], VECTORS["witness"]
    keys = [SigningKey.from_text(one["seed"]) for one in (log, witness)]
    signatures = (
        notes.sign(text, log["origin"], keys[0]),
        notes.cosign(text, witness["name"], keys[1], witness["seconds"]),
    )

    assert VECTORS["root"] == root.hex()
    assert VECTORS["checkpoint"] == str(Note(text, signatures))
    assert (LOG, WITNESS) == (
        Verifier(log["origin"], keys[0].verify_key),
        Verifier(witness["name"], keys[1].verify_key, Kind.COSIGNATURE),
    )


def test_the_receipt_is_pinned() -> None:
    """The receipt is these bytes, and shows the second transfer."""
    hashes = [bytes.fromhex(row["leaf_hash"]) for row in VECTORS["transfers"]]
    opening = bytes.fromhex(VECTORS["transfers"][1]["opening"])

    assert RECEIPT == str(Bundle(1, (hashes[0], hashes[2]), notes.parse(VECTORS["checkpoint"]), opening))
    checked = proofs.check(RECEIPT, LOG, [WITNESS])
    assert (opening, [LOG, WITNESS]) == (checked.opening, [one.verifier for one in checked.signatures])
    assert "Schwimmbad \u00dc" == leaves.read_opening(checked.opening).subject


def test_the_document_shows_the_vectors() -> None:
    """What docs/ledger-log.md prints is what is pinned."""
    head, _, _ = RECEIPT.partition("\n\n")

    assert VECTORS["checkpoint"] in DOCUMENT
    assert head in DOCUMENT


def test_the_documented_verifier_works() -> None:
    """The lines in docs/ledger-log.md accept the receipt, and refuse it with anything changed."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    scope: dict[str, Any] = {"__name__": "documented"}
    exec(compile(code, "docs/ledger-log.md", "exec"), scope)  # noqa: S102 -- the document's own code
    check = scope["check"]

    assert VECTORS["transfers"][1]["opening"] == check(RECEIPT, LOG.vkey).hex()
    for changed in (
        RECEIPT.replace("index 1", "index 2"),
        RECEIPT.replace("index 1", "index 3"),
        RECEIPT.replace("\n3\n", "\n4\n"),
        RECEIPT.replace("ZHVpc2NvaW4", "ZHVpc2NvaX4"),
        RECEIPT.replace("JQhGrg", "JQhGrh"),
    ):
        with pytest.raises((AssertionError, nacl.exceptions.BadSignatureError)):
            check(changed, LOG.vkey)
