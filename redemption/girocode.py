"""GiroCode: a QR code from which a bank's app fills in a credit transfer (EPC069-12, version 002). Pure.

What an app would refuse is refused here, with the field that is wrong: an IBAN or reference whose check
digits are wrong, a name or text that is too long, an amount out of bounds. The code is drawn by
`redemption.qr` at its error correction level for screens, M, the only one that the standard allows.
"""

from dataclasses import dataclass
from typing import Final

from stdnum import bic as bics
from stdnum import iban as ibans

from kernel.errors import Invalid
from redemption import creditor_references, qr

AMOUNT_MAX_CENTS: Final = 99_999_999_999
NAME_MAX: Final = 70
TEXT_MAX: Final = 140
INFORMATION_MAX: Final = 70
PAYLOAD_MAX: Final = 331
"""Bytes that fit into version 13 at level M, the largest code that the standard allows."""

_PURPOSE_LENGTH: Final = 4
_UTF_8: Final = "1"


class InvalidTransfer(Invalid):
    """A bank's app would refuse the transfer; `field` says what is wrong with it."""

    code = "girocode-invalid"


@dataclass(frozen=True, slots=True)
class CreditTransfer:
    """A credit transfer that a payer is asked for: to whom, how much and under which reference."""

    name: str
    """Of the account's holder."""
    iban: str
    amount_cents: int
    reference: str = ""
    """ISO 11649; either this or `text`."""
    text: str = ""
    bic: str = ""
    """Not needed inside the European Economic Area."""
    purpose: str = ""
    """Four letters of ISO 20022."""
    information: str = ""
    """Shown to the payer, not transferred."""


def payload(transfer: CreditTransfer) -> bytes:
    """Return what the code says. Raises InvalidTransfer."""
    lines = [
        "BCD",
        "002",
        _UTF_8,
        "SCT",
        _bic(transfer.bic),
        _line("name", transfer.name, NAME_MAX, needed=True),
        _iban(transfer.iban),
        f"EUR{_amount(transfer.amount_cents)}",
        _purpose(transfer.purpose),
        *_remittance(transfer),
        _line("information", transfer.information, INFORMATION_MAX),
    ]
    while not lines[-1]:
        lines.pop()
    content = "\n".join(lines).encode()
    if len(content) > PAYLOAD_MAX:
        raise InvalidTransfer(field="text", reason="too-long", maximum=PAYLOAD_MAX)
    return content


def svg(transfer: CreditTransfer, *, title: str) -> str:
    """Return the code as an `<svg>` element for a page. Raises InvalidTransfer."""
    return qr.svg(payload(transfer), title=title)


def png(transfer: CreditTransfer, *, scale: int = 8) -> bytes:
    """Return the code as a PNG file. Raises InvalidTransfer."""
    return qr.png(payload(transfer), scale=scale)


def _amount(cents: int) -> str:
    """Return euros as the standard's examples write them: `12.3`, `5`."""
    if not 1 <= cents <= AMOUNT_MAX_CENTS:
        raise InvalidTransfer(field="amount_cents", reason="out-of-range", maximum=AMOUNT_MAX_CENTS)
    return f"{cents // 100}.{cents % 100:02}".rstrip("0").rstrip(".")


def _iban(written: str) -> str:
    iban = ibans.compact(written)
    if not ibans.is_valid(iban):
        raise InvalidTransfer(field="iban", reason="check-digits")
    return iban


def _bic(written: str) -> str:
    if written and not bics.is_valid(written):
        raise InvalidTransfer(field="bic", reason="malformed")
    return bics.compact(written)


def _purpose(code: str) -> str:
    if code and not (len(code) == _PURPOSE_LENGTH and code.isascii() and code.isalpha() and code.isupper()):
        raise InvalidTransfer(field="purpose", reason="malformed")
    return code


def _remittance(transfer: CreditTransfer) -> tuple[str, str]:
    """Return reference and text, exactly one of which is there."""
    reference, text = transfer.reference, _line("text", transfer.text, TEXT_MAX)
    if bool(reference.strip()) == bool(text):
        raise InvalidTransfer(field="reference", reason="one-of-two")
    if text:
        return "", text
    normal = creditor_references.find_normal(reference)
    if normal is None:
        raise InvalidTransfer(field="reference", reason="check-digits")
    return normal, ""


def _line(field: str, written: str, maximum: int, *, needed: bool = False) -> str:
    """Return a text that fits its line: no control character, which would begin another line."""
    text = written.strip()
    if needed and not text:
        raise InvalidTransfer(field=field, reason="missing")
    if len(text) > maximum:
        raise InvalidTransfer(field=field, reason="too-long", maximum=maximum)
    if not text.isprintable():
        raise InvalidTransfer(field=field, reason="malformed")
    return text
