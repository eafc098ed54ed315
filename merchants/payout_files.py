"""The file with which the bank is told to pay: pain.001.001.09, the same bytes for the same run. Pure.

Written by sepaxml, whose random parts are replaced: who reads a file twice must see the same message.
"""

import datetime as dt
import functools
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sepaxml
from lxml import etree
from sepaxml import SepaTransfer

from kernel.errors import Invalid
from merchants import ibans

SCHEMA: Final = "pain.001.001.09"
_SPACE = f"{{urn:iso:std:iso:20022:tech:xsd:{SCHEMA}}}"
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
"""German letters as banks write them; sepaxml would drop the dots."""
_CENTS_MAX = 99_999_999_999
"""Largest amount of one SEPA transfer."""


@dataclass(frozen=True, slots=True)
class Side:
    """Payer or payee, with the structured address that banks require from November 2026 on."""

    name: str
    iban: str
    street: str
    postcode: str
    town: str
    country: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """One transfer."""

    end_to_end_id: str
    payee: Side
    cents: int
    text: str


def write(
    message_id: str, payer: Side, payments: Sequence[Payment], *, execute_on: dt.date, made_at: dt.datetime
) -> bytes:
    """Return the payment file, valid against the official schema.

    Raises Invalid `iban-invalid`, `payout-amount-invalid`, `payout-file-invalid`.
    """
    transfer = SepaTransfer(
        {
            "name": _plain(payer.name),
            "IBAN": ibans.normal(payer.iban),
            "batch": True,
            "currency": "EUR",
            "address": _address(payer),
            **({"BIC": payer.bic} if payer.bic else {}),
        },
        schema=SCHEMA,
    )
    for payment in payments:
        if not 0 < payment.cents <= _CENTS_MAX:
            raise Invalid("payout-amount-invalid", end_to_end_id=payment.end_to_end_id)
        transfer.add_payment(
            {
                "name": _plain(payment.payee.name),
                "IBAN": ibans.normal(payment.payee.iban),
                "amount": payment.cents,
                "execution_date": execute_on,
                "description": _plain(payment.text),
                "endtoend_id": payment.end_to_end_id,
                "address": _address(payment.payee),
            }
        )
    content = _fixed(transfer.export(validate=False), message_id, made_at)
    check(content, [(one.end_to_end_id, ibans.normal(one.payee.iban), one.cents) for one in payments])
    return content


def check(content: bytes, wanted: Sequence[tuple[str, str, int]]) -> None:
    """Raise Invalid `payout-file-invalid` unless the file follows its schema and pays exactly what is wanted.

    Wanted are end-to-end id, IBAN and cents of each payment, in order.
    """
    if not _schema().validate(etree.fromstring(content, parser=etree.XMLParser(resolve_entities=False))):
        raise Invalid("payout-file-invalid")
    root = ET.fromstring(content)  # noqa: S314 -- written by this module
    found = [
        (
            one.findtext(f"{_SPACE}PmtId/{_SPACE}EndToEndId"),
            one.findtext(f"{_SPACE}CdtrAcct/{_SPACE}Id/{_SPACE}IBAN"),
            _cents(one.findtext(f"{_SPACE}Amt/{_SPACE}InstdAmt")),
        )
        for one in root.iter(f"{_SPACE}CdtTrfTxInf")
    ]
    total = _cents(root.findtext(f"{_SPACE}CstmrCdtTrfInitn/{_SPACE}GrpHdr/{_SPACE}CtrlSum"))
    if found != list(wanted) or total != sum(cents for _, _, cents in wanted):
        raise Invalid("payout-file-invalid")


@functools.cache
def _schema() -> etree.XMLSchema:
    """Return the official schema, which sepaxml ships; reading it anew for each file takes long."""
    return etree.XMLSchema(file=str(Path(sepaxml.__file__).parent / "schemas" / f"{SCHEMA}.xsd"))


def _fixed(content: bytes, message_id: str, made_at: dt.datetime) -> bytes:
    """Put our message id and instant where sepaxml has random and present ones."""
    root = ET.fromstring(content)  # noqa: S314 -- sepaxml has just written it
    order = root[0]
    texts = {
        f"{_SPACE}GrpHdr/{_SPACE}MsgId": message_id,
        f"{_SPACE}GrpHdr/{_SPACE}CreDtTm": made_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        f"{_SPACE}PmtInf/{_SPACE}PmtInfId": f"{message_id}-1",
    }
    for path, text in texts.items():
        for element in order.findall(path):
            element.text = text
    for agent in order.findall(f"{_SPACE}PmtInf/{_SPACE}DbtrAgt/{_SPACE}FinInstnId"):
        if not len(agent):
            ET.SubElement(ET.SubElement(agent, f"{_SPACE}Othr"), f"{_SPACE}Id").text = "NOTPROVIDED"
    ET.register_namespace("", _SPACE[1:-1])
    ET.indent(root)
    written: bytes = ET.tostring(root, "utf-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + written + b"\n"


def _address(side: Side) -> dict[str, str]:
    return {
        "street_name": _plain(side.street)[:70],
        "postcode": side.postcode[:16],
        "town": _plain(side.town)[:35],
        "country": side.country,
    }


def _plain(text: str) -> str:
    return text.translate(_LETTERS)


def _cents(written: str | None) -> int:
    euros, _, cents = (written or "").partition(".")
    return int(euros or 0) * 100 + int(cents.ljust(2, "0") or 0)
