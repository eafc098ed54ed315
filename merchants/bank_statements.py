"""Bank statements in camt.053 (ISO 20022, versions 001.08 and 001.02), read strictly. Pure.

What a bank sends decides about money, so a file is taken whole or refused with the reason: no document type
and no entity, bounded size, amounts exact in cents, and the opening balance with all entries must give the
closing balance. An entry that sums up several transactions is taken apart if the parts add up to it.
"""

import datetime as dt
import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element, ParseError

import defusedxml
from defusedxml import ElementTree

from kernel import money
from kernel.errors import Invalid
from merchants import ibans

SIZE_MAX = 10_000_000
"""Bytes; a statement of 5,000 entries has about 7 million."""
NAMESPACES = (
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02",
)
_AMOUNT = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,5}))?")
_BOOKED = "BOOK"
_NOTHING = {"", "NOTPROVIDED", "NONREF", "NOREF"}
"""What banks write where a reference has to stand and there is none."""


@dataclass(frozen=True, slots=True)
class BankEntry:
    """One movement of money on the account, as the bank booked it."""

    key: str
    """The same for this entry in every file that holds it, and for no other: 32 hexadecimal digits."""
    cents: int
    """Above zero; `is_credit` is the direction."""
    is_credit: bool
    """Whether money came in."""
    booked_on: dt.date
    valued_on: dt.date
    bank_reference: str
    """The bank's own reference; empty if it gave none."""
    end_to_end_id: str
    """What the payer wrote for the payee's books; empty if nothing."""
    remittance: str
    """Free text of the payer; several lines are joined by spaces."""
    creditor_reference: str
    """Structured reference (RF... or the payee's own); empty if none."""
    counterparty_name: str
    counterparty_iban: str
    """Empty if the bank did not say; not checked."""
    is_reversal: bool
    """Whether it takes an earlier entry back."""
    return_reason: str
    """Code of the reason, as `AC01`, if a transfer came back; empty otherwise."""
    batch_id: str = ""
    """Of the payment order whose transfers the bank booked together; empty if it says none."""


@dataclass(frozen=True, slots=True)
class BankStatement:
    """One statement of one account: what the balance was, what moved, what it was then."""

    statement_id: str
    iban: str
    created_at: str
    """As the bank wrote it."""
    opening_cents: int
    """Below zero for an overdrawn account."""
    closing_cents: int
    entries: tuple[BankEntry, ...]


def read(content: bytes) -> tuple[BankStatement, ...]:
    """Return the statements of a camt.053 file.

    Raises Invalid `bank-file-too-large`, `bank-file-not-xml`, `bank-file-unsafe` (a document type or entity),
    `bank-file-other-format` (with the `format` found), `bank-file-incomplete` (with the `element`),
    `bank-file-value-invalid` (with `element` and `value`), `bank-file-currency`, `bank-file-balance-wrong`
    (with the `difference_cents`), `iban-invalid`.
    """
    root = _parse(content)
    namespace = root.tag.partition("}")[0].removeprefix("{")
    if namespace not in NAMESPACES or _plain(root) != "Document":
        raise Invalid("bank-file-other-format", format=namespace.rpartition(":")[2] or _plain(root)[:40])
    for element in root.iter():
        element.tag = _plain(element)
    statements = tuple(_statement(one) for one in root.findall("BkToCstmrStmt/Stmt"))
    if not statements:
        raise Invalid("bank-file-incomplete", element="Stmt")
    return statements


def _parse(content: bytes) -> Element:
    if len(content) > SIZE_MAX:
        raise Invalid("bank-file-too-large", maximum=SIZE_MAX)
    try:
        root: Element = ElementTree.fromstring(content, forbid_dtd=True)
    except defusedxml.DefusedXmlException as error:
        raise Invalid("bank-file-unsafe") from error
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise Invalid("bank-file-not-xml") from error
    return root


