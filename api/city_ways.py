"""The ways to pay that a city has without a payment service of its own, and the one of the administration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from api.services import Services
from kernel.cities import City
from kernel.db import Reading
from merchants import billing
from redemption import bank_receipts, codes, creditor_references, girocode, qr, taking
from redemption.city_providers import DeskProvider, TransferProvider
from redemption.girocode import CreditTransfer
from redemption.payments import Payment
from redemption.providers import PaymentProvider
from redemption.service_connection import Credentials, ServiceConnection
from redemption.xbezahldienste import XBezahldienste
from web.marking import N_

_GIROCODE = N_("GiroCode of the transfer")
_DESK_CODE = N_("Code for the desk")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """The city's account, to which people transfer money."""

    name: str
    iban: str


def bank_account(reading: Reading) -> BankAccount | None:
    """Return the city's bank account: that of its billing profile; None if it has none yet."""
    profile = billing.find(reading)
    return None if profile is None else BankAccount(profile.name, profile.iban)


def providers(services: Services, city: City) -> Mapping[str, PaymentProvider]:
    """Return the city's ways by name: desks, transfers once it has an account, XBezahldienste if set."""
    with services.database.reading(city.city_id) as reading:
        has_account = bank_account(reading) is not None
    desk = DeskProvider(services.database, city.city_id)
    found: dict[str, PaymentProvider] = {desk.name: desk}
    if has_account:
        transfer = TransferProvider(services.database, city.city_id)
        found[transfer.name] = transfer
    online = _xbezahldienste(services, city)
    if online is not None:
        found[online.name] = online
    return found


def shown(reading: Reading, payment: Payment | None, translate: Callable[[str], str]) -> dict[str, Any]:
    """Return what a page shows of how an order is paid to the city itself: account, code, reference."""
    code = payment.provider_reference if payment is not None else None
    if payment is None or code is None:
        return {"account": None, "girocode": "", "reference": "", "missing_cents": 0}
    if payment.provider == DeskProvider.name:
        drawn = qr.svg(taking.CODE_PREFIX + code, title=translate(_DESK_CODE))
        return {"account": None, "girocode": drawn, "reference": codes.grouped(code), "missing_cents": 0}
    account = bank_account(reading) if payment.provider == TransferProvider.name else None
    if account is None:
        return {"account": None, "girocode": "", "reference": "", "missing_cents": 0}
    # What came already waits for the rest: who pays the whole again has paid too much.
    came = sum(one.open_cents for one in bank_receipts.waiting_for(reading, [payment.payment_id]))
    missing = payment.cents - came
    asked = CreditTransfer(account.name, account.iban, missing, reference=code)
    drawn = girocode.svg(asked, title=translate(_GIROCODE))
    written = creditor_references.shown(code)
    return {"account": account, "girocode": drawn, "reference": written, "missing_cents": missing}


def _xbezahldienste(services: Services, city: City) -> XBezahldienste | None:
    chosen = services.settings
    if not chosen.xbezahldienste_url:
        return None
    credentials = Credentials(
        certificate=chosen.xbezahldienste_certificate,
        certificate_key=chosen.xbezahldienste_certificate_key,
        token_url=chosen.xbezahldienste_token_url,
        client_id=chosen.xbezahldienste_client_id,
        client_secret=_secret(chosen.xbezahldienste_client_secret),
    )
    return XBezahldienste(
        ServiceConnection(chosen.xbezahldienste_url, credentials),
        services.database,
        city.city_id,
        originator=chosen.xbezahldienste_originator,
        end_point=chosen.xbezahldienste_end_point,
        callback_secret=_secret(chosen.xbezahldienste_callback_secret),
    )


def _secret(given: object) -> str:
    reveal = getattr(given, "get_secret_value", None)
    return reveal() if reveal else ""
