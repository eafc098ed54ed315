"""Decisions and rules in plain words. The English sentence is the message id."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_file

from rewards import action_types, describing, evaluating, explaining, receipts, tracing, wording
from rewards.action_types import FactType
from rewards.compiling import NOTHING, Given
from rewards.linting import LintFinding, Severity
from rewards.wording import Names
from tests.rewards import made

REPORT = action_types.built_ins()["litter-report"]


def english(text: str) -> str:
    """Return the text: English needs no catalogue."""
    return text


def _why(given: Given = NOTHING, values: dict[str, Any] | None = None, **changes: Any) -> str:
    receipt = receipts.of(
        evaluating.compile_rule(made.rule(**changes)), made.facts(given=given, **(values or {}))
    )
    return explaining.why(receipt, english, action=REPORT, language="en")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "50 points for “Report litter”: 10 now, 40 when the litter is cleared."),
        ({"now_percent": 0}, "50 points for “Report litter” when the litter is cleared."),
        ({"now_percent": 100}, "50 points for “Report litter”."),
        (
            {"effect": {"kind": "fixed", "points": 1}},
            "1 point for “Report litter” when the litter is cleared.",
        ),
    ],
)
def test_points(changes: dict[str, Any], sentence: str) -> None:
    """How many, what for, and what the rest waits for."""
    assert sentence == _why(**changes)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            Given(3, 3, 3, 150),
            "No points: you already reached today's limit of 3 rewarded contributions. Thank you all the same!",
        ),
        (
            Given(0, 30, 30, 0),
            "No points: you already reached this month's limit of 30 rewarded contributions. Thank you all the same!",
        ),
        (
            Given(0, 20, 20, 1000),
            "No points: you already reached this month's limit of 1000 points. Thank you all the same!",
        ),
        (
            Given(0, 20, 20, 990),
            "10 points for “Report litter”: 2 now, 8 when the litter is cleared. More would be above this month's limit.",
        ),
        (Given(), "It is being checked, because earlier points have to be counted first."),
    ],
)
def test_limits(given: Given, sentence: str) -> None:
    """Which limit was reached, with its number."""
    assert sentence == _why(given)


@pytest.mark.parametrize(
    ("values", "changes", "sentence"),
    [
        ({"category": "bin"}, {}, "No points: the conditions of the rule are not met."),
        (
            {"category": None},
            {},
            "It is being checked, because something needed for the decision is missing.",
        ),
        ({}, {"valid_until": "2026-01-01"}, "No points: no rule was in force at that time."),
    ],
)
def test_no_points(values: dict[str, object], changes: dict[str, Any], sentence: str) -> None:
    """Why there is nothing, or nothing yet."""
    assert sentence == _why(values=values, **changes)


def test_without_the_action_the_sentence_is_general() -> None:
    """An old receipt without numbers and a reader who does not know the action still get a sentence."""
    award = {"outcome": "award", "reason": "awarded", "points_now": 10, "points_later": 40}

    assert "50 points for “your contribution”: 10 now, 40 when it has been confirmed." == explaining.why(
        award, english
    )
    assert explaining.why({"outcome": "no-award", "reason": "cap-day"}, english).startswith(
        "No points: today's"
    )
    assert "It is being checked." == explaining.why({"outcome": "review", "reason": "new"}, english)


def test_the_reader_has_a_language() -> None:
    """What comes from data is in the reader's language, German if there is none."""
    receipt = receipts.of(evaluating.compile_rule(made.rule()), made.facts())

    assert "“Müll melden”" in explaining.why(receipt, english, action=REPORT, language="de")
    assert "“Müll melden”" in explaining.why(receipt, english, action=REPORT, language="tr")


