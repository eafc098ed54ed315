"""A bank account of the city and what it collects, for tests: entries, files of camt.053, requests and balances."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from xml.sax.saxutils import escape

from kernel import cities
from kernel.cities import City
from kernel.db import Database
from ledger import invariants, queries
from merchants import bank_statements
from redemption import bank_receipts, collection_requests, creditor_references, receiving
from redemption.bank_receipts import BankReceipt
from redemption.city_providers import DeskProvider, TransferProvider
from redemption.collection_requests import CollectionRequest
from redemption.providers import NewPayment, ProviderPayment
from redemption.receiving import Received

IBAN = "DE02120300000000202051"
PAYER = "DE75512108001245126199"
DAY = dt.date(2026, 5, 4)


@dataclass(frozen=True)
class Credit:
    """Money that comes; a number of its own keeps equal ones apart."""

    cents: int
    remittance: str = ""
    reference: str = ""
    name: str = "Anna Beispiel"
    iban: str = PAYER
    number: int = 1
    day: dt.date = DAY
    takes_back: bool = False


def camt(*came: Credit, iban: str = IBAN) -> bytes:
    """Return a file of camt.053.001.08 with these credits."""
    total = sum(-one.cents if one.takes_back else one.cents for one in came)
    entries = "".join(_entry(one) for one in came)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId>
<CreDtTm>2026-05-04T20:00:00</CreDtTm></GrpHdr><Stmt><Id>{hashlib.sha256(entries.encode()).hexdigest()[:20]}</Id>
<CreDtTm>2026-05-04T20:00:00</CreDtTm><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>
{_balance("OPBD", 100_000)}{_balance("CLBD", 100_000 + total)}{entries}</Stmt></BkToCstmrStmt></Document>""".encode()


def _balance(code: str, cents: int) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(cents)}"
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-05-04</Dt></Dt></Bal>"
    )


def _amount(cents: int) -> str:
    return f'<Amt Ccy="EUR">{cents // 100}.{cents % 100:02}</Amt>'


def _entry(one: Credit) -> str:
    structured = f"<Strd><CdtrRefInf><Ref>{one.reference}</Ref></CdtrRefInf></Strd>" if one.reference else ""
    written = f"<Ustrd>{escape(one.remittance)}</Ustrd>" if one.remittance else ""
    side = "CRDT" if not one.takes_back else "DBIT"
    back = "<RvslInd>true</RvslInd>" if one.takes_back else ""
    day = f"<Dt>{one.day.isoformat()}</Dt>"
    return f"""<Ntry>{_amount(one.cents)}<CdtDbtInd>{side}</CdtDbtInd>{back}<Sts><Cd>BOOK</Cd></Sts>
<BookgDt>{day}</BookgDt><ValDt>{day}</ValDt><AcctSvcrRef>REF{one.number}</AcctSvcrRef><NtryDtls><TxDtls>
<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>{_amount(one.cents)}<RltdPties><Dbtr><Pty><Nm>{escape(one.name)}</Nm>
</Pty></Dbtr><DbtrAcct><Id><IBAN>{one.iban}</IBAN></Id></DbtrAcct></RltdPties>
<RmtInf>{written}{structured}</RmtInf></TxDtls></NtryDtls></Ntry>"""


class Bank:
    """The city's account: requests, files, and what the books say of them."""

    def __init__(self, database: Database, city_id: int) -> None:
        self.database = database
        self.city_id = city_id
        with database.reading(city_id) as reading:
            self.city: City = cities.get(reading)
        self.transfers = TransferProvider(database, city_id)
        self.desks = DeskProvider(database, city_id)

    def new(self, cents: int, payment_id: int | None = None) -> NewPayment:
        """Return a payment that is to be collected."""
        number = payment_id or self.database.ids.next()
        return NewPayment(
            key=f"collect-duisburg-{number}",
            payment_id=number,
            city_slug="duisburg",
            amount_cents=cents,
            subject="Hallenbad",
            reference=str(number),
            return_url="https://duisburg.test/orders/1",
            language="de",
            expires_at=self.database.clock.now() + dt.timedelta(days=14),
        )

    def ask(self, cents: int) -> ProviderPayment:
        """Ask for a bank transfer."""
        return self.transfers.create(self.new(cents))

    def take_in(self, *files: bytes) -> Received:
        """Take files in, one after the other; return what became of the last."""
        received = [
            self.database.run(
                self.city_id,
                lambda work, content=content: receiving.take_in(  # type: ignore[misc]  # bound on purpose
                    work, self.city, content, bank_statements.read(content), iban=IBAN, by="person/1"
                ),
            )
            for content in files
        ]
        return received[-1]

    def receipts(self) -> list[BankReceipt]:
        """Return all that came, in order of amount."""
        with self.database.reading(self.city_id) as reading:
            return sorted(bank_receipts.newest(reading), key=lambda one: (one.cents, one.entry_key))

    def request(self, payment: ProviderPayment) -> CollectionRequest:
        """Return how a request stands."""
        with self.database.reading(self.city_id) as reading:
            return collection_requests.by_code(reading, payment.reference)

    def cents(self, path: str) -> int:
        """Return what stands on an account."""
        with self.database.reading(self.city_id) as reading:
            return queries.balance(reading, path).posted

    def check(self) -> None:
        """Expect the books to be right, and the accounts to say what the receipts say."""
        with self.database.reading(self.city_id) as reading:
            assert invariants.verify(reading).findings == ()
            open_cents = bank_receipts.open_cents(reading)
            matched = bank_receipts.matched_cents(reading)
        assert (open_cents, matched) == (self.cents(receiving.SUSPENSE), self.cents(receiving.CLEARING))


def mistyped(reference: str) -> str:
    """Return a reference with one wrong digit."""
    wrong = str((int(reference[-1]) + 1) % 10)
    assert creditor_references.number_of(reference[:-1] + wrong) is None
    return reference[:-1] + wrong
