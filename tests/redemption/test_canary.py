"""Test vouchers pass every check at their venue, and move nothing anywhere."""

import datetime as dt

import pytest

from ledger import queries
from redemption import canary, codes, keys, tokens
from redemption.verdicts import Colour, VerdictCode
from tests.redemption.office import SEALER, Office


@pytest.fixture
def text(office: Office) -> str:
    """Give the code of a test voucher of the pool."""
    venue_id = office.pool.venue_id
    token, until = office.database.run(office.city_id, lambda work: canary.issue(work, SEALER, venue_id))
    assert office.clock.now() + dt.timedelta(hours=24) == until
    assert tokens.TEST_PRODUCT == tokens.own_claims(token).product
    return codes.app_text(token)


def test_it_passes_as_often_as_wanted_and_books_nothing(office: Office, text: str) -> None:
    """Green, without a voucher; no transfer, no counter and no alarm."""
    with office.database.reading(office.city_id) as reading:
        before = queries.head_sequence(reading)
    for _ in range(2):
        verdict = office.scan(text)
        assert (VerdictCode.TEST_PASSED, Colour.GREEN, None) == (
            verdict.code,
            verdict.colour,
            verdict.voucher,
        )
        assert not verdict.accepted
    with office.database.reading(office.city_id) as reading:
        assert before == queries.head_sequence(reading)
        key = keys.every(reading)[-1]
        assert (0, 0, 0) == (key.issued, key.accepted, key.foreign_seen)


def test_elsewhere_and_later_it_is_nothing(office: Office, text: str) -> None:
    """Another venue, or another day, has no use for it."""
    assert VerdictCode.UNKNOWN_VOUCHER is office.scan(text, venue=office.zoo, device=office.gate).code
    office.clock.advance(dt.timedelta(hours=25))
    assert VerdictCode.UNKNOWN_VOUCHER is office.scan(text).code


def test_a_blocked_key_fails_the_test(office: Office, text: str) -> None:
    """That is what it is for."""
    with office.database.reading(office.city_id) as reading:
        kid = keys.every(reading)[-1].kid
    office.database.run(office.city_id, lambda work: keys.block(work, kid))
    assert VerdictCode.BLOCKED_KEY is office.scan(text).code
