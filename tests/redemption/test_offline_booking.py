"""What was scanned without a network is booked once it arrives: who was first, who bears the rest."""

import datetime as dt
import itertools
from dataclasses import replace

import pytest

from identity import postbox
from ledger import periods
from merchants import devices, safeguarding, takings
from redemption import claims, keys, offline_policies, publishing_status, status_changes, status_lists, tokens
from redemption.claims import Answer as Said
from redemption.claims import Claim
from redemption.offer_terms import Terms
from redemption.offline_policies import EVERYWHERE
from redemption.scan_events import EventFlags, EventKind, Tier
from redemption.tokens import Flags
from redemption.vouchers import Voucher, VoucherStatus
from tests.redemption.office import SWIM, Office
from tests.redemption.phones import MINUTE, RULES, Phone, outcomes

STRIP = replace(SWIM, code="strip", price_points=100, terms=Terms(uses=3, undo_minutes=10))
PAID = [("conflict", "paid")]
ACCEPTED = [("accepted", None)]


@pytest.fixture
def phones(office: Office) -> tuple[Phone, Phone]:
    """Give two phones at the pool that hear nothing of each other."""
    return Phone(office, office.pool, "A"), Phone(office, office.pool, "B")


@pytest.fixture
def voucher(office: Office) -> Voucher:
    """Give a voucher for the pool."""
    office.give("anna", 1000)
    return office.buy("anna", office.offer())


def questions(office: Office) -> list[Claim]:
    """Return what anna is asked."""
    with office.database.reading(office.city_id) as reading:
        return claims.of_owner(reading, "anna")


def purposes(office: Office) -> list[tuple[str, int]]:
    """Return what moved points to the pool, oldest first."""
    with office.database.reading(office.city_id) as reading:
        return [(line.booked.purpose, line.change) for line in takings.lines(reading, office.pool.venue_id)][
            ::-1
        ]


def test_a_late_scan_is_booked_on_its_own_day(office: Office, voucher: Voucher) -> None:
    """Points, place, counter and status list, as if it had been online, under the tier's purpose."""
    phone = Phone(office, office.pool)
    scanned = office.clock.now()
    phone.scan(voucher)
    office.clock.advance(dt.timedelta(days=2))
    assert ACCEPTED == outcomes(phone.hand_in())
    used = office.look(voucher)
    assert (VoucherStatus.REDEEMED, scanned, phone.device_id) == (
        used.status, used.redeemed_at, used.redeemed_device_id,
    )  # fmt: skip
    assert [("redemption-capped", 120)] == purposes(office)
    with office.database.reading(office.city_id) as reading:
        (line,) = takings.lines(reading, office.pool.venue_id)
        assert office.city.day_of(scanned) == line.booked.effective
        assert 1 == keys.every(reading)[-1].accepted
        assert {voucher.status_index: True} == status_changes.waiting(reading)
    assert office.scan(voucher).first_use is not None
    assert office.verify().ok


def test_of_a_closed_day_it_is_booked_today(office: Office, voucher: Voucher) -> None:
    """The books of a day that is closed take nothing more; the scan is paid all the same."""
    phone = Phone(office, office.pool)
    day = office.city.day_of(office.clock.now())
    phone.scan(voucher)
    office.clock.advance(dt.timedelta(days=3))
    office.database.run(office.city_id, lambda work: periods.close(work, day, "person/1"))
    assert ACCEPTED == outcomes(phone.hand_in())
    with office.database.reading(office.city_id) as reading:
        (line,) = takings.lines(reading, office.pool.venue_id)
    assert office.city.day_of(office.clock.now()) == line.booked.effective


