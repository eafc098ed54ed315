"""A scan's verdict in words that a cashier understands; the same for pages and the API."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from gettext import NullTranslations

from api.wording.spending import PRESENTED_BEFORE, VERDICTS
from kernel.cities import City
from redemption.verdicts import ShownVoucher, Verdict, VerdictCode
from web import formats
from web.marking import N_


@dataclass(frozen=True, slots=True)
class Words:
    """A title in one or two words and one sentence with one thing to do."""

    title: str
    sentence: str
    notes: tuple[str, ...] = ()
    """What to look at besides: the seat, how many uses are left, the identity card, the discount."""


def words(verdict: Verdict, city: City, language: str, translation: NullTranslations) -> Words:
    """Return what a cashier reads."""
    title, sentence = (translation.gettext(text) for text in VERDICTS[_key(verdict)])
    values = _values(verdict, city, language)
    if verdict.clock_seconds is not None:
        values["clock"] = _clock(verdict.clock_seconds, translation)
    notes: Iterator[str] = iter(())
    if verdict.voucher is not None and verdict.accepted:
        notes = _notes(verdict.voucher, language, translation)
    elif verdict.voucher is not None and verdict.passed:
        notes = _persons(verdict.voucher, translation)
    return Words(title, sentence.format_map(values), tuple(notes))


def _key(verdict: Verdict) -> str:
    """Return under which name the words of a verdict stand."""
    first = verdict.first_use
    by_guest = verdict.code is VerdictCode.ALREADY_USED and first is not None and not first.device_name
    return PRESENTED_BEFORE if by_guest else verdict.code.value


def _persons(voucher: ShownVoucher, translation: NullTranslations) -> Iterator[str]:
    if voucher.taken > 1:
        yield translation.gettext("For %(count)s persons") % {"count": voucher.taken}


def _notes(voucher: ShownVoucher, language: str, translation: NullTranslations) -> Iterator[str]:
    _ = translation.gettext
    yield from _persons(voucher, translation)
    if voucher.uses > 1:
        yield _("%(left)s of %(all)s left") % {"left": voucher.left, "all": voucher.uses}
    if voucher.seat is not None:
        yield _("Seat %(seat)s") % {"seat": voucher.seat}
    if voucher.discount_percent is not None:
        yield _("%(percent)s %% off") % {"percent": voucher.discount_percent}
    if voucher.discount_cents is not None:
        yield _("%(euros)s off") % {"euros": formats.euros(voucher.discount_cents, language)}
    if voucher.minimum_cents is not None:
        yield _("From a purchase of %(euros)s") % {"euros": formats.euros(voucher.minimum_cents, language)}
    if voucher.personal:
        yield _("Compare the name in the app with the identity card.")
    if voucher.age_least is not None:
        yield _("Look at the identity card: from %(age)s years.") % {"age": voucher.age_least}


class _Values(dict[str, str]):
    """What a sentence may name; what the verdict does not carry shows as a hyphen."""

    def __missing__(self, key: str) -> str:
        return "-"


def _clock(seconds: int, translation: NullTranslations) -> str:
    """Return by how much a phone's clock is off."""
    text = N_("%(seconds)s seconds slow") if seconds < 0 else N_("%(seconds)s seconds fast")
    return translation.gettext(text) % {"seconds": abs(seconds)}


def _values(verdict: Verdict, city: City, language: str) -> _Values:
    values, moment = _Values(), None
    if verdict.voucher is not None:
        values["venues"] = ", ".join(verdict.voucher.venue_names)
        values["gates"] = ", ".join(verdict.voucher.gates)
        values["outside"] = str(verdict.voucher.outside)
        values["left"], values["taken"] = str(verdict.voucher.left), str(verdict.voucher.taken)
        late = verdict.code in {VerdictCode.EXPIRED, VerdictCode.ACTIVE}
        moment = verdict.voucher.valid_until if late else verdict.voucher.valid_from
    if verdict.voucher is not None and verdict.voucher.leased_until is not None:
        moment = dt.datetime.fromisoformat(verdict.voucher.leased_until)
    if verdict.first_use is not None:
        values["venue"], values["device"] = verdict.first_use.venue_name, verdict.first_use.device_name
        moment = verdict.first_use.at
    if moment is not None:
        values["date"] = formats.short_day(city.day_of(moment), language)
        values["time"] = formats.clock_time(moment, language, city.timezone)
    return values
