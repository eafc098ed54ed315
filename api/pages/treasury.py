"""The treasury's pages: books, budgets, settlement, verification, audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import services, settlements_due
from api.access import Access, Caller
from api.pages import account_words, framing
from api.pages.framing import Area
from identity import auditing, persons
from kernel import outbox
from kernel.db import Reading
from ledger import accounts, chart, invariants, queries, verifying
from ledger.accounts import Account
from ledger.outcomes import Counters
from ledger.transfers import DUC, EUR
from merchants import venues
from redemption import reconciliations
from redemption.volumes import THRESHOLD_CENTS
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/treasury")
Reader = Annotated[Caller, Depends(Access(*framing.TREASURY_ROLES))]

PAGE = 50
CHECK_WORDS: Mapping[str, str] = {
    "sequence-without-gap": N_("Numbers run without a gap"),
    "accounts-known": N_("Both sides are accounts of one asset"),
    "reference-valid": N_("Every capture and release has its reservation"),
    "counters-follow": N_("Every balance follows from the one before"),
    "guard-held": N_("No guarded account is below zero"),
    "group-adjacent": N_("What belongs together stands together"),
    "commitment": N_("No booking was altered"),
    "head-matches": N_("Nothing is cut off at the end"),
    "holds-match": N_("The list of reservations is exact"),
    "assets-sum-to-zero": N_("Debits equal credits in every asset"),
    "form-valid": N_("Kind, amount, reference and expiry of every booking go together"),
    "accounts-unaltered": N_("No account was altered"),
    "rejections-unaltered": N_("No refusal was altered"),
    "periods-closed": N_("Closed periods are as they were closed"),
    "supply-stated": N_("Every monthly statement of the supply follows from the bookings"),
    "partitions-hold": N_("Every part of the book holds what it should"),
    "seal-covered": N_("Everything that was sealed is in the book"),
    "seal-signed": N_("Every seal is as it was signed"),
    "seal-root": N_("The book is the one that was sealed"),
    "cosignature": N_("Every confirmation of a witness is genuine"),
    "points-not-traded": N_("Nobody bought points, and nobody was paid for them"),
    "supply-complete": N_("Points stand only where they belong"),
}
"""The invariants of `ledger.invariants` in words."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Where the points of the city are."""

    issued: int
    budgets: int
    wallets: int
    venues: int
    redeemed: int
    expired: int
    offline_loss: int
    held: int
    """Reserved on any account; contained in the others."""


@router.get("")
def overview(request: Request, caller: Reader) -> Response:
    """Show where the points are and what is owed."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        balance = _balance(reading)
        held = queries.held(reading, DUC)
        verified = verifying.last(reading)
        sequence = queries.head_sequence(reading)
        due = settlements_due.count(reading, caller.city)
        undelivered = outbox.undelivered_count(reading)
        compared = reconciliations.newest(reading)
    payable = sum(left.posted for account, left in balance if account.path.startswith("eur/payable/"))
    collected = sum(left.posted for account, left in balance if account.path.startswith("eur/takings"))
    cost = -sum(left.posted for account, left in balance if account.path == chart.EUR_PROGRAMME)
    return framing.show(
        request, caller, "treasury/overview.html", area=Area.TREASURY, supply=supply(balance, held),
        verified=verified,
        payable_cents=payable, collected_cents=collected, cost_cents=cost, sequence=sequence, due=due,
        undelivered=undelivered, compared=compared, threshold=THRESHOLD_CENTS, bearers=bearers(balance),
    )  # fmt: skip


@router.get("/accounts")
def chart_of_accounts(request: Request, caller: Reader, asset: str = DUC) -> Response:
    """Show the accounts of an asset with their balances; those of single people and orders as one sum."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        balance = _balance(reading)
        names = _venue_names(reading)
    assets = sorted({account.asset.partition(":")[0] for account, _ in balance})
    shown = [(account, left) for account, left in balance if account.asset.partition(":")[0] == asset]
    translate = framing.gettext_of(request, caller).gettext
    return framing.show(
        request, caller, "treasury/accounts.html", area=Area.TREASURY, balance=shown, assets=assets,
        asset=asset, others=-sum(left.posted for _, left in shown), is_euro=asset == EUR,
        words=lambda path: account_words.of(path, translate, names),
    )  # fmt: skip