def test_a_rule_in_words() -> None:
    """Administrators and the public read what a rule says, part by part."""
    version = made.rule(
        when={
            "op": "all",
            "of": [
                {"op": "in", "fact": "category", "values": ["litter", "dumping"]},
                {
                    "op": "any",
                    "of": [
                        {"op": "compare", "fact": "photo", "comparison": "==", "value": True},
                        {"op": "compare", "fact": "source", "comparison": "==", "value": "desk"},
                    ],
                },
                {"op": "not", "of": {"op": "known", "fact": "district"}},
                {"op": "trust", "at_least": "verified"},
                {"op": "weekday", "days": [7, 6]},
                {"op": "hours", "start": 22, "end": 6},
                {"op": "dates", "first": "2026-05-01", "last": "2026-05-31"},
                {"op": "near", "latitude_e6": 51_434_400, "longitude_e6": 6_762_300, "radius_m": 500},
                {"op": "history", "period": "month", "comparison": "<", "value": 5},
                {"op": "compare-day", "fact": "since", "comparison": ">=", "value": "2026-03-29"},
            ],
        },
        effect={
            "kind": "table",
            "fact": "category",
            "rows": [{"value": "litter", "points": 50}],
            "otherwise": 1,
        },
        valid_from="2026-05-01",
    )

    assert [
        "For: Report litter.",
        (
            "Condition: category is one of: Litter on a street or green, Dumped or bulky waste"
            " and (photo = yes or way in = service desk)"
            " and not: district is known"
            " and the person is at least identified"
            " and the day of the week is one of: Saturday, Sunday"
            " and it is between 22 and 6 o'clock"
            " and it is from 2026-05-01 to 2026-05-31"
            " and it is within 500 metres of 51.4344, 6.7623"
            " and earlier awards this month < 5"
            " and since ≥ 2026-03-29."
        ),
        "Litter on a street or green: 50 points.",
        "Anything else: 1 point.",
        "20 % at once (rounded down), the rest when the litter is cleared.",
        "Limits for one person: awards per day 3, awards per month 30, points per month 1000.",
        "Paid from the budget “litter”.",
        "Valid from 2026-05-01.",
    ] == describing.describe(version, REPORT, english, "en", Names())


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"when": made.ALWAYS}, "Condition: none."),
        ({"when": {"op": "any", "of": []}}, "Condition: never."),
        ({"now_percent": 0}, "All points when the litter is cleared."),
        ({"now_percent": 100}, "All points at once."),
        ({}, "50 points each time."),
        ({"valid_from": "2026-05-01", "valid_until": "2026-05-31"}, "Valid from 2026-05-01 to 2026-05-31."),
        ({"valid_until": "2026-05-31"}, "Valid until 2026-05-31."),
        (
            {"effect": {"kind": "table", "fact": "photo", "rows": [{"value": False, "points": 5}]}},
            "no: 5 points.",
        ),
        (
            {"effect": {"kind": "table", "fact": "photo", "rows": [{"value": True, "points": 5}]}},
            "Anything else: no points.",
        ),
    ],
)
def test_other_parts_of_a_rule(changes: dict[str, Any], line: str) -> None:
    """Each sort of share, effect and validity has its sentence."""
    assert line in describing.describe(made.rule(**changes), REPORT, english, "en", Names())


FINDINGS: dict[str, dict[str, Any]] = {
    "action-wrong": {},
    "validity-empty": {},
    "validity-over": {"day": "2026-05-03"},
    "clause-outside-validity": {},
    "fact-protected": {"fact": "age"},
    "fact-unknown": {"fact": "colour"},
    "value-type-wrong": {"fact": "photo", "type": "truth"},
    "category-unknown": {"category": "graffiti"},
    "category-without-points": {"categories": ["full-bin", "scrap-vehicle"]},
    "never-true": {"fact": "photo"},
    "always-true": {},
    "always-unknown": {},
    "clause-repeated": {},
    "points-above-cap": {"points": 1001, "cap": 1000},
    "cap-without-effect": {},
    "history-beyond-cap": {"cap": 3},
    "clause-unreachable": {},
    "clause-implied": {},
    "line-unreachable": {"line": 2},
    "factor-without-effect": {},
    "action-not-of-rule": {"actions": ["suggestion"]},
    "age-asked": {},
    "campaign-unknown": {"campaign": "spring"},
    "district-unknown": {"district": "mitte"},
    "pays-twice": {"rule": "litter", "points": 90},
    "budget-not-funded": {"budget": "litter"},
}


