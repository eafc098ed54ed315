"""Redeeming at a venue: one verdict for each scan, each with its own reason, and exactly one acceptance."""

import datetime as dt
from dataclasses import replace
from functools import partial

import pytest

from kernel.errors import Conflict, Invalid, NotFound
from merchants import devices, safeguarding, venues
from redemption import codes, keys, scans, tokens, vouchers
from redemption.verdicts import Colour, FirstUse, VerdictCode
from redemption.vouchers import Voucher, VoucherStatus
from tests.redemption.office import LATER, SEALER, SOON, SWIM, Office

UNLIMITED = replace(SWIM, code="unlimited", places=None)


@pytest.fixture
def voucher(office: Office) -> Voucher:
    """Give a voucher for the pool, paid by anna from two lots."""
    office.give("anna", 80, SOON)
    office.give("anna", 40, LATER)
    return office.buy("anna", office.offer())


def key_of(office: Office) -> keys.IssuingKey:
    """Return the city's newest key."""
    with office.database.reading(office.city_id) as reading:
        return keys.every(reading)[-1]


def test_the_first_scan_is_green_and_moves_points_and_place(office: Office, voucher: Voucher) -> None:
    """The venue has the points, the place is used, the voucher says when and where."""
    verdict = office.scan(voucher)
    assert (VerdictCode.ACCEPTED, Colour.GREEN) == (verdict.code, verdict.colour)
    assert verdict.voucher is not None
    assert (voucher.voucher_id, ("Freibad Kaiserberg",)) == (
        verdict.voucher.voucher_id,
        verdict.voucher.venue_names,
    )
    assert verdict.first_use is None
    assert 120 == office.posted(f"venue/{office.pool.venue_id}")
    assert (1, 0) == (office.posted(f"sold/{voucher.offer_id}"), office.points("anna"))
    used = office.look(voucher)
    assert (VoucherStatus.REDEEMED, office.clock.now(), "Freibad Kaiserberg", office.till) == (
        used.status,
        used.redeemed_at,
        used.redeemed_venue_name,
        used.redeemed_device_id,
    )
    assert (1, 1) == (key_of(office).issued, key_of(office).accepted)
    assert office.verify().ok


@pytest.mark.parametrize("form", ["app", "address", "typed"])
def test_every_form_of_the_code_is_accepted(office: Office, voucher: Voucher, form: str) -> None:
    """What the app shows, what is printed and what is typed, in lower case with a hyphen, mean the same voucher."""
    text = {
        "app": codes.app_text(voucher.token),
        "address": codes.address_text(voucher.token, "duisburg.test"),
        "typed": codes.grouped(voucher.manual_code).lower(),
    }[form]
    assert office.scan(text).accepted
    assert VerdictCode.ALREADY_USED is office.scan(voucher).code


def test_the_second_scan_names_time_venue_and_device_of_the_first(office: Office, voucher: Voucher) -> None:
    """A cashier can tell the guest when and where the voucher was used."""
    first = office.scan(voucher)
    office.clock.advance(dt.timedelta(minutes=5))
    second = office.scan(voucher, device=office.add_device(office.pool, "Kasse 2"))
    assert (VerdictCode.ALREADY_USED, Colour.RED) == (second.code, second.colour)
    assert FirstUse(first.at, "Freibad Kaiserberg", "Kasse 1") == second.first_use
    assert 120 == office.posted(f"venue/{office.pool.venue_id}")


def test_the_same_nonce_gets_the_same_verdict(office: Office, voucher: Voucher) -> None:
    """A device that repeats a request whose answer was lost sees green again, and nothing is booked twice."""
    first = office.scan(voucher, nonce="n1")
    office.clock.advance(dt.timedelta(minutes=5))
    assert first == office.scan(voucher, nonce="n1")
    refused = office.scan(voucher, nonce="n2")
    assert refused == office.scan(voucher, nonce="n2")
    with office.database.reading(office.city_id) as reading:
        assert 2 == len(scans.recent(reading, venue_id=office.pool.venue_id))


def test_a_nonce_belongs_to_one_device_and_one_code(office: Office, voucher: Voucher) -> None:
    """Another device may use the same nonce; the same device may not use it for another code."""
    office.scan(voucher, nonce="n1")
    other = office.add_device(office.pool, "Kasse 2")
    assert VerdictCode.ALREADY_USED is office.scan(voucher, nonce="n1", device=other).code
    with pytest.raises(Conflict, match="scan-nonce-reused"):
        office.scan("DC1:OTHER", nonce="n1")


