"""Creditor references (ISO 11649) of what is to be paid by bank transfer. Pure.

`RF05 0012 3456 7890 1234 567` is `RF`, two check digits and nineteen digits: the number that it stands for.
The check digits are modulo 97 over all of it: each single wrong digit and each swap of neighbours shows.
All have the same length, so that they are found in whatever else a payer has written.
"""

import re
from typing import Final

from stdnum import iso11649
from stdnum.iso7064 import mod_97_10

BODY_LENGTH: Final = 19
LENGTH: Final = 4 + BODY_LENGTH
_NUMBER_MAX: Final = 2**63 - 1
_OURS: Final = re.compile(rf"(?=(RF[0-9]{{2}}([0-9]{{{BODY_LENGTH}}})))")
_SEPARATORS: Final = re.compile(r"[\s\-.,/:\u2010-\u2015]")


def of_number(number: int) -> str:
    """Return the reference that stands for a number of 63 bits."""
    if not 0 < number <= _NUMBER_MAX:
        msg = f"no number of a reference: {number}"
        raise ValueError(msg)
    body = str(number).zfill(BODY_LENGTH)
    return f"RF{mod_97_10.calc_check_digits(f'{body}RF')}{body}"


def number_of(reference: str) -> int | None:
    """Return the number that a reference of ours stands for; None of any other text."""
    found = numbers_in(reference) if len(_compact(reference)) == LENGTH else []
    return found[0] if found else None


def numbers_in(text: str) -> list[int]:
    """Return the numbers of all references of ours in a text, each once, in order."""
    numbers = [int(body) for whole, body in _OURS.findall(_compact(text)) if iso11649.is_valid(whole)]
    return [number for number in dict.fromkeys(numbers) if 0 < number <= _NUMBER_MAX]


def find_normal(written: str) -> str | None:
    """Return any creditor reference without separators, ours or not; None if its check digits are wrong."""
    compact = iso11649.compact(written)
    return compact if compact.isascii() and iso11649.is_valid(compact) else None


def shown(reference: str) -> str:
    """Return a reference as people read it, in groups of four."""
    return str(iso11649.format(reference))


def _compact(text: str) -> str:
    return _SEPARATORS.sub("", text).upper()
