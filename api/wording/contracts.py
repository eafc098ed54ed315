"""The contract between a city and a venue. Only its German text is signed; it is made from these sentences."""

from web.marking import N_

TITLE = N_("Contract on taking Duiscoin points")
PARTIES = N_("between the city of {city} and {payee}, for the venue “{name}”, {street}, {postcode} {city}")
PERIODS = {"week": N_("weekly"), "month": N_("monthly"), "quarter": N_("quarterly")}
CLAUSES = (
    (
        N_("What is agreed"),
        N_(
            "The venue takes vouchers that guests paid for with points, and gives what the offer promises. It treats "
            "these guests as all others."
        ),
    ),
    (
        N_("What the city pays"),
        N_(
            "The city pays {rate} cents for a point that was redeemed, value added tax included. The venue pays nothing: "
            "no fee, no device, no minimum."
        ),
    ),
    (
        N_("When the city pays"),
        N_(
            "The city settles {period}, without being asked, and writes the invoice as a credit note. It "
            "transfers to the account {iban} of {payee}, {delay} after the end of the period at the earliest."
        ),
    ),
    (
        N_("How redeeming works"),
        N_(
            "The venue checks each voucher {checking}, and only in the presence of the guest. "
            "Vouchers are not paid out in cash, not traded, and not redeemed without the service. {receipts}"
        ),
    ),
    (
        N_("Offers"),
        N_("The venue says what its offers are and what they cost in points. {publishing}"),
    ),
    (
        N_("If something is not right"),
        N_(
            "Either side may contest single lines of a statement. Guests may say that a redemption was not theirs; then "
            "the city decides after hearing the venue. For proven abuse it may hold back payment and end this contract at "
            "once."
        ),
    ),
    (
        N_("Data"),
        N_(
            "The venue learns from a scan whether a voucher is valid, not who shows it. It keeps no codes of guests."
        ),
    ),
    (
        N_("Beginning and end"),
        N_(
            "The contract begins with the settlement period in which the city signs, and has no fixed end. Either side "
            "may end it in writing at the end of a settlement period; an e-mail is enough. What was redeemed until then "
            "is paid."
        ),
    ),
)
SCANNED = N_("with a device that is enrolled")
SCANNED_OR_PRESENTED = N_(
    "with a device that is enrolled or, where the city allows it, by comparing the digits on the guest's phone"
)
RECEIPTS = N_("For each redemption the venue enters the number of the till's receipt.")
NO_RECEIPTS = N_("Numbers of receipts are not asked for.")
OWNER_PUBLISHES = N_("It puts them on sale itself.")
CITY_PUBLISHES = N_("The city looks at each offer before it goes on sale.")
AT_ONCE = N_("directly")
