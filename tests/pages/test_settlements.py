"""The treasury's and the venue's pages of money: from a settled month to a confirmed payout."""

import datetime as dt
import io
import re
from typing import Any

import facturx
import pytest
import sqlalchemy as sa
from defusedxml import ElementTree
from pypdf import PdfReader

from identity.roles import Role
from kernel.clock import FixedClock
from kernel.db import Work
from ledger import accounts, posting, transfers
from ledger.accounts import Guard, NewAccount
from merchants import billing, contracts, invoice_rules, matching, settlements, tax_data, venues
from merchants.periods import PeriodKind
from merchants.settlements import Settlement
from merchants.tables import venues as venues_table
from redemption import bank_receipts
from tests.api.edge import Edge
from tests.merchants.bank_files import Moved, camt
from tests.merchants.treasury import PROFILE, TAXES
from tests.web import archival_rules

VENUE_IBAN = "DE89370400440532013000"
GERMAN = {"Accept-Language": "de"}


def settled(edge: Edge, clock: FixedClock) -> Settlement:
    """Let somebody swim for 120 points and 12.50 EUR, and settle May with the pool; it is June then."""
    city, venue_id = edge.city, edge.pool.venue_id

    def swim(work: Work) -> None:
        if not contracts.of_venue(work, venue_id):
            contracts.sign(
                work,
                venue_id,
                rate_cents_per_point=2,
                period=PeriodKind.MONTH,
                valid_from=dt.date(2026, 5, 1),
            )
        buyer, together = NewAccount("eur/receivable/1", transfers.EUR, Guard.NONE), work.ids.uuid()
        accounts.open_accounts(work, [buyer])
        venues.open_takings(work, [venue_id])
        sides = (
            ("issued", venues.points_path(venue_id), 120),
            (buyer.path, venues.takings_path(venue_id), 1250),
        )
        redeemed = [
            transfers.post(
                work.ids.uuid(),
                debit,
                credit,
                amount,
                effective=city.day_of(work.now),
                purpose="redemption",
                subject=f"{edge.swim.code}/0123456789abcdef",
                group_id=together,
            )
            for debit, credit, amount in sides
        ]
        posting.post_or_raise(work, redeemed)
        work.connection.execute(
            sa.update(venues_table).where(venues_table.c.city_id == work.city_id).values(iban=VENUE_IBAN)
        )

    edge.database.run(city.city_id, swim)
    clock.move_to(dt.datetime(2026, 6, 2, 10, tzinfo=dt.UTC))
    _, token = edge.person("tom@example.org", Role.TREASURER)
    post(edge, token, "/treasury/settlements", {})
    with edge.database.reading(city.city_id) as reading:
        return next(one for one in settlements.of_venue(reading, venue_id) if one.settled_cents)


def post(edge: Edge, token: str, path: str, data: dict[str, Any], **rest: Any) -> Any:
    """Send a form as this person."""
    fields = edge.browse(token)
    return edge.client.post(path, data={**data, **fields}, headers=GERMAN, **rest)


def get(edge: Edge, token: str, path: str) -> Any:
    """Open a page as this person."""
    edge.browse(token)
    return edge.client.get(path, headers=GERMAN)


def prepare(edge: Edge) -> None:
    """Keep the billing data of the city and the tax data of the pool."""

    def command(work: Work) -> None:
        billing.save(work, PROFILE)
        tax_data.save(work, edge.pool.venue_id, TAXES)

    edge.database.run(edge.city.city_id, command)


