"""The ledger of the textbooks, with an ORM: lock two accounts, check, update them, add three rows, commit."""

import datetime as dt
import random
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from scripts.bench.measuring.stages import PLENTY, UnsoundError

THREADS = 8
HOT = 1


class _Row(DeclarativeBase):
    pass


class _Account(_Row):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(sa.String(120), unique=True)
    balance: Mapped[int] = mapped_column(sa.BigInteger)


class _Transfer(_Row):
    __tablename__ = "transfers"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    debit_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    credit_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    purpose: Mapped[str] = mapped_column(sa.String(40))
    created_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))


class _Entry(_Row):
    __tablename__ = "entries"
    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    transfer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("transfers.id"), index=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    amount: Mapped[int] = mapped_column(sa.BigInteger)


class Textbook:
    """A textbook ledger on an empty PostgreSQL database, used by eight threads."""

    name = "textbook ORM, 8 threads"

    def __init__(self, url: str, accounts: int) -> None:
        self._engine = sa.create_engine(url, pool_size=THREADS)
        self._sessions = sessionmaker(self._engine)
        self._accounts = accounts
        _Row.metadata.create_all(self._engine)
        with self._sessions.begin() as session:
            numbers = range(1, accounts + 1)
            session.add_all(_Account(id=n, name=f"account {n}", balance=PLENTY) for n in numbers)

    def rate(self, kind: str, seconds: float) -> float:
        """Let all threads transfer for so long; return transfers per second."""
        began = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            counts = list(pool.map(lambda seed: self._run(kind, began + seconds, seed), range(THREADS)))
        return sum(counts) / (time.perf_counter() - began)

    def verify(self) -> None:
        """Expect each balance to be what the entries say. Raises UnsoundError."""
        sums = sa.select(_Entry.account_id, sa.func.sum(_Entry.amount).label("sum")).group_by(
            _Entry.account_id
        )
        entries = sums.subquery()
        wrong = (
            sa.select(sa.func.count())
            .select_from(_Account)
            .outerjoin(entries, entries.c.account_id == _Account.id)
            .where(_Account.balance != PLENTY + sa.func.coalesce(entries.c.sum, 0))
        )
        with self._sessions() as session:
            if session.scalar(wrong):
                msg = "the textbook ledger's balances are not the sums of its entries"
                raise UnsoundError(msg)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _run(self, kind: str, until: float, seed: int) -> int:
        chance = random.Random(seed)  # noqa: S311 -- the same in every run
        count = 0
        while time.perf_counter() < until:
            debit, credit = chance.sample(range(2, self._accounts + 1), 2)
            with self._sessions() as session:
                _transfer(session, HOT if kind == "hot" else debit, credit, chance.randrange(1, 500))
            count += 1
        return count


def _transfer(session: Session, debit_id: int, credit_id: int, amount: int) -> None:
    locked = {
        number: session.execute(
            sa.select(_Account).where(_Account.id == number).with_for_update()
        ).scalar_one()
        for number in sorted((debit_id, credit_id))
    }
    if locked[debit_id].balance < amount:
        msg = "overdraft"
        raise ValueError(msg)
    locked[debit_id].balance -= amount
    locked[credit_id].balance += amount
    transfer = _Transfer(
        id=uuid4(),
        debit_id=debit_id,
        credit_id=credit_id,
        amount=amount,
        purpose="award",
        created_at=dt.datetime.now(dt.UTC),
    )
    session.add(transfer)
    session.flush()
    session.add_all(
        [
            _Entry(transfer_id=transfer.id, account_id=debit_id, amount=-amount),
            _Entry(transfer_id=transfer.id, account_id=credit_id, amount=amount),
        ]
    )
    session.commit()
