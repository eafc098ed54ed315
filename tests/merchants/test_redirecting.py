"""Another account for payouts: nobody leads a venue's money away alone, and nobody is paid by an old run."""

import pytest

from identity import persons, postbox, roles
from identity.roles import Role
from kernel.db import Work
from kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from merchants import payout_runs, redirecting, venues
from merchants.payout_orders import PayeeCheck
from merchants.redirecting import Change, State
from merchants.settlements import Settlement
from tests.merchants.town import Town
from tests.merchants.treasury import MAKER, RELEASER, TEN_JUNE, owed

NEW = "DE02100500000024290661"


@pytest.fixture
def due(town: Town) -> Settlement:
    """Give a statement to be paid."""
    (settlement,) = owed(town, 100)
    return settlement


def person(town: Town, name: str, *venue_ids: int) -> int:
    """Register a person, who owns these venues."""

    def command(work: Work) -> int:
        number = persons.register(work, f"{name}@duisburg.test").person_id
        for venue_id in venue_ids:
            roles.grant(work, number, Role.VENUE_OWNER, venue_id=venue_id, granter_id=None)
        return number

    return town.database.run(town.city_id, command)


def ask(town: Town, venue_id: int, by: int, iban: str = NEW, payee: str = "Bad AG") -> Change:
    """Ask for another account."""
    return town.database.run(town.city_id, lambda work: redirecting.ask(work, venue_id, payee, iban, by=by))


def confirm(town: Town, change: Change, by: int, check: PayeeCheck | None = None) -> Change:
    """Confirm it."""
    return town.database.run(
        town.city_id, lambda work: redirecting.confirm(work, change.change_id, by=by, payee_check=check)
    )


def letters(town: Town, person_id: int) -> list[str]:
    """Return the codes of somebody's letters, newest first."""
    with town.database.reading(town.city_id) as reading:
        return [one.code for one in postbox.page(reading, persons.get(reading, person_id).owner)]


def test_two_persons_change_it(town: Town, due: Settlement) -> None:
    """Until the second has confirmed it payouts go where they went; every owner reads of it."""
    owner, partner = person(town, "owner", due.venue_id), person(town, "partner", due.venue_id)
    treasurer = person(town, "treasurer")
    with town.database.reading(town.city_id) as reading:
        before = venues.get(reading, due.venue_id).iban
    first, change = (
        ask(town, due.venue_id, owner, payee="Typo"),
        ask(town, due.venue_id, owner, " de02 1005 ...".replace("...", "0000 0024 2906 61")),
    )
    assert (before, NEW) == (change.former_iban, change.iban)
    for by, refusal in ((owner, Forbidden), (partner, Forbidden)):
        with pytest.raises(refusal, match="own-account-change"):
            confirm(town, change, by)
    with pytest.raises(Conflict, match="account-change-decided"):
        confirm(town, first, treasurer)
    with pytest.raises(Conflict, match="payee-check-failed"):
        confirm(town, change, treasurer, PayeeCheck.NO_MATCH)
    assert State.CONFIRMED is confirm(town, change, treasurer, PayeeCheck.MATCH).state
    with town.database.reading(town.city_id) as reading:
        venue = venues.get(reading, due.venue_id)
        assert ("Bad AG", NEW) == (venue.payee_name, venue.iban)
        assert [] == redirecting.waiting(reading)
    told = ["venue-account-confirmed", "venue-account-asked", "venue-account-asked"]
    assert told == letters(town, owner) == letters(town, partner)
    assert [] == letters(town, treasurer)


def test_an_old_run_is_not_released(town: Town, due: Settlement) -> None:
    """A run that waits would pay to the account from before; a new one pays to the new account."""
    asker, treasurer = person(town, "asker"), person(town, "treasurer")

    def make() -> payout_runs.Run:
        return town.database.run(
            town.city_id,
            lambda work: payout_runs.make(work, [due.settlement_id], execute_on=TEN_JUNE, by=MAKER),
        )

    def act(name: str, run: payout_runs.Run) -> payout_runs.Run:
        use_case = getattr(payout_runs, name)
        done: payout_runs.Run = town.database.run(
            town.city_id, lambda work: use_case(work, run.run_id, by=RELEASER)
        )
        return done

    old = make()
    confirm(town, ask(town, due.venue_id, asker), treasurer)
    with pytest.raises(Conflict, match="payout-account-changed"):
        act("release", old)
    act("cancel", old)
    assert NEW in act("release", make()).document


def test_what_is_refused(town: Town, due: Settlement) -> None:
    """A wrong number, no name, the account of now, a no without a reason; a no changes nothing."""
    owner, treasurer = person(town, "owner", due.venue_id), person(town, "treasurer")
    with town.database.reading(town.city_id) as reading:
        now = venues.get(reading, due.venue_id)
    cases: list[tuple[int, str, str, type[DomainError], str]] = [
        (due.venue_id, "Bad AG", "DE03100500000024290661", Invalid, "iban-invalid"),
        (due.venue_id, " ", NEW, Invalid, "venue-field-missing"),
        (due.venue_id, "x" * 71, NEW, Invalid, "venue-field-too-long"),
        (due.venue_id, now.payee_name, now.iban or "", Conflict, "account-unchanged"),
        (999, "Bad AG", NEW, NotFound, "venue-not-found"),
    ]
    for venue_id, payee, iban, refusal, code in cases:
        with pytest.raises(refusal, match=code):
            ask(town, venue_id, owner, iban, payee)
    change = ask(town, due.venue_id, owner)

    def decline(reason: str) -> Change:
        return town.database.run(
            town.city_id, lambda work: redirecting.decline(work, change.change_id, reason, by=treasurer)
        )

    with pytest.raises(Invalid, match="answer-missing"):
        decline("  ")
    assert "Am Telefon wusste niemand davon." == decline("Am Telefon wusste niemand davon.").answer
    with town.database.reading(town.city_id) as reading:
        assert now == venues.get(reading, due.venue_id)
        with pytest.raises(NotFound, match="account-change-not-found"):
            redirecting.get(reading, 1)
