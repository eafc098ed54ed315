"""A citizen's history: each movement of points with its reason in words.

Put together here, because the ledger knows no reasons and the rooms that know them don't know each other.
"""

import datetime as dt
from dataclasses import dataclass
from gettext import NullTranslations
from typing import NamedTuple
from uuid import UUID

from kernel.db import Reading
from ledger import accounts, queries, wallets
from ledger.deciding import PURPOSE_EXPIRED
from ledger.queries import StatementLine
from ledger.transfers import TransferKind
from merchants import venues
from redemption import offers, paying_fines, returning_dues, vouchers
from redemption.fines import DueKind
from rewards import action_types, awarding, donating, explaining, submissions
from rewards.awarding import Award
from rewards.submissions import Submission
from web import formats
from web.marking import N_


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A movement as its owner reads it.

    `change` is what it did to the points that can be spent, `pending` what it promised. `href` leads to
    what it was about.
    """

    sequence: int
    transfer_id: UUID
    at: dt.datetime
    pictogram: str
    title: str
    reason: str
    change: int
    pending: int
    href: str | None


def page(
    reading: Reading,
    owner: str,
    translation: NullTranslations,
    language: str,
    *,
    before: int | None = None,
    limit: int = 30,
) -> list[HistoryLine]:
    """Return a page of an owner's history, newest first, older than transfer `before`."""
    lots = accounts.of_owner(reading, owner)
    lines = queries.statement_of(reading, lots, before=before, limit=limit)
    writer = _Writer(reading, translation, language, lines)
    return [writer.write(line) for line in lines]


class _About(NamedTuple):
    """What a line is about."""

    pictogram: str
    title: str
    reason: str
    href: str | None


class _Writer:
    """Writes the lines of one page, having read what they are about in a few queries."""

    def __init__(
        self, reading: Reading, translation: NullTranslations, language: str, lines: list[StatementLine]
    ) -> None:
        self._translation = translation
        self._language = language
        numbers = sorted({number for line in lines if (number := _submission_id(line)) is not None})
        self._submissions: dict[int, Submission] = submissions.by_ids(reading, numbers)
        self._awards: dict[int, list[Award]] = awarding.of_submissions(reading, numbers)
        codes = {line.booked.subject.partition("/")[0] for line in lines}
        paid = {line.booked.group_id for line in lines if line.booked.purpose in paying_fines.PURPOSES}
        self._fines = paying_fines.by_groups(reading, [group for group in paid if group is not None])
        given = {donating.venue_of(line.booked.subject) for line in lines} - {None}
        self._recipients = venues.by_id(reading, (one for one in given if one is not None)) if given else {}
        self._actions = action_types.by_code(reading)
        self._offers = {one.code: one for one in offers.every(reading) if one.code in codes}

    def write(self, line: StatementLine) -> HistoryLine:
        """Return one line in words."""
        change, pending = _effect(line)
        booked = line.booked
        if _submission_id(line) is not None:
            about = self._submission(line)
        elif booked.purpose in paying_fines.PURPOSES:
            is_fee = booked.purpose == DueKind.FEE.value
            fine_paid, fee_paid = N_("Fine paid"), N_("Fee paid")
            title = self._translation.gettext(fee_paid if is_fee else fine_paid)
            reference = self._fines.get(booked.group_id, "") if booked.group_id else ""
            about = _About(
                booked.purpose, title, reference, f"/fines/payments/{reference}" if reference else None
            )
        elif booked.purpose == returning_dues.PURPOSE:
            reason = self._translation.gettext("The register did not take the payment: it is undone.")
            about = _About("coin", self._translation.gettext("Points returned"), reason, None)
        elif booked.purpose == donating.PURPOSE:
            venue = self._recipients.get(donating.venue_of(booked.subject) or 0)
            about = _About(
                "heart",
                self._translation.gettext("Points given away"),
                venue.name if venue else "",
                "/together",
            )
        elif booked.purpose == wallets.PURPOSE_EXPIRY:
            reason = self._translation.gettext("Their last day was over.")
            about = _About("clock", self._translation.gettext("Points expired"), reason, None)
        else:
            about = self._voucher(line)
        return HistoryLine(
            sequence=booked.sequence,
            transfer_id=booked.transfer_id,
            at=booked.booked_at,
            pictogram=about.pictogram,
            title=about.title,
            reason=about.reason,
            change=change,
            pending=pending,
            href=about.href,
        )

    def _submission(self, line: StatementLine) -> _About:
        number = _submission_id(line) or 0
        submission = self._submissions.get(number)
        if submission is None:
            return _About("coin", self._translation.gettext("Points"), "", None)
        action = self._actions[submission.action]
        reasons = {
            TransferKind.CAPTURE: self._translation.gettext("Confirmed: the points are yours."),
            TransferKind.RELEASE: self._translation.gettext("Not confirmed: the promised points went back."),
        }
        receipts = [award.receipt for award in self._awards.get(number, [])]
        why = (
            explaining.why(receipts[0], self._translation.gettext, action=action, language=self._language)
            if receipts
            else ""
        )
        title = formats.localized(action.names, self._language)
        return _About(action.pictogram, title, reasons.get(line.booked.kind, why), f"/actions/mine/{number}")

    def _voucher(self, line: StatementLine) -> _About:
        code, _, voucher_id = line.booked.subject.partition("/")
        offer = self._offers.get(code)
        taken_back = line.booked.kind is TransferKind.REVERSE
        used = N_("The venue took its scan back.") if taken_back else N_("Voucher used.")
        reason = {
            **dict.fromkeys(vouchers.PURPOSES_REDEEMED, self._translation.gettext(used)),
            vouchers.PURPOSE_BOUGHT: self._translation.gettext("Voucher bought; the points are reserved."),
            vouchers.PURPOSE_AGAIN: self._translation.gettext(
                "Voucher good again; the points are reserved for it as before."
            ),
            vouchers.PURPOSE_CANCELLED: self._translation.gettext(
                "Voucher given back: the points are yours again."
            ),
            PURPOSE_EXPIRED: self._translation.gettext(
                "Voucher not used in time: the points are yours again."
            ),
        }.get(line.booked.purpose, "")
        if offer is None:
            return _About("coin", self._translation.gettext("Points"), reason, None)
        title = formats.localized(offer.titles, self._language)
        return _About(offer.pictogram, title, reason, f"/vouchers/{voucher_id}" if voucher_id else None)


def _submission_id(line: StatementLine) -> int | None:
    room, _, number = line.booked.subject.partition("/")
    return int(number) if room == "submission" and number.isdigit() else None


def _effect(line: StatementLine) -> tuple[int, int]:
    """Return what a line did to the points that can be spent, and to those that are pending."""
    amount = line.booked.amount
    incoming = {
        TransferKind.HOLD: (0, amount),
        TransferKind.RELEASE: (0, -amount),
        TransferKind.CAPTURE: (amount, -amount),
    }
    outgoing = {
        TransferKind.HOLD: (-amount, 0),
        TransferKind.RELEASE: (amount, 0),
        TransferKind.CAPTURE: (0, 0),
    }
    return (incoming if line.is_credit else outgoing).get(line.booked.kind, (line.change, 0))