@pytest.mark.parametrize("nonce", ["x" * 65, " " * 65])
def test_a_misshapen_nonce_is_refused(office: Office, voucher: Voucher, nonce: str) -> None:
    """A nonce has 1 to 64 characters; the voucher stays usable."""
    with pytest.raises(Invalid, match="scan-nonce-invalid"):
        office.scan(voucher, nonce=nonce)
    assert VoucherStatus.USABLE is office.look(voucher).status


def test_an_expired_voucher_is_refused_from_its_last_instant_on(office: Office, voucher: Voucher) -> None:
    """The end is exclusive: in the last microsecond it is good, at the end it is not."""
    other = office.offer(UNLIMITED)
    office.give("ben", 120)
    late = office.buy("ben", other)
    office.clock.move_to(voucher.valid_until - dt.timedelta(microseconds=1))
    assert office.scan(late).accepted
    office.clock.move_to(voucher.valid_until)
    verdict = office.scan(voucher)
    assert (VerdictCode.EXPIRED, Colour.RED) == (verdict.code, verdict.colour)
    assert verdict.voucher is not None
    assert voucher.valid_until == verdict.voucher.valid_until
    assert 120 == office.points("anna")


def test_a_cancelled_voucher_is_refused(office: Office, voucher: Voucher) -> None:
    """The code that the citizen still has on the screen is worth nothing."""
    office.cancel("anna", voucher)
    verdict = office.scan(voucher)
    assert (VerdictCode.CANCELLED, Colour.RED) == (verdict.code, verdict.colour)


def test_another_venue_is_told_which_ones_take_it(office: Office, voucher: Voucher) -> None:
    """The voucher is not used up and still good at its own venue."""
    verdict = office.scan(voucher, venue=office.zoo, device=office.gate)
    assert (VerdictCode.OTHER_VENUE, Colour.AMBER) == (verdict.code, verdict.colour)
    assert verdict.voucher is not None
    assert ("Freibad Kaiserberg",) == verdict.voucher.venue_names
    assert office.scan(voucher).accepted


def test_a_ticket_for_later_is_not_yet_valid(office: Office) -> None:
    """Before the doors open the scan says from when on; then it is accepted."""
    opens = office.clock.now() + dt.timedelta(hours=3)
    office.give("anna", 120)
    new = replace(SWIM, valid_days=None, valid_from=opens, valid_until=opens + dt.timedelta(hours=4))
    ticket = office.buy("anna", office.offer(new))
    verdict = office.scan(ticket)
    assert (VerdictCode.NOT_YET_VALID, Colour.AMBER) == (verdict.code, verdict.colour)
    assert verdict.voucher is not None
    assert opens == verdict.voucher.valid_from
    office.clock.move_to(opens)
    assert office.scan(ticket).accepted


def test_a_suspended_venue_redeems_nothing(office: Office, voucher: Voucher) -> None:
    """The guest's voucher stays good; after reactivation it is accepted."""
    office.database.run(office.city_id, lambda work: venues.suspend(work, office.pool.venue_id))
    verdict = office.scan(voucher)
    assert (VerdictCode.VENUE_SUSPENDED, Colour.AMBER) == (verdict.code, verdict.colour)
    assert verdict.voucher is None
    office.database.run(office.city_id, lambda work: venues.reactivate(work, office.pool.venue_id))
    assert office.scan(voucher).accepted


def test_a_tampered_token_has_a_bad_signature(office: Office, voucher: Voucher) -> None:
    """One changed bit in the payload is not a damaged code but a forged one."""
    place = voucher.token.index(bytes.fromhex(voucher.voucher_id)) + 3
    tampered = bytearray(voucher.token)
    tampered[place] ^= 1
    verdict = office.scan(codes.app_text(bytes(tampered)))
    assert (VerdictCode.BAD_SIGNATURE, Colour.RED, None) == (verdict.code, verdict.colour, verdict.voucher)


def test_another_citys_voucher_is_of_an_unknown_key(
    office: Office, voucher: Voucher, other_city_id: int
) -> None:
    """Moers neither knows the key nor sees the voucher, typed or scanned."""
    moers = Office(office.database, other_city_id)
    assert VerdictCode.UNKNOWN_KEY is moers.scan(voucher).code
    assert VerdictCode.UNKNOWN_VOUCHER is moers.scan(voucher.manual_code).code
    assert office.scan(voucher).accepted
    assert moers.verify().ok


def test_a_blocked_key_blocks_what_it_signed_scanned_or_typed(office: Office, voucher: Voucher) -> None:
    """After the kill switch, old vouchers are refused and new ones of the next key accepted."""
    office.database.run(office.city_id, lambda work: keys.block(work, voucher.kid))
    office.database.run(office.city_id, lambda work: keys.rotate(work, SEALER))
    assert VerdictCode.BLOCKED_KEY is office.scan(voucher).code
    assert VerdictCode.BLOCKED_KEY is office.scan(voucher.manual_code).code
    office.give("ben", 120)
    assert office.scan(office.buy("ben", office.offer(UNLIMITED))).accepted


