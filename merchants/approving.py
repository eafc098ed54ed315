"""The city's answer to an application: a question, a no with its reason, or a venue with its contract."""

import hashlib
from dataclasses import dataclass

from identity import roles
from identity.roles import Role
from kernel import db
from kernel.cities import City
from kernel.errors import Conflict, Forbidden, Invalid
from merchants import applications, applying, bounds, contracts, documents, periods, venues
from merchants.applications import Application, State
from merchants.documents import Signature
from merchants.payout_orders import PayeeCheck
from merchants.venues import Venue

ANSWER_MAX = 500


@dataclass(frozen=True, slots=True)
class Official:
    """Who decides for the city."""

    person_id: int
    name: str
    """Stands on the contract."""

    @property
    def scope(self) -> str:
        """As the audit log names them."""
        return f"person/{self.person_id}"


def ask(work: db.Work, application_id: int, question: str, by: Official) -> Application:
    """Ask the applicant something; it is their turn then.

    Raises NotFound `application-not-found`; Conflict `application-not-submitted`; Forbidden
    `own-application`; Invalid `answer-missing`, `answer-too-long`.
    """
    return _answer(work, application_id, State.ASKED, question, by)


def reject(work: db.Work, application_id: int, reason: str, by: Official) -> Application:
    """Decline an application, with the reason that its applicant reads. Raises as `ask`."""
    return _answer(work, application_id, State.REJECTED, reason, by)


def approve(
    work: db.Work, city: City, application_id: int, by: Official, payee_check: PayeeCheck | None = None
) -> tuple[Application, Venue]:
    """Sign the contract for the city: the venue opens, and the applicant owns it.

    The contract begins with the period of the calendar that is running, so that the first period is a whole
    one. Raises NotFound `application-not-found`; Conflict `application-not-submitted`, `contract-altered`,
    `payee-check-failed` (the bank knows that account under another name); Forbidden `own-application`;
    Invalid `application-incomplete` (the city's bounds have changed), `contract-signature-missing`.
    """
    found = _waiting(work, application_id, by)
    if payee_check is PayeeCheck.NO_MATCH:
        raise Conflict("payee-check-failed", field="payee_check")
    terms = bounds.find(work)
    wanted = applications.checked(found.typed, terms)
    text = found.contract_text or ""
    if hashlib.sha256(text.encode()).hexdigest() != found.contract_sha256:
        raise Conflict("contract-altered")
    venue = venues.create(work, wanted.venue)
    contract = contracts.sign(
        work,
        venue.venue_id,
        rate_cents_per_point=wanted.rate_cents_per_point,
        period=wanted.period,
        valid_from=periods.containing(wanted.period, city.day_of(work.now)).first_day,
        extras=terms.extras,
    )
    official = Signature(documents.checked_signer(by.name), work.now)
    documents.keep(work, contract.contract_id, text, applying.signature(found), official)
    if found.person_id is not None:
        roles.grant(work, found.person_id, Role.VENUE_OWNER, venue_id=venue.venue_id, granter_id=by.person_id)
    decided = applying.change(
        work,
        found,
        state=State.APPROVED.value,
        payee_check=payee_check.value if payee_check else None,
        decided_by=by.scope,
        decided_at=work.now,
        venue_id=venue.venue_id,
    )
    return decided, venue


def _answer(work: db.Work, application_id: int, state: State, answer: str, by: Official) -> Application:
    found = _waiting(work, application_id, by)
    tidy = " ".join(answer.split())
    if not tidy:
        raise Invalid("answer-missing", field="answer")
    if len(tidy) > ANSWER_MAX:
        raise Invalid("answer-too-long", field="answer", maximum=ANSWER_MAX)
    return applying.change(
        work, found, state=state.value, answer=tidy, decided_by=by.scope, decided_at=work.now
    )


def _waiting(work: db.Work, application_id: int, by: Official) -> Application:
    found = applications.get(work, application_id)
    if found.state is not State.SUBMITTED:
        raise Conflict("application-not-submitted")
    if found.person_id == by.person_id:
        raise Forbidden("own-application")
    return found
