"""The pinned vectors in tests/redemption/vectors: JSON, so that verifiers in any language can be held to them."""

import json
from pathlib import Path
from typing import Any

from kernel.signing import KeyRing, KeyStatus, RingKey, VerifyKey
from redemption.tokens import Claims, Flags, VoucherKind

_FOLDER = Path(__file__).parent / "vectors"


def load(name: str) -> dict[str, Any]:
    """Return a file of vectors."""
    content: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


VOUCHERS = load("vouchers")
REFUSALS = load("refusals")
PUBLISHED = load("published")
WYCHEPROOF = load("wycheproof-ed25519")

RING = KeyRing(
    RingKey(
        VerifyKey.from_text(key["public_key"]),
        KeyStatus(key["status"]),
        not_before=key.get("not_before"),
        not_after=key.get("not_after"),
    )
    for key in VOUCHERS["keys"]
)
"""The keys that the vectors are verified with."""


def claims(vector: dict[str, Any]) -> Claims:
    """Return the claims of a pinned voucher."""
    values = vector["claims"]
    return Claims(
        **{
            **values,
            "voucher_id": bytes.fromhex(values["voucher_id"]),
            "kind": VoucherKind(values["kind"]),
            "venues": tuple(values["venues"]),
            "flags": Flags(values["flags"]),
        }
    )


def name(vector: dict[str, Any]) -> str:
    """Return what a vector is called in the list of tests."""
    return str(vector.get("name") or vector.get("tcId"))
