"""The page that checks receipts, opened from disk in a real browser: no server, no network."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from api import services
from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.signing import VerifyKey
from ledger import notes, proving, queries, sealing, witnesses
from ledger.notes import Kind, Verifier
from tests.browser import town as towns
from tests.browser.town import Town
from tests.fixtures import chromium
from tests.fixtures import witness as real
from tests.ledger.desk import Desk
from tests.ledger.sealed import Sealed
from tests.web.test_gallery import AXE
from web import verifier

FILE = Path(verifier.__file__).parent / "receipts" / "verify.html"
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]


class Receipt:
    """A receipt with the keys that it is checked by."""

    def __init__(self, sealed: Sealed, witness: real.Witness) -> None:
        gift = sealed.desk.move(30)
        sealed.book(40)
        sealed.desk.fund(100)
        sealed.desk.post(gift)
        sealed.book(300)
        sealed.seal()
        with sealed.database.reading(sealed.desk.city_id) as reading:
            self.text = proving.prove(reading, sealed.log.store, gift.transfer_id)
        self.transfer_id = str(gift.transfer_id)
        self.key = sealed.verifier().vkey
        self.witness = Verifier(real.NAME, VerifyKey(witness.public_key), Kind.COSIGNATURE).vkey


@pytest.fixture
def receipt(desk: Desk, tmp_path: Path, clock: FixedClock) -> Iterator[Receipt]:
    """Give the receipt of a gift of 30 points, confirmed by a witness."""
    with real.running(real.Witness(now=int(clock.now().timestamp()))) as witness:

        def add(work: Work) -> None:
            witnesses.add(work, real.NAME, witness.url, witness.public_key.hex())

        desk.database.run(desk.city_id, add)
        yield Receipt(Sealed(desk, tmp_path / "log"), witness)


@pytest.fixture
def desk(database: Database, city_id: int) -> Desk:
    """Give a desk with open accounts."""
    return Desk(database, city_id)


@pytest.fixture
def opened(page: Page) -> Page:
    """Give the page, opened from disk without any network."""
    page.context.set_offline(offline=True)
    page.goto(FILE.as_uri())
    return page


def check(page: Page, text: str, key: str, others: str = "") -> str:
    """Fill in a receipt, check it, and return the verdict's headline."""
    page.fill("#receipt", text)
    page.fill("#key", key)
    page.fill("#witnesses", others)
    page.evaluate("document.querySelector('#result').hidden = true")
    page.click("#check")
    page.wait_for_selector("#result:not([hidden])")
    return page.inner_text("#verdict h2")


def test_a_good_receipt_is_told_in_plain_words(opened: Page, receipt: Receipt, tmp_path: Path) -> None:
    """A file is chosen, every step is green, and the transfer is told in German and in English."""
    file = tmp_path / "mine.tlog-proof"
    file.write_text(receipt.text, encoding="utf-8")
    opened.fill("#key", receipt.key)
    opened.fill("#witnesses", receipt.witness)
    opened.set_input_files("#file", file)
    opened.wait_for_selector("#result:not([hidden])")

    assert "Der Beleg stimmt" in opened.inner_text("#verdict h2")
    assert "30 Punkte wurden gebucht" in opened.inner_text("#said .sentence")
    assert "Geldbörse (Punkte gültig bis 31.12.2028)" in opened.inner_text("#said .sentence")
    assert receipt.transfer_id in opened.inner_text("#said dl")
    marks = opened.locator("#result ol li").evaluate_all("all => all.map(one => one.dataset.mark)")
    assert ["\u2713"] * 9 == marks
    assert real.NAME in opened.inner_text("#result ol")
    opened.click("#language")
    assert "The receipt is right" in opened.inner_text("#verdict h2")
    assert "30 points were moved: from the budget \u201clitter\u201d" in opened.inner_text("#said .sentence")


def _replace(pattern: str, by: str) -> Callable[[str], str]:
    return lambda text: re.sub(pattern, by, text, count=1)


def _opening(change: Callable[[bytes], bytes]) -> Callable[[str], str]:
    def apply(text: str) -> str:
        encoded = re.search(r"^extra (.*)$", text, re.MULTILINE)
        assert encoded is not None
        changed = change(notes.decode_base64(encoded[1]))
        return text.replace(encoded[1], notes.encode_base64(changed))

    return apply


