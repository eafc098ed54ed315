"""A town with all starter rules in force, and people in it who try to get more than they should."""

import datetime as dt
import functools
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kernel import cities
from kernel.cities import City, NewCity
from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.errors import DomainError
from ledger import chart, wallets
from rewards import action_types, awarding, evidence, pictures, programme, reviewing, submissions, submitting
from rewards.checking import CLEANUP, REPORT
from rewards.pictures import Picture
from rewards.submissions import Submission
from rewards.submitting import NewSubmission, StoredPicture
from tests.rewards import photos

CENTRE = (51_434_400, 6_762_300)
AUTHOR, APPROVER, WORKER = 1, 2, 3
BUDGET = 100_000
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


def found(database: Database) -> City:
    """Found the town: every starter rule is in force and every budget is full."""
    city = cities.found(database, NewCity("duisburg", "Duisburg"))

    def begin(work: Work) -> None:
        chart.open_chart(work)
        rules = action_types.starter_rules()
        for budget in sorted({rule.budget for rule in rules}):
            chart.fund_budget(
                work, budget, BUDGET, effective=dt.date(2026, 1, 1), reference="x", transfer_id=work.ids.uuid()
            )  # fmt: skip
        for rule in rules:
            stored = programme.draft(work, city, rule, AUTHOR)
            programme.approve(work, stored.version_hash, APPROVER)
            programme.activate(work, stored.version_hash)

    database.run(city.city_id, begin)
    return replace(city, latitude_e6=CENTRE[0], longitude_e6=CENTRE[1])


@functools.cache
def _read(scene: int) -> Picture:
    """Read a scene's photo once: it is searched for faces, which takes longer than all else that a test does."""
    return pictures.read(photos.jpeg(scene, None))


class Town:
    """What people do in the town, one after the other, on a clock that they move."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database = database
        self.clock = clock
        self.city = found(database)
        self.handed_in: list[Submission] = []
        self._scenes = 0

    def picture(self, scene: int | None = None, *, age: dt.timedelta = dt.timedelta(0)) -> Picture:
        """Take a photo now, of a new scene unless one is named."""
        self._scenes += 1
        taken = (self.clock.now() - age).astimezone(self.city.zone).replace(tzinfo=None)
        number = 1000 + self._scenes if scene is None else scene
        uploaded = hashlib.sha256(photos.jpeg(number, taken)).hexdigest()
        return replace(_read(number), sha256=uploaded, taken_at_local=taken)

    def report(self, owner: str, metres: int = 0, **changes: Any) -> Submission:
        """Report litter so many metres north of the centre."""
        return self.submit(
            NewSubmission(
                REPORT,
                owner,
                "app",
                "Three sacks at the fence",
                "litter",
                latitude_e6=CENTRE[0] + metres * 9,
                longitude_e6=CENTRE[1] + self._jitter(),
                accuracy_m=8,
            ),
            **{"picture": self.picture(), **changes},
        )

    def clear(self, owner: str, metres: int = 0) -> Submission:
        """Clear litter up so many metres north of the centre: ten minutes of work."""
        before, after = self.picture(age=10 * MINUTE), self.picture()
        new = NewSubmission(
            CLEANUP,
            owner,
            "app",
            latitude_e6=CENTRE[0] + metres * 9,
            longitude_e6=CENTRE[1] + self._jitter(),
            accuracy_m=8,
            pictures=[self.stored(before, "before"), self.stored(after, "after")],
        )
        return self.submit(new)

    def apply(self, owner: str, case: str, service: str) -> Submission:
        """Let the portal say that somebody completed an application."""
        return self.submit(
            NewSubmission(
                "application-completed",
                owner,
                "portal",
                evidence_key=f"case/{case}",
                facts={"service": service, "complete": True},
            )
        )

    def suggest(self, owner: str) -> Submission:
        """Suggest something."""
        text = f"A bench in the shade at the harbour, number {self._scenes}, would be nice."
        return self.submit(NewSubmission("suggestion", owner, "app", text, "green"))

    def submit(self, new: NewSubmission, picture: Picture | None = None, **changes: Any) -> Submission:
        """Hand something in."""
        given = replace(new, **changes)
        if picture is not None:
            given = replace(given, pictures=[self.stored(picture)])
        submission, _ = self.database.run(
            self.city.city_id, lambda work: submitting.submit(work, self.city, given)
        )
        self.handed_in.append(submission)
        return submission

    def stored(self, picture: Picture, part: str | None = None) -> StoredPicture:
        """Return a photo as if its file lay in the store."""
        return StoredPicture(evidence.new_key(self.database.ids.random_bytes(24)), picture, part)

    def accept_everything(self) -> None:
        """Let a case worker accept whatever waits, without a look."""
        for one in self._waiting():
            try:
                self.database.run(
                    self.city.city_id,
                    lambda work, one=one: reviewing.accept(  # type: ignore[misc]  # bound at once
                        work,
                        self.city,
                        one.submission_id,
                        reviewer_id=WORKER,
                        reviewer_owner="p-w",
                        reason="x",
                    ),
                )
            except DomainError:
                continue

    def let_time_pass(self) -> None:
        """Let so much time pass that nobody's silence holds anything back any more."""
        self.clock.advance(31 * DAY)
        while self.database.run(self.city.city_id, lambda work: reviewing.confirm_overdue(work, self.city)):
            pass

    def points(self, *owners: str) -> int:
        """Return what owners have together."""
        with self.database.reading(self.city.city_id) as reading:
            found = wallets.of_owners(reading, owners)
        return sum(wallet.available + wallet.pending for wallet in found.values())

    def most_in_a_day(self, owner: str) -> int:
        """Return on how many contributions of one day somebody got points, at most."""
        mine = [one for one in self.handed_in if one.owner == owner]
        with self.database.reading(self.city.city_id) as reading:
            paid = awarding.of_submissions(reading, [one.submission_id for one in mine])
        days = {
            one.submission_id: self.city.day_of(one.received_at) for one in mine if paid[one.submission_id]
        }
        return max(Counter(days.values()).values(), default=0)

    def _waiting(self) -> Iterator[Submission]:
        after = 0
        while True:
            with self.database.reading(self.city.city_id) as reading:
                some = submissions.waiting(reading, after=after, limit=200)
            if not some:
                return
            yield from some
            after = some[-1].submission_id

    def _jitter(self) -> int:
        # A real position is never twice the same.
        return self._scenes % 7
