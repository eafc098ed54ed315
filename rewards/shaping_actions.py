"""Shaping actions: an administrator adds a city's own action types and changes the built-in ones, as data.

What rules rely on stays: an action keeps its code, its evidence and its facts; facts may be added. It is
switched off, never deleted, because what was handed in still refers to it.
"""

from collections.abc import Iterator

from pydantic import ValidationError

from kernel import db
from kernel.db import Work
from kernel.errors import Conflict, Invalid
from rewards import action_types, rules
from rewards.action_types import SYSTEM_FACTS, ActionType, EvidenceKey
from rewards.tables import action_types as table

OWN_EVIDENCE = frozenset((EvidenceKey.SUBMISSION, EvidenceKey.CASE, EvidenceKey.EVENT))
"""What a city's own actions may be recognised by; tags and routes have modules of their own."""
CATEGORIES_MAX = 30
FACTS_MAX = 30


class ActionTypeRefused(Invalid):
    """The document is no action type; `details` list what is wrong where."""

    code = "action-type-invalid"


def parse(document: object) -> ActionType:
    """Return the action type in a document. Raises ActionTypeRefused."""
    try:
        return ActionType.model_validate(document)
    except ValidationError as error:
        raise ActionTypeRefused(faults=list(_faults(error))) from None


def save(work: Work, action: ActionType, *, new: bool) -> ActionType:
    """Keep an action type; with `new` its code must be free. The same again changes nothing.

    Raises NotFound `action-unknown`, Conflict `action-code-taken`, Invalid: evidence-not-possible,
    too-many-categories, too-many-facts, action-needs-facts, action-fixed.
    """
    if new and any(one.code == action.code for one in action_types.every(work)):
        raise Conflict("action-code-taken", field="code")
    if len(action.categories) > CATEGORIES_MAX:
        raise Invalid("too-many-categories", field="categories", maximum=CATEGORIES_MAX)
    if len(action.facts) > FACTS_MAX:
        raise Invalid("too-many-facts", field="facts", maximum=FACTS_MAX)
    if new:
        if action.evidence_key not in OWN_EVIDENCE:
            raise Invalid("evidence-not-possible", field="evidence_key")
    else:
        _check_change(action_types.get(work, action.code), action)
    values = {"document": action.model_dump(mode="json"), "changed_at": work.now}
    work.connection.execute(
        db.insert(work, table)
        .values(city_id=work.city_id, code=action.code, **values)
        .on_conflict_do_update(index_elements=["city_id", "code"], set_=values)
    )
    return action_types.get(work, action.code)


def with_system_facts(action: ActionType) -> ActionType:
    """Return the action with the facts that are found out about every submission of its sort."""
    known = action_types.FACT_TYPES
    wanted = {"source", "trust_level", "district"}
    wanted |= {"category"} if action.categories else set()
    wanted |= {"photo"} if action.needs_photo else set()
    wanted |= {"place"} if action.needs_place else set()
    wanted |= {"description_length"} if action.needs_description else set()
    facts = {name: known[name] for name in sorted(wanted)} | dict(action.facts)
    return action.model_copy(update={"facts": facts})


def _check_change(before: ActionType, after: ActionType) -> None:
    for name in ("evidence_key", "needs_case", "outcome_event"):
        if getattr(before, name) != getattr(after, name):
            raise Invalid("action-fixed", field=name)
    for fact, kind in before.facts.items():
        if after.facts.get(fact) is not kind:
            raise Invalid("action-needs-facts", field="facts", fact=fact)


def _faults(error: ValidationError) -> Iterator[dict[str, str]]:
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(str(part) for part in one["loc"])
        yield {"path": place or "document", "message": one["msg"]}


def protected(names: list[str]) -> list[str]:
    """Return which names of facts say who somebody is: no action may have them."""
    return sorted(name for name in names if rules.is_protected(name))


def asked(action: ActionType) -> dict[str, action_types.FactType]:
    """Return the facts that other systems or people state, without those that are found out."""
    return {name: kind for name, kind in action.facts.items() if name not in SYSTEM_FACTS}
