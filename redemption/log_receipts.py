"""Numbers of the till's receipts in the logs of devices, kept like those of online scans.

Which of two scans has a number would depend on which log arrives first; so a number that stands for another
guest of that day, or that is missing where the contract wants one, is told to the venue and changes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

from kernel import db
from kernel.cities import City
from kernel.errors import Invalid
from merchants import contracts
from merchants.devices import Device
from redemption import till_receipts
from redemption.good_faith import Reason
from redemption.scan_events import EventKind, More, ScanEvent, Signed, Tier
from redemption.scan_logs import Logged, Outcome
from redemption.till_receipts import Named


def noted(
    work: db.Work, city: City, device: Device, fresh: Sequence[Signed], judged: Sequence[Logged]
) -> list[Logged]:
    """Keep the numbers that new events name; return the events with what the venue is told about them."""
    events = {one.event.seq: one.event for one in fresh}
    booked = {one.seq: one for one in judged if _books(one)}
    if not booked:
        return list(judged)
    named = {seq: number for seq in booked if (number := _number(events[seq]))}
    days = {seq: city.day_of(one.happened_at) for seq, one in booked.items()}
    refused = till_receipts.keep(
        work,
        [
            Named(device.venue_id, days[seq], number, device.device_id, events[seq].nonce.hex())
            for seq, number in named.items()
        ],
    )
    signed = contracts.of_venue(work, device.venue_id)
    told: dict[int, Reason] = {}
    for seq, day in days.items():
        in_force = contracts.period_on(signed, day)
        if events[seq].nonce.hex() in refused:
            told[seq] = Reason.RECEIPT_USED
        elif seq not in named and in_force is not None and in_force[0].receipt_numbers:
            told[seq] = Reason.RECEIPT_MISSING
    return [replace(one, reason=told[one.seq]) if one.seq in told else one for one in judged]


def _books(one: Logged) -> bool:
    return (
        one.kind is EventKind.SCAN
        and one.outcome is Outcome.OPEN
        and not one.passing
        and one.tier is not Tier.ONLINE
    )


def _number(event: ScanEvent) -> str:
    """Return the number that an event names, empty if it is none."""
    written = event.more.get(More.RECEIPT, "")
    try:
        return till_receipts.checked(written) if isinstance(written, str) and written else ""
    except Invalid:
        return ""
