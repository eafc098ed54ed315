"""A small desk for ledger tests: posts as a use case would, with accounts of every sort open."""

import datetime as dt
from uuid import UUID

from kernel.db import Database
from ledger import accounts, chart, invariants, posting, queries, transfers
from ledger.accounts import Guard, NewAccount
from ledger.invariants import Report
from ledger.outcomes import Code, Counters, Outcome
from ledger.transfers import Transfer

DAY = dt.date(2026, 5, 4)
ACCOUNTS = (
    NewAccount("budget/litter", "DUC"),
    NewAccount("venue/1", "DUC"),
    NewAccount("wallet/anna/2028-12-31", "DUC", owner="anna", expires_on=dt.date(2028, 12, 31)),
    NewAccount("wallet/ben/2028-12-31", "DUC", owner="ben", expires_on=dt.date(2028, 12, 31)),
    NewAccount("issued/7", "PLC:7", Guard.NONE),
    NewAccount("stock/7", "PLC:7"),
)
ANNA = "wallet/anna/2028-12-31"
BEN = "wallet/ben/2028-12-31"


class Desk:
    """Posts to one city's book and reads it back."""

    def __init__(self, database: Database, city_id: int) -> None:
        self.database = database
        self.city_id = city_id
        database.run(city_id, chart.open_chart)
        database.run(city_id, lambda work: accounts.open_accounts(work, ACCOUNTS))

    def id(self) -> UUID:
        """Return a new transfer id."""
        return self.database.ids.uuid()

    def post(self, *batch: Transfer) -> list[Outcome]:
        """Post a batch in its own unit of work."""
        return self.database.run(self.city_id, lambda work: posting.post(work, batch))

    def codes(self, *batch: Transfer) -> list[Code]:
        """Post a batch and return the codes."""
        return [outcome.code for outcome in self.post(*batch)]

    def fund(self, amount: int, path: str = "budget/litter") -> UUID:
        """Issue points to an account and return the transfer's id."""
        transfer_id = self.id()
        posted = self.post(transfers.post(transfer_id, "issued", path, amount, effective=DAY, purpose="test"))
        assert posted[0].ok
        return transfer_id

    def move(self, amount: int, *, debit: str = "budget/litter", credit: str = ANNA) -> Transfer:
        """Return a post that is not booked yet."""
        return transfers.post(self.id(), debit, credit, amount, effective=DAY, purpose="test")

    def hold(
        self,
        amount: int,
        *,
        debit: str = "budget/litter",
        credit: str = ANNA,
        expires_at: dt.datetime | None = None,
        group_id: UUID | None = None,
    ) -> Transfer:
        """Return a hold that is not booked yet."""
        return transfers.hold(
            self.id(),
            debit,
            credit,
            amount,
            effective=DAY,
            purpose="test",
            expires_at=expires_at,
            group_id=group_id,
        )

    def counters(self, path: str) -> Counters:
        """Return an account's counters at this instant."""
        with self.database.reading(self.city_id) as reading:
            return queries.balance(reading, path)

    def verify(self) -> Report:
        """Check every invariant."""
        with self.database.reading(self.city_id) as reading:
            return invariants.verify(reading)
