"""Events of other systems: CloudEvents 1.0, signed; and the plain form for systems without a key."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api import commanding, event_signatures, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.actions import SubmissionOut, present
from api.v1.shapes import In, Out
from identity import auditing, cards, persons
from identity.clients import Scope
from identity.persons import Person
from kernel.db import Work
from kernel.errors import Forbidden, Invalid, NotFound
from kernel.signing import VerifyKey
from rewards import action_types, city_events, reviewing, submissions, submitting
from rewards.city_events import CityEvent
from rewards.submitting import NewSubmission

router = APIRouter(tags=["events"])
CitySystem = Annotated[Caller, Depends(Access(Sort.CLIENT))]

REPORTED = "duiscoin.action.reported.v1"
CONFIRMED = "duiscoin.outcome.confirmed.v1"
REJECTED = "duiscoin.outcome.rejected.v1"
MEDIA_TYPE = "application/cloudevents+json"

SignatureHeader = Annotated[
    str | None, Header(description="As Standard Webhooks describes it, Ed25519 (`v1a,` and base64)")
]

_OWNER = "The code on the person's card; the long reference of their account page is understood, too"
_CODE_MAX = 12
"""Longer is a reference, shorter the code of a card as somebody may type it."""


class ActionEvent(In):
    """Another system tells that somebody did something."""

    owner: str = Field(description=_OWNER, max_length=40, examples=["K7QM-3ZPX"])
    action: str = Field(examples=["application-completed"])
    case_id: str = Field(min_length=1, max_length=80, examples=["wohnsitz/2026-118213"])
    facts: dict[str, bool | int | str] = Field(default_factory=dict, examples=[{"complete": True}])


class OutcomeEvent(In):
    """Another system tells what became of a case."""

    action: str = Field(examples=["application-completed"])
    case_id: str = Field(min_length=1, max_length=80, examples=["wohnsitz/2026-118213"])
    confirmed: bool = Field(examples=[True])
    reason: str = Field(default="", max_length=500)


class CityEventData(In):
    """What happened."""

    action: str = Field(examples=["application-completed"])
    case_id: str = Field(min_length=1, max_length=city_events.CASE_MAX, examples=["wohnsitz/2026-118213"])
    owner: str | None = Field(default=None, max_length=40, description=f"For an action: {_OWNER}")
    facts: dict[str, bool | int | str] = Field(default_factory=dict, examples=[{"complete": True}])
    reason: str = Field(default="", max_length=city_events.REASON_MAX, examples=["Unterlagen fehlen"])


class CityEventIn(BaseModel):
    """A CloudEvent 1.0 in structured mode. Attributes that are not known are extensions and ignored."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"] = Field(examples=["1.0"])
    id: str = Field(min_length=1, max_length=city_events.NAMES_MAX, pattern=r"^[^\x00]+$", examples=["a1b2"])
    source: str = Field(
        min_length=1,
        max_length=city_events.NAMES_MAX,
        pattern=r"^[^\x00\s]+$",
        examples=["https://portal.duisburg.example/cases"],
    )
    type: str = Field(
        min_length=1,
        max_length=120,
        examples=[REPORTED],
        description=f"`{REPORTED}`, `{CONFIRMED}`, `{REJECTED}`, or the action's own outcome event",
    )
    time: AwareDatetime | None = Field(default=None, examples=["2026-05-04T10:00:00Z"])
    datacontenttype: Literal["application/json"] = Field(default="application/json")
    data: CityEventData = Field(
        examples=[
            {
                "action": "application-completed",
                "case_id": "wohnsitz/2026-118213",
                "owner": "K7QM-3ZPX",
                "facts": {"complete": True},
            }
        ]
    )


class ReceivedOut(Out):
    """What an event did."""

    effect: str = Field(
        examples=["taken"],
        description="taken, repeated, waiting (outcome before its action), applied, ignored",
    )
    submission: SubmissionOut | None