def test_every_finding_has_a_sentence() -> None:
    """No code of linting reaches an administrator without words, and the words are filled in."""
    folder = Path(action_types.__file__).parent
    source = "".join((folder / name).read_text(encoding="utf-8") for name in ("linting.py", "inspecting.py"))
    missing = [code for code in FINDINGS if f'"{code}"' not in source]
    sentences = [explaining.finding(code, details, english) for code, details in FINDINGS.items()]

    assert [] == missing
    assert "“photo” is compared with a value of the wrong kind; expected: yes or no." in sentences
    assert "Some categories earn nothing: full-bin, scrap-vehicle." in sentences
    assert not any("%(" in sentence or sentence in FINDINGS for sentence in sentences)
    assert "new-code" == explaining.finding("new-code", {}, english)
    assert LintFinding(Severity.ERROR, "x", "when").details == {}


def test_every_fact_of_a_built_in_action_has_a_name() -> None:
    """Administrators read words, not identifiers."""
    names = {name for action in action_types.built_in() for name in action.facts}
    asked: list[str] = []

    def listening(text: str) -> str:
        asked.append(text)
        return f"<{text}>"

    assert [] == sorted(name for name in names if not describing.fact(name, listening).startswith("<"))
    assert "colour" == describing.fact("colour", english)
    assert 4 == len({explaining.fact_type(kind, english) for kind in FactType})


def test_sentences_are_found_by_the_catalogue() -> None:
    """What is said goes through gettext in a form that the extraction of sentences sees."""
    extracted = {
        message
        for module in (explaining, describing, wording)
        for _, message, _, _ in extract_from_file("python", str(module.__file__))
    }
    said: list[str] = []

    def listening(text: str) -> str:
        said.append(text)
        return text

    for given in (NOTHING, Given(3, 3, 3, 150), Given(0, 0, 0, 990), Given()):
        receipt = receipts.of(evaluating.compile_rule(made.rule()), made.facts(given=given))
        explaining.why(receipt, listening, action=REPORT)
    for version in action_types.starter_rules():
        describing.describe(version, REPORT, listening, "de", Names())
    explaining.finding("never-true", {}, listening)

    assert set() == set(said) - extracted
    assert len(set(said)) > 50


def test_codes_of_ways_and_signs_have_words() -> None:
    """Nobody reads `printed` or `portal` in the register: values that we know are said in words."""
    rows = [{"value": value, "points": 1} for value in ("printed", "display", "nfc")]
    version = made.rule(effect={"kind": "table", "fact": "mode", "rows": rows})
    from_portal = made.rule(when={"op": "in", "fact": "source", "values": ["portal", "desk", "elsewhere"]})

    said = describing.describe(version, REPORT, english, "en", Names())
    ways = describing.describe(from_portal, REPORT, english, "en", Names())

    wanted = ["printed code: 1 point.", "code on a display: 1 point.", "NFC chip: 1 point."]
    assert wanted == [line for line in said if line in wanted]
    assert "Condition: way in is one of: city portal, service desk, elsewhere." in ways


def test_a_decision_clause_by_clause() -> None:
    """What was asked, what came out, and how the points came about, in words."""
    version = made.rule(
        when={
            "op": "all",
            "of": [made.IS_LITTER, {"op": "any", "of": [
                {"op": "campaign", "code": "spring"}, {"op": "known", "fact": "photo"},
            ]}],
        },
        factors=[{"when": {"op": "trust", "at_least": "basic"}, "times": 3, "over": 2}],
        streak={"of": "rule", "unit": "week", "length": 2, "points": 5},
    )  # fmt: skip
    facts = dataclasses.replace(
        made.facts(photo=True, trust_level="verified"),
        counts={"streak rule litter week": 2, "unit rule litter week": 0},
    )
    receipt = receipts.of(evaluating.compile_rule(version), facts)

    told = tracing.tell(version, receipt, english, wording.Reader(REPORT, "en"))

    assert [
        (0, "All of these:", "true"),
        (1, "Category = Litter on a street or green", "true"),
        (1, "At least one of these:", "true"),
        (2, "The campaign “spring” runs", "not known"),
        (2, "Photo is known", "true"),
        (0, "The person is at least known by e-mail", "true"),
        (0, "Points to begin with", "50 points"),
        (0, "Points after the factor 3/2, rounded down", "75 points"),
        (0, "Bonus for the streak", "5 points"),
    ] == [(one.depth, one.text, one.answer) for one in told]
    assert (80, 16) == (receipt["points_now"] + receipt["points_later"], receipt["points_now"])
    assert receipt == receipts.replay(version, receipt)


