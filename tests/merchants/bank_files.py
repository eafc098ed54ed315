"""Bank statements as a bank would send them, made for tests."""

import datetime as dt
from dataclasses import dataclass
from xml.sax.saxutils import escape

ACCOUNT = "DE02100500000024290661"
DAY = dt.date(2026, 6, 5)


@dataclass(frozen=True)
class Moved:
    """One booked movement."""

    cents: int
    """Below zero: money left the account."""
    end_to_end_id: str = ""
    reference: str = ""
    remittance: str = ""
    name: str = ""
    iban: str = ""
    on: dt.date = DAY
    reversal: bool = False
    reason: str = ""


def camt(
    *moved: Moved,
    version: str = "08",
    opening: int = 100_000,
    closing: int | None = None,
    statement_id: str = "STMT-1",
    iban: str = ACCOUNT,
) -> bytes:
    """Return a camt.053 file with one statement."""
    end = opening + sum(one.cents for one in moved) if closing is None else closing
    entries = "".join(_entry(one, version) for one in moved)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M</MsgId><CreDtTm>2026-06-06T06:00:00Z</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{statement_id}</Id><CreDtTm>2026-06-06T06:00:00Z</CreDtTm>"
        f"<Acct><Id><IBAN>{iban}</IBAN></Id></Acct>"
        f"{_balance('PRCD', opening)}{_balance('CLBD', end)}{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _money(cents: int) -> str:
    side = "DBIT" if cents < 0 else "CRDT"
    euros = f"{abs(cents) // 100}.{abs(cents) % 100:02}"
    return f'<Amt Ccy="EUR">{euros}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _balance(code: str, cents: int) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_money(cents)}"
        f"<Dt><Dt>{DAY.isoformat()}</Dt></Dt></Bal>"
    )


def _entry(one: Moved, version: str) -> str:
    status = "<Sts><Cd>BOOK</Cd></Sts>" if version == "08" else "<Sts>BOOK</Sts>"
    reversal = "<RvslInd>true</RvslInd>" if one.reversal else ""
    side = "Dbtr" if (one.cents > 0) != one.reversal else "Cdtr"
    name = f"<Nm>{escape(one.name)}</Nm>"
    party = f"<{side}>{f'<Pty>{name}</Pty>' if version == '08' else name}</{side}>" if one.name else ""
    account = f"<{side}Acct><Id><IBAN>{one.iban}</IBAN></Id></{side}Acct>" if one.iban else ""
    reason = f"<RtrInf><Rsn><Cd>{one.reason}</Cd></Rsn></RtrInf>" if one.reason else ""
    return (
        f"<Ntry>{_money(one.cents)}{reversal}{status}<BookgDt><Dt>{one.on.isoformat()}</Dt></BookgDt>"
        f"<ValDt><Dt>{one.on.isoformat()}</Dt></ValDt><AcctSvcrRef>{one.reference or 'NONREF'}</AcctSvcrRef>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{one.end_to_end_id or 'NOTPROVIDED'}</EndToEndId></Refs>"
        f"<RltdPties>{party}{account}</RltdPties>"
        f"<RmtInf><Ustrd>{escape(one.remittance)}</Ustrd></RmtInf>{reason}</TxDtls></NtryDtls></Ntry>"
    )
