"""Whatever is told in whatever order, how often and by how many at once: paid once, and no hold is left behind."""

import datetime as dt
import functools
import itertools
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.errors import DomainError
from ledger import chart, invariants, queries, wallets
from rewards import awarding, case_files, city_events, handling, reviewing, submissions, submitting
from rewards.cases import Event, Reason
from rewards.city_events import CityEvent
from rewards.handling import Handled, Told
from rewards.submissions import Status, Submission
from rewards.submitting import NewSubmission
from tests.fixtures.databases import MakeDatabase
from tests.rewards.suspects import CENTRE, DAY, HOUR, WORKER, Town

OWNER, AT_ONCE = "p-anna", 64
LITTER, APPLICATION = 50, 30
WHO: Any = {"reviewer_id": WORKER, "reviewer_owner": "p-worker"}
_SETTINGS = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


class Report:
    """One report, and everything that can happen to it."""

    def __init__(self, town: Town, number: int) -> None:
        self.town = town
        self.begun = town.clock.now()
        self.new = NewSubmission(
            "litter-report",
            f"{OWNER}-{number}",
            "app",
            "Three sacks at the fence",
            "litter",
            evidence_key=f"phone/{number}",
            # Spots four hundred metres apart: nothing here is about duplicates.
            latitude_e6=CENTRE[0] + number // 30 * 4_000,
            longitude_e6=CENTRE[1] + number % 30 * 6_000,
            # Every second one has to be looked at first.
            accuracy_m=8 if number % 2 else 50,
            pictures=[town.stored(town.picture())],
        )

    def happens(self, what: str) -> None:
        """Let one thing happen; a refusal is an answer, too."""
        act: Callable[[Work], object] = functools.partial(getattr(self, f"_{what}"))
        try:
            self.town.database.run(self.town.city.city_id, act)
        except DomainError:
            return
        finally:
            self.town.clock.advance(HOUR)

    def _submit(self, work: Work) -> object:
        return submitting.submit(work, self.town.city, self.new)

    def _accept(self, work: Work) -> object:
        number = self._number(work)
        return reviewing.accept(work, self.town.city, number, **WHO)

    def _refuse(self, work: Work) -> object:
        number = self._number(work)
        return reviewing.decline(work, self.town.city, number, reason="x", **WHO)

    def _done(self, work: Work) -> object:
        return self._handle(work, Event.DONE)

    def _decline(self, work: Work) -> object:
        return self._handle(work, Event.DECLINE)

    def _reopen(self, work: Work) -> object:
        return self._handle(work, Event.REOPEN)

    def _withdraw(self, work: Work) -> object:
        return handling.withdraw(work, self.town.city, self._case(work), self.new.owner)

    def _told_done(self, work: Work) -> object:
        return self._tell(work, Event.DONE, -2 * DAY)

    def _told_declined(self, work: Work) -> object:
        return self._tell(work, Event.DECLINE, dt.timedelta(0))

    def _told_taken(self, work: Work) -> object:
        return self._tell(work, Event.TAKE, -HOUR)

    def _overdue(self, work: Work) -> object:
        return reviewing.confirm_overdue(work, self.town.city)

    def _handle(self, work: Work, event: Event) -> object:
        reason = Reason.NOTHING_FOUND if event is Event.DECLINE else None
        handled = Handled(event, staff_id=WORKER, staff_owner="p-w", reason=reason)
        return handling.handle(work, self.town.city, self._case(work), handled)

    def _tell(self, work: Work, event: Event, ago: dt.timedelta) -> object:
        reason = Reason.NOTHING_FOUND if event is Event.DECLINE else None
        # The same event each time: it is replayed.
        told = Told(event, "wbd", f"{self.new.evidence_key}/{event}", self.begun + ago, reason=reason)
        return handling.told(work, self.town.city, self._case(work), told)

    def _number(self, work: Work) -> int:
        found = submissions.by_evidence(work, self.new.action, str(self.new.evidence_key))
        if found is None:
            raise NotYet
        return found.submission_id

    def _case(self, work: Work) -> int:
        case = case_files.of_submission(work, self._number(work))
        assert case is not None
        return case.case_id


class NotYet(DomainError):
    """There is no report yet."""


class Application:
    """One application, told by the portal in any order."""

    def __init__(self, town: Town, number: int) -> None:
        self.town = town
        self.begun = town.clock.now()
        self.number = number

    def happens(self, what: str) -> None:
        """Let an event arrive: the same one each time, as a system that is not sure repeats it."""
        owner = f"{OWNER}-{self.number}"
        when = {"reported": 0, "confirmed": 1, "refused": 2, "reported-elsewhere": 3}[what]
        event = CityEvent(
            source="portal",
            event_id=f"{self.number}/{what}",
            client_id=1,
            action="application-completed",
            case_id=f"2026-{self.number}",
            happened_at=self.begun - DAY + when * HOUR,
            owner=owner if what.startswith("reported") else None,
            confirmed=None if what.startswith("reported") else what == "confirmed",
            reason="incomplete" if what == "refused" else "",
            facts={"service": "residence", "complete": True} if what.startswith("reported") else {},
        )
        self.town.database.run(
            self.town.city.city_id, lambda work: city_events.receive(work, self.town.city, event)
        )