@pytest.mark.parametrize("first", [0, 1])
def test_the_second_venue_is_paid_by_the_city(
    office: Office, voucher: Voucher, phones: tuple[Phone, Phone], first: int
) -> None:
    """Whoever hands in first: one use is booked, the other is borne by the city, and the citizen is asked."""
    early, late = phones
    early.scan(voucher)
    office.clock.advance(MINUTE)
    late.scan(voucher)
    one, other = phones[first], phones[1 - first]
    assert [ACCEPTED, PAID] == [outcomes(one.hand_in()), outcomes(other.hand_in())]
    assert [("redemption-capped", 120)] * 2 == purposes(office)
    assert (240, -120, 1000 - 120) == (
        office.posted(f"venue/{office.pool.venue_id}"), office.posted("offline-loss"), office.points("anna"),
    )  # fmt: skip
    (asked,) = questions(office)
    assert (voucher.voucher_id, office.pool.name) == (asked.voucher_id, asked.facts["venue"])
    with office.database.reading(office.city_id) as reading:
        letters = [one for one in postbox.page(reading, "anna") if one.code == claims.LETTER]
    assert [str(asked.claim_id)] == [one.facts["claim_id"] for one in letters]
    assert office.verify().ok


def test_handing_in_again_changes_nothing(
    office: Office, voucher: Voucher, phones: tuple[Phone, Phone]
) -> None:
    """The same events get the same answers, and nothing is booked or asked twice."""
    for phone in phones:
        phone.scan(voucher)
    answers = [outcomes(phone.hand_in()) for phone in phones]
    head = purposes(office)
    assert answers == [outcomes(phone.hand_in()) for phone in phones]
    assert (head, 1) == (purposes(office), len(questions(office)))


def test_a_party_may_get_some(office: Office, phones: tuple[Phone, Phone]) -> None:
    """Of a strip with three uses two parties of two come: three uses are booked, one is borne."""
    office.give("anna", 1000)
    strip = office.buy("anna", office.offer(STRIP))
    results = []
    for phone in phones:
        phone.scan(strip, uses=2)
        results.append(outcomes(phone.hand_in()))
    assert [ACCEPTED, PAID] == results
    assert (0, 100 + 33, -33) == (
        office.look(strip).left, office.posted(f"venue/{office.pool.venue_id}"), office.posted("offline-loss"),
    )  # fmt: skip
    assert office.verify().ok


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_taking_back_makes_room_in_every_order(office: Office, order: tuple[int, ...]) -> None:
    """Three parts of two logs in any order: at the end one use is booked and the city bears nothing."""
    office.give("anna", 1000)
    ticket = office.buy("anna", office.offer(replace(SWIM, code="one", terms=Terms(undo_minutes=10))))
    a, b = Phone(office, office.pool, "A"), Phone(office, office.pool, "B")
    scan = a.scan(ticket)
    office.clock.advance(MINUTE)
    a.undo(scan)
    b.scan(ticket)
    # Within one log the order is fixed: its own part comes once its beginning is there.
    parts = [lambda: a.hand_in(a.events[:1]), a.hand_in, b.hand_in]
    for part in order:
        parts[part]()
    a.hand_in()
    assert (120, 0, 880) == (
        office.posted(f"venue/{office.pool.venue_id}"), office.posted("offline-loss"), office.points("anna"),
    )  # fmt: skip
    used = office.look(ticket)
    assert (VoucherStatus.REDEEMED, b.device_id) == (used.status, used.redeemed_device_id)
    assert office.verify().ok


def test_undo_has_its_limits(office: Office, voucher: Voucher) -> None:
    """Too late, or of nothing, it takes nothing back, and says so."""
    phone = Phone(office, office.pool)
    scan = phone.scan(voucher)
    office.clock.advance(MINUTE)
    phone.undo(scan)
    phone.write(kind=EventKind.NOTE, code=b"", decision="note", flags=EventFlags.NONE)
    phone.write(kind=EventKind.UNDO, code=voucher.token, refers=3, decision="undone")
    expected = [
        ("accepted", None),
        ("refused", "undo-too-late"),
        ("known", None),
        ("refused", "nothing-to-undo"),
    ]
    assert expected == outcomes(phone.hand_in())


