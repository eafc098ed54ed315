"""What parking offences cost: the table redemption/data/offences.csv, whose README names its sources."""

import csv
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources

from kernel.cities import LocalizedText


@dataclass(frozen=True, slots=True)
class Offence:
    """One entry of the federal catalogue of offences."""

    code: str
    amount_cents: int
    texts: LocalizedText
    basis: str
    """Where the amount comes from; redemption/data/README.md explains the words."""


@functools.cache
def load() -> Mapping[str, Offence]:
    """Return the offences that come with the product, by their code."""
    text = (resources.files("redemption") / "data" / "offences.csv").read_text(encoding="utf-8")
    return from_lines(text.splitlines())


def from_lines(lines: Iterable[str]) -> Mapping[str, Offence]:
    """Return the offences of a table in the form of ours.

    Raises ValueError for a code that is not six digits or appears twice, and for an amount that is no
    positive number of cents.
    """
    offences: dict[str, Offence] = {}
    for row in csv.DictReader(lines, delimiter=";", strict=True):
        code, amount = row["code"], row["amount_cents"]
        if not re.fullmatch(r"\d{6}", code, re.ASCII) or code in offences:
            msg = f"offence code malformed or twice: {code!r}"
            raise ValueError(msg)
        if not re.fullmatch(r"[1-9]\d{0,6}", amount, re.ASCII):
            msg = f"amount of offence {code} is no number of cents: {amount!r}"
            raise ValueError(msg)
        offences[code] = Offence(
            code, int(amount), {"de": row["text_de"], "en": row["text_en"]}, row["basis"]
        )
    return offences
