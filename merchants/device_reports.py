"""What devices say of themselves: clock, list, queue, battery. The newest word of each is kept."""

import datetime as dt
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import Invalid
from merchants.device_tables import device_reports as table
from merchants.devices import Device

VERSION_MAX = 20
COUNT_MAX = 2**31 - 1
OFFSET_MAX = 2**53 - 1
TIER_MAX = 4
PERCENT_MAX = 100


@dataclass(frozen=True, slots=True)
class Report:
    """How a device is."""

    clock_offset_ms: int
    """Server's clock minus its own."""
    list_version: int
    queue_length: int
    battery_percent: int | None
    tier: int
    app_version: str
    reported_at: dt.datetime | None = None


def note(work: db.Work, device: Device, report: Report) -> Report:
    """Keep what a device says of itself in place of what it said before.

    Raises Invalid `device-report-invalid`.
    """
    counts = (report.list_version, report.queue_length)
    if not (
        abs(report.clock_offset_ms) <= OFFSET_MAX
        and min(counts) >= 0
        and max(counts) <= COUNT_MAX
        and (report.battery_percent is None or 0 <= report.battery_percent <= PERCENT_MAX)
        and 0 <= report.tier <= TIER_MAX
        and len(report.app_version) <= VERSION_MAX
    ):
        raise Invalid("device-report-invalid")
    values = asdict(report) | {"reported_at": work.now}
    work.connection.execute(
        db.insert(work, table)
        .values(city_id=work.city_id, device_id=device.device_id, **values)
        .on_conflict_do_update(index_elements=["city_id", "device_id"], set_=values)
    )
    return Report(**values)


def of_devices(reading: db.Reading, found: list[Device]) -> dict[int, Report]:
    """Return the newest report of each device that ever gave one."""
    columns = [table.c[name] for name in Report.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(table.c.device_id, *columns).where(
            table.c.city_id == reading.city_id,
            table.c.device_id.in_([device.device_id for device in found]),
        )
    )
    return {device_id: Report(*values) for device_id, *values in rows}
