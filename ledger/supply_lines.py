"""Lines of the supply: where the points of a campaign are. Pure values and sums."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ledger import attribution
from ledger.accounts import Account
from ledger.attribution import RECIPIENTS_MAX, State

OTHER = "-other"
"""Campaigns that are shown as one, because so few persons were given points of them."""
FIGURES = ("issued", "redeemed", "expired", "held", "outstanding", "in_budgets", "in_wallets")
"""The figures of a line, in the order of its fields."""

_SPENT = ("redeemed", "venue/")


@dataclass(frozen=True, slots=True)
class Line:
    """Where the points of one campaign are. All figures are points."""

    campaign: str
    issued: int
    redeemed: int
    """Spent: at a venue or settled with it."""
    expired: int
    held: int
    """Reserved: promised and not confirmed, or in vouchers that are not used yet."""
    outstanding: int
    """Everything else: in budgets and wallets."""
    in_budgets: int
    in_wallets: int
    recipients: int
    """Persons that were ever given points of it, counted up to five."""

    @property
    def adds_up(self) -> bool:
        """Whether no point is missing."""
        return self.issued - self.redeemed - self.expired - self.held - self.outstanding == 0


def total(lines: Iterable[Line], name: str = "") -> Line:
    """Return the sum of lines; of the persons, who may be the same ones, the largest count."""
    added = list(lines)
    sums = {figure: sum(getattr(line, figure) for line in added) for figure in FIGURES}
    return Line(name, **sums, recipients=max((line.recipients for line in added), default=0))


def public(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that may be shown to everybody, or none at all.

    A campaign with one to four recipients would tell what single persons have earned and spent. Such
    campaigns are added up with the smallest one that has five or more; without any of that size, nothing is
    shown. A campaign without recipients tells nothing about anybody.
    """
    small = [line for line in lines if 0 < line.recipients < RECIPIENTS_MAX]
    if not small:
        return list(lines)
    large = sorted(
        (line for line in lines if line.recipients >= RECIPIENTS_MAX), key=lambda line: line.issued
    )
    if not large:
        return []
    merged = total([*small, large[0]], OTHER)
    return [*(line for line in lines if line not in small and line != large[0]), merged]


def summed(state: State, known: Mapping[int, Account]) -> tuple[Line, ...]:
    """Return the lines of all campaigns in order of their name."""
    sums: dict[str, dict[str, int]] = {}

    def add(campaign: str, place: str, amount: int) -> None:
        of_campaign = sums.setdefault(campaign, dict.fromkeys((*FIGURES, "recipients"), 0))
        of_campaign[place] += amount

    for campaign, amount in state.issued.items():
        add(campaign, "issued", amount)
    for account_id, campaign, amount in attribution.standing(state):
        for place in places_of(known[account_id]):
            add(campaign, place, amount)
    for campaign, amount in attribution.held(state):
        add(campaign, "held", amount)
    for campaign, lots in state.recipients.items():
        add(campaign, "recipients", len(lots))
    return tuple(Line(campaign, **figures) for campaign, figures in sorted(sums.items()))


def places_of(account: Account) -> tuple[str, ...]:
    """Return the columns in which points on an account count."""
    if account.path.startswith(_SPENT):
        return ("redeemed",)
    if account.path == "expired":
        return ("expired",)
    if account.path.startswith("budget/"):
        return ("outstanding", "in_budgets")
    return ("outstanding", "in_wallets") if account.owner is not None else ("outstanding",)
