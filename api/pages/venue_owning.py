"""The owner's pages: ready in five steps, offers, team, contract, poster."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, contract_papers, downloads, services, venue_papers
from api.access import Access, Caller
from api.pages import framing, offer_forms
from api.pages.framing import Area
from api.pages.office_offers import OFFER_WORDS
from api.pages.postbox import reader_of
from api.pages.venue import venues_of
from api.v1.shapes import ChosenVenue, LongId, ShortId
from identity import auditing, persons, roles
from identity.roles import AT_VENUE, Role
from kernel.db import Reading, Work
from kernel.errors import DomainError
from merchants import contracts, devices, documents, inviting, tax_data, venues
from redemption import offers, proposing, scans
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/venue")
Owner = Annotated[Caller, Depends(Access(Role.VENUE_OWNER))]
OwnerForm = Annotated[Caller, Depends(Access(Role.VENUE_OWNER, form=True))]

STARTS: Final = tuple(
    one for one in offer_forms.STARTS if one.code in {"pool", "strip", "museum", "discount"}
)
"""What an owner may begin from: all that needs no date and no register."""
ROLE_WORDS = {Role.VENUE_OWNER: N_("Venue owner"), Role.VENUE_STAFF: N_("Venue staff")}
framing.announce(
    {
        "offer-proposed": ("success", N_("Thank you. The city looks at your offer and puts it on sale.")),
        "offer-on-sale": ("success", N_("Your offer is on sale.")),
        "offer-withdrawn": (
            "success",
            N_("The offer is not sold any more. Vouchers that were sold stay valid."),
        ),
        "invited": ("success", N_("The invitation is on its way.")),
        "invitation-revoked": ("success", N_("The invitation is not valid any more.")),
        "role-revoked": ("success", N_("This person does not work for the venue any more.")),
    }
)


def owned(caller: Caller, venue_id: int) -> int:
    """Return the venue, the first that the person owns unless named. Raises Forbidden for another's."""
    mine = sorted(held.venue_id for held in caller.person_session.roles if held.role is Role.VENUE_OWNER)
    number = venue_id or next(iter(mine), 0)
    caller.check_venue(number, Role.VENUE_OWNER)
    return number


@router.get("/start")
def start(request: Request, caller: Owner, venue_id: ChosenVenue = 0) -> Response:
    """Show what is left to do until the first guest."""
    number = owned(caller, venue_id)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venues.get(reading, number)
        done = _done(reading, number)
        team = len(inviting.waiting(reading, number))
    return framing.show(
        request, caller, "venue/start.html", area=Area.VENUE, venue=venue, venues=venues_of(request, caller),
        done=done, invited=team,
    )  # fmt: skip


@router.get("/poster.pdf")
def poster(request: Request, caller: Owner, venue_id: ChosenVenue = 0) -> Response:
    """Return the sheet for the door."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venues.get(reading, owned(caller, venue_id))
        now = reading.now
    given = services.of(request)
    content = venue_papers.poster(venue, reader_of(request, caller), given.settings.public_url, now)
    return downloads.pdf(content, f"duiscoin-poster-{venue.venue_id}.pdf")


@router.get("/contracts/{contract_id}.pdf")
def contract(request: Request, caller: Owner, contract_id: LongId, venue_id: ChosenVenue = 0) -> Response:
    """Return a contract as it was signed."""
    number = owned(caller, venue_id)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        mine = {one.contract_id for one in contracts.of_venue(reading, number)}
        document = documents.get(reading, contract_id if contract_id in mine else 0)
    return downloads.pdf(
        contract_papers.signed(document, reader_of(request, caller)), "duiscoin-contract.pdf"
    )


@router.get("/offers")
def own_offers(request: Request, caller: Owner, venue_id: ChosenVenue = 0) -> Response:
    """Show the venue's offers."""
    number = owned(caller, venue_id)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venues.get(reading, number)
        found = proposing.of_venue(reading, number)
        waiting = proposing.waiting(reading, found)
    return framing.show(
        request, caller, "venue/offers.html", area=Area.VENUE, venue=venue, venues=venues_of(request, caller),
        offers=found, proposed=waiting, words=OFFER_WORDS, starts=STARTS,
    )  # fmt: skip


@router.get("/offers/new")
def new_offer(request: Request, caller: Owner, begin: str = "", venue_id: ChosenVenue = 0) -> Response:
    """Show the short form of an offer."""
    return _offer_page(request, caller, owned(caller, venue_id), begin, {})


@router.post("/offers")
async def propose(
    request: Request,
    caller: OwnerForm,
    venue_id: Annotated[ShortId, Form()],
    begin: Annotated[str, Form()] = "",
) -> Response:
    """Propose an offer, or put it on sale where the contract lets the owner do so."""
    number = owned(caller, venue_id)
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    asked = {name: typed.get(name, "") for name in _ASKED}
    template = _start(begin)

    def command(work: Work) -> Mapping[str, Any]:
        taken = [one.code for one in offers.every(work)]
        code = proposing.code_for(asked["title_de"], number, taken)
        new = offer_forms.read({**template.typed, **asked, "code": code}, [number], caller.city)
        offer = proposing.propose(work, caller.city, number, new)
        auditing.record(work, caller.scope, "offer-proposed", f"offer/{offer.code}", {"venue_id": number})
        return {"published": offer.published_at is not None}

    try:
        done = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _offer_page(request, caller, number, begin, asked, error)
    notice = "offer-on-sale" if done["published"] else "offer-proposed"
    return framing.go(f"/venue/offers?venue_id={number}", notice)