TAMPERED = {
    "amount": (
        _opening(lambda data: data.replace((30).to_bytes(8, "big"), (31).to_bytes(8, "big"))),
        "Stelle",
    ),
    "wallet": (_opening(lambda data: data.replace(b"wallet/anna", b"wallet/mary")), "Stelle"),
    "salt": (_opening(lambda data: data[:25] + bytes([data[25] ^ 1]) + data[26:]), "Stelle"),
    "index": (_replace("index 41", "index 40"), "Stelle"),
    "size": (_replace("\n342\n", "\n343\n"), "unterschrieben"),
    "origin": (_replace("duisburg.test/log\n", "moers.test/log\n"), "gehört zum Protokoll"),
    "no header": (_replace("c2sp", "C2SP"), "lesbar"),
    "cut off": (lambda text: text[:200], "lesbar"),
    "a hash less": (_replace(r"(index 41\n)[^\n]+\n", r"\1"), "Stelle"),
    "a hash more": (_replace(r"(index 41\n[^\n]+\n)", r"\1" + "A" * 43 + "=\n"), "Stelle"),
    "not base64": (_replace(r"index 41\n.", "index 41\n!"), "lesbar"),
    "the log's signature": (_replace(r"(\u2014 duisburg.test/log \S{20})\w", r"\1/"), "unterschrieben"),
    "the witness's signature": (_replace(r"(\u2014 witness.test/w1 \S{40})\w", r"\1/"), "Zeugen"),
    "empty": (lambda _: "", "lesbar"),
}


def test_no_tampered_receipt_passes(opened: Page, receipt: Receipt) -> None:
    """Whatever is changed, the verdict is red, says at which step, and tells nothing as true."""
    assert "stimmt" in check(opened, receipt.text, receipt.key, receipt.witness)
    for name, (change, reason) in TAMPERED.items():
        text = change(receipt.text)
        assert text != receipt.text, name
        assert "beweist nichts" in check(opened, text, receipt.key, receipt.witness), name
        assert reason in opened.inner_text("#verdict p"), name
        assert opened.is_hidden("#said"), name


def test_keys_are_compared(opened: Page, receipt: Receipt) -> None:
    """Another city's key, a mistyped one, or a witness's in its place: nothing is proven."""
    other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    mistyped = receipt.key[:-3] + "abc"
    for key in (other, mistyped, receipt.witness, "", "nonsense"):
        assert "beweist nichts" in check(opened, receipt.text, key)
    # A witness that did not confirm is named; that is no fault of the receipt.
    stranger = Verifier("someone.test", Verifier.from_text(other).key, Kind.COSIGNATURE).vkey
    assert "stimmt" in check(opened, receipt.text, receipt.key, stranger)
    assert "someone.test hat nicht bestätigt" in opened.inner_text("#result ol")


def test_a_browser_without_ed25519_says_so(opened: Page, receipt: Receipt) -> None:
    """An old browser can't check, and says which can."""
    opened.evaluate("() => { crypto.subtle.importKey = () => Promise.reject(new Error('unknown')); }")

    assert "nicht möglich" in check(opened, receipt.text, receipt.key)
    assert "Firefox ab 129" in opened.inner_text("#verdict p")


def test_the_page_is_accessible_and_fits(browser: Browser, receipt: Receipt) -> None:
    """On a phone and dark, with a verdict shown, axe finds nothing and nothing sticks out sideways."""
    for scheme, width in (("light", 360), ("dark", 1280)):
        with browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]  # the two that are
            bypass_csp=True,
        ) as context:
            page = context.new_page()
            complaints = chromium.watch(page)
            page.goto(FILE.as_uri())
            check(page, receipt.text, receipt.key, receipt.witness)
            page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
            findings = page.evaluate("axe.run().then(result => result.violations)")

            assert [] == [(one["id"], one["nodes"][0]["html"]) for one in findings]
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert [] == complaints


def test_the_served_page_checks_a_receipt(browser: Browser, town: Town, tmp_path: Path) -> None:
    """Under the server's own policy the page runs, with the city's key filled in."""
    log = services.log_of(towns.settings(town.database, tmp_path), town.database, town.city)
    sealing.seal(log)
    with town.database.reading(town.city.city_id) as reading:
        (funded, *_) = queries.statement(reading, "issued")
        receipt = proving.prove(reading, log.store, funded.booked.transfer_id)
    with browser.new_context(locale="en-GB") as context:
        page = context.new_page()
        complaints = chromium.watch(page)
        page.goto(f"{town.url}/log/verify")
        page.fill("#receipt", receipt)
        page.click("#check")
        page.wait_for_selector("#result:not([hidden])")

        assert "The receipt is right" in page.inner_text("#verdict h2")
        assert [] == complaints
