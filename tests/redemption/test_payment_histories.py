"""Generated histories through the real till, ledger and database: never money without voucher or refund."""

import os

from redemption.orders import OrderStatus
from tests.redemption import histories
from tests.redemption.histories import Town
from tests.redemption.office import Office

HISTORIES = {"sqlite": 60, "postgresql": 20}
"""In a test run; DUISCOIN_HISTORIES asks for more."""
CHECKED_EVERY = 20
FOUND = (862,)
"""Histories in which something went wrong once: the bank took back what we did not know to be paid."""


def test_whatever_goes_wrong_the_books_agree_to_the_cent(office: Office, backend: str) -> None:
    """Each order ends, with voucher or money; after each batch the service and the ledger have the same sums."""
    count = int(os.environ.get("DUISCOIN_HISTORIES", HISTORIES[backend]))
    town = Town(office)
    histories.run(town, FOUND)
    ended = dict.fromkeys(OrderStatus, 0)
    for first in range(0, count, CHECKED_EVERY):
        for status, number in histories.run(town, range(first, min(first + CHECKED_EVERY, count))).items():
            ended[status] += number
        town.check_sums()
    assert count == sum(ended.values())
    assert all(ended[status] for status in OrderStatus if status is not OrderStatus.OPEN), ended
