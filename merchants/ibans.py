"""International bank account numbers (ISO 13616): form and check digits."""

import re

from kernel.errors import Invalid

_FORM = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_LENGTHS = {"AT": 20, "BE": 16, "CH": 21, "DE": 22, "FR": 27, "LU": 20, "NL": 18, "PL": 28}
"""Lengths in Germany and its neighbours; elsewhere the check digits have to do."""


def normal(written: str) -> str:
    """Return an IBAN as banks exchange it: capitals, no spaces.

    Raises Invalid `iban-invalid` if it is malformed or its check digits (ISO 7064, MOD 97-10) are wrong.
    """
    iban = "".join(written.split()).upper()
    length = _LENGTHS.get(iban[:2], len(iban))
    if not _FORM.fullmatch(iban) or len(iban) != length or _remainder(iban) != 1:
        raise Invalid("iban-invalid", field="iban")
    return iban


def _remainder(iban: str) -> int:
    """Return the number that ISO 13616 makes of an IBAN (letters become 10 to 35), modulo 97."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97
