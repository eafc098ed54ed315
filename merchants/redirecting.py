"""Another account for a venue's payouts: asked for by one person, confirmed by another.

A false letter with a new IBAN is an old trick. So nothing changes until somebody of the treasury has
confirmed it, every owner of the venue is told at once, and a payout run that was made for the old account
can't be released any more.
"""

import datetime as dt
import enum
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from identity import persons, postbox, roles
from identity.postbox import EntryKind, NewEntry
from identity.roles import Held, Role
from kernel import db
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from merchants import venues
from merchants.account_tables import changes as table
from merchants.payout_orders import PayeeCheck

ANSWER_MAX = 500
LETTER_ASKED, LETTER_CONFIRMED, LETTER_DECLINED = (
    "venue-account-asked", "venue-account-confirmed", "venue-account-declined",
)  # fmt: skip


class State(enum.StrEnum):
    """Where a change stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    REPLACED = "replaced"
    """Another one was asked for before anybody decided."""


@dataclass(frozen=True, slots=True)
class Change:
    """An account that payouts are to go to."""

    change_id: int
    venue_id: int
    payee_name: str
    iban: str
    former_iban: str | None
    state: State
    asked_by: str
    asked_at: dt.datetime
    payee_check: PayeeCheck | None = None
    answer: str = ""
    decided_by: str | None = None
    decided_at: dt.datetime | None = None


def ask(work: db.Work, venue_id: int, payee_name: str, iban: str, *, by: int) -> Change:
    """Ask for another account, as person `by`; it replaces one that nobody has decided about.

    Raises NotFound `venue-not-found`; Invalid as `venues.checked_payee`; Conflict `account-unchanged`.
    """
    venue = venues.get(work, venue_id)
    payee_name, iban = venues.checked_payee(payee_name, iban)
    if (payee_name, iban) == (venue.payee_name, venue.iban):
        raise Conflict("account-unchanged", field="iban")
    _set(work, sa.and_(table.c.venue_id == venue_id, table.c.state == State.OPEN.value), State.REPLACED)
    change = Change(
        work.ids.next(), venue_id, payee_name, iban, venue.iban, State.OPEN, f"person/{by}", work.now
    )
    values = {name: getattr(change, name) for name in Change.__dataclass_fields__}
    work.connection.execute(
        sa.insert(table).values(city_id=work.city_id, **values | {"state": change.state.value})
    )
    _tell(work, change, LETTER_ASKED)
    return change


def confirm(work: db.Work, change_id: int, *, by: int, payee_check: PayeeCheck | None = None) -> Change:
    """Let payouts go to the account from now on, as person `by`, who neither asked for it nor owns the venue.

    Raises NotFound `account-change-not-found`; Conflict `account-change-decided`, `payee-check-failed`;
    Forbidden `own-account-change`.
    """
    found = _open(work, change_id, by)
    if payee_check is PayeeCheck.NO_MATCH:
        raise Conflict("payee-check-failed", field="payee_check")
    venues.pay_to(work, found.venue_id, found.payee_name, found.iban)
    return _decide(work, found, State.CONFIRMED, by, payee_check=payee_check.value if payee_check else None)


def decline(work: db.Work, change_id: int, reason: str, *, by: int) -> Change:
    """Leave everything as it is, with the reason that the owners read.

    Raises as `confirm`, and Invalid `answer-missing`, `answer-too-long`.
    """
    found = _open(work, change_id, by)
    tidy = " ".join(reason.split())
    if not tidy:
        raise Invalid("answer-missing", field="answer")
    if len(tidy) > ANSWER_MAX:
        raise Invalid("answer-too-long", field="answer", maximum=ANSWER_MAX)
    return _decide(work, found, State.DECLINED, by, answer=tidy)


def get(reading: db.Reading, change_id: int) -> Change:
    """Return a change. Raises NotFound `account-change-not-found`."""
    for one in _select(reading, table.c.change_id == change_id, limit=1):
        return one
    raise NotFound("account-change-not-found")


def newest_of(reading: db.Reading, venue_id: int) -> Change | None:
    """Return what was asked for last at a venue."""
    return next(iter(_select(reading, table.c.venue_id == venue_id, limit=1)), None)


def waiting(reading: db.Reading) -> list[Change]:
    """Return what nobody has decided about, newest first."""
    return _select(reading, table.c.state == State.OPEN.value)


def _open(work: db.Work, change_id: int, by: int) -> Change:
    found = get(work, change_id)
    if found.state is not State.OPEN:
        raise Conflict("account-change-decided")
    if found.asked_by == f"person/{by}" or Held(Role.VENUE_OWNER, found.venue_id) in roles.of(work, by):
        raise Forbidden("own-account-change")
    return found


def _decide(work: db.Work, found: Change, state: State, by: int, **values: str | None) -> Change:
    decided = {"decided_by": f"person/{by}", "decided_at": work.now}
    _set(work, table.c.change_id == found.change_id, state, **values, **decided)
    changed = get(work, found.change_id)
    _tell(work, changed, LETTER_CONFIRMED if state is State.CONFIRMED else LETTER_DECLINED)
    return changed


def _set(work: db.Work, condition: sa.ColumnElement[bool], state: State, **values: object) -> None:
    work.connection.execute(
        sa.update(table).where(table.c.city_id == work.city_id, condition).values(state=state.value, **values)
    )


def _tell(work: db.Work, change: Change, letter: str) -> None:
    """Write to all owners of the venue: who did not ask for it should know at once."""
    postbox.put_many(work, list(_letters(work, change, letter)))


def _letters(reading: db.Reading, change: Change, letter: str) -> Iterator[NewEntry]:
    owners = [
        number for number, held in roles.every(reading) if held == Held(Role.VENUE_OWNER, change.venue_id)
    ]
    facts = {
        "venue": venues.get(reading, change.venue_id).name,
        "venue_id": str(change.venue_id),
        "ending": change.iban[-4:],
        "answer": change.answer,
    }
    for person in persons.by_ids(reading, owners).values():
        key = f"{letter}/{change.change_id}"
        yield NewEntry(person.owner, EntryKind.MESSAGE, letter, facts, event_key=key)


def _select(reading: db.Reading, condition: sa.ColumnElement[bool], limit: int | None = None) -> list[Change]:
    columns = [table.c[name] for name in Change.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.change_id.desc())
        .limit(limit)
    )
    return [
        Change(
            **{
                **row._mapping,
                "state": State(row.state),
                "payee_check": PayeeCheck(row.payee_check) if row.payee_check else None,
            }
        )
        for row in rows
    ]