def test_a_month_is_paid_by_two_people(edge: Edge, clock: FixedClock) -> None:
    """One makes the run, another releases and fetches the file, the bank's statement confirms it."""
    prepare(edge)
    made = settled(edge, clock)
    _, tom = edge.person("tom@example.org", Role.TREASURER)
    _, ada = edge.person("ada@example.org", Role.APPROVER)

    page = get(edge, tom, "/treasury/payouts").text
    assert f'value="{made.settlement_id}"' in page
    assert "davon von Gästen: 12,50" in page
    assert "davon von Gästen: 12,50" in get(edge, tom, "/treasury/settlements").text
    run = post(edge, tom, "/treasury/payouts", {"settlement": made.settlement_id, "execute_on": "2026-06-03"})
    path = run.headers["location"].partition("?")[0]
    own = post(edge, tom, f"{path}/release", {})
    assert (own.status_code, "gibt ihn jemand anderes frei" in own.text) == (422, True)
    assert "notice=run-released" in post(edge, ada, f"{path}/release", {}).headers["location"]
    file = post(edge, ada, f"{path}/file", {})
    assert file.headers["content-type"] == "application/xml"
    wanted = ElementTree.fromstring(file.text).findtext(".//{*}EndToEndId")
    assert post(edge, ada, f"{path}/cancel", {}).status_code == 422
    noted = post(edge, ada, f"{path}/payees/1", {"result": "close"})
    assert "notice=payee-noted" in noted.headers["location"]

    bank = camt(Moved(-made.payout_cents, end_to_end_id=wanted), Moved(-5), Moved(7))
    files = {"file": ("auszug.xml", bank, "application/xml")}
    taken = post(edge, tom, "/treasury/bank-statements", {}, files=files)
    page = get(edge, tom, taken.headers["location"]).text

    assert "Auszahlung bestätigt" in page
    assert "Keine Auszahlung von Duiscoin" in page
    with edge.database.reading(edge.city.city_id) as reading:
        assert settlements.get(reading, made.settlement_id).paid_on == dt.date(2026, 6, 5)
        (open_entry,) = matching.to_look_at(reading)
    post(edge, tom, f"/treasury/bank-statements/entries/{open_entry.entry_key}/clear", {})
    assert "/clear" not in get(edge, tom, "/treasury/bank-statements").text
    back = camt(Moved(made.payout_cents, end_to_end_id=wanted))
    post(edge, tom, "/treasury/bank-statements", {}, files={"file": ("zurueck.xml", back, "application/xml")})
    with edge.database.reading(edge.city.city_id) as reading:
        assert settlements.get(reading, made.settlement_id).paid_on is None
        assert [7] == [one.open_cents for one in bank_receipts.every_open(reading)]
    assert {"payout-run-made", "payout-run-released", "payout-file-fetched", "bank-file-taken-in"} <= set(
        edge.audited()
    )


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_refusals_stand_on_the_page(edge: Edge, clock: FixedClock) -> None:
    """Nothing chosen, a wrong day, a file that is none: the page says what to do."""
    _, tom = edge.person("tom@example.org", Role.TREASURER)
    assert "Die Rechnungsdaten fehlen" in get(edge, tom, "/treasury/payouts").text
    assert "Noch kein Kontoauszug" in get(edge, tom, "/treasury/bank-statements").text
    assert "Keine offenen Einwände" in get(edge, tom, "/treasury/settlements/contests").text
    prepare(edge)
    made = settled(edge, clock)
    _, tom = edge.person("tom@example.org", Role.TREASURER)
    for data, sentence in (
        ({"execute_on": "2026-06-03"}, "mindestens eine Abrechnung"),
        ({"settlement": made.settlement_id, "execute_on": "2026-01-01"}, "Die Bank kann das zwischen"),
        ({"settlement": made.settlement_id, "execute_on": "bald"}, "Tag"),
    ):
        answer = post(edge, tom, "/treasury/payouts", data)
        assert (answer.status_code, sentence in answer.text) == (422, True), data
    for content in (b"", b"no xml", camt(iban="DE89370400440532013000")):
        files = {"file": ("a.xml", content, "text/xml")}
        answer = post(edge, tom, "/treasury/bank-statements", {}, files=files)
        assert answer.status_code == 422