NEW_WORDS: list[tuple[dict[str, Any], str]] = [
    ({"op": "action", "codes": ["suggestion"]}, "the action is one of: suggestion"),
    (
        {"op": "age-band", "groups": ["under-14", "65-plus"]},
        "the person says to be of age: under 14, 65 and older",
    ),
    ({"op": "home", "districts": ["mitte"]}, "the person says to live in: Mitte"),
    ({"op": "district", "districts": ["mitte", "sued"]}, "the place lies in: Mitte, sued"),
    ({"op": "season", "first": "03-01", "last": "05-31"}, "it is between 03-01 and 05-31 of any year"),
    (
        {"op": "window", "start": "2026-05-01T08:00", "end": "2026-05-01T20:00"},
        "it is from 2026-05-01, 08:00 until 2026-05-01, 20:00",
    ),
    ({"op": "inside", "corners": made.SQUARE}, "the place lies inside an area of 4 corners"),
    (
        {"op": "count", "of": "action", "days": 7, "here_m": 50, "comparison": "==", "value": 0},
        (
            "for the first time: no earlier accepted contributions of this action by this person within 50 metres"
            " within 7 days"
        ),
    ),
    (
        {"op": "count", "of": "rule", "days": 1, "comparison": "<", "value": 2},
        "earlier awards under this rule by this person today < 2",
    ),
    (
        {"op": "streak", "of": "any", "unit": "week", "comparison": ">=", "value": 3},
        "accepted contributions of any kind in a row, this one included: ≥ 3 weeks",
    ),
]


@pytest.mark.parametrize(("when", "words"), NEW_WORDS)
def test_each_question_has_words(when: dict[str, Any], words: str) -> None:
    """What a rule may ask is said in plain words, with the city's names where it has any."""
    reader = wording.Reader(REPORT, "en", wording.Names(districts={"mitte": "Mitte"}))

    assert words == describing.condition(made.rule(when=when).when, english, reader)


def test_special_effects_have_words() -> None:
    """Grid, factors, share and streak are said."""
    grid = {
        "kind": "grid",
        "facts": ["category", "description_length"],
        "lines": [
            {"cells": [{"value": "litter"}, {"at_least": 5, "at_most": 9}], "points": 7},
            {"cells": [{}, {}], "points": 1},
        ],
    }
    version = made.rule(
        effect=grid,
        factors=[{"when": made.IS_LITTER, "times": 2}],
        share={"kind": "first-and-later", "fact": "description_length", "later_percent": 10},
        streak={"of": "any", "unit": "day", "length": 7, "points": 5, "again": True},
    )

    assert [
        (
            "category = Litter on a street or green and length of the description ≥ 5 and length of the description"
            " ≤ 9: 7 points."
        ),
        "always: 1 point.",
        "Anything else: no points.",
        "Times 2, rounded down, if: category = Litter on a street or green.",
        "The first gets all, later ones 10 %; which place: length of the description.",
        "Plus 5 points after each 7 days in a row with accepted contributions of any kind.",
    ] == describing.describe(version, REPORT, english, "en", Names())[2:8]
    shared = made.rule(share={"kind": "equally", "fact": "people"})
    assert "Shared equally, rounded down; how many people: people." in describing.describe(
        shared, REPORT, english, "en", Names()
    )
