"""A machine becomes a venue's hub: by an invitation, with a key that it makes itself."""

from typing import Any

from api import migrating
from api.hub.folder import Folder
from api.hub.link import Carrier, CityLink
from api.v1.shapes import base64url
from kernel import cities
from kernel.cities import NewCity
from kernel.db import Database, Work
from kernel.errors import Conflict, Invalid
from merchants import copies, enrolling
from redemption import hub_states
from redemption.hub_states import HubState


def enrol(folder: Folder, server_url: str, secret: str, carrier: Carrier | None = None) -> HubState:
    """Make a folder the home of a hub. If the answer is lost, the same again within the invitation's time.

    Raises Conflict `hub-enrolled-already`, Invalid `hub-server-insecure` or `hub-invitation-of-scanner`;
    Refused and Unreachable.
    """
    if folder.is_used:
        raise Conflict("hub-enrolled-already")
    key, asked = folder.key(), enrolling.normalised(secret)
    public = key.verify_key.public_key
    body = {
        "secret": asked,
        "public_key": base64url(public),
        "signature": base64url(key.sign(enrolling.SIGNED_HEAD + asked.encode())),
    }
    told = CityLink(server_url, "", carrier).post("/api/v1/devices/enrolments", body)
    if told["kind"] != "hub":
        raise Invalid("hub-invitation-of-scanner")
    link = CityLink(server_url, told["token"], carrier)
    copy = link.get("/api/v1/venue/hub/copy").document
    state = HubState(
        int(told["device_id"]), told["venue_id"], told["name"], public, server_url.rstrip("/"), told["token"]
    )
    _found(folder, copy, state)
    return state


def _found(folder: Folder, copy: dict[str, Any], state: HubState) -> None:
    """Make the database with city and venue; all or nothing."""
    database = Database(folder.begin().database_url)
    migrating.upgrade(database.engine)
    city = copy["city"]

    def command(work: Work) -> None:
        new = NewCity(city["slug"], city["name"], timezone=city["timezone"], colours=city["colours"])
        cities.create(work, new)
        copies.take_venue(work, copy["venue"])
        hub_states.add(work, state)

    try:
        database.run(city["city_id"], command)
    finally:
        database.close()
    folder.finish()
