"""The book in the formats of plain-text accounting and as CSV: pure text, no input or output.

Sources of the formats: the hledger 1.25 manual ("Journal"), the Beancount 3 language syntax, RFC 4180. How
accounts, reservations and texts are written is told in docs/exports.md.
"""

import csv
import datetime as dt
import enum
import functools
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote
from uuid import UUID

from ledger.transfers import EUR, TransferKind


class Form(enum.StrEnum):
    """The formats of an export."""

    HLEDGER = "hledger"
    BEANCOUNT = "beancount"
    CSV = "csv"


class Side(enum.StrEnum):
    """What of an account a journal's account shows. The values are parts of names."""

    POSTED = ""
    DEBITS_PENDING = "Equity:PendingOut"
    CREDITS_PENDING = "Equity:PendingIn"


@dataclass(frozen=True, slots=True)
class Entry:
    """One transfer: what it moved for good, and by how much it changed what is reserved (`reserved`).

    `sequence` is None for the release of a hold whose time is over but that is not booked yet.
    """

    sequence: int | None
    transfer_id: UUID
    kind: TransferKind
    refers_to: UUID | None
    group_id: UUID | None
    debit: str
    credit: str
    asset: str
    amount: int
    moved: int
    reserved: int
    purpose: str
    subject: str
    effective: dt.date
    booked_at: dt.datetime
    expires_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount on an account of the journal, debits counted as positive."""

    path: str
    side: Side
    asset: str
    amount: int
    since: dt.date
    """First day on which the journal uses the account."""

    @property
    def name(self) -> str:
        """Return the account's name in the journal."""
        return account_name(self.path, self.side)


class Journal(Protocol):
    """Writes a book piece by piece."""

    def head(self, title: str, assets: Iterable[str]) -> str:
        """Return what comes before the first transfer."""
        ...

    def entry(self, entry: Entry) -> str:
        """Return one transfer."""
        ...

    def opening(self, day: dt.date, figures: Iterable[Figure]) -> Iterator[str]:
        """Return what stood on the accounts before the first day of an export."""
        ...

    def closing(self, day: dt.date, figures: Iterable[Figure]) -> Iterator[str]:
        """Return the accounts and what must stand on them at the end of the last day."""
        ...


_ROOTS = (
    ("wallet/", "Liabilities"),
    ("venue/", "Liabilities"),
    ("redeemed", "Income"),
    ("expired", "Income"),
    ("offline-loss", "Expenses"),
    ("eur/programme", "Expenses"),
    ("eur/payable", "Liabilities"),
    ("eur/bank", "Assets"),
    ("eur/clearing", "Assets"),
    ("eur/receivable", "Liabilities"),
    ("eur/takings", "Liabilities"),
    ("eur/disputed", "Assets"),
    ("eur/losses", "Expenses"),
    ("eur/fees", "Expenses"),
)
"""By the beginning of the path; everything else is Equity."""
_OPENING = "Equity:OpeningBalances"
_DOT = "X"


@functools.lru_cache(maxsize=100_000)
def account_name(path: str, side: Side = Side.POSTED) -> str:
    """Return the journal's name of an account; `path_of` is its inverse.

    Paths are in small letters, so a capital inside a part can only be an escape (X for a dot) or ours.
    """
    parts = ":".join((part[0].upper() + part[1:]).replace(".", _DOT) for part in path.split("/"))
    if side is not Side.POSTED:
        return f"{side}:{parts}"
    root = next((root for begin, root in _ROOTS if path.startswith(begin)), "Equity")
    return f"{root}:{parts}"


def path_of(name: str) -> tuple[str, Side]:
    """Return path and side that a journal's account name stands for."""
    for side in (Side.DEBITS_PENDING, Side.CREDITS_PENDING):
        if name.startswith(f"{side}:"):
            return _path(name.removeprefix(f"{side}:")), side
    return _path(name.partition(":")[2]), Side.POSTED


def _path(parts: str) -> str:
    # The first letter of a part is never an escape: no part begins with a dot.
    return "/".join(part[0].lower() + part[1:].replace(_DOT, ".") for part in parts.split(":"))


def commodity(asset: str) -> str:
    """Return an asset's name as a commodity; `asset_of` is its inverse."""
    kind, separator, offer = asset.partition(":")
    if not separator:
        return asset
    # A commodity ends with a letter or digit.
    return f"{kind}.{offer.upper()}" + (".E" if offer.endswith("-") else "")


