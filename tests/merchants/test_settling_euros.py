"""Euros that guests paid for what a venue gave them: on its statement, passed on once, with points or without."""

import csv
import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from api import datev_export
from kernel.errors import Conflict, Invalid
from ledger import accounts, chart, posting, transfers
from ledger.accounts import NewAccount
from merchants import (
    collected,
    contesting,
    crediting,
    next_payout,
    paying,
    reports,
    settlement_checks,
    settlements,
    settling,
    statements,
    takings,
    till,
    venues,
)
from merchants.collected import EuroLine, ProductRate, TaxPart
from merchants.contesting import Contest, Party
from merchants.settlements import Settlement
from merchants.statements import ProductLine, ProductTax, Statement
from merchants.tables import settlements as table
from merchants.takings import Use
from tests.fixtures.statements import unchecked
from tests.merchants.bank_files import Moved, camt
from tests.merchants.test_contesting import accept
from tests.merchants.test_payout_runs import make, orders, release, take_in
from tests.merchants.town import JULY, JUNE, MAY, Town
from tests.merchants.treasury import MAKER, TEN_JUNE, prepare, save_taxes

AUGUST = dt.date(2026, 8, 1)


def read(settlement: Settlement) -> Statement:
    """Return the statement of a settlement."""
    return statements.from_json(settlement.document)


def euros(settlement: Settlement) -> tuple[int, int, int]:
    """Return what was carried over, what is passed on and what is carried on, in cents."""
    of = read(settlement).collected
    return of.opening_cents, of.paid_cents, of.closing_cents


def uses(town: Town, settlement: Settlement) -> list[Use]:
    """Return the single lines behind a statement."""
    with town.database.reading(town.city_id) as reading:
        wanted = settlements.wanted_of(reading, settlement)
        return list(takings.uses(reading, settlement.venue_id, wanted))


def accounts_of(town: Town, venue_id: int) -> tuple[int, int, int]:
    """Return what stands on a venue's accounts of points, of euros and of what it is owed."""
    paths = (venues.points_path(venue_id), venues.takings_path(venue_id), venues.payable_path(venue_id))
    points, cents, payable = (town.left(path).posted for path in paths)
    return points, cents, payable


def test_euros_are_passed_on_beside_the_points(town: Town) -> None:
    """In one group with the points' side: owed is what points are worth and what guests paid; by product and way,
    with the tax in it; the statement comes from the ledger byte for byte.
    """
    venue_id = town.open_venue(rate=2).venue_id
    save_taxes(town, venue_id)
    town.redeem(venue_id, 20, 5, cents=1400, product="theatre")
    town.redeem(venue_id, cents=350, product="cake")
    town.redeem(venue_id, 100)
    town.undo(town.redeem(venue_id, cents=70, product="cake"))
    town.go_to(JUNE)
    taxes = {"theatre": ProductTax("theatre", "single-purpose", 7)}

    made = town.settle(venue_id, taxes=taxes)

    statement = read(made)
    assert statement.redemptions == (
        ProductLine("pool-day", 1, 100, "online"),
        ProductLine("theatre", 1, 25, "online"),
    )
    assert statement.collected.redemptions == (
        EuroLine("cake", 2, 420, "online"),
        EuroLine("theatre", 1, 1400, "online"),
    )
    assert statement.collected.reversals == (EuroLine("cake", 1, 70, "online"),)
    assert statement.collected.rates == (ProductRate("cake", 19), ProductRate("theatre", 7))
    assert statement.collected.taxes == (TaxPart(7, 1400, 1308, 92), TaxPart(19, 350, 294, 56))
    assert (made.settled_cents, made.collected_cents, made.payout_cents) == (250, 1750, 2000)
    assert accounts_of(town, venue_id) == (0, 0, 2000)
    assert (town.left("redeemed").posted, town.left(chart.EUR_PROGRAMME).posted) == (125, -250)
    groups = {line.booked.group_id for line in town.lines(venues.payable_path(venue_id))}
    assert len(groups) == 1
    assert groups == {line.booked.group_id for line in town.lines("redeemed")}
    assert [(one.product, one.sort, one.points, one.cents) for one in uses(town, made)] == [
        ("cake", "reversals", 0, -70), ("cake", "redemptions", 0, 70), ("pool-day", "redemptions", 100, 0),
        ("cake", "redemptions", 0, 350), ("theatre", "redemptions", 25, 1400),
    ]  # fmt: skip
    town.check_books()


