"""What a venue prints whose guests redeem on their own phones: a poster for all, a secret card for the till.

Two files, so that nobody hangs up the card by mistake.
"""

import datetime as dt
from typing import Final
from urllib.parse import urlsplit

from api import venue_papers
from api.letters import Reader
from api.wording import presented as words
from merchants.venues import Venue
from redemption import qr
from redemption.presented_venues import VenueSecret
from redemption.qr import Medium
from web.marking import N_
from web.papers.paper import Paper

POSTER_MM: Final = 100.0
CARD_MM: Final = 62.0


def poster_address(public_url: str, secret: VenueSecret) -> str:
    """Return the address on the poster."""
    return f"{public_url}/at/{secret.poster}"


def card_address(public_url: str, secret: VenueSecret) -> str:
    """Return the address on the card. What stands behind `#` no browser sends to a server."""
    return f"{public_url}/check/{secret.venue_id}#{secret.card}"


def poster(venue: Venue, secret: VenueSecret, reader: Reader, public_url: str) -> bytes:
    """Return an A4 sheet that leads guests to their vouchers for this venue."""
    say = reader.say
    paper = _paper(say(N_("Redeem on your phone")), venue, secret.made_at, reader)
    paper.text(venue.name, bold=True, size=26)
    paper.space(8)
    host = urlsplit(public_url).netloc
    paper.code(
        qr.modules(poster_address(public_url, secret), medium=Medium.PAPER),
        POSTER_MM,
        say(N_("QR code that leads to your vouchers for %(venue)s")) % {"venue": venue.name},
        [
            (say(N_("Scan me")), 22, True),
            (say(N_("with your phone's camera")), 13, False),
            (host, 13, True),
            (say(N_("Poster %(number)s")) % {"number": secret.version}, 10, False),
        ],
    )
    paper.space(8)
    paper.steps(
        [
            say(N_("Scan the code, sign in, choose your voucher.")),
            say(words.POSTER_TAP),
            say(N_("Show your phone. The staff compare six digits, and that's it.")),
        ]
    )
    paper.note(say(words.POSTER_NOTE) % {"host": host})
    return paper.finish()


def card(venue: Venue, secret: VenueSecret, reader: Reader, public_url: str) -> bytes:
    """Return the card for the till: it opens the page that reckons what a guest's phone must show."""
    say = reader.say
    title = say(N_("Card %(number)s for the till: secret")) % {"number": secret.version}
    paper = _paper(title, venue, secret.made_at, reader)
    paper.text(venue.name, bold=True, size=18)
    paper.note(say(words.CARD_NOTE))
    paper.code(
        qr.modules(card_address(public_url, secret), medium=Medium.PAPER),
        CARD_MM,
        say(N_("QR code of the page for checking")),
        [
            (say(N_("Scan with any phone")), 18, True),
            (say(N_("Valid from")), 10.5, False),
            (reader.instant(secret.begins_at), 13, True),
            (say(N_("Leave the page open: it needs no network after that.")), 11, False),
        ],
    )
    paper.heading(say(N_("For each guest")))
    paper.steps(
        [
            say(words.CARD_TAP),
            say(words.CARD_TYPE),
            say(words.CARD_COMPARE),
            say(N_("Take each number only once. The page warns you if it comes again.")),
        ]
    )
    paper.text(
        say(words.CARD_REST),
        muted=True,
    )
    return paper.finish()


def _paper(title: str, venue: Venue, made_at: dt.datetime, reader: Reader) -> Paper:
    paper = venue_papers.sheet(title, venue, reader, made_at)
    paper.space(4)
    paper.heading(title, 1)
    return paper