@router.get("/accounts/{path:path}")
def statement(request: Request, caller: Reader, path: str, before: int | None = None) -> Response:
    """Show an account's statement with its running balance."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        account = accounts.get(reading, path)
        lines = queries.statement(reading, path, before=before, limit=PAGE)
        left = queries.balance(reading, path)
        names = _venue_names(reading)
    translate = framing.gettext_of(request, caller).gettext
    older = f"/treasury/accounts/{path}?before={lines[-1].booked.sequence}" if len(lines) == PAGE else None
    return framing.show(
        request, caller, "treasury/statement.html", area=Area.TREASURY, account=account, lines=lines,
        older=older, left=left, is_euro=account.asset == EUR,
        words=lambda path: account_words.of(path, translate, names),
        purposes=lambda code: account_words.purpose(code, translate),
    )  # fmt: skip


@router.get("/verification")
def verification(request: Request, caller: Reader, run: bool = False) -> Response:  # noqa: FBT001, FBT002 -- a query
    """Check every invariant of the book, when asked to."""
    report = audit_fault = None
    if run:
        with services.of(request).database.reading(caller.city.city_id) as reading:
            report = invariants.verify(reading)
            audit_fault = auditing.verify(reading)
    return framing.show(
        request, caller, "treasury/verification.html", area=Area.TREASURY, report=report,
        audit_fault=audit_fault, words=CHECK_WORDS,
    )  # fmt: skip


@router.get("/audit-log")
def audit_log(request: Request, caller: Reader, before: int | None = None) -> Response:
    """Show every privileged act."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        entries = auditing.page(reading, before=before, limit=PAGE)
        people = _people(reading, [entry.actor for entry in entries])
    older = f"/treasury/audit-log?before={entries[-1].sequence}" if len(entries) == PAGE else None
    return framing.show(
        request, caller, "treasury/audit_log.html", area=Area.TREASURY, entries=entries, older=older,
        people=people,
    )  # fmt: skip


def _venue_names(reading: Reading) -> dict[int, str]:
    return {one.venue_id: one.name for one in venues.every(reading)}


def _balance(reading: Reading) -> list[tuple[Account, Counters]]:
    """Return the accounts with their counters: few, however many people and orders a city has."""
    found = accounts.of_nobody(reading, besides="eur/receivable/")
    counters = queries.counters(reading, found)
    return [(account, counters[account.account_id]) for account in found]


def supply(balance: Sequence[tuple[Account, Counters]], held: int) -> Supply:
    """Return where the points are: what stands on no other account is people's, as every sum is zero."""
    points = [(account.path, left) for account, left in balance if account.asset == DUC]

    def total(prefix: str) -> int:
        return sum(left.posted for path, left in points if path == prefix or path.startswith(f"{prefix}/"))

    return Supply(
        issued=-total(chart.ISSUED),
        budgets=total("budget"),
        wallets=-sum(left.posted for _, left in points),
        venues=total("venue"),
        redeemed=total(chart.REDEEMED),
        expired=total(chart.EXPIRED),
        offline_loss=total(chart.OFFLINE_LOSS),
        held=held,
    )


def bearers(balance: Sequence[tuple[Account, Counters]]) -> list[tuple[str, int]]:
    """Return who bears what of what was paid, in cents: the programme, payers, losses and fees."""
    euros = [(account.path, left) for account, left in balance if account.asset == EUR]

    def net(*prefixes: str) -> int:
        return sum(left.posted for path, left in euros if path.startswith(prefixes))

    found = [
        (N_("The programme, for points"), -net(chart.EUR_PROGRAMME)),
        (
            N_("Payers, in euros, less payouts"),
            -net("eur/clearing/", "eur/cash/", "eur/girocard/", "eur/bank"),
        ),
        (N_("Lost to payers' banks"), -net("eur/losses")),
        (N_("Fees of payment services"), -net("eur/fees")),
        (N_("Missing in drawers"), -net("eur/differences/")),
        (N_("Nobody yet: unclaimed money"), net("eur/suspense/")),
    ]
    return [(label, cents) for label, cents in found if cents]


def _people(reading: Reading, actors: Sequence[str]) -> dict[str, str]:
    numbers = [int(actor.partition("/")[2]) for actor in actors if actor.startswith("person/")]
    found = persons.by_ids(reading, numbers)
    return {f"person/{number}": one.name or one.email or "" for number, one in found.items()}