def test_what_goes_back_after_a_settlement_is_carried_forward(town: Town) -> None:
    """A refund of settled euros makes the venue owe them: nothing is paid out negative, points are paid all the same,
    and the rest is taken off the next euros, by product.
    """
    venue_id = town.open_venue(rate=2).venue_id
    first = town.redeem(venue_id, 10, cents=900)
    town.go_to(JUNE)
    may = town.settle(venue_id)
    town.undo(first)
    town.redeem(venue_id, 30, cents=300, product="cake")
    town.go_to(JULY)
    june = town.settle(venue_id, JUNE)
    owing = accounts_of(town, venue_id)
    town.redeem(venue_id, cents=1000)
    town.go_to(AUGUST)
    july = town.settle(venue_id, JULY)

    assert [euros(one) for one in (may, june, july)] == [(0, 900, 0), (0, 0, -600), (-600, 400, 0)]
    assert [one.payout_cents for one in (may, june, july)] == [920, 40, 400]
    assert owing == (0, -600, 960)
    assert read(july).collected.opening == (EuroLine("cake", 0, 300), EuroLine("pool-day", 0, -900))
    assert read(july).collected.by_product == {"cake": 300, "pool-day": 100}
    assert accounts_of(town, venue_id) == (0, 0, 1360)
    assert settled_twice(town, venue_id, JULY) == july
    town.check_books()


def settled_twice(town: Town, venue_id: int, first_day: dt.date) -> Settlement:
    """Settle a period again and expect that nothing is booked."""
    before = town.head()
    again = town.settle(venue_id, first_day)
    assert town.head() == before
    return again


def test_late_euros_stand_on_the_next_statement(town: Town) -> None:
    """What was used in May and booked after its settlement, and what was used after it, is paid once, in order."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, cents=100)
    town.go_to(dt.date(2026, 6, 3))
    town.redeem(venue_id, cents=10)
    may = town.settle(venue_id)
    town.redeem(venue_id, cents=7, on=dt.date(2026, 5, 30))
    town.go_to(JULY)
    june = town.settle(venue_id, JUNE)

    assert [euros(one) for one in (may, june)] == [(0, 100, 0), (0, 17, 0)]
    assert [one.cents for one in uses(town, june)] == [7, 10]
    town.check_books()


def test_euros_from_before_they_were_settled(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements of points only stay as they were written and can be made again; the first one of euros has all
    euros that they left open, on an account that could not go below zero so far.
    """
    venue_id = town.open_venue(rate=2).venue_id
    guarded = NewAccount(venues.takings_path(venue_id), "EUR")
    town.database.run(town.city_id, lambda work: accounts.open_accounts(work, [guarded]))
    first = town.redeem(venue_id, 50, cents=500)
    town.go_to(JUNE)
    may = settle_as_before(town, venue_id, monkeypatch)
    town.redeem(venue_id, cents=30)
    town.go_to(JULY)
    june = town.settle(venue_id, JUNE)
    town.undo(first)
    town.go_to(AUGUST)
    july = town.settle(venue_id, JULY)

    assert town.made_anew(may) == may.document
    assert [one.collected_cents for one in (may, june, july)] == [0, 530, 0]
    assert [(one.points, one.cents) for one in uses(town, may)] == [(50, 0)]
    assert [(one.points, one.cents) for one in uses(town, june)] == [(0, 30), (0, 500)]
    assert euros(july) == (0, 0, -500)


def settle_as_before(town: Town, venue_id: int, monkeypatch: pytest.MonkeyPatch) -> Settlement:
    """Settle May as it was done before euros were settled."""
    now = settling._from_ledger
    with monkeypatch.context() as patched:
        patched.setattr(settling, "_from_ledger", lambda *of: now(*of) | {"collected": collected.NOTHING})
        made = town.settle(venue_id)
    document = statements.to_json(replace(read(made), format=statements.POINTS_FORMAT))
    with town.database.engine.begin() as connection, unchecked():
        connection.execute(sa.update(table).values(document=document, sha256=statements.sha256(document)))
    return town.statements_of(venue_id)[0]