def test_documents_of_a_statement(edge: Edge, clock: FixedClock) -> None:
    """The owner gets the statement as PDF, CSV and JSON, and the credit note as Factur-X and XRechnung."""
    prepare(edge)
    made = settled(edge, clock)
    _, paula = edge.person("paula@example.org", Role.VENUE_OWNER)
    base = f"/venue/statements/{made.settlement_id}"

    assert "XRechnung" in get(edge, paula, "/venue/statements").text
    paper = get(edge, paula, f"{base}.pdf")
    assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    written = PdfReader(io.BytesIO(paper.content)).pages[0].extract_text()
    assert f"Abrechnung {made.number}" in written
    assert "Was Ihre Gäste in Euro bezahlt haben" in written
    assert "Enthaltene Umsatzsteuer" in written
    assert f"{made.payout_cents // 100},{made.payout_cents % 100:02}" in written
    assert get(edge, paula, f"{base}.json").text == made.document
    assert "redemption" in get(edge, paula, f"{base}.csv").text
    till = get(edge, paula, f"{base}/till.csv").text
    assert till.count("\r\n") == 3
    assert ";Unbar;Duiscoin;" in till
    assert ";Unbar;Vorab an die Stadt gezahlt;" in till
    xml = get(edge, paula, f"{base}/credit-note.xml").content
    assert invoice_rules.faults(xml, payable_cents=made.settled_cents) == []
    note = get(edge, paula, f"{base}/credit-note.pdf").content
    name, embedded = facturx.get_xml_from_pdf(note)
    assert name == "factur-x.xml"
    assert invoice_rules.faults(embedded, payable_cents=made.settled_cents) == []
    assert b"EN 16931" in note
    assert [] == archival_rules.faults(note) == archival_rules.faults(paper.content)
    assert b"Zur Information: 12,50 EUR" in embedded
    assert "Zur Information: 12,50 EUR" in PdfReader(io.BytesIO(note)).pages[0].extract_text()
    assert note == get(edge, paula, f"{base}/credit-note.pdf").content
    assert get(edge, paula, f"{base}.doc").status_code == 404
    assert get(edge, paula, f"{base}/credit-note.doc").status_code == 404


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_tax_data_bring_the_credit_note(edge: Edge, clock: FixedClock) -> None:
    """Without tax data there is no credit note; once the owner filled them in, it is there."""
    edge.database.run(edge.city.city_id, lambda work: billing.save(work, PROFILE))
    made = settled(edge, clock)
    _, paula = edge.person("paula@example.org", Role.VENUE_OWNER)
    base = f"/venue/statements/{made.settlement_id}"
    form = {name: getattr(TAXES, name) for name in tax_data.TaxData.__dataclass_fields__}
    form |= {"venue_id": edge.pool.venue_id, "is_small_business": ""}

    assert "Ihre Steuerdaten fehlen" in get(edge, paula, "/venue/statements").text
    assert get(edge, paula, f"{base}/credit-note.pdf").status_code == 409
    assert "Steuerdaten von" in get(edge, paula, "/venue/taxes").text
    wrong = post(edge, paula, "/venue/taxes", form | {"vat_id": "DE1"})
    assert (wrong.status_code, "Identifikationsnummer stimmt nicht" in wrong.text) == (422, True)
    assert post(edge, paula, "/venue/taxes", form | {"rate_percent": "x"}).status_code == 422
    assert "notice=tax-data-saved" in post(edge, paula, "/venue/taxes", form).headers["location"]
    assert get(edge, paula, f"{base}/credit-note.pdf").status_code == 200
    assert post(edge, paula, "/venue/taxes", form | {"venue_id": 99}).status_code == 403