def test_an_online_scan_is_matched_and_taken_back(office: Office) -> None:
    """It is booked once, by the server; its device may take it back without a network."""
    office.give("anna", 1000)
    ticket = office.buy("anna", office.offer(replace(SWIM, code="one", terms=Terms(undo_minutes=10))))
    phone = Phone(office, office.pool)
    scan = phone.scan(ticket, tier=Tier.ONLINE)
    office.scan(ticket, device=phone.device_id, nonce=scan.event.nonce.hex())
    assert [("known", None)] == outcomes(phone.hand_in())
    phone.undo(scan)
    assert ("known", None) == outcomes(phone.hand_in())[1]
    assert (VoucherStatus.USABLE, 0) == (
        office.look(ticket).status,
        office.posted(f"venue/{office.pool.venue_id}"),
    )
    phone.scan(ticket, tier=Tier.ONLINE)
    assert ("refused", "never-arrived") == outcomes(phone.hand_in())[2]


def test_an_offline_scan_after_an_online_one_is_a_conflict(office: Office, voucher: Voucher) -> None:
    """What the server has booked stays; the venue that could not know is paid."""
    phone = Phone(office, office.pool)
    office.scan(voucher)
    phone.scan(voucher)
    assert PAID == outcomes(phone.hand_in())
    assert 1 == len(questions(office))


def test_a_voucher_that_was_given_back_is_paid_and_asked_about(office: Office, voucher: Voucher) -> None:
    """The points are back with the citizen, so the city bears it; who is only late is not asked."""
    phone = Phone(office, office.pool)
    phone.scan(voucher)
    office.cancel("anna", voucher)
    assert PAID == outcomes(phone.hand_in())
    late = office.buy("anna", office.offer(replace(SWIM, code="late", valid_days=1)))
    phone.scan(late)
    office.clock.advance(dt.timedelta(days=5))
    assert PAID == outcomes(phone.hand_in(phone.events[1:]))
    assert [voucher.voucher_id] == [one.voucher_id for one in questions(office)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"flags": EventFlags.NONE}, "not-looked-at"),
        ({"list_version": 0}, "list-too-old"),
        ({"offset_ms": 25 * 3_600_000}, None),
        ({"code": b""}, "no-code"),
        ({"code": b"foreign"}, "unknown-voucher"),
        ({"code": "0000000000"}, "unknown-voucher"),
        ({"decision": "already-used"}, None),
    ],
)
def test_what_is_against_the_rules_is_not_paid(
    office: Office, voucher: Voucher, change: dict[str, object], reason: str | None
) -> None:
    """It takes no use, and the venue is told why; what the device itself refused is only noted."""
    phone = Phone(office, office.pool)
    phone.write(**{"code": voucher.token, **change})
    ((outcome, told),) = outcomes(phone.hand_in())
    late = "offset_ms" in change
    expected = ("refused", "list-too-old") if late else ("refused" if reason else "known", reason)
    assert expected == (outcome, told)
    assert (VoucherStatus.USABLE, []) == (office.look(voucher).status, purposes(office))


def test_each_rule_has_its_reason(office: Office, voucher: Voucher) -> None:
    """Wrong venue, wrong device, a lost one, a forged token, a voucher of too much value, or not yet valid."""
    away, phone = Phone(office, office.zoo), Phone(office, office.pool)
    away.scan(voucher)
    assert [("refused", "other-venue")] == outcomes(away.hand_in())
    dear = office.buy("anna", office.offer(replace(SWIM, code="dear", value_cents=2001)))
    both = office.buy("anna", office.offer(replace(SWIM, code="both"), office.pool, office.zoo))
    changed = bytearray(voucher.token)
    changed[-1] ^= 1
    phone.scan(dear)
    phone.scan(both)
    phone.write(code=bytes(changed))
    phone.write(code=voucher.manual_code)
    office.database.run(
        office.city_id, lambda work: devices.change(work, phone.device_id, offer_ids=[dear.offer_id])
    )
    phone.scan(voucher)
    assert [
        ("refused", "too-valuable"), ("refused", "offer-not-here"), ("refused", "bad-signature"),
        ("refused", "offer-not-here"), ("refused", "offer-not-here"),
    ] == outcomes(phone.hand_in())  # fmt: skip
    office.database.run(office.city_id, lambda work: devices.change(work, phone.device_id, offer_ids=None))
    phone.scan(both)
    phone.write(code=voucher.manual_code)
    office.clock.advance(MINUTE)
    office.database.run(office.city_id, lambda work: safeguarding.lose(work, phone.device_id))
    phone.scan(voucher)
    assert [("refused", "tier-off"), ("refused", "tier-off"), ("refused", "device-lost")] == outcomes(
        phone.hand_in(phone.events[5:])
    )


