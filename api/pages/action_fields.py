"""An action type as fields of a form: its document, and what is wrong with it in each field."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rewards import shaping_actions
from rewards.action_types import PICTOGRAMS, SYSTEM_FACTS, ActionType, EvidenceKey, FactType
from web.marking import N_

BLANK_ROWS = 3
ROWS_MAX = 30
LANGUAGES = ("de", "en")
TEXT_FIELDS = {
    "name": "names",
    "description": "descriptions",
    "outcome": "outcomes",
    "other_route": "other_route",
}
PHOTO_NONE, PHOTO_ONE, PHOTO_PAIR = "none", "one", "pair"
_MAXIMUM = {"name": 200, "description": 1000, "outcome": 200, "other_route": 1000}
_CODE = re.compile(r"[a-z][a-z0-9-]{0,59}")
_FACT = re.compile(r"[a-z][a-z0-9_]{0,59}")
_EVENT = re.compile(r"[a-z-]+\.[a-z-]+")
_LINK = re.compile(r"https://[^\s\"<>]{4,300}")

BOTH_LANGUAGES = N_("Please write it in German and in English.")
TOO_LONG = N_("At most {maximum} characters are possible here.")
CODE_SHAPE = N_("Small letters, digits and hyphens, beginning with a letter.")
EVENT_SHAPE = N_("Two words with a dot between them, in small letters: for example book.shared.")
LINK_SHAPE = N_("An address begins with https://.")
CHOOSE = N_("Please choose one.")
CATEGORY_TWICE = N_("This kind stands here twice.")
FACT_SHAPE = N_("Small letters, digits and underscores, beginning with a letter.")
FACT_TWICE = N_("This fact stands here twice.")
FACT_PROTECTED = N_("This says who somebody is or comes from another part of life: not allowed.")
FACT_FOUND_OUT = N_("This is found out without asking.")


class Mistake(NamedTuple):
    """What is wrong in a field; the sentence is a message id."""

    field: str
    sentence: str
    maximum: int = 0


class FactRow(NamedTuple):
    """A fact as it is typed; with a question people are asked for it."""

    number: int
    name: str
    kind: str
    question: dict[str, str]


def document(form: Mapping[str, str], before: ActionType | None) -> dict[str, Any]:
    """Return the document that the fields say; what can't be changed is taken from `before`."""
    code = before.code if before else form.get("code", "").strip() or slug(form.get("name_en", ""))
    key = before.evidence_key.value if before else form.get("evidence_key", "")
    kept = {name: kind.value for name, kind in before.facts.items()} if before else {}
    rows = list(_facts(form))
    event = form.get("outcome_event", "").strip() or f"{re.sub('[^a-z-]', '', code) or 'action'}.confirmed"
    return {
        "code": code,
        "active": "active" in form,
        "pictogram": form.get("pictogram", ""),
        **{target: _texts(form, name) for name, target in TEXT_FIELDS.items()},
        "needs_photo": form.get("photo", PHOTO_NONE) != PHOTO_NONE,
        "needs_pair": form.get("photo") == PHOTO_PAIR,
        "needs_place": "needs_place" in form,
        "needs_description": "needs_description" in form,
        "needs_case": key == EvidenceKey.CASE.value,
        "categories": [{"code": one, "names": names} for _, one, names in _categories(form)],
        "facts": kept | {row.name: row.kind for row in rows},
        "questions": {row.name: row.question for row in rows if row.question},
        "evidence_key": key,
        "outcome_event": before.outcome_event if before else event,
        "link": form.get("link", "").strip() or None,
    }


