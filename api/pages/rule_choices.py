"""Choices of the rule editor: what its lists offer, in the reader's language."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.pages import rule_questions
from api.pages.rule_drafts import Draft, Part
from api.pages.rule_questions import Field, Kind
from kernel.db import Reading
from ledger import accounts, chart
from rewards import action_types, campaigns, describing, districts, programme
from rewards.action_types import ActionType, FactType
from rewards.explaining import Gettext, in_language

Option = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen in the editor of one draft."""

    questions: tuple[tuple[str, tuple[Option, ...]], ...]
    """By group, each with its code and the words in which it is offered."""
    columns: tuple[Option, ...]
    """Facts that a decision table may have as columns."""
    numbers: tuple[Option, ...]
    """Facts that are numbers."""
    of_city: dict[str, tuple[Option, ...]]
    action: ActionType
    gettext: Gettext

    def label(self, part: Part) -> str:
        """Return the words with which a question begins."""
        return _label(part.kind, self.action, self.gettext)

    def fields(self, part: Part) -> Sequence[Field]:
        """Return the fields of a question; none if this action has no such fact."""
        kind = rule_questions.kind_of(part.kind, self.action)
        return kind.fields if kind else ()

    def options(self, field: Field) -> list[Option]:
        """Return what a field offers, in the reader's language."""
        if isinstance(field.options, str):
            return list(self.of_city.get(field.options, ()))
        return [(value, self.gettext(label)) for value, label in field.options]

    def cell_options(self, fact: str) -> list[Option]:
        """Return what a cell of the decision table offers; nothing where it is typed."""
        if self.action.facts.get(fact) is FactType.TRUTH:
            return [(value, self.gettext(label)) for value, label in rule_questions.YES_NO]
        return list(self.of_city["categories"]) if fact == "category" else []


def of(reading: Reading, draft: Draft, language: str, _: Gettext) -> Choices:
    """Return what may be chosen for a draft."""
    action = draft.action
    actions = [(one.code, in_language(one.names, language)) for one in action_types.every(reading)]
    of_city: dict[str, tuple[Option, ...]] = {
        "categories": tuple((one.code, in_language(one.names, language)) for one in action.categories),
        "districts": tuple(districts.names(reading).items()),
        "campaigns": tuple((one.code, in_language(one.names, language)) for one in campaigns.every(reading)),
        "actions": tuple(one for one in actions if one[0] in {action.code, *draft.more_actions}),
        "other_actions": tuple(one for one in actions if one[0] != action.code),
    }
    facts = [(name, describing.fact(name, _)) for name in action.facts if name != "trust_level"]
    numbers = tuple(one for one in facts if action.facts[one[0]] is FactType.NUMBER)
    return Choices(_questions(action, of_city, draft, _), tuple(facts), numbers, of_city, action, _)


def budgets(reading: Reading) -> list[str]:
    """Return the campaigns that have a budget."""
    prefix = chart.budget_path("")
    paths = (account.path for account in accounts.under(reading, prefix))
    return sorted(path.removeprefix(prefix) for path in paths if path.startswith(prefix))


def likely_budget(reading: Reading, action: ActionType) -> str:
    """Return the budget that already pays for an action, or the only one that there is; else nothing."""
    paying = [one.version.budget for one in programme.active(reading) if action.code in one.version.actions]
    known = budgets(reading)
    return paying[0] if paying else known[0] if len(known) == 1 else ""


def _questions(
    action: ActionType, of_city: dict[str, tuple[Option, ...]], draft: Draft, _: Gettext
) -> tuple[tuple[str, tuple[Option, ...]], ...]:
    facts = [name for name in action.facts if name != "trust_level"]
    codes = [f"{sort}:{name}" for name in facts for sort in ("fact", "known")]
    groups: dict[str, list[Option]] = {}
    for code in (*codes, *rule_questions.KINDS):
        kind = rule_questions.kind_of(code, action)
        if kind is not None and _is_offered(code, kind, of_city, draft):
            groups.setdefault(kind.group, []).append((code, _label(code, action, _)))
    return tuple((_(group), tuple(options)) for group, options in groups.items())


def _is_offered(code: str, kind: Kind, of_city: dict[str, tuple[Option, ...]], draft: Draft) -> bool:
    """Leave out what this city or action has nothing for."""
    action = draft.action
    if code == "trust" and "trust_level" not in action.facts:
        return False
    if code == "action":
        return bool(draft.more_actions)
    if code in {"near", "inside", "district"} and not (action.needs_place or "place" in action.facts):
        return False
    return all(of_city.get(one.options) for one in kind.fields if isinstance(one.options, str))


def _label(code: str, action: ActionType, _: Gettext) -> str:
    kind = rule_questions.kind_of(code, action)
    fact = code.partition(":")[2]
    if not fact:
        return _(kind.label) if kind else code
    name = describing.fact(fact, _)
    return f"{name[:1].upper()}{name[1:]} {_(kind.label)}" if kind else name
