"""A bank's statement for the demonstration: of today, made from what is open, so that it matches something.

The first open order is paid, the second one euro short, and one payment is for nobody; of released payouts
the bank says that it has made them.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from kernel.cities import City
from kernel.db import Reading
from merchants import billing, payout_orders, payout_runs
from merchants.payout_orders import OrderState
from redemption import collection_requests
from redemption.collection_requests import CollectionWay

_OPENING: Final = 1_000_000
_PAYERS: Final = (
    ("Erika Mustermann", "DE75512108001245126199"),
    ("Max Mustermann", "DE89370400440532013000"),
)
_STRANGER: Final = ("Kleingartenverein Sonnenschein", "DE21500500009876543210")


@dataclass(frozen=True, slots=True)
class _Entry:
    cents: int
    """Below zero: money left the account."""
    bank_reference: str
    party: tuple[str, str]
    end_to_end_id: str = "NOTPROVIDED"
    reference: str = ""
    text: str = ""


def statement(reading: Reading, city: City) -> bytes:
    """Return a file of camt.053.001.08 for the city's account. Raises NotFound without a billing profile."""
    account, day = billing.get(reading).iban, city.day_of(reading.now)
    entries = [*_payments(reading), _stranger(day), *_payouts(reading)]
    moved = sum(one.cents for one in entries)
    stamp = f"{day.isoformat()}T20:00:00"
    inner = "".join(_written(one, day) for one in entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>DEMO</MsgId><CreDtTm>{stamp}</CreDtTm></GrpHdr>"
        f"<Stmt><Id>DEMO-{day.isoformat()}</Id><CreDtTm>{stamp}</CreDtTm>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id></Acct>"
        f"{_balance('OPBD', _OPENING, day)}{_balance('CLBD', _OPENING + moved, day)}{inner}"
        "</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def _payments(reading: Reading) -> list[_Entry]:
    asked = collection_requests.every_open(reading, CollectionWay.TRANSFER)[: len(_PAYERS)]
    paid = [one.cents if place == 0 else max(one.cents - 100, 1) for place, one in enumerate(asked)]
    return [
        _Entry(cents, f"DEMO{one.payment_id}", payer, reference=one.code)
        for cents, one, payer in zip(paid, asked, _PAYERS, strict=False)
    ]


def _stranger(day: dt.date) -> _Entry:
    return _Entry(4200, f"DEMO{day:%Y%m%d}", _STRANGER, text="Pacht Parzelle 17")


def _payouts(reading: Reading) -> list[_Entry]:
    sent = [
        order
        for run in payout_runs.page(reading)
        for order in payout_orders.of_run(reading, run.run_id)
        if order.state is OrderState.SENT
    ]
    return [
        _Entry(-one.cents, f"DEMO{one.end_to_end_id}"[:35], (one.payee_name, one.iban), one.end_to_end_id)
        for one in sent
    ]


def _written(one: _Entry, day: dt.date) -> str:
    side = "Dbtr" if one.cents > 0 else "Cdtr"
    structured = f"<Strd><CdtrRefInf><Ref>{one.reference}</Ref></CdtrRefInf></Strd>" if one.reference else ""
    free = f"<Ustrd>{escape(one.text)}</Ustrd>" if one.text else ""
    name, iban = one.party
    on = f"<Dt>{day.isoformat()}</Dt>"
    return (
        f"<Ntry>{_money(one.cents)}<Sts><Cd>BOOK</Cd></Sts><BookgDt>{on}</BookgDt><ValDt>{on}</ValDt>"
        f"<AcctSvcrRef>{one.bank_reference}</AcctSvcrRef><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{escape(one.end_to_end_id)}</EndToEndId></Refs>"
        f'<Amt Ccy="EUR">{_euros(one.cents)}</Amt>'
        f"<RltdPties><{side}><Pty><Nm>{escape(name)}</Nm></Pty></{side}>"
        f"<{side}Acct><Id><IBAN>{iban}</IBAN></Id></{side}Acct></RltdPties>"
        f"<RmtInf>{free}{structured}</RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def _balance(code: str, cents: int, day: dt.date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_money(cents)}"
        f"<Dt><Dt>{day.isoformat()}</Dt></Dt></Bal>"
    )


def _money(cents: int) -> str:
    side = "CRDT" if cents >= 0 else "DBIT"
    return f'<Amt Ccy="EUR">{_euros(cents)}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _euros(cents: int) -> str:
    return f"{abs(cents) // 100}.{abs(cents) % 100:02}"