def faults(form: Mapping[str, str], made: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield what is wrong, field by field, so that everything can be mended at once."""
    yield from _text_faults(form)
    if not _CODE.fullmatch(made["code"]):
        yield Mistake("code", CODE_SHAPE)
    if made["pictogram"] not in PICTOGRAMS:
        yield Mistake("pictogram", CHOOSE)
    if made["evidence_key"] not in set(EvidenceKey):
        yield Mistake("evidence_key", CHOOSE)
    if not _EVENT.fullmatch(made["outcome_event"]):
        yield Mistake("outcome_event", EVENT_SHAPE)
    if made["link"] is not None and not _LINK.fullmatch(made["link"]):
        yield Mistake("link", LINK_SHAPE)
    yield from _category_faults(form)
    yield from _fact_faults(form)


def fields(action: ActionType) -> dict[str, str]:
    """Return the fields of a form that show an action type."""
    photo = PHOTO_PAIR if action.needs_pair else PHOTO_ONE if action.needs_photo else PHOTO_NONE
    shown = {"pictogram": action.pictogram, "link": action.link or "", "photo": photo}
    for name in ("active", "needs_place", "needs_description"):
        shown |= {name: "yes"} if getattr(action, name) else {}
    for name, target in TEXT_FIELDS.items():
        shown |= {f"{name}_{language}": text for language, text in getattr(action, target).items()}
    for number, one in enumerate(action.categories):
        shown |= {f"category_code_{number}": one.code}
        shown |= {f"category_{language}_{number}": text for language, text in one.names.items()}
    for number, (name, kind) in enumerate(shaping_actions.asked(action).items()):
        shown |= {f"fact_name_{number}": name, f"fact_type_{number}": kind.value}
        texts = action.questions.get(name, {})
        shown |= {f"question_{language}_{number}": text for language, text in texts.items()}
    return shown


def rows(form: Mapping[str, str], *names: str) -> range:
    """Return the numbers of the rows to show: those in which something is typed, and some to be filled."""
    used = [n for n in range(ROWS_MAX) if any(form.get(f"{name}_{n}", "").strip() for name in names)]
    return range(min(ROWS_MAX, max(used, default=-1) + 1 + BLANK_ROWS))


def slug(text: str, joint: str = "-") -> str:
    """Return a short name made from words."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", joint, plain).strip(joint)[:40]


def _texts(form: Mapping[str, str], name: str, suffix: str = "") -> dict[str, str]:
    found = {language: form.get(f"{name}_{language}{suffix}", "").strip() for language in LANGUAGES}
    return {language: text for language, text in found.items() if text}


def _categories(form: Mapping[str, str]) -> Iterator[tuple[int, str, dict[str, str]]]:
    for number in range(ROWS_MAX):
        names = _texts(form, "category", f"_{number}")
        code = form.get(f"category_code_{number}", "").strip() or slug(names.get("en", ""))
        if names:
            yield number, code, names


def _facts(form: Mapping[str, str]) -> Iterator[FactRow]:
    for number in range(ROWS_MAX):
        question = _texts(form, "question", f"_{number}")
        name = form.get(f"fact_name_{number}", "").strip() or slug(question.get("en", ""), "_")
        if name or question:
            yield FactRow(number, name, form.get(f"fact_type_{number}", FactType.TEXT.value), question)


def _text_faults(form: Mapping[str, str]) -> Iterator[Mistake]:
    for name, maximum in _MAXIMUM.items():
        for language in LANGUAGES:
            text = form.get(f"{name}_{language}", "").strip()
            if not text:
                yield Mistake(f"{name}_{language}", BOTH_LANGUAGES)
            elif len(text) > maximum:
                yield Mistake(f"{name}_{language}", TOO_LONG, maximum)


def _half(names: Mapping[str, str]) -> str | None:
    """Return the language in which something said in the other is missing."""
    return next((one for one in LANGUAGES if names and one not in names), None)


def _category_faults(form: Mapping[str, str]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for number, code, names in _categories(form):
        if missing := _half(names):
            yield Mistake(f"category_{missing}_{number}", BOTH_LANGUAGES)
        elif not _CODE.fullmatch(code):
            yield Mistake(f"category_code_{number}", CODE_SHAPE)
        elif code in seen:
            yield Mistake(f"category_code_{number}", CATEGORY_TWICE)
        seen.add(code)


def _fact_faults(form: Mapping[str, str]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for number, name, kind, question in _facts(form):
        if missing := _half(question):
            yield Mistake(f"question_{missing}_{number}", BOTH_LANGUAGES)
        elif sentence := _name_fault(name, seen):
            yield Mistake(f"fact_name_{number}", sentence)
        elif kind not in set(FactType):
            yield Mistake(f"fact_type_{number}", CHOOSE)
        seen.add(name)


def _name_fault(name: str, seen: set[str]) -> str | None:
    if not _FACT.fullmatch(name):
        return FACT_SHAPE
    if name in seen:
        return FACT_TWICE
    if name in SYSTEM_FACTS:
        return FACT_FOUND_OUT
    return FACT_PROTECTED if shaping_actions.protected([name]) else None