def test_a_statement_of_euros_alone(town: Town) -> None:
    """It is paid like any other and has no credit note, for the city owes nothing of its own."""
    prepare(town)
    venue_id = town.open_venue().venue_id
    save_taxes(town, venue_id)
    town.redeem(venue_id, cents=1200)
    town.go_to(JUNE)
    made = town.settle(venue_id)
    town.go_to(TEN_JUNE)
    issued = town.database.run(town.city_id, lambda work: crediting.issue(work, [made], lambda *_: "x"))

    assert (made.settled_cents, made.collected_cents, issued) == (0, 1200, 0)
    with town.database.reading(town.city_id) as reading:
        with pytest.raises(Conflict, match="nothing-to-credit"):
            crediting.get(reading, made.settlement_id)
        assert [one.number for one in settlements.unpaid(reading)] == [made.number]
        assert next_payout.find(reading, town.city, venue_id).cents == 1200
    town.database.run(
        town.city_id, lambda work: paying.confirm(work, made.settlement_id, paid_on=TEN_JUNE, by=MAKER)
    )
    assert accounts_of(town, venue_id) == (0, 0, 0)
    assert town.left(chart.EUR_BANK).posted == 1200


def test_the_bank_pays_points_and_euros_together(town: Town) -> None:
    """The file's amount is credit note plus euros of guests, and its text says both; what comes back is owed again
    and paid by another run; the postings for DATEV balance the venue's account.
    """
    prepare(town)
    venue_id = town.open_venue(rate=2).venue_id
    save_taxes(town, venue_id)
    town.redeem(venue_id, 135, cents=1200)
    town.go_to(JUNE)
    made = town.settle(venue_id)
    town.go_to(TEN_JUNE)
    town.database.run(town.city_id, lambda work: crediting.issue(work, [made], lambda *_: "Eintritt"))
    with town.database.reading(town.city_id) as reading:
        note = crediting.get(reading, made.settlement_id)

    run = release(town, make(town, [made]))
    (order,) = orders(town, run)

    amounts = (note.payable_cents, note.collected_cents, note.transfer_cents, run.total_cents)
    assert amounts == (270, 1200, 1470, made.payout_cents)
    text = (
        "Duisburg 01.05.2026-31.05.2026 Abrechnung 2026-0001: Punkte 2,70 EUR, fuer Sie eingenommen 12,00 EUR"
    )
    assert f"<Ustrd>{text}</Ustrd>" in run.document
    assert town.left(venues.payable_path(venue_id)).available == 0
    paid = camt(Moved(-1470, end_to_end_id=order.end_to_end_id))
    back = camt(Moved(1470, end_to_end_id=order.end_to_end_id))
    assert take_in(town, paid).counts == {"confirmed": 1}
    assert take_in(town, back).counts == {"returned": 1}
    assert town.left(venues.payable_path(venue_id)).available == 1470
    (again,) = orders(town, release(town, make(town, [made])))
    take_in(town, camt(Moved(-1470, end_to_end_id=again.end_to_end_id), statement_id="STMT-2"))
    assert accounts_of(town, venue_id) == (0, 0, 0)
    with town.database.reading(town.city_id) as reading:
        content = datev_export.make(reading, town.city, MAY, dt.date(2026, 12, 31)).decode("cp1252")
    moved = [line.split(";") for line in content.splitlines()[2:]]
    assert [(one[0], one[6], one[7], one[8], one[10]) for one in moved] == [
        ("2,70", "4900", "70001", '"9"', '"GS-2026-0001"'),
        ("12,00", "1590", "70001", '""', '"GS-2026-0001"'),
        ("14,70", "70001", "1200", '""', '"GS-2026-0001"'),
    ]


def test_contesting_euros(town: Town) -> None:
    """A line's euros can be contested with its points or alone: what is granted is booked with the city's losses and
    stands on the next statement, in points and euros.
    """
    prepare(town)
    venue_id = town.open_venue(rate=2).venue_id
    town.redeem(venue_id, 40, cents=800)
    town.redeem(venue_id, cents=500, product="cake")
    town.go_to(JUNE)
    may = town.settle(venue_id)
    cake, pool = uses(town, may)
    for wrong in (-800, 10**19):
        with pytest.raises(Invalid, match="expected-cents-invalid"):
            contest(town, may, pool, 40, wrong)
    with pytest.raises(Invalid, match="expected-points-invalid"):
        contest(town, may, pool, 40, None)
    for line, points, cents in ((pool, 50, 900), (cake, 0, 0)):
        accept(town, contest(town, may, line, points, cents))
    town.go_to(JULY)
    june = town.settle(venue_id, JUNE)

    assert read(june).corrections == (ProductLine("pool-day", 1, 10),)
    assert read(june).collected.corrections == (EuroLine("cake", 1, -500), EuroLine("pool-day", 1, 100))
    assert (june.settled_cents, euros(june)) == (20, (0, 0, -400))
    assert [(one.sort, one.points, one.cents) for one in uses(town, june)] == [
        ("corrections", 0, -500),
        ("corrections", 10, 100),
    ]
    assert (town.left(chart.OFFLINE_LOSS).posted, town.left(chart.EUR_LOSSES).posted) == (-10, 400)