@router.post("/offers/{offer_id}/withdrawal")
def withdraw(
    request: Request, caller: OwnerForm, offer_id: ShortId, venue_id: Annotated[ShortId, Form()]
) -> Response:
    """Stop selling an offer."""
    number = owned(caller, venue_id)

    def command(work: Work) -> None:
        offer = proposing.withdraw(work, number, offer_id)
        auditing.record(work, caller.scope, "offer-withdraw", f"offer/{offer.code}", {})

    services.of(request).database.run(caller.city.city_id, command)
    return framing.go(f"/venue/offers?venue_id={number}", "offer-withdrawn")


@router.get("/team")
def team(request: Request, caller: Owner, venue_id: ChosenVenue = 0) -> Response:
    """Show who works for the venue."""
    return _team_page(request, caller, owned(caller, venue_id))


@router.post("/team")
async def invite(
    request: Request,
    caller: OwnerForm,
    venue_id: Annotated[ShortId, Form()],
    email: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = Role.VENUE_STAFF.value,
) -> Response:
    """Invite somebody by e-mail."""
    number, person = owned(caller, venue_id), caller.person_session.person
    offered = Role(role) if role in {one.value for one in AT_VENUE} else Role.VENUE_STAFF

    def command(work: Work) -> Mapping[str, Any]:
        made = inviting.invite(work, number, email, offered, person)
        subject = f"invitation/{made.invitation_id}"
        auditing.record(
            work, caller.scope, "staff-invited", subject, {"venue_id": number, "role": offered.value}
        )
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _team_page(request, caller, number, error, email)
    return framing.go(f"/venue/team?venue_id={number}", "invited")


@router.post("/team/invitations/{invitation_id}/revocation")
def uninvite(
    request: Request, caller: OwnerForm, invitation_id: LongId, venue_id: Annotated[ShortId, Form()]
) -> Response:
    """Make an invitation invalid."""
    number = owned(caller, venue_id)

    def command(work: Work) -> None:
        inviting.revoke(work, number, invitation_id)
        auditing.record(work, caller.scope, "invitation-revoked", f"invitation/{invitation_id}", {})

    services.of(request).database.run(caller.city.city_id, command)
    return framing.go(f"/venue/team?venue_id={number}", "invitation-revoked")


@router.post("/team/{person_id}/revocation")
def dismiss(
    request: Request, caller: OwnerForm, person_id: LongId, venue_id: Annotated[ShortId, Form()]
) -> Response:
    """Take the role of staff away."""
    number, own = owned(caller, venue_id), caller.person_session.person.person_id
    services.of(request).database.run(
        caller.city.city_id,
        lambda work: roles.revoke(work, person_id, Role.VENUE_STAFF, venue_id=number, revoker_id=own),
    )
    return framing.go(f"/venue/team?venue_id={number}", "role-revoked")


_ASKED = (
    "title_de",
    "description_de",
    "value_euros",
    "price_points",
    "places",
    "discount_percent",
    "minimum_euros",
)


def _start(code: str) -> offer_forms.Start:
    return next((one for one in STARTS if one.code == code), STARTS[0])


def _done(reading: Reading, venue_id: int) -> Mapping[str, Any]:
    """Return which of the five steps are done, and what their links need."""
    signed = contracts.of_venue(reading, venue_id)
    papers = documents.by_contract(reading, [one.contract_id for one in signed])
    found = proposing.of_venue(reading, venue_id)
    return {
        "contract": signed[-1] if signed else None,
        "has_paper": bool(signed) and signed[-1].contract_id in papers,
        "offer": any(one.published_at for one in found),
        "proposed": bool(proposing.waiting(reading, found)),
        "taxes": tax_data.find(reading, venue_id) is not None,
        "device": any(one.revoked_at is None for one in devices.of_venue(reading, venue_id)),
        "scan": bool(scans.recent(reading, venue_id=venue_id, limit=1)),
    }


def _offer_page(
    request: Request,
    caller: Caller,
    venue_id: int,
    begin: str,
    typed: Mapping[str, str],
    error: DomainError | None = None,
) -> Response:
    errors = framing.field_errors(request, caller, error, offer_forms.FIELDS) if error else []
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venues.get(reading, venue_id)
        signed = contracts.of_venue(reading, venue_id)
    template = _start(begin)
    return framing.show(
        request, caller, "venue/offer_form.html", area=Area.VENUE, status=422 if error else 200, venue=venue,
        begin=template, typed={**template.typed, **typed}, contract=signed[-1] if signed else None,
        errors=errors, by_field=dict(errors),
    )  # fmt: skip


def _team_page(
    request: Request, caller: Caller, venue_id: int, error: DomainError | None = None, email: str = ""
) -> Response:
    errors = framing.field_errors(request, caller, error) if error else []
    with services.of(request).database.reading(caller.city.city_id) as reading:
        venue = venues.get(reading, venue_id)
        held = [(number, one.role) for number, one in roles.every(reading) if one.venue_id == venue_id]
        people = persons.by_ids(reading, [number for number, _ in held])
        invited = inviting.waiting(reading, venue_id)
    return framing.show(
        request, caller, "venue/team.html", area=Area.VENUE, status=422 if error else 200, venue=venue,
        venues=venues_of(request, caller), team=[(people[number], role) for number, role in held],
        invited=invited, words=ROLE_WORDS, own=caller.person_session.person.person_id, email=email,
        errors=errors, by_field=dict(errors),
    )  # fmt: skip
