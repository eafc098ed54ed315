"""A hub decides for all its gates, one scan after the other, by the same rules as the city.

What is on its list it takes as long as its session lasts. Of what a guest shows besides only the city knows
everything: without a network such a voucher is good within the offline rules of the venue, like at any
device. Each verdict is in the hub's log before anybody sees it.
"""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from kernel import db
from kernel.cities import City
from kernel.errors import DomainError
from kernel.signing import SigningKey
from merchants import devices
from redemption import (
    codes,
    good_faith,
    hub_copies,
    hub_logs,
    hub_states,
    keys,
    live_codes,
    live_keys,
    offline_policy,
    recognising,
    scans,
    till_receipts,
    tokens,
    using,
    vouchers,
)
from redemption.codes import ManualCode
from redemption.keys import Sealer
from redemption.live_codes import LiveToken
from redemption.offline_policy import Facts, Ground, OfflineCode
from redemption.recognising import Found
from redemption.redeeming import Means
from redemption.scan_events import Tier
from redemption.scan_logs import Logged
from redemption.scans import Scanned
from redemption.tokens import Claims, Flags, TokenRefused
from redemption.using import Use
from redemption.verdicts import Verdict, VerdictCode

_SAID: Final = {
    OfflineCode.ACCEPTED: VerdictCode.ACCEPTED,
    OfflineCode.LIVE_WRONG: VerdictCode.LIVE_CODE_WRONG,
    OfflineCode.LIVE_OLD: VerdictCode.LIVE_CODE_OLD,
    OfflineCode.CLOCK_OFF: VerdictCode.PHONE_CLOCK_OFF,
    OfflineCode.LIVE_NEEDED: VerdictCode.LIVE_CODE_NEEDED,
}
"""How the offline rules are told; by whatever else they refuse, the hub can't tell."""
_TIERS: Final = {Ground.LEASED: Tier.LEASED, Ground.CAPPED: Tier.CAPPED}


class WhoDecides(enum.Enum):
    """Who decides on a scan, if the city can be reached."""

    HUB = enum.auto()
    CITY = enum.auto()
    RESOLVE = enum.auto()
    """The hub, once the city has said which voucher ten characters name."""


def who_decides(reading: db.Reading, text: str) -> WhoDecides:
    """Return who decides on what was read, if the city can be reached.

    What is left to the hub never goes to the city, also if it is not on the list yet: the list may be older
    than what the city would book.
    """
    state = hub_states.get(reading)
    is_open = state.open(reading.now)
    try:
        read = codes.parse(text)
        if isinstance(read, ManualCode):
            known = vouchers.find(reading, manual_codes=[read.value])
            listed = any(one.owner == hub_copies.LISTED for one in known)
            return WhoDecides.HUB if listed and is_open else WhoDecides.RESOLVE
        token = read.token if isinstance(read, LiveToken) else read
        claims = tokens.read(token, keys.ring(reading), int(reading.now.timestamp()))
    except TokenRefused:
        return WhoDecides.HUB
    if claims.product == tokens.TEST_PRODUCT:
        return WhoDecides.HUB
    alone = claims.venues == (state.venue_id,) and Flags.ONLINE_ONLY not in claims.flags
    mine = Flags.LEASE not in claims.flags or claims.device == tokens.device_name(state.device_id)
    left = is_open and alone and mine and claims.status_index <= state.through_index
    return WhoDecides.HUB if left else WhoDecides.CITY


def decide(
    work: db.Work, city: City, key: SigningKey, asked: Sequence[tuple[Scanned, str]], sealer: Sealer
) -> list[Verdict | DomainError]:
    """Decide on scans of the gates as `till_receipts.redeem_many`, by what the hub knows, and note them."""
    desk = _Desk(work, key, {scanned.key: number for scanned, number in asked})
    return till_receipts.redeem_many(work, city, asked, sealer, Means(desk.find, desk.book, desk.record))


