"""Ways of paying euros: which ones this installation offers, and the till that speaks with them."""

import datetime as dt
from collections.abc import Mapping

from api import city_ways
from api.access import Caller
from api.services import Services, folder_of, secrets_of
from kernel.cities import City, LocalizedText
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.settings import Settings
from redemption import ordering
from redemption.ordering import Way
from redemption.providers import PaymentProvider
from redemption.sandbox_provider import SandboxProvider
from redemption.stripe_provider import StripeProvider
from redemption.till import Till
from web.marking import N_

WAYS: Mapping[str, str] = {
    "stripe": N_("Card, PayPal or direct debit"),
    "xbezahldienste": N_("Online payment of the administration"),
    "transfer": N_("Bank transfer"),
    "desk": N_("Cash or girocard at a city desk"),
    "test": N_("Pretend to pay (demonstration)"),
}
"""What a citizen chooses between, by the name of the provider; those without words are not offered."""
VALID: Mapping[str, dt.timedelta] = {"transfer": dt.timedelta(days=14), "desk": dt.timedelta(days=7)}
"""How long an order waits where money does not come at once; else as long as `ordering.VALID`."""
TEST_PAGE = "/test-payments"


def providers(services: Services, city: City) -> Mapping[str, PaymentProvider]:
    """Return the providers that this installation has keys for."""
    settings = services.settings
    found: list[PaymentProvider] = []
    if settings.stripe_secret_key is not None and settings.stripe_webhook_secret is not None:
        key, secret = settings.stripe_secret_key, settings.stripe_webhook_secret
        address = settings.stripe_address
        found.append(StripeProvider(key.get_secret_value(), secret.get_secret_value(), address=address))
    if settings.demo:
        found.append(sandbox(services, city))
    return {**{one.name: one for one in found}, **city_ways.providers(services, city)}


def sandbox(services: Services, city: City) -> SandboxProvider:
    """Return the provider of the demonstration, which takes no money."""
    return sandbox_of(services.settings, city, services.database.clock)


def sandbox_of(settings: Settings, city: City, clock: Clock) -> SandboxProvider:
    """Return the provider of the demonstration at a clock."""
    path = folder_of(settings, city) / "test-payments.json"
    return SandboxProvider(clock, secrets_of(settings)[0], page_url=TEST_PAGE, path=path)


def till(services: Services, city: City) -> Till:
    """Return the city's till."""
    return Till(services.database, city, providers(services, city), services.sealer)


def ways(services: Services, city: City) -> dict[str, str]:
    """Return what a citizen may choose between, best first: names of providers and their words."""
    return {name: WAYS[name] for name in providers(services, city) if name in WAYS}


def way(services: Services, caller: Caller, name: str | None, titles: LocalizedText) -> Way | None:
    """Return how the euros of an order are paid. Raises NotFound for a way that is not offered."""
    if not name:
        return None
    if name not in ways(services, caller.city):
        raise NotFound("payment-provider-unknown", provider=name)
    subject = (titles.get(caller.language) or titles["de"])[:250]
    address = _address(services, caller.city)
    return Way(name, address, subject, caller.language, VALID.get(name, ordering.VALID))


def _address(services: Services, city: City) -> str:
    """Return where citizens reach the city."""
    return f"https://{city.host}" if city.host else services.settings.public_url.rstrip("/")