def test_three_conflicts_and_codes_are_online_only(office: Office, phones: tuple[Phone, Phone]) -> None:
    """Open vouchers of that person leave the offline world; one conflict has no consequence."""
    office.give("anna", 2000)
    offer = office.offer(replace(SWIM, code="many", places=None))
    bought = [office.buy("anna", offer) for _ in range(4)]
    for voucher in bought[:3]:
        for phone in phones:
            phone.scan(voucher)
    phones[0].hand_in()
    phones[1].hand_in(phones[1].events[:2])
    with office.database.reading(office.city_id) as reading:
        assert set() == claims.online_only(reading, ["anna"])
    phones[1].hand_in()
    with office.database.reading(office.city_id) as reading:
        assert {"anna"} == claims.online_only(reading, ["anna", "ben"])
        assert status_changes.waiting(reading)[bought[3].status_index]
        anew = publishing_status.from_the_ledger(reading)
        assert status_lists.is_invalid(anew, bought[3].status_index)
        assert publishing_status.find(reading) is None
    assert office.scan(bought[3]).accepted
    assert Flags.ONLINE_ONLY in tokens.own_claims(office.buy("anna", offer).token).flags


def test_a_citizen_answers_once(office: Office, voucher: Voucher, phones: tuple[Phone, Phone]) -> None:
    """Yes or no, with a remark; the same again changes nothing, the contrary is refused."""
    for phone in phones:
        phone.scan(voucher)
        phone.hand_in()
    (asked,) = questions(office)

    def say(said: Said) -> Claim:
        return office.database.run(
            office.city_id, lambda work: claims.answer(work, "anna", asked.claim_id, said, " War ich nicht. ")
        )

    answered = say(Said.NO)
    assert (Said.NO, "War ich nicht.", office.clock.now()) == (
        answered.answer, answered.remark, answered.answered_at,
    )  # fmt: skip
    assert answered == say(Said.NO)
    with pytest.raises(Exception, match="claim-answered"):
        say(Said.YES)


def test_a_device_has_a_budget_for_the_day(office: Office, phones: tuple[Phone, Phone]) -> None:
    """What it lets in beyond is not paid, also in a later batch; the next day it may again."""
    tight = replace(RULES, value_cents_max=500, device_day_cents=1000)
    office.database.run(office.city_id, lambda work: offline_policies.save(work, EVERYWHERE, tight))
    office.give("anna", 1000)
    offer = office.offer(replace(SWIM, code="many", places=None))
    phone = phones[0]
    for _ in range(2):
        phone.scan(office.buy("anna", offer))
    assert ACCEPTED * 2 == outcomes(phone.hand_in())
    phone.scan(office.buy("anna", offer))
    office.clock.advance(dt.timedelta(days=1))
    phone.sync()
    phone.scan(office.buy("anna", offer))
    assert [("refused", "budget-spent"), *ACCEPTED] == outcomes(phone.hand_in())[2:]


def test_exclusive_tiers_are_not_for_the_taking(office: Office, voucher: Voucher) -> None:
    """Nobody gets round the limits by calling a scan leased, or a hub's."""
    phone = Phone(office, office.pool)
    phone.scan(voucher, tier=Tier.LEASED)
    phone.scan(voucher, tier=Tier.HUB)
    assert [("refused", "not-leased"), ("refused", "tier-off")] == outcomes(phone.hand_in())
