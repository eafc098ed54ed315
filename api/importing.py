"""Importing files for a city: used by the command line, the demo city and tests."""

import hashlib
from collections.abc import Callable

from identity import persons
from kernel.cities import City
from kernel.db import Database, Work
from redemption import fee_files, fine_files
from redemption.city_files import Refusal
from redemption.fee_files import FeeRow
from redemption.file_register import Added, FileFineRegister, from_fee, from_row
from redemption.fine_files import FineRow
from rewards import importing, open311
from rewards.importing import Imported


def reports(
    database: Database, city: City, content: bytes, *, origin: str, reporters: int, seed: int
) -> list[Imported]:
    """Take in a file of Open311 reports, each entry in its own unit of work.

    The data names no reporters: `reporters` citizens stand for them, chosen by `seed` and the entry's id, so
    that the same entry always gets the same one. Raises open311.ReportFileRefused.
    """
    entries = open311.parse(content)
    owners = database.run(city.city_id, lambda work: _reporters(work, origin, reporters))
    return [
        database.run(city.city_id, _importer(city, entry, origin, _choose(owners, seed, entry)))
        for entry in entries
    ]


def fines(register: FileFineRegister, city: City, content: bytes) -> tuple[Added, list[Refusal]]:
    """Fill a city's register of fines; return what was added and which rows were skipped why.

    Raises city_files.FileRefused.
    """
    results = fine_files.parse(content, prefix=city.reference_prefix, zone=city.zone)
    added = register.add(from_row(row) for row in results if isinstance(row, FineRow))
    return added, [row for row in results if isinstance(row, Refusal)]


def fees(register: FileFineRegister, city: City, content: bytes) -> tuple[Added, list[Refusal]]:
    """Add a city's fees to its register, as `fines` does with fines. Raises city_files.FileRefused."""
    results = fee_files.parse(content, prefix=city.reference_prefix, zone=city.zone)
    added = register.add(from_fee(row) for row in results if isinstance(row, FeeRow))
    return added, [row for row in results if isinstance(row, Refusal)]


def _reporters(work: Work, origin: str, count: int) -> list[str]:
    owners: list[str] = []
    for number in range(1, count + 1):
        email = f"reporter-{number}.{origin}@import.example"
        known = persons.by_email(work, email)
        owners.append((known or persons.register(work, email)).owner)
    return owners


def _importer(
    city: City, entry: open311.Open311Report | open311.Refusal, origin: str, owner: str
) -> Callable[[Work], Imported]:
    return lambda work: importing.import_entry(work, city, entry, origin=origin, owner=owner)


def _choose(owners: list[str], seed: int, entry: open311.Open311Report | open311.Refusal) -> str:
    digest = hashlib.sha256(f"{seed}/{entry.service_request_id}".encode()).digest()
    return owners[int.from_bytes(digest[:8]) % len(owners)]
