"""Issuing credit notes: once for each statement that pays for points, once tax data are there.

What stands on one is frozen with it, so it can be written again byte for byte when names have changed.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict
from merchants import billing, credit_notes, invoice_rules, invoice_xml, settlements, statements, tax_data
from merchants.billing import Profile
from merchants.billing_tables import credit_notes as table
from merchants.credit_notes import CreditNote, Describe
from merchants.invoice_xml import Guideline
from merchants.settlements import Settlement
from merchants.statements import ProductLine
from merchants.tax_data import TaxData


def issue(work: db.Work, chosen: Sequence[Settlement], describe: Describe) -> int:
    """Issue what can be issued of these settlements; return how many credit notes were made.

    Left out are statements that pay for no points, those that have one, and venues without tax data.
    Raises Invalid `invoice-invalid` if a document would break a rule.
    """
    buyer = billing.find(work)
    if buyer is None:
        return 0
    sellers = tax_data.by_venue(work, [one.venue_id for one in chosen])
    known = issued(work, [one.settlement_id for one in chosen])
    made = [
        _row(work, one, sellers[one.venue_id], buyer, describe)
        for one in chosen
        if one.settled_cents and one.venue_id in sellers and one.settlement_id not in known
    ]
    if made:
        work.connection.execute(sa.insert(table), made)
    return len(made)


def issued(reading: db.Reading, settlement_ids: Iterable[int]) -> set[int]:
    """Return which of the settlements have a credit note."""
    rows = reading.connection.execute(
        sa.select(table.c.settlement_id).where(
            table.c.city_id == reading.city_id, table.c.settlement_id.in_(sorted(set(settlement_ids)))
        )
    )
    return set(rows.scalars())


def get(reading: db.Reading, settlement_id: int) -> CreditNote:
    """Return the credit note of a settlement as it was issued.

    Raises NotFound `settlement-not-found`; Conflict `nothing-to-credit`, `tax-data-missing`,
    `credit-note-altered` if it is not what was issued.
    """
    settlement = settlements.get(reading, settlement_id)
    row = reading.connection.execute(
        sa.select(table).where(table.c.city_id == reading.city_id, table.c.settlement_id == settlement_id)
    ).first()
    if row is None:
        raise Conflict(
            "tax-data-missing" if settlement.settled_cents else "nothing-to-credit",
            venue_id=settlement.venue_id,
            number=settlement.number,
        )
    texts = dict(row.texts)
    note = credit_notes.write(
        statements.from_json(settlement.document),
        TaxData(**row.seller),
        Profile(**row.buyer),
        lambda sort, line: str(texts.get(_key(sort, line), "")),
    )
    if _digest(note) != row.sha256:
        raise Conflict("credit-note-altered", number=note.number)
    return note


def _row(
    work: db.Work, settlement: Settlement, seller: TaxData, buyer: Profile, describe: Describe
) -> dict[str, object]:
    texts: dict[str, str] = {}

    def said(sort: str, line: ProductLine) -> str:
        texts[_key(sort, line)] = describe(sort, line)
        return texts[_key(sort, line)]

    note = credit_notes.write(statements.from_json(settlement.document), seller, buyer, said)
    content = invoice_xml.write(note, Guideline.XRECHNUNG)
    invoice_rules.check(content, payable_cents=settlement.settled_cents)
    return {
        "city_id": work.city_id,
        "settlement_id": settlement.settlement_id,
        "seller": asdict(seller),
        "buyer": asdict(buyer),
        "texts": texts,
        "sha256": hashlib.sha256(content).hexdigest(),
        "issued_at": work.now,
    }


def _digest(note: CreditNote) -> str:
    return hashlib.sha256(invoice_xml.write(note, Guideline.XRECHNUNG)).hexdigest()


def _key(sort: str, line: ProductLine) -> str:
    return f"{sort}/{line.product}/{line.tier}"