def test_a_line_is_contested_and_granted(edge: Edge, clock: FixedClock) -> None:
    """Venue staff contest a line on the statement's page; the treasurer's answer stands there afterwards."""
    made = settled(edge, clock)
    _, paul = edge.person("paul@example.org", Role.VENUE_STAFF)
    _, tom = edge.person("tom@example.org", Role.TREASURER)
    lines = f"/venue/statements/{made.settlement_id}/lines"
    page = get(edge, paul, lines).text
    use_id = re.search(r'data-use="([^"]+)"', page)
    assert use_id is not None
    told = {"use_id": use_id[1], "expected_points": "200", "expected_euros": "25,00 €"}
    told |= {"reason": "Zwei Gäste"}

    assert (
        post(
            edge, paul, f"/venue/statements/{made.settlement_id}/contests", told | {"reason": " "}
        ).status_code
        == 422
    )
    assert (
        post(
            edge, paul, f"/venue/statements/{made.settlement_id}/contests", told | {"expected_points": "x"}
        ).status_code
        == 422
    )
    contests = f"/venue/statements/{made.settlement_id}/contests"
    assert [422] * 2 == [
        post(edge, paul, contests, told | {"expected_euros": wrong}).status_code for wrong in ("x", "-25")
    ]
    done = post(edge, paul, contests, told)
    assert "notice=contested" in done.headers["location"]
    waiting = get(edge, tom, "/treasury/settlements/contests").text
    contest = re.search(r'data-contest="(\d+)"', waiting)
    assert contest is not None
    assert "Zwei Gäste" in waiting
    assert "25,00" in waiting
    path = f"/treasury/settlements/contests/{contest[1]}"
    assert post(edge, tom, path, {"decision": "decline", "answer": ""}).status_code == 422
    granted = post(edge, tom, path, {"decision": "accept", "answer": "Stimmt."})
    assert "notice=contest-accepted" in granted.headers["location"]
    assert "Stimmt." in get(edge, paul, lines).text
    assert {"line-contested", "contest-accepted"} <= set(edge.audited())


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_billing_data_and_datev(edge: Edge, clock: FixedClock) -> None:
    """The treasurer fills in the billing data; the DATEV file has a posting for each rate and each payout."""
    made = settled(edge, clock)
    _, tom = edge.person("tom@example.org", Role.TREASURER)
    edge.database.run(edge.city.city_id, lambda work: tax_data.save(work, edge.pool.venue_id, TAXES))
    form = {name: str(getattr(PROFILE, name)) for name in billing.Profile.__dataclass_fields__}

    assert post(edge, tom, "/treasury/settlements/billing", form | {"iban": "DE1"}).status_code == 422
    assert post(edge, tom, "/treasury/settlements/billing", form | {"datev_client": "x"}).status_code == 422
    saved = post(edge, tom, "/treasury/settlements/billing", form | {"settles_itself": "yes"})
    assert "notice=billing-saved" in saved.headers["location"]
    post(edge, tom, f"/treasury/settlements/{made.settlement_id}/payout", {"paid_on": "2026-06-02"})
    file = get(edge, tom, "/treasury/settlements/datev.csv?first_day=2026-01-01&last_day=2026-12-31")
    head, names, *postings = file.content.decode("cp1252").splitlines()

    assert head.startswith('"EXTF";700;21;"Buchungsstapel";13;')
    assert names.startswith("Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;")
    creditor, euros = 70000 + edge.pool.venue_id, f"{made.settled_cents // 100},{made.settled_cents % 100:02}"
    whole = f"{made.payout_cents // 100},{made.payout_cents % 100:02}"
    assert len(postings) == 3
    assert postings[0].startswith(f'{euros};"S";"EUR";;;"";4900;{creditor};')
    assert postings[1].startswith(f'12,50;"S";"EUR";;;"";1590;{creditor};"";')
    assert postings[2].startswith(f'{whole};"S";"EUR";;;"";{creditor};1200;')
    assert (
        get(edge, tom, "/treasury/settlements/datev.csv?first_day=2025-01-01&last_day=2026-12-31").status_code
        == 422
    )
