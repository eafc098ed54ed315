"""The citizen at the desk: found by an address or by the code on a card, and what staff enter for them."""

from dataclasses import dataclass

from api.access import Caller
from identity import auditing, cards, persons
from identity.persons import Person
from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import NotFound
from rewards import action_types, desk
from rewards.action_types import EvidenceKey
from rewards.desk import Channel, Clerk, IdentifiedBy
from rewards.submissions import Submission
from rewards.submitting import NewSubmission


@dataclass(frozen=True, slots=True)
class Found:
    """A citizen, and by what they were known."""

    person: Person
    identified_by: IdentifiedBy


def find(reading: Reading, who: str) -> Found:
    """Return the citizen that an e-mail address or the code of a card leads to.

    Raises NotFound `citizen-unknown`.
    """
    if "@" in who:
        person = persons.by_email(reading, persons.normalised_email(who))
        if person is None:
            raise NotFound("citizen-unknown", field="who")
        return Found(person, IdentifiedBy.EMAIL)
    try:
        return Found(cards.person(reading, who), IdentifiedBy.CARD)
    except NotFound:
        raise NotFound("citizen-unknown", field="who") from None


def clerk(caller: Caller, channel: Channel, identified_by: IdentifiedBy) -> Clerk:
    """Return who enters something."""
    staff = caller.person_session.person
    return Clerk(staff.person_id, staff.owner, channel, identified_by)


def case_facts(reading: Reading, action: str, case_id: str) -> tuple[str | None, dict[str, bool]]:
    """Return evidence key and facts of a case that staff saw completed; nothing for other actions."""
    known = action_types.get(reading, action)
    if known.evidence_key is not EvidenceKey.CASE or not case_id.strip():
        return None, {}
    facts = {"complete": True} if "complete" in known.facts else {}
    return f"case/{case_id.strip()}", facts


def enter(work: Work, caller: Caller, city: City, new: NewSubmission, clerk: Clerk) -> Submission:
    """Hand something in for a citizen and note who did it. Raises as `desk.enter` does."""
    return _noted(work, caller, clerk, *desk.enter(work, city, new, clerk))


def enter_presence(
    work: Work, caller: Caller, city: City, occasion_id: int, person: Person, clerk: Clerk
) -> Submission:
    """Note that a citizen took part, and who says so. Raises as `desk.enter_presence` does."""
    entered = desk.enter_presence(work, city, occasion_id, person.owner, person.trust_level.value, clerk)
    return _noted(work, caller, clerk, *entered)


def _noted(
    work: Work,
    caller: Caller,
    clerk: Clerk,
    submission: Submission,
    known: bool,  # noqa: FBT001 -- as it is returned
) -> Submission:
    details = {"channel": clerk.channel.value, "identified_by": clerk.identified_by.value, "known": known}
    auditing.record(
        work, caller.scope, "submission-entered", f"submission/{submission.submission_id}", details
    )
    return submission
