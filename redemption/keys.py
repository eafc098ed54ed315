"""The keys with which a city signs its vouchers: one is active, older ones are still believed.

A key's secret half is stored sealed with the installation's secret key. What was signed with each key and
what was redeemed is counted: more accepted than issued means that a key was stolen.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from kernel import db, outbox, signing
from kernel.errors import Conflict, NotFound
from kernel.signing import KeyRing, KeyStatus, RingKey, SigningKey, VerifyKey
from redemption import tokens
from redemption.tables import issuing_keys as table
from redemption.tokens import Claims

TOPIC_ALARM = "key.suspicious"
"""Outbox topic: administrators have to be told that somebody else signs with a key."""
_MAKING_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens what is secret at rest, with the installation's secret keys."""

    secret: str = field(repr=False)
    older_secrets: tuple[str, ...] = field(default=(), repr=False)
    """Secrets that may still open what they sealed (`Settings.previous_secret_keys`)."""

    def seal(self, work: db.Work, data: bytes) -> bytes:
        """Return `data` sealed with the present secret."""
        return signing.seal(self.secret, data, work.ids.random_bytes(signing.SEAL_NONCE_BYTES))

    def unseal(self, sealed: bytes) -> bytes:
        """Return what was sealed. Raises Invalid `seal-broken`."""
        return signing.unseal((self.secret, *self.older_secrets), sealed)


@dataclass(frozen=True, slots=True)
class IssuingKey:
    """A key as administrators see it."""

    kid: str
    public_key: bytes
    status: KeyStatus
    created_at: dt.datetime
    retired_at: dt.datetime | None
    blocked_at: dt.datetime | None
    issued: int
    """Vouchers signed with it."""
    accepted: int
    """Vouchers redeemed that were signed with it."""
    foreign_seen: int
    """Scans of genuine signatures under vouchers that were never issued."""
    alarmed_at: dt.datetime | None
    """When administrators were told that it is suspicious."""

    @property
    def is_suspicious(self) -> bool:
        """Whether somebody else signs with it: more was accepted than issued, or what was never issued."""
        return self.accepted > self.issued or self.foreign_seen > 0

    @property
    def needs_blocking(self) -> bool:
        """Whether it is suspicious and still believed."""
        return self.is_suspicious and self.status is not KeyStatus.BLOCKED


@dataclass(frozen=True, slots=True)
class Signed:
    """A token and the key that signed it."""

    kid: str
    token: bytes


def rotate(work: db.Work, sealer: Sealer) -> IssuingKey:
    """Make a new active key and retire the one before; vouchers signed with that stay valid.

    Also makes a city's first key.
    """
    key = _new_key(work)
    active = (table.c.city_id == work.city_id, table.c.status == KeyStatus.ACTIVE.value)
    work.connection.execute(
        sa.update(table).where(*active).values(status=KeyStatus.RETIRED.value, retired_at=work.now)
    )
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            kid=key.kid.hex(),
            public_key=key.verify_key.public_key,
            sealed_seed=sealer.seal(work, key.seed),
            status=KeyStatus.ACTIVE.value,
            created_at=work.now,
            issued=0,
            accepted=0,
        )
    )
    return get(work, key.kid.hex())


def block(work: db.Work, kid: str) -> IssuingKey:
    """Refuse everything that was signed with a key, from now on; again changes nothing.

    Rotate afterwards if it was the active one. Raises NotFound `issuing-key-not-found`.
    """
    key = get(work, kid)
    if key.status is not KeyStatus.BLOCKED:
        work.connection.execute(
            sa.update(table)
            .where(table.c.city_id == work.city_id, table.c.kid == kid)
            .values(status=KeyStatus.BLOCKED.value, blocked_at=work.now)
        )
    return get(work, kid)


def get(reading: db.Reading, kid: str) -> IssuingKey:
    """Return a key. Raises NotFound `issuing-key-not-found`."""
    for key in _select(reading, table.c.kid == kid):
        return key
    raise NotFound("issuing-key-not-found", kid=kid)


def every(reading: db.Reading) -> list[IssuingKey]:
    """Return all keys of the city, oldest first."""
    return _select(reading)


def ring(reading: db.Reading) -> KeyRing:
    """Return the keys by which this city's vouchers are verified."""
    return KeyRing(RingKey(VerifyKey(key.public_key), key.status) for key in every(reading))


