"""Erasing a person at the edge: who they are, and the answers kept for repeating their requests."""

from api import idempotency
from identity import persons
from kernel.db import Work


def erase(work: Work, person_id: int) -> None:
    """Forget a person who asked for it. Raises NotFound `person-not-found`."""
    persons.erase(work, person_id, eraser_id=person_id)
    idempotency.forget(work, f"person/{person_id}")
