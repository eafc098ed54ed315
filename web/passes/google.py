"""Passes of Google Wallet: a link with a signed description (JWT, RS256); opened, the wallet saves it.

Reference: Google Wallet API, "Add to Google Wallet" by JWT; event tickets, offers, generic passes.
"""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt

from web.passes.faces import Face, Style

SAVE: Final = "https://pay.google.com/gp/v/save/"
_NAMES: Final = {Style.EVENT: "eventTicket", Style.COUPON: "offer", Style.GENERIC: "generic"}


@dataclass(frozen=True, slots=True)
class Account:
    """The service account that signs for a city, and its number as an issuer."""

    issuer: str
    email: str
    private_key: str


def load(issuer: str, path: Path) -> Account:
    """Return the account from the file that Google gives. Raises OSError, ValueError, KeyError."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return Account(issuer, told["client_email"], told["private_key"])


def link(face: Face, account: Account, origin: str, now: dt.datetime) -> str:
    """Return the address at which the pass is saved."""
    claims = {
        "iss": account.email,
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(now.timestamp()),
        "origins": [origin],
        "payload": payload(face, account.issuer),
    }
    return SAVE + jwt.encode(claims, account.private_key, algorithm="RS256")


def payload(face: Face, issuer: str) -> dict[str, Any]:
    """Return the class that all passes of an offer share, and the pass."""
    name, class_id = _NAMES[face.style], f"{issuer}.{face.product}"
    made = {
        "id": f"{issuer}.{face.serial}",
        "classId": class_id,
        "state": "ACTIVE",
        "hexBackgroundColor": face.colour,
        "barcode": {"type": "QR_CODE", "value": face.code_text, "alternateText": face.code_label},
        "validTimeInterval": {
            "start": {"date": face.valid_from.isoformat(timespec="seconds")},
            "end": {"date": face.valid_until.isoformat(timespec="seconds")},
        },
        "textModulesData": [
            {"id": line.key, "header": line.label, "body": line.value} for line in face.lines
        ],
    }
    if face.style is Style.GENERIC:
        made |= {"cardTitle": _text(face, face.issuer), "header": _text(face, face.title)}
    return {f"{name}Classes": [_class(face, class_id)], f"{name}Objects": [made]}


def _class(face: Face, class_id: str) -> dict[str, Any]:
    shared = {"issuerName": face.issuer, "reviewStatus": "UNDER_REVIEW"}
    if face.style is Style.EVENT:
        return {"id": class_id, **shared, "eventName": _text(face, face.title)}
    if face.style is Style.COUPON:
        return {
            "id": class_id, **shared, "title": face.title, "provider": face.issuer,
            "redemptionChannel": "INSTORE",
        }  # fmt: skip
    return {"id": class_id}


def _text(face: Face, value: str) -> dict[str, Any]:
    return {"defaultValue": {"language": face.language, "value": value}}
