"""Applying to become a venue: typing, proving who one is, signing, and taking it back."""

import hashlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict, Invalid, NotFound
from merchants import applications, bounds, documents, proof_list
from merchants.applications import Application, State
from merchants.documents import Signature
from merchants.onboarding_tables import applications as table
from merchants.proof_files import ProofFile
from merchants.proof_list import Proof

PROOFS_MAX = 5


def draft(work: db.Work, person_id: int, typed: Mapping[str, str]) -> Application:
    """Keep what somebody typed, right or wrong, in their open application; the first time it begins one.

    Raises Conflict `application-submitted` while the city looks at it.
    """
    kept = {
        name: " ".join(typed.get(name, "").split())[: applications.TYPED_MAX] for name in applications.FIELDS
    }
    open_one = _open(work, person_id)
    if open_one is None:
        application_id = work.ids.next()
        work.connection.execute(
            sa.insert(table).values(
                city_id=work.city_id,
                application_id=application_id,
                person_id=person_id,
                state=State.DRAFT.value,
                typed=kept,
                created_at=work.now,
            )
        )
        return applications.get(work, application_id)
    return change(work, _editable(open_one), typed=kept)


def prove(work: db.Work, person_id: int, key: str, file: ProofFile) -> Proof:
    """Add a proof, kept under `key`, to somebody's open application; the same file again changes nothing.

    Raises NotFound `application-not-found`; Conflict `application-submitted`, `too-many-proofs`.
    """
    found = _editable(_mine(work, person_id))
    there = proof_list.of_application(work, found.application_id)
    for one in there:
        if one.sha256 == file.sha256:
            return one
    if len(there) >= PROOFS_MAX:
        raise Conflict("too-many-proofs", field="proof", maximum=PROOFS_MAX)
    return proof_list.add(work, found.application_id, key, file)


def remove_proof(work: db.Work, person_id: int, proof_id: int) -> str:
    """Take a proof back; return the key of its file, which the caller deletes.

    Raises NotFound `application-not-found`, `proof-not-found`; Conflict `application-submitted`.
    """
    found = _editable(_mine(work, person_id))
    proof = proof_list.get(work, found.application_id, proof_id)
    proof_list.remove(work, [proof])
    return proof.storage_key


def submit(work: db.Work, person_id: int, *, signed_name: str, contract_text: str) -> Application:
    """Sign the contract and hand the application in.

    Raises NotFound `application-not-found`; Conflict `application-submitted`; Invalid as
    `applications.checked`, `proof-missing`, `contract-signature-missing`, `signature-too-long`.
    """
    found = _editable(_mine(work, person_id))
    applications.checked(found.typed, bounds.find(work))
    if not proof_list.of_application(work, found.application_id):
        raise Invalid("proof-missing", field="proof")
    return change(
        work,
        found,
        state=State.SUBMITTED.value,
        submitted_at=work.now,
        signed_name=documents.checked_signer(signed_name),
        contract_text=contract_text,
        contract_sha256=hashlib.sha256(contract_text.encode()).hexdigest(),
    )


def withdraw(work: db.Work, person_id: int) -> list[str]:
    """Take an open application back; return the keys of its files, which the caller deletes.

    Raises NotFound `application-not-found`.
    """
    found = _mine(work, person_id)
    change(work, found, state=State.WITHDRAWN.value, decided_at=work.now)
    return proof_list.forget_of(work, [found.application_id])


def erase(work: db.Work, person_id: int) -> list[str]:
    """Forget a person's applications; return the keys of the files of their proofs.

    What became a contract stays with it, without the person (docs/privacy.md).
    """
    mine = applications.of_person(work, person_id)
    keys = proof_list.forget_of(work, [one.application_id for one in mine])
    of_person = sa.and_(table.c.city_id == work.city_id, table.c.person_id == person_id)
    approved = table.c.state == State.APPROVED.value
    work.connection.execute(sa.update(table).where(of_person, approved).values(person_id=None, typed={}))
    work.connection.execute(sa.delete(table).where(of_person, sa.not_(approved)))
    return keys


def signature(application: Application) -> Signature:
    """Return the applicant's signature. Raises Conflict `application-not-submitted`."""
    if application.submitted_at is None or application.contract_text is None:
        raise Conflict("application-not-submitted")
    return Signature(application.signed_name, application.submitted_at)


def change(work: db.Work, application: Application, **values: Any) -> Application:
    """Change columns of an application."""
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.application_id == application.application_id)
        .values(**values)
    )
    return applications.get(work, application.application_id)


def _open(reading: db.Reading, person_id: int) -> Application | None:
    found = applications.newest_of(reading, person_id)
    return found if found is not None and found.state in applications.OPEN else None


def _mine(reading: db.Reading, person_id: int) -> Application:
    found = _open(reading, person_id)
    if found is None:
        raise NotFound("application-not-found")
    return found


def _editable(application: Application) -> Application:
    if not application.is_editable:
        raise Conflict("application-submitted")
    return application
