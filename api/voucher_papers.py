"""A voucher on paper: the code, what it is good for in plain words, and how it works without a phone."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from api.letters import Reader
from kernel.errors import Conflict
from merchants.venues import Venue
from redemption import codes, qr, tokens
from redemption.qr import Medium
from redemption.tokens import Flags
from redemption.vouchers import Voucher, VoucherStatus
from web import formats
from web.marking import N_
from web.papers.paper import Paper
from web.papers.sheets import About, Letterhead

CODE_MM: Final = 54.0
PAGE_WORD: Final = N_("Page %(page)s of %(pages)s")
_STEPS: Final = (
    N_("Take this sheet with you. Don't fold it through the code and keep it dry."),
    N_("Show the code at the entrance or the till. It is scanned, and you are done."),
    N_("If it can't be scanned, the staff type the code of ten characters."),
    N_("Changed your mind? Give the voucher back in your account or at a city desk before it ends."),
)


def printable(voucher: Voucher) -> bool:
    """Return whether paper will do: it can be used, needs no live code and no activation in the app."""
    still = not _is_live(voucher) and not voucher.terms.activation_minutes
    return voucher.status is VoucherStatus.USABLE and still


def check_printable(voucher: Voucher) -> None:
    """Raise Conflict `voucher-not-usable`, `voucher-live-only`, `voucher-needs-app` unless paper will do."""
    if voucher.status is not VoucherStatus.USABLE:
        raise Conflict("voucher-not-usable", voucher_id=voucher.voucher_id)
    if _is_live(voucher):
        raise Conflict("voucher-live-only", voucher_id=voucher.voucher_id)
    if voucher.terms.activation_minutes:
        raise Conflict("voucher-needs-app", voucher_id=voucher.voucher_id)


def _is_live(voucher: Voucher) -> bool:
    return Flags.LIVE in tokens.own_claims(voucher.token).flags


def make(voucher: Voucher, where: Sequence[Venue], reader: Reader, public_url: str) -> bytes:
    """Return a voucher as PDF, the same for the same voucher and language.

    Raises Conflict `voucher-not-usable`, `voucher-live-only`: a code that opens nothing is not printed.
    """
    check_printable(voucher)
    say = reader.say
    title = formats.localized(voucher.titles, reader.language)
    about = About(
        title=title,
        language=reader.language,
        made_at=voucher.bought_at,
        subject=say(N_("Voucher on paper")),
        foot=voucher.typed_code,
        page_word=say(PAGE_WORD),
    )
    paper = Paper(Letterhead.of(reader.city.name, reader.city.colours), about)
    paper.text(say(N_("Voucher on paper")), muted=True)
    paper.heading(title, 1)
    _code(paper, voucher, reader, public_url)
    _facts(paper, voucher, where, reader)
    paper.heading(say(N_("How it works without a phone")))
    paper.steps(say(step) for step in _STEPS)
    paper.note(
        say(N_("This sheet is worth what the voucher is worth. After it was scanned, copies are void."))
    )
    return paper.finish()


def name_of(voucher: Voucher) -> str:
    """Return the name of the file."""
    return f"duiscoin-{voucher.offer_code}-{voucher.manual_code[:5].lower()}.pdf"


def _code(paper: Paper, voucher: Voucher, reader: Reader, public_url: str) -> None:
    say = reader.say
    text = codes.address_text(voucher.token, urlsplit(public_url).netloc)
    until = reader.until(voucher.valid_until)
    paper.code(
        qr.modules(text, medium=Medium.PAPER),
        CODE_MM,
        say(N_("QR code of the voucher. The code for typing is %(code)s.")) % {"code": voucher.typed_code},
        [
            (say(N_("Code for typing")), 10.5, False),
            (voucher.typed_code, 22, True),
            (say(N_("Valid until")), 10.5, False),
            (until, 15, True),
        ],
    )


def _facts(paper: Paper, voucher: Voucher, where: Sequence[Venue], reader: Reader) -> None:
    say = reader.say
    places = "\n".join(f"{one.name}, {one.street}, {one.postcode} {reader.city.name}" for one in where)
    dated = voucher.valid_from > voucher.bought_at
    paper.facts(
        [
            (say(N_("What it is")), formats.localized(voucher.descriptions, reader.language)),
            (say(N_("Where")), places),
            (say(N_("Valid from")), reader.instant(voucher.valid_from) if dated else ""),
            (say(N_("Valid until")), reader.until(voucher.valid_until)),
            (say(N_("Paid with")), reader.points(voucher.points)),
            (say(N_("Bought")), reader.instant(voucher.bought_at)),
        ]
    )  # fmt: skip
