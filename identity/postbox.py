"""The postbox: receipts, vouchers and messages of the city, kept until their reader deletes them.

An entry is a code and facts; the sentences are made where it is read, in the reader's language. Nothing of it
is told to the ledger. Who asked for it gets each entry by e-mail, too; by default nobody does.
"""

import datetime as dt
import enum
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from identity.postbox_tables import postbox_choices as choices
from identity.postbox_tables import postbox_entries as table
from kernel import bulk, outbox
from kernel.db import Reading, Work
from kernel.errors import NotFound

PAGE_MAX = 200
TOPIC_MAIL = "postbox.mail"
"""Outbox topic of entries that go out by e-mail; the payload has their `entry_id` only."""
_WORDS_MAX: Final = 400
_COLUMNS: Final = ("entry_id", "owner", "kind", "code", "facts", "created_at", "read_at")


class EntryKind(enum.StrEnum):
    """What an entry is, for who looks for one."""

    RECEIPT = "receipt"
    VOUCHER = "voucher"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Something to be told to somebody."""

    owner: str
    kind: EntryKind
    code: str
    """Names the sentences, in `api/wording/letters.py`."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON values that the sentences tell: `titles` in several languages, instants in RFC 3339 under names
    that end in `_at` or `_until`, `points`, cents under names in `_cents`, `voucher_id`, `reference`."""
    event_key: str | None = None
    """What is told to somebody under the same key is told once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it lies in the postbox."""

    entry_id: int
    owner: str
    kind: EntryKind
    code: str
    facts: Mapping[str, Any]
    created_at: dt.datetime
    read_at: dt.datetime | None

    @property
    def is_unread(self) -> bool:
        """Whether it was never opened."""
        return self.read_at is None


def put(
    work: Work,
    owner: str,
    kind: EntryKind,
    code: str,
    facts: Mapping[str, Any] | None = None,
    *,
    event_key: str | None = None,
) -> None:
    """Put something into somebody's postbox; under a key that was used for them before, nothing happens."""
    put_many(work, [NewEntry(owner, kind, code, facts or {}, event_key)])


def put_many(work: Work, entries: Iterable[NewEntry]) -> int:
    """Put something into many postboxes at the price of a few statements; return how many entries are new."""
    fresh = _untold(work, list(entries))
    if not fresh:
        return 0
    numbered = [(work.ids.next(), one) for one in fresh]
    bulk.insert_rows(
        work,
        table,
        ("city_id", *_COLUMNS, "words", "event_key"),
        [
            (
                work.city_id, number, one.owner, one.kind.value, one.code, dict(one.facts), work.now, None,
                _words(one.facts), one.event_key,
            )
            for number, one in numbered
        ],
    )  # fmt: skip
    asked = wanting_mail(work, {one.owner for one in fresh})
    outbox.append_many(
        work, TOPIC_MAIL, [{"entry_id": number} for number, one in numbered if one.owner in asked]
    )
    return len(fresh)


def get(reading: Reading, entry_id: int, owner: str | None = None) -> Entry:
    """Return an entry, of that owner only if given. Raises NotFound `postbox-entry-not-found`."""
    for entry in _select(reading, table.c.entry_id == entry_id, 1):
        if owner in {None, entry.owner}:
            return entry
    raise NotFound("postbox-entry-not-found")


