"""Bank account numbers."""

import pytest

from kernel.errors import Invalid
from merchants import ibans

# The examples of the IBAN registry (SWIFT, ISO 13616).
REGISTRY = (
    "AT61 1904 3002 3457 3201",
    "BE68 5390 0754 7034",
    "CH93 0076 2011 6238 5295 7",
    "DE89 3704 0044 0532 0130 00",
    "FR14 2004 1010 0505 0001 3M02 606",
    "GB29 NWBK 6016 1331 9268 19",
    "LU28 0019 4006 4475 0000",
    "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    "NL91 ABNA 0417 1643 00",
    "PL61 1090 1014 0000 0712 1981 2874",
)


@pytest.mark.parametrize("written", REGISTRY)
def test_registry_examples_are_accepted(written: str) -> None:
    """The registry's own examples pass, and come out without spaces."""
    assert ibans.normal(written.lower()) == written.replace(" ", "")


@pytest.mark.parametrize(
    "wrong",
    [
        "DE89 3704 0044 0532 0130 01",
        "DE98 3704 0044 0532 0130 00",
        "DE89 3704 0044 0532 0310 00",
        "DE89 3704 0044 0532 0130",
        "AT61 1904 3002 3457 3201 0",
        "89 3704 0044 0532 0130 00",
        "DE89-3704-0044-0532-0130-00",
        "DÉ89 3704 0044 0532 0130 00",
        "DE",
    ],
)
def test_mistyped_numbers_are_refused(wrong: str) -> None:
    """A changed digit, swapped digits, a missing or an additional one, another alphabet: refused."""
    with pytest.raises(Invalid) as refusal:
        ibans.normal(wrong)

    assert (refusal.value.code, refusal.value.details) == ("iban-invalid", {"field": "iban"})
