"""The transparency log for people: what stands at this moment, who confirmed it, and how to check it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller, Sort
from api.pages import framing
from kernel.db import Reading
from ledger import log_keys, log_seals, notes, witnesses
from ledger.log_seals import Seal
from ledger.witnesses import Witness

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a witness said last."""

    witness: Witness
    age_seconds: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest checkpoint of a log."""

    seal: Seal
    age_seconds: float
    origin: str
    key: str

    @property
    def root(self) -> str:
        """The hash that stands for all bookings, as the checkpoint writes it."""
        return notes.encode_base64(self.seal.root)


@router.get("/transparency")
def transparency(request: Request, caller: Anyone) -> Response:
    """Show the newest checkpoint, who confirmed it and how anybody checks it."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        standing, confirmed = _standing(reading), _confirmations(reading)
    return framing.show(
        request, caller, "about/transparency.html", area=framing.Area.CITIZEN if caller.session else None,
        standing=standing, confirmations=confirmed, public_url=given.settings.public_url.rstrip("/"),
    )  # fmt: skip


def _standing(reading: Reading) -> Standing | None:
    seal = log_seals.last(reading)
    if seal is None:
        return None
    key = log_keys.verifier(reading)
    return Standing(seal, (reading.now - seal.sealed_at).total_seconds(), key.name, key.vkey)


def _confirmations(reading: Reading) -> list[Confirmation]:
    found = []
    for witness in witnesses.every(reading):
        age = witness.age(reading.now)
        found.append(Confirmation(witness, None if age is None else max(age.total_seconds(), 0.0)))
    return found
