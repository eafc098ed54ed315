"""Fines and fees in the register, and the offers that pay them."""

import datetime as dt

from kernel.db import Work
from redemption import fine_references, new_offers, offers
from redemption.fines import DueKind, Fine
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind
from tests.api.edge import Edge

PAST = dt.datetime(2026, 4, 1, 9, 0, tzinfo=dt.UTC)


def owed(edge: Edge, kind: DueKind = DueKind.FINE, cents: int = 300) -> str:
    """Return the reference of what somebody owes."""
    reference = fine_references.derive("DU", kind.value)
    title = "Bewohnerparkausweis" if kind is DueKind.FEE else ""
    fine = Fine(reference, cents, PAST, "Königstraße 10", (), kind=kind, title=title)
    edge.app.state.services.fine_register(edge.city).add([fine])
    return reference


def sell(edge: Edge, kind: DueKind = DueKind.FINE) -> None:
    """Publish the offer by which it is paid."""

    def command(work: Work) -> None:
        title = {"de": "Bezahlen", "en": "Pay"}
        new = NewOffer(
            code=kind.value, kind=OfferKind(kind), titles=title, descriptions=title, pictogram=kind.value,
            price_points=0, value_cents=0, venue_ids=(), vat_kind=new_offers.VatKind.DISCOUNT,
        )  # fmt: skip
        offers.publish(work, edge.city, offers.create(work, new).offer_id)

    edge.database.run(edge.city.city_id, command)