def sign(work: db.Work, sealer: Sealer, claimed: Sequence[Claims]) -> list[Signed]:
    """Return the tokens of claims, signed with the active key, and count them.

    Raises Conflict `issuing-key-missing`, Invalid `seal-broken`.
    """
    key = active(work, sealer)
    kid = key.kid.hex()
    count_issued(work, kid, len(claimed))
    return [Signed(kid, tokens.issue(claims, key)) for claims in claimed]


def active(reading: db.Reading, sealer: Sealer) -> SigningKey:
    """Return the key that signs. Raises Conflict `issuing-key-missing`, Invalid `seal-broken`."""
    row = reading.connection.execute(_ACTIVE, {"city": reading.city_id}).first()
    if row is None:
        raise Conflict("issuing-key-missing")
    return SigningKey(sealer.unseal(row.sealed_seed))


def count_issued(work: db.Work, kid: str, count: int) -> None:
    """Count vouchers that were signed with a key."""
    _count(work, _COUNT_ISSUED, kid, count)


def count_accepted(work: db.Work, kids: Iterable[str]) -> None:
    """Count redeemed vouchers, each by the key that signed it."""
    for kid, count in Counter(kids).items():
        _count(work, _COUNT_ACCEPTED, kid, count)


def count_taken_back(work: db.Work, kid: str) -> None:
    """Take a voucher off the redeemed ones, because a venue took back that it was used."""
    _count(work, _COUNT_ACCEPTED, kid, -1)


def count_foreign(work: db.Work, kids: Iterable[str]) -> None:
    """Count scans of genuine signatures under what was never issued, each by its key."""
    for kid, count in Counter(kids).items():
        _count(work, _COUNT_FOREIGN, kid, count)


def alarm(work: db.Work) -> list[IssuingKey]:
    """Have administrators told of keys that have become suspicious; return these.

    Each key once. Blocked ones too: that they were stolen is worth knowing all the same.
    """
    suspicious = sa.or_(table.c.accepted > table.c.issued, table.c.foreign_seen > 0)
    found = _select(work, sa.and_(suspicious, table.c.alarmed_at.is_(None)))
    for key in found:
        work.connection.execute(
            sa.update(table)
            .where(table.c.city_id == work.city_id, table.c.kid == key.kid)
            .values(alarmed_at=work.now)
        )
        outbox.append(work, TOPIC_ALARM, {"kid": key.kid})
    return found


def issued_in_all(reading: db.Reading) -> int:
    """Return how many tokens were ever signed with any key: no place of the status list is beyond that."""
    return int(reading.connection.execute(ISSUED, {"city": reading.city_id}).scalar() or 0)


def _new_key(work: db.Work) -> SigningKey:
    """Return a key whose name is free: four bytes are few enough to meet twice."""
    taken = {key.kid for key in every(work)}
    for _ in range(_MAKING_ATTEMPTS):
        key = SigningKey(work.ids.random_bytes(signing.KEY_BYTES))
        if key.kid.hex() not in taken:
            return key
    raise Conflict("issuing-key-not-made")


def _counting(counter: sa.Column[int]) -> sa.Update:
    mine = (table.c.city_id == _CITY, table.c.kid == sa.bindparam("key"))
    return sa.update(table).where(*mine).values({counter: counter + sa.bindparam("more")})


_CITY: sa.BindParameter[int] = sa.bindparam("city")
_ACTIVE = sa.select(table.c.sealed_seed).where(
    table.c.city_id == _CITY, table.c.status == KeyStatus.ACTIVE.value
)
ISSUED = sa.select(sa.func.sum(table.c.issued)).where(table.c.city_id == _CITY)
"""How many tokens were ever signed with any key."""
_COUNT_ISSUED, _COUNT_ACCEPTED, _COUNT_FOREIGN = map(
    _counting, (table.c.issued, table.c.accepted, table.c.foreign_seen)
)
_ALL = (
    sa.select(*(table.c[name] for name in IssuingKey.__dataclass_fields__))
    .where(table.c.city_id == _CITY)
    .order_by(table.c.created_at, table.c.kid)
)


def _count(work: db.Work, counting: sa.Update, kid: str, count: int) -> None:
    work.connection.execute(counting, {"city": work.city_id, "key": kid, "more": count})


def _select(reading: db.Reading, *conditions: sa.ColumnElement[bool]) -> list[IssuingKey]:
    statement = _ALL.where(*conditions) if conditions else _ALL
    found = reading.connection.execute(statement, {"city": reading.city_id})
    return [IssuingKey(**{**row._mapping, "status": KeyStatus(row.status)}) for row in found]
