"""What is put up in the town: the address in a tag's code, its picture, and what a chip is given."""

from dataclasses import dataclass

from markupsafe import Markup

from api.services import Services
from kernel.cities import City
from redemption import qr
from redemption.qr import Medium
from rewards import sun, tag_codes
from rewards.tag_codes import Mode
from rewards.tags import Tag
from web import templating


@dataclass(frozen=True, slots=True)
class Print:
    """A tag as it is put up. A chip has no code: it is programmed with an address and a key."""

    tag: Tag
    code: str | None
    picture: Markup | None
    chip_address: str | None = None
    chip_key: str | None = None


def of(given: Services, city: City, tag: Tag, title: str, medium: Medium = Medium.PAPER) -> Print:
    """Return a tag as it is put up now; `title` names the picture to who doesn't see it."""
    base = f"https://{city.host}" if city.host else given.settings.public_url.rstrip("/")
    code = tag.code(given.database.clock.now())
    if code is None or tag.mode is Mode.NFC:
        key = tag_codes.chip_key(tag.secret, tag.generation).hex().upper()
        return Print(tag, None, None, f"{base}/T/{tag.number}/{sun.TEMPLATE}", key)
    address = f"{base}/T/{tag.number}/{code}"
    if address.startswith("https:"):
        # Capitals alone need fewer modules, so the picture can be read from farther away.
        address = address.upper()
    return Print(tag, code, templating.safe(qr.svg(address, title=title, medium=medium)))
