"""Vouchers in the wallets of phones, where a city has certificates for them."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from api import voucher_papers
from api.letters import Reader
from kernel.errors import NotFound
from kernel.settings import Settings
from merchants.venues import Venue
from redemption import codes
from redemption.vouchers import Voucher
from web import formats
from web.marking import N_
from web.passes import apple, google
from web.passes.apple import Signer
from web.passes.faces import Face, Line, Style
from web.passes.google import Account

_STYLES: Final = {"ticket": Style.EVENT, "discount": Style.COUPON}
"""Any other kind of offer is a generic pass."""


def apple_signer(settings: Settings) -> Signer | None:
    """Return what signs Apple's passes, None where it is not configured. Raises as `apple.load`."""
    certificate, key = settings.apple_pass_certificate, settings.apple_pass_key
    intermediate = settings.apple_intermediate_certificate
    if not (certificate and key and intermediate and settings.apple_pass_type and settings.apple_team):
        return None
    secret = settings.apple_pass_key_password
    password = secret.get_secret_value() if secret else None
    return apple.load(settings.apple_pass_type, settings.apple_team, certificate, key, intermediate, password)


def google_account(settings: Settings) -> Account | None:
    """Return what signs Google's passes, None where it is not configured. Raises as `google.load`."""
    if not (settings.google_wallet_account and settings.google_wallet_issuer):
        return None
    return google.load(settings.google_wallet_issuer, settings.google_wallet_account)


def configured(settings: Settings) -> tuple[bool, bool]:
    """Return whether there are passes for Apple's wallet, and for Google's."""
    has_apple = settings.apple_pass_certificate and settings.apple_pass_key and settings.apple_pass_type
    return bool(has_apple), bool(settings.google_wallet_account and settings.google_wallet_issuer)


def apple_pass(voucher: Voucher, where: Sequence[Venue], reader: Reader, settings: Settings) -> bytes:
    """Return a voucher as a file for Apple's wallet.

    Raises NotFound `wallet-not-configured`, Conflict `voucher-not-usable`, `voucher-live-only`.
    """
    signer = apple_signer(settings)
    if signer is None:
        raise NotFound("wallet-not-configured")
    return apple.build(face(voucher, where, reader, settings.public_url), signer)


def google_link(voucher: Voucher, where: Sequence[Venue], reader: Reader, settings: Settings) -> str:
    """Return the address at which Google's wallet saves a voucher. Raises as `apple_pass`."""
    account = google_account(settings)
    if account is None:
        raise NotFound("wallet-not-configured")
    shown = face(voucher, where, reader, settings.public_url)
    return google.link(shown, account, settings.public_url.rstrip("/"), voucher.bought_at)


def face(voucher: Voucher, where: Sequence[Venue], reader: Reader, public_url: str) -> Face:
    """Return what a pass of a voucher shows: nothing that the voucher's page does not show."""
    voucher_papers.check_printable(voucher)
    say, city = reader.say, reader.city
    return Face(
        serial=voucher.voucher_id,
        product=f"{city.slug}-{voucher.offer_code}",
        style=_STYLES.get(voucher.kind.value, Style.GENERIC),
        issuer=f"Duiscoin {city.name}",
        title=formats.localized(voucher.titles, reader.language),
        lines=(
            Line("until", say(N_("Valid until")), reader.until(voucher.valid_until)),
            Line("where", say(N_("Where")), ", ".join(one.name for one in where)),
        ),
        back=(
            Line("what", say(N_("What it is")), formats.localized(voucher.descriptions, reader.language)),
            Line(
                "places",
                say(N_("Where")),
                "\n".join(f"{one.name}, {one.street}, {one.postcode} {city.name}" for one in where),
            ),
            Line("typed", say(N_("Code for typing")), voucher.typed_code),
        ),
        code_text=codes.address_text(voucher.token, urlsplit(public_url).netloc),
        code_label=voucher.typed_code,
        valid_from=voucher.valid_from,
        valid_until=voucher.valid_until,
        colour=city.colours.get("primary", "#0a4a6e"),
        language=reader.language,
    )
