"""Every refusal has a sentence: the codes are read from the source, so that a new one can't be forgotten."""

import ast
import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api import sentences, wording
from api.wording import edge
from identity.signing_in import CodeResult
from kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from ledger.outcomes import Code
from redemption import presenting, refusals
from rewards import attending
from web import catalogues

ROOT = Path(__file__).parents[2]
ROOMS = ("kernel", "ledger", "identity", "merchants", "rewards", "redemption", "api")
GENERAL = {DomainError, Invalid, NotFound, Conflict, Forbidden}
"""Never raised without a code of their own."""
INNER = {"FileRefused", "Refused", "ReportFileRefused", "RowRefused", "TokenRefused"}
"""Told on the command line by their code, or turned into a verdict, never into a sentence of this list."""
OPERATORS = {"invalid-key"}
"""Wrong settings of the installation: the server does not start."""
TITLES = ("offer-title", "offer-description")
COMPUTED: dict[str, list[str]] = {
    "answer['result']": [one.value for one in CodeResult if one is not CodeResult.OK],
    "refused[0][1]": [one.value for one in Code if one is not Code.POSTED],
    "_BY_STATUS[voucher.status]": list(refusals._BY_STATUS.values()),
    "_REFUSALS[voucher.status]": list(presenting._REFUSALS.values()),
    "hindered": ["presented-not-allowed", "presented-not-in-contract", "presented-receipts"],
    "unfit": [
        "presented-activation",
        "presented-identity",
        "presented-no-value",
        "presented-not-this-kind",
        "presented-reentry",
    ],
    "faults[0].code": [f"{title}-{fault}" for title in TITLES for fault in ("missing", "too-long")],
    "outcome": [],
    "_REFUSED[stage]": list(attending._REFUSED.values()),
}
"""Codes that are no literals where they are raised, and which they can be."""


@dataclass(frozen=True)
class Raised:
    """A refusal somewhere in the source."""

    place: str
    code: ast.expr
    details: frozenset[str]
    complete: bool

    def literals(self) -> list[str]:
        """Return the codes that stand there."""
        if isinstance(self.code, ast.Constant):
            return [str(self.code.value)]
        if isinstance(self.code, ast.IfExp):
            branches = (self.code.body, self.code.orelse)
            return [str(one.value) for one in branches if isinstance(one, ast.Constant)]
        return []


def _errors() -> dict[str, type[DomainError]]:
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)

    def below(error: type[DomainError]) -> Iterator[type[DomainError]]:
        yield error
        for one in error.__subclasses__():
            yield from below(one)

    return {
        error.__name__: error for error in below(DomainError) if error.__module__.partition(".")[0] in ROOMS
    }


def _raised(names: set[str]) -> Iterator[Raised]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                called = ast.unparse(node.func).rpartition(".")[2]
                if called in names and node.args:
                    named = frozenset(one.arg for one in node.keywords if one.arg)
                    complete = called != "Fault" and all(one.arg for one in node.keywords)
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield Raised(place, node.args[1 if called == "Fault" else 0], named, complete)


ERRORS = _errors()
RAISED = list(_raised((set(ERRORS) - INNER) | {"Fault"}))


def test_every_code_has_a_sentence() -> None:
    """Whatever is refused, the reader is told in words what is wrong and what to do."""
    of_classes = {
        name: error.code
        for name, error in ERRORS.items()
        if error not in GENERAL and name not in INNER and "code" in vars(error)
    }
    literal = {one.place: code for one in RAISED for code in one.literals()}
    listed = {code: code for codes in COMPUTED.values() for code in codes}

    lacking = {
        place: code
        for place, code in {**of_classes, **literal, **listed}.items()
        if code not in sentences.SENTENCES and code not in OPERATORS
    }

    assert len(literal) > 120
    assert {} == lacking


def test_computed_codes_come_from_known_lists() -> None:
    """A code that is put together at run time could have no sentence unnoticed, so each such place is known."""
    computed = {ast.unparse(one.code): one.place for one in RAISED if not one.literals()}
    computed = {code: place for code, place in computed.items() if not code.startswith("f'{code}-")}

    assert set(COMPUTED) == set(computed)


def test_every_placeholder_is_filled() -> None:
    """A sentence says only what the refusal carries."""
    unfilled = [
        (one.place, code, name)
        for one in RAISED
        if one.complete
        for code in one.literals()
        for name in re.findall(r"\{(\w+)", sentences.SENTENCES.get(code, ""))
        if name not in one.details
    ]

    assert [] == unfilled


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_refusal_is_told_in_the_readers_language(language: str) -> None:
    """The same code, two languages, with its figures."""
    told = sentences.of(
        Conflict("insufficient-points", available=80, needed=120), catalogues.load()[language]
    )

    assert "80" in told or "120" in told or "40" in told
    assert ("Punkte" in told) == (language == "de")


def test_an_unknown_code_still_gets_a_sentence() -> None:
    """A code without sentence shows itself, so that somebody can be asked."""
    told = sentences.of(Conflict("never-heard"), catalogues.load()["en"])

    assert edge.GENERAL.format(code="never-heard") == told


def test_each_code_has_one_sentence() -> None:
    """In one module of words: of two for the same code, one would be shown for what the other one means."""
    modules = (
        importlib.import_module(f"api.wording.{one.name}") for one in pkgutil.iter_modules(wording.__path__)
    )
    said = Counter(code for module in modules for code in getattr(module, "SENTENCES", {}))

    assert [] == [code for code, times in said.items() if times > 1]
    assert set(said) >= set(sentences.SENTENCES)