def contest(town: Town, settlement: Settlement, line: Use, points: int, cents: int | None) -> Contest:
    """Contest a line."""
    return town.database.run(
        town.city_id,
        lambda work: contesting.contest(
            work, town.city, settlement.settlement_id, line.use_id, expected_points=points,
            expected_cents=cents, party=Party.VENUE, by=MAKER, reason="Was a party of two",
        ),
    )  # fmt: skip


def test_what_the_city_bears_and_what_a_day_brings(town: Town) -> None:
    """Euros of a use that was taken elsewhere before come from the city's losses and stand apart; the day has both
    sums; the till's file has a row for points and one for euros, each with its tax.
    """
    venue_id = town.open_venue(rate=2).venue_id
    save_taxes(town, venue_id)
    town.redeem(venue_id, 30, cents=107, product="swim")
    lost = transfers.post(
        town.database.ids.uuid(), chart.EUR_LOSSES, venues.takings_path(venue_id), 90,
        effective=town.city.day_of(town.clock.now()), purpose="redemption-capped", subject="swim/77",
    )  # fmt: skip
    town.database.run(town.city_id, lambda work: posting.post_or_raise(work, [lost]))
    with town.database.reading(town.city_id) as reading:
        day = reports.today(reading, town.city, venue_id)
        expected = next_payout.find(reading, town.city, venue_id).cents
    town.go_to(JUNE)
    made = town.settle(venue_id, taxes={"swim": ProductTax("swim", "multi-purpose", 7)})

    assert (day.redemptions, day.points, day.cents) == (2, 30, 197)
    assert (day.unsettled_points, day.unsettled_cents, expected) == (30, 197, 257)
    assert read(made).collected.conflicts == (EuroLine("swim", 1, 90, "capped"),)
    content = till.write(read(made), uses(town, made), {"swim": "Schwimmen"}, 19, town.city.zone)
    rows = list(csv.DictReader(content.removeprefix("\ufeff").splitlines(), delimiter=";"))
    columns = ("POS_ZEILE", "GV_TYP", "POS_BRUTTO", "POS_NETTO", "POS_UST", "ZAHLART_NAME", "PUNKTE")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("1", "MehrzweckgutscheinEinloesung", "0,60", "0,56", "0,04", "Duiscoin", "30"),
        ("2", "MehrzweckgutscheinEinloesung", "1,07", "1,00", "0,07", "Vorab an die Stadt gezahlt", "0"),
        ("1", "MehrzweckgutscheinEinloesung", "0,90", "0,84", "0,06", "Vorab an die Stadt gezahlt", "0"),
    ]
    assert rows[0]["BON_ID"] == rows[1]["BON_ID"] != rows[2]["BON_ID"]


def test_what_is_owed_beside_statements_is_found(town: Town) -> None:
    """The comparison of every night names a venue that the ledger owes something else than its statements say."""
    venue_id = town.open_venue(rate=2).venue_id
    town.redeem(venue_id, 5, cents=100)
    town.go_to(JUNE)
    town.settle(venue_id)
    path = venues.payable_path(venue_id)

    def owed(*, wrong: int) -> list[settlement_checks.Owed]:
        debit, credit = (chart.EUR_PROGRAMME, path)[:: 1 if wrong > 0 else -1]
        number = town.database.ids.uuid()
        move = transfers.post(number, debit, credit, abs(wrong), effective=JUNE, purpose="slip")
        town.database.run(town.city_id, lambda work: posting.post_or_raise(work, [move]))
        with town.database.reading(town.city_id) as reading:
            return settlement_checks.owed(reading)

    assert owed(wrong=9) == [
        settlement_checks.Owed("eur/payable", 119, 110),
        settlement_checks.Owed(path, 119, 110),
    ]
    assert owed(wrong=-9) == [settlement_checks.Owed("eur/payable", 110, 110)]
