"""Everything of a person as a ZIP: data as JSON, receipts and vouchers as PDF, photos; made while it is sent.

One file at a time is in memory, and no transaction stays open while a slow connection takes what is ready.
"""

import json
import zipfile
from collections.abc import Iterator
from typing import Final

from api import exporting, receipt_papers, voucher_papers
from api.letters import Reader
from api.services import Services
from identity.persons import Person
from kernel.errors import NotFound
from merchants import applications, proof_list, venues
from redemption import receipts, vouchers
from rewards import evidence, submissions
from web.marking import N_

MEDIA_TYPE: Final = "application/zip"
NAME: Final = "duiscoin.zip"
_README: Final = N_(
    "Everything that Duiscoin {city} keeps about you.\n\n"
    "duiscoin.json    all data, for programs\n"
    "receipts/        your receipts\n"
    "vouchers/        vouchers that can still be used; whoever has one can use it\n"
    "photos/          photos that you handed in, as far as they are kept\n"
    "proofs/          proofs of your applications as a venue, as far as they are kept\n"
)


class _Pipe:
    """What a ZIP is written to: bytes wait here until they are sent."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: `drain` takes what is there."""

    def drain(self) -> bytes:
        """Return what waits, and forget it."""
        waiting, self._waiting = bytes(self._waiting), bytearray()
        return waiting


def stream(services: Services, person: Person, reader: Reader) -> Iterator[bytes]:
    """Yield the pieces of the ZIP."""
    pipe = _Pipe()
    made_at = services.database.clock.now().astimezone(reader.city.zone).timetuple()[:6]
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # it only writes
        for name, content in _files(services, person, reader):
            archive.writestr(zipfile.ZipInfo(name, made_at), content, zipfile.ZIP_DEFLATED)
            yield pipe.drain()
    yield pipe.drain()


def _files(services: Services, person: Person, reader: Reader) -> Iterator[tuple[str, bytes]]:
    city_id = reader.city.city_id
    yield "README.txt", reader.say(_README).format(city=reader.city.name).encode()
    with services.database.reading(city_id) as reading:
        whole = exporting.everything(reading, person.person_id, person.owner)
    yield "duiscoin.json", json.dumps(whole, ensure_ascii=False, indent=2, default=str).encode()
    yield from _receipts(services, person.owner, reader)
    yield from _vouchers(services, person.owner, reader)
    yield from _photos(services, person.owner, reader)
    yield from _proofs(services, person.person_id, reader)


def _receipts(services: Services, owner: str, reader: Reader) -> Iterator[tuple[str, bytes]]:
    before = None
    while True:
        with services.database.reading(reader.city.city_id) as reading:
            found = receipts.page(reading, owner, before=before, limit=receipts.PAGE_MAX)
        if not found:
            return
        for one in found:
            content = receipt_papers.make(one, reader.language, reader.translation)
            yield f"receipts/{receipt_papers.name_of(one)}", content
        before = found[-1].receipt_id


def _vouchers(services: Services, owner: str, reader: Reader) -> Iterator[tuple[str, bytes]]:
    before = None
    while True:
        with services.database.reading(reader.city.city_id) as reading:
            found = vouchers.page(reading, owner, before=before, limit=vouchers.PAGE_MAX)
            known = venues.by_id(reading, {venue_id for one in found for venue_id in one.venue_ids})
        if not found:
            return
        for one in found:
            if voucher_papers.printable(one):
                where = [known[venue_id] for venue_id in one.venue_ids]
                content = voucher_papers.make(one, where, reader, services.settings.public_url)
                yield f"vouchers/{voucher_papers.name_of(one)}", content
        before = found[-1].status_index


def _photos(services: Services, owner: str, reader: Reader) -> Iterator[tuple[str, bytes]]:
    store, before = services.evidence(reader.city), None
    while True:
        with services.database.reading(reader.city.city_id) as reading:
            found = submissions.of_owner(reading, owner, before=before, limit=submissions.PAGE_MAX)
            keys = [
                (one.submission_id, *photo)
                for one in found
                for photo in evidence.keys_of(reading, one.submission_id)
            ]
        if not found:
            return
        for submission_id, evidence_id, key in keys:
            try:
                yield f"photos/{submission_id}-{evidence_id}.jpg", store.read(key)
            except NotFound:
                continue
        before = found[-1].submission_id


def _proofs(services: Services, person_id: int, reader: Reader) -> Iterator[tuple[str, bytes]]:
    store = services.evidence(reader.city)
    with services.database.reading(reader.city.city_id) as reading:
        found = [
            proof
            for one in applications.of_person(reading, person_id)
            for proof in proof_list.of_application(reading, one.application_id)
        ]
    for proof in found:
        suffix = proof.storage_key.rpartition(".")[2]
        try:
            yield f"proofs/{proof.application_id}-{proof.proof_id}.{suffix}", store.read(proof.storage_key)
        except NotFound:
            continue
