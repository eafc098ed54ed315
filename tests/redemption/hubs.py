"""A hub as the city sees it: a device of kind hub with a key, and its session."""

import datetime as dt

from merchants import devices
from merchants.devices import DeviceKind
from merchants.venues import Venue
from redemption import hub_sessions
from redemption.hub_sessions import Session
from redemption.scan_events import EventKind, Signed, Tier
from redemption.vouchers import Voucher
from tests.redemption.office import Office
from tests.redemption.phones import Phone

EVENING = dt.timedelta(hours=10)


class HubDevice(Phone):
    """What a hub does to the city: begins a session, takes vouchers, closes."""

    def __init__(self, office: Office, venue: Venue, name: str = "Hub") -> None:
        super().__init__(office, venue, name)
        office.database.run(
            office.city_id, lambda work: devices.change(work, self.device_id, kind=DeviceKind.HUB.value)
        )

    def begin(self, lasting: dt.timedelta = EVENING) -> Session:
        """Have the venue's vouchers left to it."""
        until = self.office.clock.now() + lasting
        return self.office.database.run(
            self.office.city_id,
            lambda work: hub_sessions.begin(work, devices.get(work, self.device_id), until, self.link.seq),
        )

    def take(self, voucher: Voucher) -> Signed:
        """Let somebody in."""
        return self.scan(voucher, tier=Tier.HUB)

    def close(self) -> Signed:
        """Give all back."""
        return self.write(kind=EventKind.CLOSE, tier=Tier.HUB, decision="closed", code=b"")