def asset_of(name: str) -> str:
    """Return the asset that a commodity stands for."""
    kind, separator, offer = name.partition(".")
    return f"{kind}:{offer.removesuffix('.E').lower()}" if separator else kind


def quantity(amount: int, asset: str) -> str:
    """Return an amount as written in journals: euros with two decimals, everything else whole."""
    if asset != EUR:
        return str(amount)
    euros, cents = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{euros}.{cents:02}"


def postings(entry: Entry) -> Iterator[tuple[str, int, bool]]:
    """Yield account name, amount (debits positive) and whether it is only reserved."""
    if entry.moved:
        yield account_name(entry.debit), entry.moved, False
        yield account_name(entry.credit), -entry.moved, False
    if entry.reserved:
        yield account_name(entry.debit, Side.DEBITS_PENDING), entry.reserved, True
        yield account_name(entry.credit, Side.CREDITS_PENDING), -entry.reserved, True


def instant(value: dt.datetime) -> str:
    """Return an instant as RFC 3339, in UTC, with microseconds."""
    return value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_UNPRINTABLE = re.compile(r"[%\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]|^\s|\s$")
_SPECIAL = re.compile(rf"[,;|]|{_UNPRINTABLE.pattern}")


def _encoded(text: str, what: re.Pattern[str]) -> str:
    return what.sub(lambda match: quote(match[0], safe=""), text)


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "transfer", str(entry.transfer_id)
    yield "kind", entry.kind.value
    yield "booked", instant(entry.booked_at)
    optional = {"refers-to": entry.refers_to, "group": entry.group_id, "subject": entry.subject}
    yield from ((name, str(value)) for name, value in optional.items() if value)
    if entry.expires_at is not None:
        yield "expires", instant(entry.expires_at)


class Hledger:
    """Journals of hledger; `!` marks what is only reserved."""

    def head(self, title: str, assets: Iterable[str]) -> str:
        """Return the title and the commodities, which hledger wants before their first use."""
        lines = [f"; {_encoded(title, _UNPRINTABLE)}"]
        lines += [
            f"commodity {'1.00' if asset == EUR else '1.'} {self._commodity(asset)}" for asset in assets
        ]
        return "\n".join(lines) + "\n"

    def entry(self, entry: Entry) -> str:
        """Return a transaction: effective=booked date, status, number, purpose; the rest as tags."""
        number = "" if entry.sequence is None else f" ({entry.sequence})"
        status = "*" if entry.moved else "!"
        booked = entry.booked_at.astimezone(dt.UTC).date()
        lines = [f"\n{entry.effective}={booked} {status}{number} {_encoded(entry.purpose, _SPECIAL)}"]
        facts = [f"{name}:{_encoded(value, _SPECIAL)}" for name, value in _facts(entry)]
        lines.append(f"    ; {', '.join(facts)}")
        symbol = self._commodity(entry.asset)
        for name, amount, pending in postings(entry):
            mark = "! " if pending and entry.moved else ""
            lines.append(f"    {mark}{name}  {quantity(amount, entry.asset)} {symbol}")
        return "\n".join(lines) + "\n"

    def opening(self, day: dt.date, figures: Iterable[Figure]) -> Iterator[str]:
        """Return one transaction for each account that something stood on."""
        for one in figures:
            symbol = self._commodity(one.asset)
            status = "*" if one.side is Side.POSTED else "!"
            yield f"\n{day} {status} opening balance\n"
            yield f"    {one.name}  {quantity(one.amount, one.asset)} {symbol}\n"
            yield f"    {_OPENING}  {quantity(-one.amount, one.asset)} {symbol}\n"

    def closing(self, day: dt.date, figures: Iterable[Figure]) -> Iterator[str]:
        """Return the declarations, and an assertion of the balance for each account."""
        found = list(figures)
        yield f"\naccount {_OPENING}\n"
        for one in found:
            yield f"account {one.name}  ; path:{one.path}\n"
        for one in found:
            symbol, status = self._commodity(one.asset), "*" if one.side is Side.POSTED else "!"
            asserted = f"0 {symbol} == {quantity(one.amount, one.asset)} {symbol}"
            yield f"\n{day} {status} closing balance\n    {one.name}  {asserted}\n"

    def _commodity(self, asset: str) -> str:
        name = commodity(asset)
        return name if name.isalpha() else f'"{name}"'


