"""What the postbox says: a title, a text, a pictogram and where the entry leads.

Placeholders are filled from the entry's facts: `{title}` from `titles`, instants, amounts and points as readers
write them. A path is offered only if all that it needs is among the facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from web.marking import N_


@dataclass(frozen=True, slots=True)
class Letter:
    """The sentences of one code."""

    title: str
    text: str
    pictogram: str
    path: str = ""
    without_points: tuple[str, str] | None = None
    """Title and text where no points were involved, if they differ."""
    without_euros: tuple[str, str] | None = None
    """Title and text where no euros were involved, if they differ."""


_VOUCHER = "/vouchers/{voucher_id}"
_RECEIPT = "/receipts/{receipt_id}/receipt.pdf"
_ACCOUNT = "/venue/account?venue_id={venue_id}"
LETTERS: Mapping[str, Letter] = {
    "application-approved": Letter(
        N_("{name} takes part"),
        N_("The city has signed. In five steps you are ready to scan."),
        "shop",
        "/venue/start",
    ),
    "application-asked": Letter(
        N_("A question about {name}"),
        N_("The city asks: {answer}"),
        "shop",
        "/become-a-venue/application",
    ),
    "application-rejected": Letter(
        N_("{name} can't take part"),
        N_("The city writes: {answer}"),
        "shop",
        "/become-a-venue/application",
    ),
    "voucher-bought": Letter(
        N_("Your voucher: {title}"),
        N_("Valid until {valid_until}. Show its code at the entrance; you can print it, too."),
        "ticket",
        _VOUCHER,
    ),
    "voucher-expiring": Letter(
        N_("Still to be used: {title}"),
        N_("Your voucher is valid until {valid_until}. Use it until then, or give it back."),
        "clock",
        _VOUCHER,
    ),
    "voucher-expired": Letter(
        N_("Not used in time: {title}"),
        N_("The voucher is over. {points} are yours again."),
        "clock",
        _VOUCHER,
    ),
    "event-cancelled": Letter(
        N_("Cancelled: {title}"),
        N_(
            "It does not take place. {points} are yours again; what you paid in euros goes back the way it came."
        ),
        "warning",
        _VOUCHER,
        (
            N_("Cancelled: {title}"),
            N_("It does not take place. What you paid in euros goes back the way it came."),
        ),
        (N_("Cancelled: {title}"), N_("It does not take place. {points} are yours again.")),
    ),
    "event-cancelled-holder": Letter(
        N_("Cancelled: {title}"),
        N_("It does not take place. The price goes back to the person who gave you the voucher."),
        "warning",
        _VOUCHER,
    ),
    "event-reminder": Letter(
        N_("Coming up: {title}"),
        N_("It begins on {starts_at}. Your voucher is ready."),
        "clock",
        _VOUCHER,
    ),
    "scan-undone": Letter(
        N_("Scan taken back: {title}"),
        N_("The venue took back that it scanned your voucher. You can use it again."),
        "ticket",
        _VOUCHER,
    ),
    "scan-undone-over": Letter(
        N_("Scan taken back: {title}"),
        N_("The venue took back that it scanned your voucher. {points} are yours again."),
        "ticket",
        _VOUCHER,
        (
            N_("Scan taken back: {title}"),
            N_(
                "The venue took back that it scanned your voucher, which is over. What you paid in euros"
                " goes back the way it came."
            ),
        ),
    ),
    "voucher-received": Letter(
        N_("Handed on to you: {title}"),
        N_("Somebody of your household gave you this voucher. It is valid until {valid_until}."),
        "gift",
        _VOUCHER,
    ),
    "voucher-handed-on": Letter(
        N_("Handed on: {title}"),
        N_(
            "It has a new code, which only the new holder sees. If it is given back, the price returns to you."
        ),
        "gift",
        _VOUCHER,
    ),
    "receipt-bought": Letter(
        N_("Receipt {number}: {title}"),
        N_("You bought it: {price}."),
        "book",
        _RECEIPT,
    ),
    "receipt-redeemed": Letter(
        N_("{points} spent at {venue}: {title}"),
        N_("You spent {points} at {venue}. Not you? Then tell us; it takes one tap. Receipt {number}."),
        "book",
        "/receipts/{receipt_id}/objection",
        (
            N_("Used at {venue}: {title}"),
            N_(
                "Your voucher was used at {venue}. Not you? Then tell us; it takes one tap. Receipt {number}."
            ),
        ),
    ),
    "receipt-returned": Letter(
        N_("Receipt {number}: {title} given back"),
        N_("{points} are yours again."),
        "book",
        _RECEIPT,
        (
            N_("Receipt {number}: {title} given back"),
            N_("The voucher is given back. What you paid in euros goes back the way it came."),
        ),
    ),
    "due-returned": Letter(
        N_("Not paid after all: {reference}"),
        N_(
            "The city's register did not take your payment: it was paid otherwise, changed or withdrawn."
            " {price} go back to you the way they came. If something is left to pay, the reference says so."
        ),
        "warning",
        "/fines",
    ),
    "transfer-short": Letter(
        N_("Something is missing: {title}"),
        N_(
            "{paid_cents} have arrived by bank transfer, {missing_cents} are missing. Please transfer the rest"
            " with the same reference."
        ),
        "warning",
        "/orders/{order_id}",
    ),
    "refund-came-back": Letter(
        N_("Your money came back to us: {title}"),
        N_(
            "{paid_cents} could not be paid out to you; the bank or the payment service returned it."
            " We try again by ourselves."
        ),
        "warning",
        "/orders/{order_id}",
    ),
    "refund-stuck": Letter(
        N_("Your money is waiting for you: {title}"),
        N_(
            "{paid_cents} could not be paid out to you, several times. Please tell the city's treasury to"
            " which account it may go."
        ),
        "warning",
        "/orders/{order_id}",
    ),
    "receipt-fine": Letter(
        N_("Receipt {number}: fine {reference}"),
        N_("Paid in full: {price}."),
        "fine",
        _RECEIPT,
    ),
    "receipt-fee": Letter(
        N_("Receipt {number}: fee {reference}"),
        N_("Paid in full: {price}."),
        "fee",
        _RECEIPT,
    ),
    "receipt-refund": Letter(
        N_("Receipt {number}: money back for {title}"),
        N_("{price} go back to you the way they came."),
        "book",
        _RECEIPT,
    ),
    "used-twice": Letter(
        N_("Your voucher was used twice: {title}"),
        N_("At {venue} it was taken a second time on {second_at}. Was that you?"),
        "warning",
        "/questions/{claim_id}",
    ),
    "dispute-granted": Letter(
        N_("{points} are yours again"),
        N_(
            "You had said that a redemption at {venue} was not yours. The city gives the points back. {reason}"
        ),
        "heart",
    ),
    "dispute-declined": Letter(
        N_("Your objection: {title}"),
        N_("The city does not give points back for the redemption at {venue}: {reason}"),
        "book",
    ),
    "venue-account-asked": Letter(
        N_("{venue}: payouts are to go to another account"),
        N_(
            "Somebody asked for the account that ends in {ending}. The city's treasury looks at it. If it was "
            "none of you, please call the city at once."
        ),
        "bank",
        _ACCOUNT,
    ),
    "venue-account-confirmed": Letter(
        N_("{venue}: payouts go to the new account"),
        N_("From now on the city pays to the account that ends in {ending}."),
        "bank",
        _ACCOUNT,
    ),
    "venue-account-declined": Letter(
        N_("{venue}: the account stays as it was"),
        N_("The city does not pay to the account that ends in {ending}: {answer}"),
        "bank",
        _ACCOUNT,
    ),
    "city-message": Letter("{subject}", "{body}", "people"),
}
UNKNOWN = Letter(N_("A message of the city"), N_("Please ask at the town hall what it is about."), "info")
