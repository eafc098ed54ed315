"""Rules travel in signed bundles: believed only from pinned cities, announced before, drafts on arrival."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from kernel import cities
from kernel.cities import City, NewCity
from kernel.db import Database, Work
from kernel.errors import DomainError
from kernel.signing import SigningKey
from ledger import chart
from redemption.keys import Sealer
from rewards import bundles, bundling, programme, version_steps
from rewards.bundling import Effect
from rewards.programme import RuleStatus
from rewards.version_steps import Kind
from tests.rewards import made

EDDI = 7
SEALER = Sealer("a secret of the test cities, long enough")


@pytest.fixture
def towns(database: Database) -> tuple[City, City]:
    """Give a test city with a rule for litter and a city that has none yet."""
    first, second = (
        cities.found(database, NewCity(slug, slug.title(), host=f"{slug}.example"))
        for slug in ("testburg", "duisburg")
    )
    for city in (first, second):
        database.run(city.city_id, chart.open_chart)
    database.run(first.city_id, lambda work: programme.draft(work, first, made.rule(), 1))
    return first, second


def _export(database: Database, city: City) -> bytes:
    def command(work: Work) -> bytes:
        hashes = [one.version_hash for one in programme.every(work)]
        return bundling.export(work, city, SEALER, hashes)

    return database.run(city.city_id, command)


def _refused(database: Database, city: City, command: Callable[[Work], object]) -> str:
    with pytest.raises(DomainError) as refused:
        database.run(city.city_id, command)
    return refused.value.code


def _trust(database: Database, sender: City, receiver: City) -> None:
    with database.reading(sender.city_id) as reading:
        key = bundling.public_key(reading) or ""
    database.run(receiver.city_id, lambda work: bundling.trust(work, " Testburg ", key.upper(), 3))


def test_a_rule_travels_and_arrives_as_a_draft(database: Database, towns: tuple[City, City]) -> None:
    """It says before what would change; its hash is the same; it still needs a second person; once only."""
    sender, receiver = towns
    bundle = bundles.read(_export(database, sender))
    _trust(database, sender, receiver)
    with database.reading(receiver.city_id) as reading:
        trusted, items = bundling.plan(reading, receiver, bundle)
        assert [] == programme.every(reading)

    assert ("Testburg", [Effect.NEW_RULE]) == (trusted.name, [one.effect for one in items])
    assert ["budget-not-funded"] == [finding.code for finding in items[0].findings]
    (taken,) = database.run(receiver.city_id, lambda work: bundling.take(work, receiver, bundle, EDDI))
    assert (made.rule().version_hash, RuleStatus.DRAFT, EDDI) == (
        taken.version_hash, taken.status, taken.author_id,
    )  # fmt: skip
    with database.reading(receiver.city_id) as reading:
        (step,) = version_steps.of_version(reading, taken.version_hash)
        _, items = bundling.plan(reading, receiver, bundle)
    assert (Kind.IMPORTED, "Testburg", bundle.digest) == (
        step.kind, step.details["city"], step.details["bundle"],
    )  # fmt: skip
    assert [Effect.KNOWN] == [one.effect for one in items]
    assert [] == database.run(receiver.city_id, lambda work: bundling.take(work, receiver, bundle, EDDI))
    assert "own-rule" == _refused(
        database, receiver, lambda work: programme.approve(work, taken.version_hash, EDDI)
    )
    assert _export(database, sender) == _export(database, sender), "the same rules, the same bytes"


def test_what_does_not_fit_is_left_out(database: Database, towns: tuple[City, City]) -> None:
    """An action that the city does not have is refused with its reason; a known rule gets a new version."""
    receiver = towns[1]
    database.run(receiver.city_id, lambda work: programme.draft(work, receiver, made.rule(now_percent=5), 1))
    strange = made.rule(code="strange", action="no-such-action")
    ring = SigningKey(bytes(range(32)))
    text = bundles.make("testburg", "Testburg", made.NOON, [made.rule(), strange], ring)
    key = ring.verify_key.public_key.hex()
    database.run(receiver.city_id, lambda work: bundling.trust(work, "Testburg", key, None))
    with database.reading(receiver.city_id) as reading:
        _, items = bundling.plan(reading, receiver, bundles.read(text))

    assert [Effect.NEW_VERSION, Effect.REFUSED] == [one.effect for one in items]
    assert "action-unknown" in [one.code for one in items[1].findings]
    taken = database.run(
        receiver.city_id, lambda work: bundling.take(work, receiver, bundles.read(text), EDDI)
    )
    assert [made.rule().version_hash] == [one.version_hash for one in taken]


def test_only_pinned_cities_are_believed(database: Database, towns: tuple[City, City]) -> None:
    """A stranger's bundle is not even compared; a key is taken back; a name and a key are needed."""
    sender, receiver = towns
    bundle = bundles.read(_export(database, sender))

    def take(work: Work) -> object:
        return bundling.take(work, receiver, bundle, EDDI)

    assert "bundle-sender-unknown" == _refused(database, receiver, take)
    _trust(database, sender, receiver)
    database.run(receiver.city_id, lambda work: bundling.distrust(work, bundle.key.public_key.hex()))
    assert "bundle-sender-unknown" == _refused(database, receiver, take)
    for name, key, code in (
        (" ", "00" * 32, "city-name-missing"),
        ("x" * 81, "00" * 32, "trusted-name-too-long"),
        ("Testburg", "00" * 31, "trusted-key-invalid"),
        ("Testburg", "key", "trusted-key-invalid"),
    ):

        def pin(work: Work, name: str = name, key: str = key) -> object:
            return bundling.trust(work, name, key, None)

        assert code == _refused(database, receiver, pin)
    assert "trusted-city-not-found" == _refused(
        database, receiver, lambda work: bundling.distrust(work, "00")
    )
    assert "bundle-empty" == _refused(
        database, sender, lambda work: bundling.export(work, sender, SEALER, [])
    )
    assert "rule-not-found" == _refused(
        database, sender, lambda work: bundling.export(work, sender, SEALER, ["feed"])
    )