def page(
    reading: Reading,
    owner: str,
    *,
    kinds: Collection[EntryKind] = (),
    words: str = "",
    before: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """Return an owner's entries, newest first, older than `before`, of these kinds and with all words."""
    conditions = [table.c.owner == owner]
    if kinds:
        conditions.append(table.c.kind.in_(sorted(kind.value for kind in kinds)))
    conditions += [table.c.words.contains(word, autoescape=True) for word in words.casefold().split()[:5]]
    if before is not None:
        conditions.append(table.c.entry_id < before)
    return _select(reading, sa.and_(*conditions), min(limit, PAGE_MAX))


def every(reading: Reading, owner: str) -> Iterator[Entry]:
    """Return all entries of an owner, newest first, a page at a time."""
    before = None
    while found := page(reading, owner, before=before, limit=PAGE_MAX):
        yield from found
        before = found[-1].entry_id


def unread_count(reading: Reading, owner: str) -> int:
    """Return how many entries were never opened."""
    counted = sa.select(sa.func.count()).where(
        table.c.city_id == reading.city_id, table.c.owner == owner, table.c.read_at.is_(None)
    )
    return int(reading.connection.execute(counted).scalar_one())


def mark_read(work: Work, owner: str, entry_id: int | None = None) -> None:
    """Note that an entry was opened, or without a number all of them."""
    condition = [table.c.entry_id == entry_id] if entry_id is not None else []
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.owner == owner, table.c.read_at.is_(None), *condition)
        .values(read_at=work.now)
    )


def delete(work: Work, owner: str, entry_id: int) -> None:
    """Throw an entry away. Raises NotFound `postbox-entry-not-found`."""
    get(work, entry_id, owner)
    work.connection.execute(
        sa.delete(table).where(
            table.c.city_id == work.city_id, table.c.owner == owner, table.c.entry_id == entry_id
        )
    )


def choose_mail(work: Work, owner: str, *, wanted: bool) -> None:
    """Keep whether somebody wants their postbox by e-mail, too."""
    work.connection.execute(
        sa.delete(choices).where(choices.c.city_id == work.city_id, choices.c.owner == owner)
    )
    if wanted:
        work.connection.execute(
            sa.insert(choices).values(city_id=work.city_id, owner=owner, chosen_at=work.now)
        )


def wanting_mail(reading: Reading, owners: Collection[str]) -> set[str]:
    """Return those of the owners who want their postbox by e-mail, too."""
    found = reading.connection.execute(
        sa.select(choices.c.owner).where(
            choices.c.city_id == reading.city_id, bulk.any_of(choices.c.owner, "owners")
        ),
        {"owners": sorted(owners)},
    )
    return set(found.scalars())


def erase(work: Work, owner: str) -> None:
    """Delete an owner's postbox; e-mails that wait find nothing to send."""
    for of in (table, choices):
        work.connection.execute(sa.delete(of).where(of.c.city_id == work.city_id, of.c.owner == owner))


def _untold(reading: Reading, entries: Sequence[NewEntry]) -> list[NewEntry]:
    """Return the entries whose key is new to their owner; of two with one key the first."""
    keyed = {(one.owner, one.event_key) for one in entries if one.event_key is not None}
    told: set[tuple[str, str | None]] = set()
    if keyed:
        found = reading.connection.execute(
            sa.select(table.c.owner, table.c.event_key).where(
                table.c.city_id == reading.city_id,
                bulk.any_of(table.c.owner, "owners"),
                bulk.any_of(table.c.event_key, "keys"),
            ),
            {
                "owners": sorted({owner for owner, _ in keyed}),
                "keys": sorted({key or "" for _, key in keyed}),
            },
        )
        told = {(row.owner, row.event_key) for row in found}
    fresh = []
    for one in entries:
        name = (one.owner, one.event_key)
        if one.event_key is None or name not in told:
            told.add(name)
            fresh.append(one)
    return fresh


def _words(facts: Mapping[str, Any]) -> str:
    """Return the texts among the facts in small letters, each once."""
    found: dict[str, None] = {}
    for value in facts.values():
        texts = (
            value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
        )
        found |= {text.casefold(): None for text in texts if isinstance(text, str)}
    return " ".join(found)[:_WORDS_MAX]


def _select(reading: Reading, condition: sa.ColumnElement[bool], limit: int) -> list[Entry]:
    rows = reading.connection.execute(
        sa.select(*(table.c[name] for name in _COLUMNS))
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.entry_id.desc())
        .limit(limit)
    )
    return [Entry(**{**row._mapping, "kind": EntryKind(row.kind)}) for row in rows]