def test_a_retired_keys_vouchers_stay_good(office: Office, voucher: Voucher) -> None:
    """Rotation is no recall."""
    office.database.run(office.city_id, lambda work: keys.rotate(work, SEALER))
    assert office.scan(voucher).accepted


def test_a_voucher_signed_with_a_stolen_key_is_unknown(office: Office, voucher: Voucher) -> None:
    """Genuine signatures on a new number and on altered claims of an existing one are both refused."""
    with office.database.reading(office.city_id) as reading:
        ring = keys.ring(reading)
    claims = tokens.read(voucher.token, ring, int(office.clock.now().timestamp()))
    for forged in (replace(claims, voucher_id=b"8 bytes."), replace(claims, value_cents=99_999)):
        (signed,) = office.database.run(office.city_id, partial(keys.sign, sealer=SEALER, claimed=[forged]))
        verdict = office.scan(codes.app_text(signed.token))
        assert (VerdictCode.UNKNOWN_VOUCHER, Colour.RED) == (verdict.code, verdict.colour)
    assert office.scan(voucher).accepted


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", VerdictCode.NOT_READABLE),
        ("https://example.com/", VerdictCode.NOT_READABLE),
        ("DC1:", VerdictCode.NOT_READABLE),
        ("DC1:%%%", VerdictCode.NOT_READABLE),
        ("HTTPS://DUISBURG.TEST/V/AAAA", VerdictCode.NOT_READABLE),
        ("DC1:" + "0" * 600, VerdictCode.NOT_READABLE),
        ("\ud800", VerdictCode.NOT_READABLE),
        ("00000-00001", VerdictCode.MISTYPED_CODE),
    ],
)
def test_what_is_no_code_of_ours_is_amber(office: Office, text: str, code: VerdictCode) -> None:
    """A shop's code, a damaged one and a slip while typing ask for another try, and are recorded too."""
    verdict = office.scan(text)
    assert (code, Colour.AMBER, None) == (verdict.code, verdict.colour, verdict.voucher)
    with office.database.reading(office.city_id) as reading:
        assert [verdict] == [s.verdict for s in scans.recent(reading, venue_id=office.pool.venue_id)]


def test_a_well_formed_code_that_nobody_has_is_unknown(office: Office) -> None:
    """A typed code that is right in itself but was never sold is refused."""
    assert VerdictCode.UNKNOWN_VOUCHER is office.scan(codes.manual_code(b"nobody")).code


def test_unknown_venues_and_devices_are_errors_of_the_caller(office: Office, voucher: Voucher) -> None:
    """They can't happen to a cashier, so they are no verdicts."""
    with pytest.raises(NotFound, match="venue-not-found"):
        office.scan(voucher, venue=replace(office.pool, venue_id=99))
    with pytest.raises(NotFound, match="device-not-found"):
        office.scan(voucher, device=1)


@pytest.mark.parametrize("limited", [True, False])
def test_a_voucher_for_several_venues_pays_the_one_that_scans(office: Office, limited: bool) -> None:
    """No venue sees points that another may get; the one that scanned has them all, whichever lot they came from."""
    office.give("anna", 80, SOON)
    office.give("anna", 60, LATER)
    offer = office.offer(SWIM if limited else UNLIMITED, office.pool, office.zoo)
    voucher = office.buy("anna", offer)
    assert (20, 0) == (office.points("anna"), office.posted("redeemed"))
    assert office.verify().ok
    verdict = office.scan(voucher, venue=office.zoo, device=office.gate)
    assert verdict.voucher is not None
    assert (True, ("Freibad Kaiserberg", "Zoo")) == (verdict.accepted, verdict.voucher.venue_names)
    assert (120, 0, 0) == (
        office.posted(f"venue/{office.zoo.venue_id}"),
        office.posted(f"venue/{office.pool.venue_id}"),
        office.posted("redeemed"),
    )
    assert (20, VoucherStatus.REDEEMED) == (office.points("anna"), office.look(voucher).status)
    assert VerdictCode.ALREADY_USED is office.scan(voucher).code
    assert office.verify().ok


