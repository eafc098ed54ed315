"""Phones that scan without a network: they write their log, and hand it in when they can."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from kernel.signing import SigningKey
from merchants import devices
from merchants.devices import Device, Limits
from merchants.venues import Venue
from redemption import handing_in, offline_policies, scan_events
from redemption.handing_in import Answer
from redemption.offline_policies import EVERYWHERE
from redemption.offline_policy import Policy
from redemption.scan_events import EventFlags, EventKind, Link, ScanEvent, Signed, Tier
from redemption.vouchers import Voucher
from tests.redemption.office import Office

_HOUR_MS = 3_600_000
RULES = Policy(
    capped=True, value_cents_max=2_000, device_day_cents=100_000, list_age_max=dt.timedelta(hours=24)
)


class Phone:
    """A device with a key, whose clock may be wrong and whose log may be broken."""

    def __init__(
        self,
        office: Office,
        venue: Venue,
        name: str = "Handy",
        *,
        slow_ms: int = 0,
        limits: Limits | None = None,
    ) -> None:
        self.office = office
        office.database.run(office.city_id, lambda work: offline_policies.save(work, EVERYWHERE, RULES))
        self.key = SigningKey(hashlib.sha256(f"{venue.venue_id}/{name}".encode()).digest())
        self.device_id = office.database.run(
            office.city_id,
            lambda work: (
                devices.enrol(
                    work,
                    venue.venue_id,
                    name,
                    public_key=self.key.verify_key.public_key,
                    limits=limits or Limits(),
                )[0].device_id
            ),
        )
        self.slow_ms = slow_ms
        self.events: list[Signed] = []
        self.link: Link = scan_events.beginning(self.key.verify_key.public_key)
        self.anchor_ms = self._now_ms()

    @property
    def device(self) -> Device:
        """The device as the city sees it."""
        with self.office.database.reading(self.office.city_id) as reading:
            return devices.get(reading, self.device_id)

    def sync(self) -> None:
        """Hear of the server's time."""
        self.anchor_ms = self._now_ms()

    def scan(self, voucher: Voucher | None, **changes: object) -> Signed:
        """Let somebody in without a network, having looked at a live code, and write it down."""
        return self.write(code=voucher.token if voucher else b"", **changes)

    def undo(self, scan: Signed, **changes: object) -> Signed:
        """Take a scan back."""
        return self.write(
            kind=EventKind.UNDO, code=scan.event.code, refers=scan.event.seq, decision="undone", **changes
        )

    def write(self, **changes: object) -> Signed:
        """Write an event down."""
        now = self._now_ms() - self.slow_ms
        event = ScanEvent(
            device_id=self.device_id,
            seq=self.link.seq + 1,
            prev=self.link.head,
            kind=EventKind.SCAN,
            device_ms=now,
            offset_ms=0,
            anchor_ms=self.anchor_ms,
            list_version=1,
            tier=Tier.CAPPED,
            decision="accepted",
            nonce=hashlib.sha256(f"{self.device_id}/{self.link.seq}".encode()).digest()[:16],
            flags=EventFlags.ID_SEEN,
        )
        signed = scan_events.sign(replace(event, **changes), self.key)  # type: ignore[arg-type]  # by name
        self.events.append(signed)
        self.link = scan_events.following(signed)
        return signed

    def hand_in(self, events: Sequence[Signed | bytes] | None = None, lost_through: int = 0) -> Answer:
        """Send events, all of them unless said otherwise."""
        chosen = self.events if events is None else events
        data = [one.data if isinstance(one, Signed) else one for one in chosen]
        items = handing_in.read(self.device, data)
        office = self.office
        return office.database.run(
            office.city_id,
            lambda work: handing_in.take(
                work, office.city, devices.get(work, self.device_id), items, lost_through
            ),
        )

    def _now_ms(self) -> int:
        return int(self.office.clock.now().timestamp() * 1000)


def outcomes(answer: Answer) -> list[tuple[str, str | None]]:
    """Return what became of each event, with the reason."""
    return [(one.outcome, one.reason) for one in answer.results]


MINUTE = dt.timedelta(minutes=1)
