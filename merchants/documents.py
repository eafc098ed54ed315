"""Contracts as they were signed: the text, its hash, who signed for each side and when. Never changed."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict, Invalid, NotFound
from merchants.onboarding_tables import documents as table

SIGNER_MAX = 80


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed, and when."""

    name: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Document:
    """A contract as both sides signed it."""

    contract_id: int
    text: str
    sha256: str
    venue: Signature
    city: Signature

    @property
    def is_intact(self) -> bool:
        """Whether the text is still the one that was signed."""
        return hashlib.sha256(self.text.encode()).hexdigest() == self.sha256


def checked_signer(name: str) -> str:
    """Return the name of who signs. Raises Invalid `contract-signature-missing`, `signature-too-long`."""
    tidy = " ".join(name.split())
    if not tidy:
        raise Invalid("contract-signature-missing", field="signed_name")
    if len(tidy) > SIGNER_MAX:
        raise Invalid("signature-too-long", field="signed_name", maximum=SIGNER_MAX)
    return tidy


def keep(work: db.Work, contract_id: int, text: str, venue: Signature, city: Signature) -> Document:
    """Keep what was signed."""
    made = Document(contract_id, text, hashlib.sha256(text.encode()).hexdigest(), venue, city)
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            contract_id=contract_id,
            text=text,
            sha256=made.sha256,
            venue_signer=venue.name,
            venue_signed_at=venue.at,
            city_signer=city.name,
            city_signed_at=city.at,
        )
    )
    return made


def get(reading: db.Reading, contract_id: int) -> Document:
    """Return the document of a contract.

    Raises NotFound `contract-document-missing`; Conflict `contract-altered` if it is not what was signed.
    """
    found = by_contract(reading, [contract_id])
    if contract_id not in found:
        raise NotFound("contract-document-missing")
    if not found[contract_id].is_intact:
        raise Conflict("contract-altered")
    return found[contract_id]


def by_contract(reading: db.Reading, contract_ids: Iterable[int]) -> dict[int, Document]:
    """Return the documents of those of the contracts that have one."""
    rows = reading.connection.execute(
        sa.select(table).where(
            table.c.city_id == reading.city_id, table.c.contract_id.in_(sorted(set(contract_ids)))
        )
    )
    return {
        row.contract_id: Document(
            row.contract_id,
            row.text,
            row.sha256,
            Signature(row.venue_signer, row.venue_signed_at),
            Signature(row.city_signer, row.city_signed_at),
        )
        for row in rows
    }
