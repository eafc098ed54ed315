"""The written forms of a statement."""

import csv
import datetime as dt
import io
import json
from dataclasses import replace

import pytest

from merchants import statements
from merchants.collected import Collected, EuroLine, ProductRate
from merchants.statements import Carried, ProductLine, ProductTax, Statement

STATEMENT = Statement(
    number="2026-0007",
    issued_on=dt.date(2026, 6, 2),
    city_id=1,
    venue_id=3,
    venue_name="Café „Zur Mühle“; Ruhrort",
    payee_name="Mühle GmbH",
    iban=None,
    period="month",
    first_day=dt.date(2026, 5, 1),
    last_day=dt.date(2026, 5, 31),
    previous_number="2026-0002",
    after_sequence=10,
    cut_sequence=99,
    rate_cents_per_point=2,
    opening_points=-5,
    redemptions=(ProductLine("cake", 3, 90, "online"), ProductLine("coffee", 2, 40, "leased")),
    reversals=(ProductLine("coffee", 1, 20, "online"),),
    conflicts=(ProductLine("cake", 1, 30, "capped"),),
    corrections=(ProductLine("coffee", 1, -10),),
    opening=(Carried("cake", -5),),
    taxes=(ProductTax("cake", "discount", 7), ProductTax("coffee", "multi-purpose", None)),
)
POINTS = replace(STATEMENT, format=statements.POINTS_FORMAT)
EUROS = Collected(
    opening_cents=-30,
    redemptions=(EuroLine("cake", 2, 700, "online"),),
    conflicts=(EuroLine("cake", 1, 100, "capped"),),
    reversals=(EuroLine("coffee", 1, 70, "online"),),
    corrections=(EuroLine("cake", 1, -50),),
    opening=(EuroLine("coffee", 0, -30),),
    rates=(ProductRate("cake", 7), ProductRate("coffee", None)),
)
FORMER = replace(
    STATEMENT,
    redemptions=(ProductLine("cake", 3, 90), ProductLine("coffee", 2, 40)),
    reversals=(ProductLine("coffee", 1, 20),),
    conflicts=(),
    corrections=(),
    opening=(),
    taxes=(),
    format=statements.FORMER_FORMAT,
)


def test_json_is_canonical() -> None:
    """The form of record has sorted keys and no spaces; these bytes may never change for this format."""
    former = statements.to_json(POINTS)
    assert former == (
        '{"city_id":1,"closing_points":0,"conflicts":[{"count":1,"points":30,"product":"cake","tier":"capped"}],'
        '"corrections":[{"count":1,"points":-10,"product":"coffee","tier":""}],"format":"duiscoin-statement/2",'
        '"issued_on":"2026-06-02","ledger":{"after_sequence":10,"cut_sequence":99},"number":"2026-0007",'
        '"opening":[{"points":-5,"product":"cake"}],"opening_points":-5,'
        '"period":{"first_day":"2026-05-01","kind":"month","last_day":"2026-05-31"},'
        '"previous_number":"2026-0002","rate_cents_per_point":2,"redeemed_points":130,'
        '"redemptions":[{"count":3,"points":90,"product":"cake","tier":"online"},'
        '{"count":2,"points":40,"product":"coffee","tier":"leased"}],'
        '"reversals":[{"count":1,"points":20,"product":"coffee","tier":"online"}],'
        '"reversed_points":20,"settled_cents":250,"settled_points":125,'
        '"taxes":[{"kind":"discount","product":"cake","rate_percent":7},'
        '{"kind":"multi-purpose","product":"coffee","rate_percent":null}],'
        '"venue":{"iban":null,"name":"Café „Zur Mühle“; Ruhrort","payee_name":"Mühle GmbH","venue_id":3}}'
    )
    now = statements.to_json(replace(STATEMENT, collected=EUROS))
    collected = (
        '"collected":{"closing_cents":0,'
        '"conflicts":[{"cents":100,"count":1,"product":"cake","tier":"capped"}],'
        '"corrections":[{"cents":-50,"count":1,"product":"cake","tier":""}],'
        '"opening":[{"cents":-30,"count":0,"product":"coffee","tier":""}],"opening_cents":-30,"paid_cents":650,'
        '"rates":[{"product":"cake","rate_percent":7},{"product":"coffee","rate_percent":null}],'
        '"redemptions":[{"cents":700,"count":2,"product":"cake","tier":"online"}],'
        '"reversals":[{"cents":70,"count":1,"product":"coffee","tier":"online"}],'
        '"taxes":[{"gross_cents":750,"net_cents":701,"rate_percent":7,"tax_cents":49},'
        '{"gross_cents":-100,"net_cents":null,"rate_percent":null,"tax_cents":null}]},'
    )
    with_euros = former.replace('"closing_points":0,', f'"closing_points":0,{collected}', 1)
    with_euros = with_euros.replace("statement/2", "statement/3").replace(
        '"period"', '"payout_cents":900,"period"'
    )
    assert now == with_euros