def _plain(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _statement(found: Element) -> BankStatement:
    iban = ibans.normal(_required(found, "Acct/Id/IBAN"))
    booked = [one for one in found.findall("Ntry") if _status(one) == _BOOKED]
    opening = _balance(found, ("OPBD", "PRCD"), first=True)
    closing = _balance(found, ("CLBD",), first=False)
    moved = sum(_signed(one) for one in booked)
    if opening + moved != closing:
        raise Invalid("bank-file-balance-wrong", difference_cents=closing - opening - moved)
    raw = itertools.chain.from_iterable(_movements(one) for one in booked)
    return BankStatement(
        statement_id=_required(found, "Id"),
        iban=iban,
        created_at=_text(found, "CreDtTm"),
        opening_cents=opening,
        closing_cents=closing,
        entries=tuple(_keyed(iban, raw)),
    )


def _balance(found: Element, codes: tuple[str, ...], *, first: bool) -> int:
    """Return a balance; on a page of a long statement it is an interim one."""
    by_code: dict[str, list[Element]] = {}
    for one in found.findall("Bal"):
        by_code.setdefault(_text(one, "Tp/CdOrPrtry/Cd"), []).append(one)
    for code in (*codes, "ITBD"):
        if code in by_code:
            return _signed(by_code[code][0 if first else -1])
    raise Invalid("bank-file-incomplete", element=f"Bal/{codes[0]}")


def _status(entry: Element) -> str:
    return _text(entry, "Sts/Cd") or _text(entry, "Sts")


def _movements(entry: Element) -> Iterator[BankEntry]:
    """Take an entry apart into its transactions, if it says what each of them was worth."""
    parts = entry.findall("NtryDtls/TxDtls")
    whole = _cents(entry)
    if len(parts) == 1:
        yield _movement(entry, parts[0], whole, is_credit=_is_credit(entry))
        return
    amounts = [_part_cents(part) for part in parts]
    directions = [_is_credit(part if part.find("CdtDbtInd") is not None else entry) for part in parts]
    known = [amount for amount in amounts if amount is not None]
    total = sum(a if direction else -a for a, direction in zip(known, directions, strict=False))
    if not parts or len(known) < len(parts) or total != _signed(entry):
        yield _movement(entry, Element("TxDtls"), whole, is_credit=_is_credit(entry))
        return
    for part, amount, is_credit in zip(parts, known, directions, strict=True):
        yield _movement(entry, part, amount, is_credit=is_credit)


def _movement(entry: Element, part: Element, cents: int, *, is_credit: bool) -> BankEntry:
    is_reversal = _text(entry, "RvslInd") in {"true", "1"}
    # In a reversal the parties stand as in the payment that is taken back.
    sides = ("Dbtr", "Cdtr") if is_credit != is_reversal else ("Cdtr", "Dbtr")
    names = [_text(part, f"RltdPties/{side}{deep}/Nm") for side in sides for deep in ("/Pty", "")]
    booked_on = _day(entry, "BookgDt")
    lines = [_squeezed(line.text) for line in part.findall("RmtInf/Ustrd")]
    return BankEntry(
        key="",
        cents=cents,
        is_credit=is_credit,
        booked_on=booked_on,
        valued_on=_day(entry, "ValDt") if entry.find("ValDt") is not None else booked_on,
        bank_reference=_reference(part, "Refs/AcctSvcrRef") or _reference(entry, "AcctSvcrRef"),
        end_to_end_id=_reference(part, "Refs/EndToEndId"),
        remittance=" ".join(line for line in lines if line),
        creditor_reference=_reference(part, "RmtInf/Strd/CdtrRefInf/Ref"),
        counterparty_name=next((name for name in names if name), ""),
        counterparty_iban=next(
            (iban for side in sides if (iban := _text(part, f"RltdPties/{side}Acct/Id/IBAN"))), ""
        ),
        is_reversal=is_reversal,
        return_reason=_text(part, "RtrInf/Rsn/Cd") or _text(part, "RtrInf/Rsn/Prtry"),
        batch_id=_reference(part, "Refs/PmtInfId") or _reference(entry, "NtryDtls/Btch/PmtInfId"),
    )


def _keyed(iban: str, entries: Iterable[BankEntry]) -> Iterator[BankEntry]:
    """Give each entry its key: what it says, and which of several that say the same it is."""
    seen: Counter[str] = Counter()
    for entry in entries:
        said = "\x1f".join(
            (
                iban,
                entry.bank_reference,
                entry.booked_on.isoformat(),
                f"{'+' if entry.is_credit else '-'}{entry.cents}{'R' if entry.is_reversal else ''}",
                entry.end_to_end_id,
                entry.remittance,
                entry.counterparty_iban,
            )
        )
        seen[said] += 1
        digest = hashlib.sha256(f"{said}\x1f{seen[said]}".encode()).hexdigest()
        yield replace(entry, key=digest[:32])


def _signed(found: Element) -> int:
    return _cents(found) if _is_credit(found) else -_cents(found)


def _is_credit(found: Element) -> bool:
    direction = _required(found, "CdtDbtInd")
    if direction not in {"CRDT", "DBIT"}:
        raise Invalid("bank-file-value-invalid", element="CdtDbtInd", value=direction[:40])
    return direction == "CRDT"


def _cents(found: Element, path: str = "Amt") -> int:
    amount = found.find(path)
    if amount is None:
        raise Invalid("bank-file-incomplete", element=path)
    if amount.get("Ccy") != "EUR":
        raise Invalid("bank-file-currency", currency=str(amount.get("Ccy"))[:3])
    written = _squeezed(amount.text)
    match = _AMOUNT.fullmatch(written)
    whole, decimals = (match[1], (match[2] or "").ljust(2, "0")) if match else ("", "x")
    if not whole or decimals[2:].strip("0") or int(whole) * 100 > money.AMOUNT_MAX:
        raise Invalid("bank-file-value-invalid", element=path, value=written[:40])
    return int(whole) * 100 + int(decimals[:2])


def _part_cents(part: Element) -> int | None:
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        if part.find(path) is not None:
            return _cents(part, path)
    return None


def _day(entry: Element, path: str) -> dt.date:
    written = _text(entry, f"{path}/Dt") or _required(entry, f"{path}/DtTm")
    try:
        return dt.date.fromisoformat(written[:10])
    except ValueError as error:
        raise Invalid("bank-file-value-invalid", element=path, value=written[:40]) from error


def _reference(found: Element, path: str) -> str:
    written = _text(found, path)
    return "" if written.upper() in _NOTHING else written


def _required(found: Element, path: str) -> str:
    written = _text(found, path)
    if not written:
        raise Invalid("bank-file-incomplete", element=path)
    return written


def _text(found: Element, path: str) -> str:
    return _squeezed(found.findtext(path))


def _squeezed(text: str | None) -> str:
    return " ".join((text or "").split())