def _bundle(**changes: Any) -> bytes:
    text = bundles.make("testburg", "Testburg", made.NOON, [made.rule()], SigningKey(bytes(range(32))))
    return json.dumps(json.loads(text) | changes).encode()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "bundle-unreadable"),
        (b"[]", "bundle-unreadable"),
        (b'{"format": 1}', "bundle-format-unknown"),
        (b'{"format": "duiscoin-rules-2"}', "bundle-format-unknown"),
        (_bundle(more=1), "bundle-unreadable"),
        (_bundle(exported_at="2026-05-04T10:00:01+00:00"), "bundle-signature-wrong"),
        (_bundle(rules=[made.document(now_percent=21)]), "bundle-signature-wrong"),
        (_bundle(key="00" * 32), "bundle-signature-wrong"),
        (_bundle(key="no"), "bundle-signature-wrong"),
        (_bundle(signature="AAAA"), "bundle-signature-wrong"),
        (_bundle(signature="ä"), "bundle-signature-wrong"),
        (b" " * (bundles.BYTES_MAX + 1), "bundle-too-large"),
        (_bundle(rules=[{"x": 1.5}]), "bundle-unreadable"),
    ],
)
def test_what_was_changed_on_the_way_is_refused(text: bytes, code: str) -> None:
    """Any other byte that says something breaks the signature; blanks and the order of keys say nothing."""
    assert made.rule() == bundles.read(_bundle()).versions[0]
    with pytest.raises(DomainError) as refused:
        bundles.read(text)
    assert code == refused.value.code


@pytest.mark.parametrize("rules", [[], [{"code": "x"}], "no"])
def test_a_signed_bundle_without_rules_is_refused(rules: object) -> None:
    """A signature does not make a rule of what is none."""
    key = SigningKey(bytes(range(32)))
    said = {
        "format": bundles.FORMAT,
        "city": {"slug": "a", "name": "A"},
        "exported_at": "2026-05-04T10:00:00+00:00",
        "rules": rules,
    }
    signature = base64.b64encode(key.sign(bundles._signed(said))).decode()
    text = json.dumps(said | {"key": key.verify_key.public_key.hex(), "signature": signature}).encode()
    with pytest.raises(DomainError) as refused:
        bundles.read(text)
    assert refused.value.code in {"bundle-rule-invalid", "bundle-unreadable"}
