"""Combinations: how the rules of the programme and of its campaigns are combined; two people decide it.

What the rules give together changes at once for everybody, so it has the same two pairs of eyes as a rule.
"""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from kernel.db import Reading, Work
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from rewards.combining import Combination
from rewards.rule_tables import rule_combinations as table

PROGRAMME = ""
"""Stands for the whole programme where a campaign is named."""
DEFAULT = Combination.BEST


@dataclass(frozen=True, slots=True)
class Choice:
    """How a campaign, or the programme, combines its rules; in force once it is approved."""

    combination_id: int
    campaign: str
    combination: Combination
    author_id: int
    created_at: dt.datetime
    approver_id: int | None
    approved_at: dt.datetime | None


def propose(work: Work, campaign: str, combination: str, author_id: int) -> Choice:
    """Propose how to combine. Raises Invalid `combination-unknown`."""
    if combination not in set(Combination) or len(campaign) > 60:  # noqa: PLR2004 -- the column's width
        raise Invalid("combination-unknown", field="combination")
    choice = Choice(work.ids.next(), campaign, Combination(combination), author_id, work.now, None, None)
    values = {name: getattr(choice, name) for name in Choice.__dataclass_fields__}
    work.connection.execute(
        sa.insert(table).values(city_id=work.city_id, **values | {"combination": combination})
    )
    return choice


def approve(work: Work, combination_id: int, approver_id: int) -> Choice:
    """Put a proposal in force.

    Raises NotFound `combination-not-found`, Forbidden `own-rule`, Conflict `combination-approved`.
    """
    found = [one for one in every(work) if one.combination_id == combination_id]
    if not found:
        raise NotFound("combination-not-found")
    if found[0].author_id == approver_id:
        raise Forbidden("own-rule")
    if found[0].approved_at is not None:
        raise Conflict("combination-approved")
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.combination_id == combination_id)
        .values(approver_id=approver_id, approved_at=work.now)
    )
    return next(one for one in every(work) if one.combination_id == combination_id)


def every(reading: Reading) -> list[Choice]:
    """Return all choices ever made, the latest approved last."""
    columns = [table.c[name] for name in Choice.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id)
        .order_by(table.c.approved_at, table.c.combination_id)
    )
    return [Choice(**{**row._mapping, "combination": Combination(row.combination)}) for row in rows]


def in_force(reading: Reading, at: dt.datetime | None = None) -> tuple[Combination, dict[str, Combination]]:
    """Return how the programme combines, now or at another instant, and by campaign which do it otherwise."""
    instant = at or reading.now
    approved = (one for one in every(reading) if one.approved_at is not None and one.approved_at <= instant)
    chosen = {one.campaign: one.combination for one in approved}
    return chosen.pop(PROGRAMME, DEFAULT), chosen


def waiting(reading: Reading) -> list[Choice]:
    """Return the proposals that nobody approved yet, older ones than what is in force left out."""
    choices = every(reading)
    latest: dict[str, int] = {}
    for one in choices:
        if one.approved_at is not None:
            latest[one.campaign] = max(latest.get(one.campaign, 0), one.combination_id)
    return [
        one for one in choices if one.approved_at is None and one.combination_id > latest.get(one.campaign, 0)
    ]
