"""The questions of the rule editor: what each asks for in a form, and how it becomes a condition and back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rewards.action_types import ActionType, FactType
from web.marking import N_

Values = dict[str, Any]
"""What stands in the fields of one question: texts, and lists of texts where several may be chosen."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `options` are pairs of value and label, or the name of a list that the city has."""

    name: str
    label: str
    sort: str
    options: tuple[tuple[str, str], ...] | str = ()
    start: str = ""
    hint: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of question: the sentence that it begins, its fields, and its way into the tree and out."""

    group: str
    label: str
    fields: tuple[Field, ...]
    node: Callable[[Values], dict[str, Any]]
    values: Callable[[Mapping[str, Any]], Values]


COMPARISONS = (
    (">=", N_("at least")),
    ("<=", N_("at most")),
    ("==", N_("exactly")),
    (">", N_("more than")),
    ("<", N_("less than")),
    ("!=", N_("not")),
)
DAYS_COMPARED = ((">=", N_("on or after")), ("<=", N_("on or before")), ("==", N_("on")))
OF = (
    ("rule", N_("awards under this rule")),
    ("action", N_("accepted contributions of this action")),
    ("any", N_("accepted contributions of any kind")),
)
UNITS = (("day", N_("days")), ("week", N_("weeks")), ("month", N_("months")))
TRUST = (
    ("basic", N_("known by e-mail")),
    ("verified", N_("identified")),
    ("anonymous", N_("anonymous")),
)
AGES = (
    ("under-14", N_("under 14")),
    ("14-17", N_("14 to 17")),
    ("18-26", N_("18 to 26")),
    ("27-64", N_("27 to 64")),
    ("65-plus", N_("65 and older")),
)
WEEKDAYS = (
    ("1", N_("Monday")),
    ("2", N_("Tuesday")),
    ("3", N_("Wednesday")),
    ("4", N_("Thursday")),
    ("5", N_("Friday")),
    ("6", N_("Saturday")),
    ("7", N_("Sunday")),
)
PERIODS = (("day", N_("today")), ("month", N_("this month")), ("ever", N_("ever")))
WHO = (("person", N_("by this person")), ("anyone", N_("by anyone")))
YES_NO = (("yes", N_("yes")), ("no", N_("no")))

REPORT, PERSON, TIME, PLACE, PAST = (
    N_("What was handed in"),
    N_("Person"),
    N_("Time and campaign"),
    N_("Place"),
    N_("What happened before"),
)
_COMPARED = Field("comparison", N_("Comparison"), "select", COMPARISONS, ">=")
_WHOLE = re.compile(r"-?[0-9]{1,17}")


def whole(text: Any) -> Any:
    """Return a whole number if the text is one, else the text: reading the document says what is wrong."""
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text.strip()) else text or None


def _plain(op: str, *names: str) -> Callable[[Values], dict[str, Any]]:
    """Return how fields of these names become a node: numbers as numbers, empty ones left out."""

    def node(values: Values) -> dict[str, Any]:
        filled = {name: whole(values.get(name)) for name in names}
        return {"op": op} | {name: one for name, one in filled.items() if one is not None}

    return node


def _texts(*names: str) -> Callable[[Mapping[str, Any]], Values]:
    return lambda node: {name: str(node[name]) for name in names if node.get(name) is not None}


def _listed(op: str, name: str, *, numbers: bool = False) -> Callable[[Values], dict[str, Any]]:
    def node(values: Values) -> dict[str, Any]:
        chosen = values.get(name) or []
        return {"op": op, name: [whole(one) if numbers else one for one in chosen]}

    return node


def _lists(name: str) -> Callable[[Mapping[str, Any]], Values]:
    return lambda node: {name: [str(one) for one in node[name]]}


def _near(values: Values) -> dict[str, Any]:
    latitude, _, longitude = str(values.get("where") or "").partition(",")
    node = {
        "op": "near",
        "latitude_e6": millionths(latitude),
        "longitude_e6": millionths(longitude),
        "radius_m": whole(values.get("radius_m")),
    }
    return {name: one for name, one in node.items() if one is not None}


def _of_near(node: Mapping[str, Any]) -> Values:
    return {
        "where": f"{degrees(node['latitude_e6'])}, {degrees(node['longitude_e6'])}",
        "radius_m": str(node["radius_m"]),
    }


def _inside(values: Values) -> dict[str, Any]:
    lines = [line for line in str(values.get("corners") or "").splitlines() if line.strip()]
    return {"op": "inside", "corners": [[millionths(one) for one in line.split(",")] for line in lines]}


def _of_inside(node: Mapping[str, Any]) -> Values:
    lines = [f"{degrees(latitude)}, {degrees(longitude)}" for latitude, longitude in node["corners"]]
    return {"corners": "\n".join(lines)}


def _season(values: Values) -> dict[str, Any]:
    # A day of a year that had a 29 February, written as its readers write days.
    return {"op": "season", "first": _of_year(values.get("first")), "last": _of_year(values.get("last"))}


def _of_year(text: Any) -> str:
    found = re.fullmatch(r"\s*([0-9]{1,2})\.\s*([0-9]{1,2})\.?\s*", str(text or ""))
    return f"{int(found[2]):02d}-{int(found[1]):02d}" if found else str(text or "")


def _of_season(node: Mapping[str, Any]) -> Values:
    return {name: f"{node[name][3:]}.{node[name][:2]}." for name in ("first", "last")}


def millionths(text: str) -> int | str | None:
    """Return degrees as millionths; a text that is no number as it is."""
    found = re.fullmatch(r"\s*(-?)([0-9]{1,3})(?:\.([0-9]{1,6}))?\s*", text)
    if not found:
        return text.strip() or None
    number = int(found[2]) * 1_000_000 + int((found[3] or "").ljust(6, "0") or 0)
    return -number if found[1] else number


def degrees(number: int) -> str:
    """Return millionths as degrees."""
    return f"{'-' if number < 0 else ''}{abs(number) // 1_000_000}.{abs(number) % 1_000_000:06d}"


KINDS: Mapping[str, Kind] = {
    "trust": Kind(
        PERSON, N_("The person is at least"),
        (Field("at_least", N_("Trust level"), "select", TRUST, "basic"),),
        _plain("trust", "at_least"), _texts("at_least"),
    ),
    "age-band": Kind(
        PERSON, N_("The person says to be of age"), (Field("groups", N_("Age in years"), "checks", AGES),),
        _listed("age-band", "groups"), _lists("groups"),
    ),
    "home": Kind(
        PERSON, N_("The person says to live in"),
        (Field("districts", N_("Districts"), "checks", "districts"),),
        _listed("home", "districts"), _lists("districts"),
    ),
    "action": Kind(
        PERSON, N_("The action is one of"), (Field("codes", N_("Actions"), "checks", "actions"),),
        _listed("action", "codes"), _lists("codes"),
    ),
    "weekday": Kind(
        TIME, N_("The day of the week is"), (Field("days", N_("Days of the week"), "checks", WEEKDAYS),),
        _listed("weekday", "days", numbers=True), _lists("days"),
    ),
    "hours": Kind(
        TIME, N_("The time of day is"),
        (
            Field("start", N_("From (hour)"), "number", start="8"),
            Field("end", N_("Until before (hour)"), "number", start="18", hint=N_("22 to 6 is the night.")),
        ),
        _plain("hours", "start", "end"), _texts("start", "end"),
    ),
    "dates": Kind(
        TIME, N_("It happens on days"),
        (Field("first", N_("First day"), "date"), Field("last", N_("Last day"), "date")),
        _plain("dates", "first", "last"), _texts("first", "last"),
    ),
    "season": Kind(
        TIME, N_("It happens in a season, every year"),
        (
            Field("first", N_("From (day and month)"), "text", start="01.03.", hint=N_("For example 01.03.")),
            Field("last", N_("To (day and month)"), "text", start="31.05.", hint=N_("Included")),
        ),
        _season, _of_season,
    ),
    "window": Kind(
        TIME, N_("It happens during an event"),
        (
            Field("start", N_("Begins"), "datetime-local"),
            Field("end", N_("Ends"), "datetime-local"),
        ),
        _plain("window", "start", "end"), _texts("start", "end"),
    ),
    "campaign": Kind(
        TIME, N_("A campaign runs"), (Field("code", N_("Campaign"), "select", "campaigns"),),
        _plain("campaign", "code"), _texts("code"),
    ),
    "district": Kind(
        PLACE, N_("The place lies in"), (Field("districts", N_("Districts"), "checks", "districts"),),
        _listed("district", "districts"), _lists("districts"),
    ),
    "near": Kind(
        PLACE, N_("The place is near"),
        (
            Field(
                "where", N_("Middle: latitude, longitude"), "text",
                hint=N_("For example 51.434400, 6.762300"),
            ),
            Field("radius_m", N_("Radius in metres"), "number", start="200"),
        ),
        _near, _of_near,
    ),
    "inside": Kind(
        PLACE, N_("The place lies inside an area"),
        (
            Field(
                "corners", N_("Corners, one on each line: latitude, longitude"), "textarea",
                hint=N_("At least three, in the order in which one would walk around."),
            ),
        ),
        _inside, _of_inside,
    ),
    "history": Kind(
        PAST, N_("Awards under this rule so far"),
        (
            Field("period", N_("Counted"), "select", PERIODS, "month"),
            Field("comparison", N_("Comparison"), "select", COMPARISONS, "<="),
            Field("value", N_("How often"), "number", start="4"),
        ),
        _plain("history", "period", "comparison", "value"), _texts("period", "comparison", "value"),
    ),
    "count": Kind(
        PAST, N_("How often something happened before"),
        (
            Field("of", N_("What is counted"), "select", OF, "action"),
            Field("who", N_("By whom"), "select", WHO, "person"),
            Field("days", N_("Within how many days"), "number", optional=True, hint=N_("Empty: ever")),
            Field(
                "here_m", N_("Within how many metres of the place"), "number", optional=True,
                hint=N_("Empty: anywhere"),
            ),
            Field("comparison", N_("Comparison"), "select", COMPARISONS, "=="),
            Field("value", N_("How often"), "number", start="0", hint=N_("0 is the first time.")),
        ),
        _plain("count", "of", "who", "days", "here_m", "comparison", "value"),
        _texts("of", "who", "days", "here_m", "comparison", "value"),
    ),
    "streak": Kind(
        PAST, N_("Active several times in a row"),
        (
            Field("of", N_("What is counted"), "select", OF, "action"),
            Field("comparison", N_("Comparison"), "select", COMPARISONS, ">="),
            Field("value", N_("How many, this one included"), "number", start="3"),
            Field("unit", N_("Days, weeks or months"), "select", UNITS, "week"),
        ),
        _plain("streak", "of", "unit", "comparison", "value"), _texts("of", "unit", "comparison", "value"),
    ),
}  # fmt: skip
"""Questions that every rule may ask, in the order in which they are offered."""


def kind_of(code: str, action: ActionType) -> Kind | None:
    """Return a sort of question; `fact:photo` asks for a fact of the action. None if there is no such."""
    if not code.startswith(("fact:", "known:")):
        return KINDS.get(code)
    sort, _, fact = code.partition(":")
    if fact not in action.facts:
        return None
    return _known(fact) if sort == "known" else _of_fact(fact, action)


def code_of(node: Mapping[str, Any], action: ActionType) -> str | None:
    """Return which sort of question a condition is; None if the editor has none for it."""
    op, fact = node["op"], node.get("fact")
    if fact is None:
        return op if op in KINDS else None
    if fact not in action.facts:
        return None
    if op == "known":
        return f"known:{fact}"
    kind = action.facts[fact]
    listed = op == "in" or (op == "compare" and node["comparison"] == "==")
    fits = {
        FactType.TEXT: listed,
        FactType.NUMBER: op == "compare",
        FactType.TRUTH: op == "compare" and node["comparison"] == "==",
        FactType.DAY: op == "compare-day" and node["comparison"] in dict(DAYS_COMPARED),
    }[kind]
    return f"fact:{fact}" if fits else None


def _known(fact: str) -> Kind:
    return Kind(REPORT, N_("is there"), (), lambda _: {"op": "known", "fact": fact}, lambda _: {})


def _of_fact(fact: str, action: ActionType) -> Kind:
    fields: tuple[Field, ...]
    match action.facts[fact]:
        case FactType.TRUTH:
            fields = (Field("value", N_("Answer"), "select", YES_NO, "yes"),)
            return Kind(REPORT, N_("is"), fields, _truth(fact), _of_truth)
        case FactType.NUMBER:
            fields = (_COMPARED, Field("value", N_("Number"), "number"))
            return Kind(REPORT, N_("is"), fields, _compared("compare", fact), _texts("comparison", "value"))
        case FactType.DAY:
            compared = Field("comparison", N_("Comparison"), "select", DAYS_COMPARED, ">=")
            fields = (compared, Field("value", N_("Day"), "date"))
            return Kind(
                REPORT, N_("is"), fields, _compared("compare-day", fact), _texts("comparison", "value")
            )
        case _:
            return _of_text(fact, action)


def _of_text(fact: str, action: ActionType) -> Kind:
    if fact == "category" and action.categories:
        fields = (Field("values", N_("Categories"), "checks", "categories"),)
        return Kind(REPORT, N_("is one of"), fields, _chosen(fact), _of_chosen)
    hint = N_("Several are separated by commas.")
    fields = (Field("values", N_("Values"), "text", hint=hint),)
    return Kind(REPORT, N_("is one of"), fields, _written(fact), _of_written)


def _truth(fact: str) -> Callable[[Values], dict[str, Any]]:
    return lambda values: {
        "op": "compare", "fact": fact, "comparison": "==", "value": values.get("value") != "no",
    }  # fmt: skip


def _of_truth(node: Mapping[str, Any]) -> Values:
    return {"value": "yes" if node["value"] else "no"}


def _compared(op: str, fact: str) -> Callable[[Values], dict[str, Any]]:
    plain = _plain(op, "comparison", "value")
    return lambda values: plain(values) | {"fact": fact}


def _chosen(fact: str) -> Callable[[Values], dict[str, Any]]:
    return lambda values: {"op": "in", "fact": fact, "values": list(values.get("values") or [])}


def _of_chosen(node: Mapping[str, Any]) -> Values:
    return {"values": [str(one) for one in node.get("values", [node.get("value")])]}


def _written(fact: str) -> Callable[[Values], dict[str, Any]]:
    def node(values: Values) -> dict[str, Any]:
        parts = [part.strip() for part in str(values.get("values") or "").split(",")]
        return {"op": "in", "fact": fact, "values": [part for part in parts if part]}

    return node


def _of_written(node: Mapping[str, Any]) -> Values:
    return {"values": ", ".join(_of_chosen(node)["values"])}
