"""The contract with a venue: its text as both sides sign it, and as a paper for both."""

import datetime as dt
from collections.abc import Mapping
from gettext import NullTranslations
from typing import Final

from api.letters import Reader
from api.wording import contracts as words
from kernel.cities import City
from merchants.bounds import Bounds
from merchants.documents import Document, Signature
from web import formats
from web.marking import N_
from web.papers.paper import Paper
from web.papers.sheets import About, Letterhead

_SECTION: Final = "\N{SECTION SIGN} "
_PAGE_WORD: Final = N_("Page %(page)s of %(pages)s")
Texts = list[tuple[str, str]]


def text(city: City, typed: Mapping[str, str], terms: Bounds, german: NullTranslations) -> str:
    """Return the contract for what an applicant typed; the same input gives the same text."""
    say = german.gettext
    days = german.ngettext("%(num)s day", "%(num)s days", terms.payout_delay_days)
    values = {
        **typed,
        "city": city.name,
        "rate": typed.get("rate_cents_per_point", ""),
        "period": say(words.PERIODS.get(typed.get("period", ""), words.PERIODS["month"])),
        "payee": typed.get("payee_name", ""),
        "delay": days % {"num": terms.payout_delay_days} if terms.payout_delay_days else say(words.AT_ONCE),
        "checking": say(words.SCANNED if terms.scanned_only else words.SCANNED_OR_PRESENTED),
        "receipts": say(words.RECEIPTS if terms.receipt_numbers else words.NO_RECEIPTS),
        "publishing": say(words.OWNER_PUBLISHES if terms.owner_publishes else words.CITY_PUBLISHES),
    }
    parts = [say(words.TITLE), say(words.PARTIES).format_map(values)]
    for number, (heading, clause) in enumerate(words.CLAUSES, 1):
        parts += [f"{_SECTION}{number} {say(heading)}", say(clause).format_map(values)]
    return "\n\n".join(parts)


def sections(contract: str) -> tuple[str, str, Texts]:
    """Return title, parties and clauses (heading, text) of a contract's text."""
    title, parties, *rest = contract.split("\n\n")
    return title, parties, list(zip(rest[::2], rest[1::2], strict=True))


def draft(contract: str, venue: Signature | None, reader: Reader, made_at: dt.datetime) -> bytes:
    """Return the contract as PDF before the city has signed; it says so."""
    paper = _paper(contract, reader, made_at)
    paper.note(reader.say(N_("The city has not signed yet. This is not in force.")))
    if venue is not None:
        paper.facts([(reader.say(N_("Signed for the venue")), _signed(venue, reader))])
    return paper.finish()


def signed(document: Document, reader: Reader) -> bytes:
    """Return a contract as both sides signed it, as PDF; the same bytes each time."""
    paper = _paper(document.text, reader, document.city.at)
    paper.heading(reader.say(N_("Signatures")))
    paper.facts(
        [
            (reader.say(N_("Signed for the venue")), _signed(document.venue, reader)),
            (reader.say(N_("Signed for the city")), _signed(document.city, reader)),
        ]
    )
    paper.text(
        reader.say(
            N_("Signed in text form on the city's pages. Fingerprint of the text (SHA-256): %(digest)s")
        )
        % {"digest": document.sha256},
        muted=True,
        size=8,
    )
    return paper.finish()


def _signed(signature: Signature, reader: Reader) -> str:
    return f"{signature.name}, {reader.instant(signature.at)}"


def _paper(contract: str, reader: Reader, made_at: dt.datetime) -> Paper:
    title, parties, clauses = sections(contract)
    about = About(
        title=title,
        language="de",
        made_at=made_at.astimezone(reader.city.zone),
        foot=formats.day(reader.city.day_of(made_at), reader.language),
        page_word=reader.say(_PAGE_WORD),
    )
    paper = Paper(Letterhead.of(reader.city.name, reader.city.colours), about)
    paper.heading(title, 1)
    paper.text(parties)
    for heading, clause in clauses:
        paper.heading(heading, 3)
        paper.text(clause)
    return paper