def test_former_json_stays_as_it_was() -> None:
    """Statements of the first format are written as ever; these bytes may never change."""
    assert statements.to_json(FORMER) == (
        '{"city_id":1,"closing_points":0,"format":"duiscoin-statement/1","issued_on":"2026-06-02",'
        '"ledger":{"after_sequence":10,"cut_sequence":99},"number":"2026-0007","opening_points":-5,'
        '"period":{"first_day":"2026-05-01","kind":"month","last_day":"2026-05-31"},'
        '"previous_number":"2026-0002","rate_cents_per_point":2,'
        '"redeemed_points":130,"redemptions":[{"count":3,"points":90,"product":"cake"},'
        '{"count":2,"points":40,"product":"coffee"}],"reversals":[{"count":1,"points":20,"product":"coffee"}],'
        '"reversed_points":20,"settled_cents":210,"settled_points":105,'
        '"venue":{"iban":null,"name":"Café „Zur Mühle“; Ruhrort","payee_name":"Mühle GmbH","venue_id":3}}'
    )


def test_json_reads_back() -> None:
    """What was written is read as the same statement; another format is not guessed at."""
    written = (replace(STATEMENT, collected=EUROS), STATEMENT, POINTS, FORMER)

    assert tuple(statements.from_json(statements.to_json(one)) for one in written) == written
    with pytest.raises(ValueError, match="duiscoin-statement/4"):
        statements.from_json(statements.to_json(STATEMENT).replace("statement/3", "statement/4"))


def test_figures_follow() -> None:
    """Opening and redeemed less reversed is settled and closing; a negative rest is carried over."""
    owing = replace(STATEMENT, opening_points=-200, opening=(Carried("cake", -200),))

    assert (STATEMENT.settled_points, STATEMENT.settled_cents, STATEMENT.closing_points) == (125, 250, 0)
    assert (owing.settled_points, owing.settled_cents, owing.closing_points) == (0, 0, -70)
    assert STATEMENT.points_by_product == {"cake": 115, "coffee": 10}
    assert owing.closing == (Carried("cake", -80), Carried("coffee", 10))
    assert STATEMENT.closing == ()
    assert FORMER.points_by_product == {"": -5, "cake": 90, "coffee": 20}


def test_csv_opens_in_a_spreadsheet() -> None:
    """The table has a byte-order mark, semicolons, quoted texts and rows that add up."""
    text = statements.to_csv(STATEMENT)

    rows = list(csv.DictReader(text.removeprefix("\ufeff").splitlines(), delimiter=";"))
    assert text.startswith(
        "\ufeffstatement;venue;first_day;last_day;entry;product;tier;count;points;cents\r\n"
    )
    assert text.endswith("\r\n")
    assert {row["venue"] for row in rows} == {STATEMENT.venue_name}
    written = [
        (row["entry"], row["product"], row["tier"], row["count"], row["points"], row["cents"]) for row in rows
    ]
    assert written == [
        ("opening", "", "", "", "-5", "-10"),
        ("redemption", "cake", "online", "3", "90", "180"),
        ("redemption", "coffee", "leased", "2", "40", "80"),
        ("conflict", "cake", "capped", "1", "30", "60"),
        ("reversal", "coffee", "online", "1", "-20", "-40"),
        ("correction", "coffee", "", "1", "-10", "-20"),
        ("settled", "", "", "", "125", "250"),
        ("closing", "", "", "", "0", "0"),
    ]
    assert sum(int(row["points"]) for row in rows[:6]) == sum(int(row["points"]) for row in rows[6:])
    with_euros = statements.to_csv(replace(STATEMENT, collected=EUROS)).splitlines()
    assert with_euros[: len(rows) + 1] == text.splitlines()
    assert [line.split(";")[-6:] for line in with_euros[len(rows) + 1 :]] == [
        ["euros-opening", "", "", "", "", "-30"],
        ["euros-redemption", "cake", "online", "2", "", "700"],
        ["euros-conflict", "cake", "capped", "1", "", "100"],
        ["euros-reversal", "coffee", "online", "1", "", "-70"],
        ["euros-correction", "cake", "", "1", "", "-50"],
        ["euros-passed-on", "", "", "", "", "650"],
        ["euros-closing", "", "", "", "", "0"],
        ["payout", "", "", "", "", "900"],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_holds_no_formula(start: str) -> None:
    """A venue whose name would be taken for a formula is written as a text; the record keeps its name."""
    name = f'{start}HYPERLINK("http://example.org")'
    named = replace(STATEMENT, venue_name=name)

    written = io.StringIO(statements.to_csv(named), newline="")
    first_entry = list(csv.reader(written, delimiter=";"))[1]
    assert first_entry[1] == "'" + name
    assert json.loads(statements.to_json(named))["venue"]["name"] == name