@router.post("/events", summary="Send a signed event", response_model=ReceivedOut)
async def receive(
    request: Request,
    caller: CitySystem,
    body: Annotated[CityEventIn, Body(media_type=MEDIA_TYPE)],
    webhook_id: SignatureHeader = None,
    webhook_timestamp: SignatureHeader = None,
    webhook_signature: SignatureHeader = None,
) -> JSONResponse:
    """Take a CloudEvent in, signed by the key that was registered for the system.

    An event has its effect once, by its `source` and `id`: it may be sent again at any time, and an outcome
    may come before the action that it belongs to. So no `Idempotency-Key` is needed.
    """
    _check_scope(caller)
    given, client = services.of(request), caller.client
    given.limiter.hit("write-account", caller.city.city_id, caller.scope)
    if client is None or client.public_key is None:
        raise Forbidden("client-without-key")
    headers = {
        "webhook-id": webhook_id or "",
        "webhook-timestamp": webhook_timestamp or "",
        "webhook-signature": webhook_signature or "",
    }
    now = given.database.clock.now()
    event_signatures.verify(VerifyKey(client.public_key), headers, await request.body(), now)
    client_id = client.client_id

    def command(work: Work) -> Mapping[str, Any]:
        event = _event(work, body, client_id)
        received = city_events.receive(work, caller.city, event)
        details = {"type": body.type, "effect": received.effect.value}
        auditing.record(work, caller.scope, "city-event", f"action/{event.action}", details)
        submission = received.submission
        return {
            "effect": received.effect.value,
            "submission": None if submission is None else present(work, submission),
        }

    return JSONResponse(await given.write(caller.city.city_id, command))


@router.post("/events/actions", status_code=201, summary="Report an action", response_model=SubmissionOut)
async def event(request: Request, caller: CitySystem, body: ActionEvent, key: IdempotencyKey) -> JSONResponse:
    """Take in what another system saw. The same case again gives the first answer and no more points."""
    _check_scope(caller, signed=False)

    def command(work: Work) -> Mapping[str, Any]:
        person = _person(work, body.owner)
        new = NewSubmission(
            action=body.action,
            owner=person.owner,
            source="portal",
            evidence_key=f"case/{body.case_id}",
            trust_level=person.trust_level.value,
            facts=body.facts,
        )
        return present(work, submitting.submit(work, caller.city, new)[0])

    return await commanding.answer(request, caller, key, command, status=201)


@router.post("/events/outcomes", summary="Report an outcome", response_model=SubmissionOut)
async def outcome(
    request: Request, caller: CitySystem, body: OutcomeEvent, key: IdempotencyKey
) -> JSONResponse:
    """Confirm pending points or give them back."""
    _check_scope(caller, signed=False)

    def command(work: Work) -> Mapping[str, Any]:
        found = submissions.by_evidence(work, body.action, f"case/{body.case_id}")
        if found is None:
            raise NotFound("submission-not-found", case_id=body.case_id)
        decide = reviewing.confirm if body.confirmed else reviewing.reject
        decided = decide(work, caller.city, found.submission_id, reviewer_id=None, reason=body.reason)
        auditing.record(
            work,
            caller.scope,
            "submission-confirm" if body.confirmed else "submission-reject",
            f"submission/{found.submission_id}",
            {},
        )
        return present(work, decided)

    return await commanding.answer(request, caller, key, command)


def _event(work: Work, body: CityEventIn, client_id: int) -> CityEvent:
    """Return the event in the rewards' words. Raises Invalid event-type-unknown, owner-missing, NotFound."""
    data = body.data
    own = action_types.get(work, data.action).outcome_event
    meaning = {REPORTED: None, CONFIRMED: True, own: True, REJECTED: False}
    if body.type not in meaning:
        raise Invalid("event-type-unknown", field="type")
    confirmed = meaning[body.type]
    person = None
    if confirmed is None:
        if not data.owner:
            raise Invalid("owner-missing", field="owner")
        person = _person(work, data.owner)
    return CityEvent(
        source=body.source,
        event_id=body.id,
        client_id=client_id,
        action=data.action,
        case_id=data.case_id,
        happened_at=body.time and body.time.astimezone(dt.UTC),
        owner=person.owner if person else None,
        trust_level=person.trust_level.value if person else "basic",
        confirmed=confirmed,
        reason=data.reason,
        facts=data.facts,
    )


def _person(work: Work, text: str) -> Person:
    """Return who is meant. Raises NotFound `person-not-found`."""
    if len(text) > _CODE_MAX:
        return persons.by_owner(work, text)
    try:
        return cards.person(work, text)
    except NotFound:
        raise NotFound("person-not-found") from None


def _check_scope(caller: Caller, *, signed: bool = True) -> None:
    """Raise Forbidden unless the client may report; one with a key has to sign."""
    if caller.client is None:
        return
    if Scope.REPORT_ACTIONS not in caller.client.scopes:
        raise Forbidden("wrong-scope")
    if not signed and caller.client.public_key is not None:
        raise Forbidden("signature-needed")
