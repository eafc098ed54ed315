"""A dated ticket as an iCalendar file (RFC 5545), for the calendar of a phone. Pure."""

from icalendar import Calendar, Event

from kernel.cities import City
from merchants.venues import Venue
from redemption.vouchers import Voucher

MEDIA_TYPE = "text/calendar"


def is_dated(voucher: Voucher) -> bool:
    """Whether a voucher has a place in a calendar."""
    return voucher.terms.dated


def ticket(voucher: Voucher, city: City, venue: Venue, *, title: str, address: str) -> bytes:
    """Return the event of a ticket; `address` is the page of the ticket. The code itself is not in it."""
    event = Event()
    event.add("uid", f"{voucher.voucher_id}@{city.slug}.duiscoin")
    event.add("dtstamp", voucher.bought_at)
    event.add("dtstart", voucher.terms.event_begins_at)
    event.add("dtend", voucher.terms.event_ends_at)
    event.add("summary", title if voucher.seat is None else f"{title} ({voucher.seat})")
    event.add("location", f"{venue.name}, {venue.street}, {venue.postcode} {city.name}")
    event.add("url", address)
    calendar = Calendar()
    calendar.add("prodid", "-//Duiscoin//Tickets//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content