def test_points_of_a_lot_that_ended_meanwhile_still_pay_the_venue(office: Office) -> None:
    """What was held in time is good, for one venue and for several, though the lot itself is over."""
    tomorrow = office.clock.now().date() + dt.timedelta(days=1)
    office.give("anna", 240, tomorrow)
    one = office.buy("anna", office.offer())
    several = office.buy("anna", office.offer(UNLIMITED, office.pool, office.zoo))
    office.clock.advance(dt.timedelta(days=5))
    assert office.scan(one).accepted
    assert office.scan(several).accepted
    assert 240 == office.posted(f"venue/{office.pool.venue_id}")
    assert office.verify().ok


def test_the_venues_statement_names_purpose_and_offer(office: Office, voucher: Voucher) -> None:
    """Settlement finds `redemption` and `<offer>/<voucher>` on every transfer to the venue, captured or posted."""
    office.give("anna", 120)
    several = office.buy("anna", office.offer(UNLIMITED, office.pool, office.zoo))
    office.scan(voucher)
    office.scan(several)
    lines = [line for line in office.statement(f"venue/{office.pool.venue_id}") if line.change]
    assert {
        ("redemption", f"swim/{voucher.voucher_id}"),
        ("redemption", f"unlimited/{several.voucher_id}"),
    } == {(line.booked.purpose, line.booked.subject) for line in lines}
    assert 240 == sum(line.change for line in lines)


def test_the_scans_of_a_venue_are_listed_by_device_time_and_page(office: Office, voucher: Voucher) -> None:
    """Newest first; counted by verdict; another venue's are not among them."""
    second_till = office.add_device(office.pool, "Kasse 2")
    office.scan("nonsense text", device=second_till)
    morning = office.clock.advance(dt.timedelta(hours=1))
    accepted, again = office.scan(voucher), office.scan(voucher)
    office.scan(voucher, venue=office.zoo, device=office.gate)
    pool = office.pool.venue_id
    with office.database.reading(office.city_id) as reading:
        everything = scans.recent(reading, venue_id=pool)
        assert [again, accepted] == [scan.verdict for scan in everything[:2]]
        assert [second_till] == [
            s.device_id for s in scans.recent(reading, venue_id=pool, device_id=second_till)
        ]
        assert 2 == len(scans.recent(reading, venue_id=pool, since=morning))
        assert [accepted] == [
            s.verdict for s in scans.recent(reading, venue_id=pool, before=again.scan_id, limit=1)
        ]
        assert {VerdictCode.ACCEPTED: 1, VerdictCode.ALREADY_USED: 1} == scans.counts(
            reading, venue_id=pool, since=morning
        )


def test_a_voucher_is_found_by_nothing_but_its_own_names(office: Office, voucher: Voucher) -> None:
    """Neither an unknown id nor an unknown code finds one."""
    with office.database.reading(office.city_id) as reading:
        assert [voucher] == vouchers.find(reading, voucher_ids=[voucher.voucher_id])
        assert [voucher] == vouchers.find(reading, manual_codes=[voucher.manual_code])
        assert [] == vouchers.find(reading, voucher_ids=["00" * 8], manual_codes=["0000000000"])
        assert [] == vouchers.find(reading)


def test_a_device_takes_only_its_offers(office: Office, voucher: Voucher) -> None:
    """It says which gate takes the voucher, if one does; nothing is used up, and there it is accepted."""
    limited, elsewhere = office.add_device(office.pool, "Kasse 2"), office.add_device(office.pool, "Tor 3")
    limit = partial(devices.change, device_id=limited, offer_ids=[voucher.offer_id + 1], gate="Tor 2")
    office.database.run(office.city_id, limit)
    nowhere = office.scan(voucher, device=limited)
    office.database.run(office.city_id, partial(devices.change, device_id=elsewhere, gate="Tor 3"))
    gated = office.scan(voucher, device=limited)
    assert (VerdictCode.OFFER_NOT_HERE, Colour.AMBER) == (nowhere.code, nowhere.colour)
    assert (VerdictCode.OTHER_GATE, Colour.AMBER) == (gated.code, gated.colour)
    assert gated.voucher is not None
    assert ("Tor 3",) == gated.voucher.gates
    with office.database.reading(office.city_id) as reading:
        assert gated in [one.verdict for one in scans.recent(reading, venue_id=office.pool.venue_id)]
    assert office.scan(voucher, device=elsewhere).accepted


def test_a_suspended_device_redeems_nothing(office: Office, voucher: Voucher) -> None:
    """It is told so; one whose log is broken works on, because online nothing depends on its log."""
    office.database.run(office.city_id, lambda work: safeguarding.suspend(work, office.till))
    assert VerdictCode.DEVICE_SUSPENDED is office.scan(voucher).code
    office.database.run(office.city_id, lambda work: safeguarding.reactivate(work, office.till))
    office.database.run(office.city_id, lambda work: safeguarding.quarantine(work, office.till))
    assert office.scan(voucher).accepted