REPORT_EVENTS = (
    "submit", "submit", "accept", "refuse", "done", "decline", "reopen", "withdraw", "told_done",
    "told_declined", "told_taken",
)  # fmt: skip
CASE_EVENTS = ("reported", "reported-elsewhere", "confirmed", "refused")


def settled(town: Town, owner: str) -> tuple[int, int, int, set[Status]]:
    """Return what an owner can spend, what is pending, how many awards there are, and where all stands."""
    with town.database.reading(town.city.city_id) as reading:
        wallet = wallets.wallet(reading, owner)
        mine = submissions.of_owner(reading, owner, limit=200)
        awards = awarding.of_submissions(reading, [one.submission_id for one in mine])
    count = sum(len(some) for some in awards.values())
    return wallet.available, wallet.pending, count, {one.status for one in mine}


def assert_sound(town: Town) -> None:
    """Expect books that verify, and no hold in any budget."""
    with town.database.reading(town.city.city_id) as reading:
        assert invariants.verify(reading).ok
        held = {
            budget: queries.balance(reading, chart.budget_path(budget)).debits_pending
            for budget in ("litter", "digital-services")
        }
    assert {"litter": 0, "digital-services": 0} == held


def test_any_order_of_a_report_pays_once(new_database: MakeDatabase, clock: FixedClock) -> None:
    """Sent twice, withdrawn, reopened, told late and told again: 0, a fifth or all of the points, and no hold."""
    town, numbers = Town(new_database(), clock), itertools.count()

    @_SETTINGS
    @given(st.lists(st.sampled_from(REPORT_EVENTS), max_size=10))
    def play(events: list[str]) -> None:
        report = Report(town, next(numbers))
        for event in events:
            report.happens(event)
        for event in ("submit", "accept", "done", "told_done"):
            report.happens(event)
        available, pending, awards, statuses = settled(town, report.new.owner)

        assert available in {0, LITTER // 5, LITTER}
        assert (0, True) == (pending, awards <= 1)
        assert 1 == len(statuses)
        assert statuses <= {Status.DONE, Status.DECLINED, Status.REJECTED}
        assert (LITTER if statuses == {Status.DONE} else available) == available

    play()
    assert_sound(town)


def test_any_order_of_city_events_pays_once(new_database: MakeDatabase, clock: FixedClock) -> None:
    """Outcomes before their action, both outcomes, everything repeated, two events of one case: paid at most once."""
    town, numbers = Town(new_database(), clock), itertools.count()

    @_SETTINGS
    @given(st.lists(st.sampled_from(CASE_EVENTS), max_size=8))
    def play(events: list[str]) -> None:
        case = Application(town, next(numbers))
        for event in (*events, "reported", "confirmed"):
            case.happens(event)
        available, pending, awards, statuses = settled(town, f"{OWNER}-{case.number}")

        assert (0, 1) == (pending, awards)
        assert (available, statuses) in ((APPLICATION, {Status.DONE}), (0, {Status.REJECTED}))

    play()
    assert_sound(town)


def at_once(task: Callable[[int], object]) -> Counter[object]:
    """Run a task on 64 threads that start together."""
    start = threading.Barrier(AT_ONCE)

    def run(number: int) -> object:
        start.wait()
        return task(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(run, range(AT_ONCE)))


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_64_at_once(database: Database, clock: FixedClock) -> None:
    """The same report 64 times at once, 64 contributions at once, 64 outcomes at once: each as if one by one."""
    town = Town(database, clock)
    report = Report(town, 1)

    def submit(_: int) -> object:
        run = town.database.run
        return run(
            town.city.city_id, lambda work: submitting.submit(work, town.city, report.new)[0].submission_id
        )

    def apply(number: int) -> object:
        made = NewSubmission(
            "application-completed", "p-eve", "portal",
            evidence_key=f"case/{number}", facts={"service": f"service-{number}", "complete": True},
        )  # fmt: skip
        town.database.run(town.city.city_id, lambda work: submitting.submit(work, town.city, made))
        return None

    def conclude(number: int) -> object:
        decide = reviewing.confirm if number % 2 else reviewing.reject

        def end(work: Work) -> Submission:
            found = submissions.by_evidence(work, "litter-report", "phone/1")
            assert found is not None
            return decide(work, town.city, found.submission_id, reason="x", **WHO)

        try:
            return town.database.run(town.city.city_id, end).status
        except DomainError as error:
            return error.code

    assert [AT_ONCE] == list(at_once(submit).values())
    assert (LITTER // 5, LITTER - LITTER // 5, 1) == settled(town, report.new.owner)[:3]
    at_once(apply)
    # One application a day is rewarded, whoever hands in how many at once.
    assert (0, APPLICATION, 1) == settled(town, "p-eve")[:3]

    outcomes = at_once(conclude)
    available, pending, awards, statuses = settled(town, report.new.owner)
    assert (0, 1, 1) == (pending, awards, len(statuses))
    assert AT_ONCE // 2 == outcomes[next(iter(statuses))]
    assert (LITTER if statuses == {Status.DONE} else LITTER // 5) == available
