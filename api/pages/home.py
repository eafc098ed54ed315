"""The citizen's start page and history; for who is not signed in, what this is about."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import histories, services
from api.access import Access, Caller, Sort
from api.pages import framing
from identity import postbox
from ledger import wallets
from redemption import gates, offers, vouchers
from redemption.vouchers import VoucherStatus
from rewards import action_types, budgets, submissions

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]

SHOWN_OFFERS = 6
_SHOWN = {VoucherStatus.USABLE, VoucherStatus.ACTIVE}
SHOWN_LINES = 5
PAGE_LINES = 30


@router.get("/")
def home(request: Request, caller: Anyone) -> Response:
    """Show the balance and what to do next; or, to strangers, what Duiscoin is."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        actions = action_types.every(reading)
        endings = budgets.ending(reading, caller.city)
        on_sale = [offer for offer in offers.published(reading) if offer.on_sale(reading.now)]
        if caller.session is None:
            return framing.show(
                request,
                caller,
                "citizen/welcome.html",
                area=None,
                actions=actions,
                offers=on_sale[:SHOWN_OFFERS],
                endings=endings,
            )
        owner = caller.session.person.owner
        wallet = wallets.wallet(reading, owner)
        lines = histories.page(
            reading, owner, framing.gettext_of(request, caller), caller.language, limit=SHOWN_LINES
        )
        usable = [
            one
            for one in vouchers.page(reading, owner)
            if one.status in _SHOWN
            or gates.back_until(one.terms, one.valid_until, one.redeemed_at, caller.city, reading.now)
        ]
        mine = submissions.of_owner(reading, owner, limit=3)
        unread = postbox.unread_count(reading, owner)
    affordable = [offer for offer in on_sale if 0 < offer.price_points <= wallet.available]
    return framing.show(
        request,
        caller,
        "citizen/home.html",
        wallet=wallet,
        endings=endings,
        next_expiry=_next_expiry(wallet),
        actions=[action for action in actions if action.active],
        offers=(affordable or on_sale)[:SHOWN_OFFERS],
        lines=lines,
        vouchers=usable,
        unread=unread,
        submissions=mine,
        titles={action.code: action for action in actions},
    )


@router.get("/history")
def history(request: Request, caller: Citizen, before: int | None = None) -> Response:
    """Show every movement of points with its reason."""
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        wallet = wallets.wallet(reading, owner)
        lines = histories.page(
            reading,
            owner,
            framing.gettext_of(request, caller),
            caller.language,
            before=before,
            limit=PAGE_LINES,
        )
    older = f"/history?before={lines[-1].sequence}" if len(lines) >= PAGE_LINES else None
    return framing.show(request, caller, "citizen/history.html", wallet=wallet, lines=lines, older=older)


@dataclass(frozen=True, slots=True)
class Expiry:
    """The next points to expire."""

    points: int
    lot: wallets.Lot


def _next_expiry(wallet: wallets.Wallet) -> Expiry | None:
    for lot in wallet.lots:
        if lot.counters.available > 0:
            return Expiry(lot.counters.available, lot)
    return None
