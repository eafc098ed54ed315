"""Decisions and rules in plain words. The English sentence is the message id."""

from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_file

from rewards import action_types, describing, evaluating, explaining, receipts, wording
from rewards.action_types import FactType
from rewards.compiling import NOTHING, Given
from rewards.linting import LintFinding, Severity
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
    ] == describing.describe(version, REPORT, english, "en")


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
    assert line in describing.describe(made.rule(**changes), REPORT, english, "en")


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
        describing.describe(version, REPORT, listening, "de")
    explaining.finding("never-true", {}, listening)

    assert set() == set(said) - extracted
    assert len(set(said)) > 50