class Beancount:
    """Ledgers of Beancount 3."""

    def head(self, title: str, assets: Iterable[str]) -> str:
        """Return the title."""
        del assets
        return f'option "title" "{_escaped(title)}"\n'

    def entry(self, entry: Entry) -> str:
        """Return a transaction on its effective date; `!` if it only reserves. The rest is metadata."""
        flag = "*" if entry.moved else "!"
        lines = [f'\n{entry.effective} {flag} "{_escaped(entry.purpose)}"']
        if entry.sequence is not None:
            lines.append(f"  sequence: {entry.sequence}")
        lines += [f'  {name}: "{_escaped(value)}"' for name, value in _facts(entry)]
        symbol = commodity(entry.asset)
        for name, amount, pending in postings(entry):
            mark = "! " if pending and entry.moved else ""
            lines.append(f"  {mark}{name}  {quantity(amount, entry.asset)} {symbol}")
        return "\n".join(lines) + "\n"

    def opening(self, day: dt.date, figures: Iterable[Figure]) -> Iterator[str]:
        """Return one transaction for each account that something stood on."""
        found = list(figures)
        if found:
            yield f"\n{day} open {_OPENING}\n"
        for one in found:
            symbol, flag = commodity(one.asset), "*" if one.side is Side.POSTED else "!"
            yield f'\n{day} {flag} "opening balance"\n'
            yield f"  {one.name}  {quantity(one.amount, one.asset)} {symbol}\n"
            yield f"  {_OPENING}  {quantity(-one.amount, one.asset)} {symbol}\n"

    def closing(self, day: dt.date, figures: Iterable[Figure]) -> Iterator[str]:
        """Return commodities and accounts with the day of their first use, and a balance for each.

        A balance holds at the beginning of its day, so it stands on the day after, and it counts what lies
        below an account, too.
        """
        found = list(figures)
        below = _with_what_lies_below(found)
        first: dict[str, dt.date] = {}
        for one in found:
            first[one.asset] = min(one.since, first.get(one.asset, one.since))
        yield from (f"\n{since} commodity {commodity(asset)}" for asset, since in first.items())
        for one in found:
            yield f'\n{one.since} open {one.name} {commodity(one.asset)}\n  path: "{one.path}"'
        after = day + dt.timedelta(days=1)
        for one in found:
            total = quantity(below[one.name, one.asset], one.asset)
            yield f"\n{after} balance {one.name}  {total} {commodity(one.asset)}"
        yield "\n"


def _escaped(text: str) -> str:
    return _encoded(text, _UNPRINTABLE).replace("\\", "\\\\").replace('"', '\\"')


def _with_what_lies_below(figures: Iterable[Figure]) -> Mapping[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for one in figures:
        parts = one.name.split(":")
        for length in range(1, len(parts) + 1):
            key = ":".join(parts[:length]), one.asset
            sums[key] = sums.get(key, 0) + one.amount
    return sums


CSV_COLUMNS = (
    "sequence", "transfer_id", "kind", "refers_to", "group_id", "effective", "booked_at", "expires_at",
    "asset", "debit", "credit", "amount", "posted", "reserved", "purpose", "subject",
)  # fmt: skip


class Csv:
    """RFC 4180: comma, CRLF, quotes where needed, a header; amounts in points, cents and places."""

    def head(self, title: str, assets: Iterable[str]) -> str:
        """Return the header."""
        del title, assets
        return self._line(CSV_COLUMNS)

    def entry(self, entry: Entry) -> str:
        """Return one line."""
        expires = instant(entry.expires_at) if entry.expires_at else None
        return self._line(
            (
                entry.sequence, entry.transfer_id, entry.kind.value, entry.refers_to, entry.group_id,
                entry.effective, instant(entry.booked_at), expires, entry.asset, entry.debit, entry.credit,
                entry.amount, entry.moved, entry.reserved, entry.purpose, entry.subject,
            )
        )  # fmt: skip

    def opening(self, day: dt.date, figures: Iterable[Figure]) -> Iterator[str]:
        """Return nothing: a table of transfers has no balances."""
        del day, figures
        yield from ()

    def closing(self, day: dt.date, figures: Iterable[Figure]) -> Iterator[str]:
        """Return nothing: a table of transfers has no balances."""
        del day, figures
        yield from ()

    def _line(self, values: Iterable[object]) -> str:
        written = io.StringIO()
        csv.writer(written, lineterminator="\r\n").writerow(values)
        return written.getvalue()


JOURNALS: Mapping[Form, Journal] = {Form.HLEDGER: Hledger(), Form.BEANCOUNT: Beancount(), Form.CSV: Csv()}
