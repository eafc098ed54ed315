"""The postbox: everybody's own, told once, kept until it is deleted, by e-mail only for who asked."""

import datetime as dt
from functools import partial
from typing import Any

import pytest

from identity import postbox
from identity.persons import Person
from identity.postbox import EntryKind, NewEntry
from kernel import outbox
from kernel.db import Work
from kernel.errors import NotFound
from tests.identity.registry import Registry

TITLES = {"de": "Sommerkonzert", "en": "Summer concert"}


def _codes(registry: Registry, owner: str, **asked: Any) -> list[str]:
    return [one.code for one in registry.read(lambda reading: postbox.page(reading, owner, **asked))]


def test_the_newest_stands_first_and_can_be_found(registry: Registry, anna: Person, boss: Person) -> None:
    """By kind, by words of any language in any case, by page; nobody sees what is somebody else's."""

    def fill(work: Work) -> None:
        postbox.put(work, anna.owner, EntryKind.MESSAGE, "event-cancelled", {"titles": TITLES})
        postbox.put(work, anna.owner, EntryKind.RECEIPT, "receipt-fine", {"reference": "DU-12-100%"})
        postbox.put(work, anna.owner, EntryKind.VOUCHER, "voucher-bought", {"titles": {"de": "Straßenbahn"}})
        postbox.put(work, boss.owner, EntryKind.MESSAGE, "city-message", {"titles": TITLES})

    registry.run(fill)
    whole = registry.read(lambda reading: postbox.page(reading, anna.owner))
    everything = registry.read(lambda reading: list(postbox.every(reading, anna.owner)))

    assert whole == everything
    assert ["voucher-bought", "receipt-fine", "event-cancelled"] == [one.code for one in whole]
    assert ["receipt-fine"] == _codes(registry, anna.owner, kinds=[EntryKind.RECEIPT])
    assert ["event-cancelled"] == _codes(registry, anna.owner, words="CONCERT sommer")
    assert ["receipt-fine"] == _codes(registry, anna.owner, words="100%")
    assert ["voucher-bought"] == _codes(registry, anna.owner, words="STRASSE")
    assert [] == _codes(registry, anna.owner, words="concert fine")
    assert ["event-cancelled"] == _codes(registry, anna.owner, before=whole[1].entry_id)
    with pytest.raises(NotFound, match="postbox-entry-not-found"):
        registry.read(lambda reading: postbox.get(reading, whole[0].entry_id, boss.owner))


def test_the_same_thing_is_told_once(registry: Registry, anna: Person, boss: Person) -> None:
    """A key belongs to one reader; entries without one are always new."""
    told = [
        NewEntry(owner, EntryKind.MESSAGE, "event-cancelled", {}, key)
        for owner in (anna.owner, boss.owner)
        for key in ("event/7", "event/7", None, None)
    ]

    first = registry.run(lambda work: postbox.put_many(work, told))
    again = registry.run(lambda work: postbox.put_many(work, told))

    assert (6, 4) == (first, again)


def test_reading_and_throwing_away(registry: Registry, anna: Person, boss: Person) -> None:
    """An entry is unread until it is opened; deleted it is gone, and nobody deletes another's."""
    for code in ("city-message", "event-reminder"):
        registry.run(partial(postbox.put, owner=anna.owner, kind=EntryKind.MESSAGE, code=code))
    newest, oldest = registry.read(lambda reading: postbox.page(reading, anna.owner))

    registry.run(lambda work: postbox.mark_read(work, anna.owner, newest.entry_id))
    assert 1 == registry.read(lambda reading: postbox.unread_count(reading, anna.owner))
    registry.run(lambda work: postbox.mark_read(work, boss.owner))
    assert 1 == registry.read(lambda reading: postbox.unread_count(reading, anna.owner))
    registry.run(lambda work: postbox.mark_read(work, anna.owner))
    assert 0 == registry.read(lambda reading: postbox.unread_count(reading, anna.owner))
    with pytest.raises(NotFound, match="postbox-entry-not-found"):
        registry.run(lambda work: postbox.delete(work, boss.owner, oldest.entry_id))
    registry.run(lambda work: postbox.delete(work, anna.owner, oldest.entry_id))
    assert ["event-reminder"] == _codes(registry, anna.owner)


def test_an_email_goes_out_only_to_who_asked(registry: Registry, anna: Person, boss: Person) -> None:
    """The message to the worker has the entry's number and nothing else; taking it back ends it."""
    registry.run(lambda work: postbox.choose_mail(work, anna.owner, wanted=True))
    registry.run(lambda work: postbox.choose_mail(work, anna.owner, wanted=True))
    both = [NewEntry(owner, EntryKind.MESSAGE, "city-message") for owner in (anna.owner, boss.owner)]
    registry.run(lambda work: postbox.put_many(work, both))
    registry.run(lambda work: postbox.choose_mail(work, anna.owner, wanted=False))
    registry.run(lambda work: postbox.put_many(work, both))

    sent = [one.payload for one in registry.read(outbox.due) if one.topic == postbox.TOPIC_MAIL]
    oldest = registry.read(lambda reading: postbox.page(reading, anna.owner))[-1]

    assert [{"entry_id": oldest.entry_id}] == sent


def test_erasing_leaves_nothing(registry: Registry, anna: Person) -> None:
    """Neither entries nor the choice; instants are kept as they were until then."""
    registry.run(lambda work: postbox.choose_mail(work, anna.owner, wanted=True))
    registry.run(lambda work: postbox.put(work, anna.owner, EntryKind.MESSAGE, "city-message"))
    made_at = registry.read(lambda reading: postbox.page(reading, anna.owner))[0].created_at

    registry.run(lambda work: postbox.erase(work, anna.owner))

    assert dt.UTC == made_at.tzinfo
    assert [] == _codes(registry, anna.owner)
    assert set() == registry.read(lambda reading: postbox.wanting_mail(reading, [anna.owner]))