class _Desk:
    """What is known while scans are decided."""

    def __init__(self, work: db.Work, key: SigningKey, receipts: Mapping[tuple[int, str], str]) -> None:
        self.state = hub_states.get(work)
        self._receipts = receipts
        self._key = key
        self._tiers: dict[str, Tier] = {}
        """On what ground a voucher that the city has not named is taken, by its number."""
        self._undecided = 0
        """Cents of what is let in beside the list, and not written down yet."""

    def find(
        self, work: db.Work, scanned: Mapping[int, Scanned], sealer: Sealer
    ) -> dict[int, Found | DomainError]:
        """Return what scans find, as the city would, as far as the hub can know."""
        found = recognising.find(work, scanned, sealer)
        strange = {
            place: scanned[place]
            for place, one in found.items()
            if isinstance(one, Found)
            and one.code is VerdictCode.UNKNOWN_VOUCHER
            and self._show(work, scanned[place])
        }
        found |= recognising.find(work, strange, sealer) if strange else {}
        if self.state.stopped:
            return {
                place: self._stopped(one) if isinstance(one, Found) else one for place, one in found.items()
            }
        return {
            place: self._allowed(work, one, sealer) if isinstance(one, Found) else one
            for place, one in found.items()
        }

    def book(self, work: db.Work, city: City, used: Sequence[Use]) -> None:
        """Note uses: what they mean in the ledger the city finds out."""
        del city
        using.note(work, used)

    def record(self, work: db.Work, decided: Sequence[tuple[Scanned, Verdict]]) -> None:
        """Keep scans for the gates, and write them down for the city."""
        scans.record(work, decided)
        self._undecided = 0
        gates = hub_logs.places(work, [scanned for scanned, _ in decided])
        hub_logs.write(
            work,
            self.state,
            self._key,
            [
                hub_logs.of_scan(
                    scanned,
                    verdict,
                    self._tier(verdict),
                    gates[scanned.device_id],
                    self._receipts.get(scanned.key, ""),
                )
                for scanned, verdict in decided
            ],
        )

    def _tier(self, verdict: Verdict) -> Tier:
        number = verdict.voucher.voucher_id if verdict.voucher else ""
        return self._tiers.get(number, Tier.HUB)

    def _show(self, work: db.Work, scanned: Scanned) -> bool:
        """Take note of a genuine voucher of this venue that the city has not named."""
        token = hub_logs.token_in(scanned.text)
        if token is None:
            return False
        claims = tokens.own_claims(token)
        return self._may_be_good(claims) and hub_copies.show(work, token, claims)

    def _may_be_good(self, claims: Claims) -> bool:
        """Whether a voucher is for here and not over; what is reserved stands on the list because of that."""
        here = self.state.venue_id in claims.venues
        listed = self.state.is_listed_invalid(claims.status_index) and Flags.LEASE not in claims.flags
        return here and not listed

    def _is_mine(self, claims: Claims) -> bool:
        return Flags.LEASE in claims.flags and claims.device == tokens.device_name(self.state.device_id)

    def _stopped(self, found: Found) -> Found:
        """Return what is found while the hub may let nobody in; at the way out guests go."""
        if found.code in {VerdictCode.LET_OUT, VerdictCode.NOT_INSIDE, VerdictCode.NO_REENTRY}:
            return found
        paused = self.state.city_state == hub_states.VENUE_PAUSED
        return replace(found, code=VerdictCode.VENUE_SUSPENDED if paused else VerdictCode.HUB_BLOCKED)

    def _allowed(self, work: db.Work, found: Found, sealer: Sealer) -> Found:
        """Return what is found, once it is asked whether the hub may take it."""
        if found.code is VerdictCode.UNKNOWN_VOUCHER:
            return replace(found, code=VerdictCode.NOT_ON_LIST)
        if found.code is not VerdictCode.ACCEPTED or found.voucher is None:
            return found
        if found.voucher.owner == hub_copies.LISTED:
            is_open = self.state.open(work.now)
            return found if is_open else replace(found, code=VerdictCode.HUB_CLOSED)
        elsewhere = self._reserved_elsewhere(work, found)
        if elsewhere is not None:
            return elsewhere
        code, tier = self._offline(work, found.scanned, sealer)
        if tier is not None:
            self._tiers[found.voucher.voucher_id] = tier
        return replace(found, code=code)

    def _reserved_elsewhere(self, work: db.Work, found: Found) -> Found | None:
        """Return what is found of a voucher that is reserved for a device that is not at the hub."""
        token = hub_logs.token_in(found.scanned.text)
        claims = tokens.own_claims(token) if token is not None else None
        if claims is None or Flags.LEASE not in claims.flags or self._is_mine(claims):
            return None
        venue = devices.of_venue(work, self.state.venue_id)
        where = tuple(one.place for one in venue if tokens.device_name(one.device_id) == claims.device)
        if not where:
            return replace(found, code=VerdictCode.NOT_ON_LIST)
        until = dt.datetime.fromtimestamp(claims.expires_at, dt.UTC).isoformat()
        return replace(found, code=VerdictCode.LEASED, gates=where, leased_until=until)

    def _offline(self, work: db.Work, scanned: Scanned, sealer: Sealer) -> tuple[VerdictCode, Tier | None]:
        """Return what the offline rules say of a voucher that the city has not named."""
        token = hub_logs.token_in(scanned.text)
        if token is None or self.state.city_state != hub_states.ACTIVE:
            return VerdictCode.NOT_ON_LIST, None
        claims, state = tokens.own_claims(token), self.state
        if not self._may_be_good(claims):
            return VerdictCode.NOT_ON_LIST, None
        read = codes.parse(scanned.text)
        live = live_codes.judge(
            read if isinstance(read, LiveToken) else None,
            claims.voucher_id,
            int(work.now.timestamp()),
            live_keys.for_checking(work, sealer, claims.venues),
        )
        facts = Facts(
            product=claims.product,
            flags=claims.flags,
            venues=len(claims.venues),
            uses=claims.uses,
            value_cents=claims.value_cents,
            taken=scanned.uses,
            mine=self._is_mine(claims),
            liveness=live.liveness,
            moving_seen=scanned.seen_moving,
            list_age=work.now - state.list_issued_at if state.list_issued_at else None,
            spent_cents=self._spent(work) + self._undecided,
        )
        decided = offline_policy.decide(state.rules, facts)
        if decided.ground is Ground.CAPPED:
            self._undecided += facts.cents
        code = _SAID.get(decided.code, VerdictCode.NOT_ON_LIST)
        return code, _TIERS[decided.ground] if decided.ground else None

    def _spent(self, work: db.Work) -> int:
        """Return what was let in today beside the list: a day is at most 24 hours ago."""
        before = hub_logs.capped_since(work, self.state, work.now - dt.timedelta(days=1))
        worth = {one.voucher_id: one for one in vouchers.find(work, voucher_ids=_numbers(before))}
        return sum(
            good_faith.cents_of(worth[number], one.uses)
            for one in before
            if (number := one.voucher_id) in worth
        )


def _numbers(logged: Sequence[Logged]) -> set[str]:
    return {one.voucher_id for one in logged if one.voucher_id is not None}
