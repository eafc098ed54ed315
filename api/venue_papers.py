"""What a venue puts up: the sheet for the door."""

import datetime as dt
from typing import Final
from urllib.parse import urlsplit

from api.letters import Reader
from merchants.venues import Venue
from redemption import qr
from redemption.qr import Medium
from web.marking import N_
from web.papers.paper import Paper
from web.papers.sheets import About, Letterhead

CODE_MM: Final = 90.0


def sheet(title: str, venue: Venue, reader: Reader, made_at: dt.datetime) -> Paper:
    """Return an empty sheet of a venue, with the city's head and the venue at its foot."""
    about = About(
        title=title,
        language=reader.language,
        made_at=made_at.astimezone(reader.city.zone),
        foot=venue.name,
        page_word=reader.city.name,
    )
    return Paper(Letterhead.of(reader.city.name, reader.city.colours), about)


def poster(venue: Venue, reader: Reader, public_url: str, made_at: dt.datetime) -> bytes:
    """Return an A4 sheet that says that points are taken here, with a code that leads to the offers."""
    say = reader.say
    title = say(N_("Duiscoin is taken here"))
    paper = sheet(title, venue, reader, made_at)
    paper.space(8)
    paper.heading(title, 1)
    paper.text(venue.name, bold=True, size=26)
    paper.space(4)
    paper.text(say(N_("Do something for your city, earn points, and use them here.")), size=18)
    paper.space(10)
    address = f"{public_url}/offers"
    paper.code(
        qr.modules(address, medium=Medium.PAPER),
        CODE_MM,
        say(N_("QR code that leads to %(address)s")) % {"address": urlsplit(address).netloc + "/offers"},
        [
            (say(N_("See what there is")), 20, True),
            (say(N_("Point your phone's camera here.")), 13, False),
            (urlsplit(address).netloc, 13, True),
        ],
    )
    paper.space(10)
    paper.steps(
        [
            say(N_("Choose an offer of %(venue)s in the app and pay with points.")) % {"venue": venue.name},
            say(N_("Show the code of your voucher at the entrance or at the till.")),
            say(N_("That's it. Without a phone: every citizens' office helps you and prints the voucher.")),
        ]
    )
    return paper.finish()
