"""Limits for the whole city, or for one venue that needs its own: what such pages have in common."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from fastapi import Request
from fastapi.responses import Response

from api import services
from api.access import Caller
from api.pages import framing, typed_numbers
from api.pages.framing import Area
from api.v1.shapes import INTEGER_MAX
from identity import auditing
from kernel.db import Reading, Work
from kernel.errors import DomainError
from merchants import venues
from merchants.venues import Venue

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

EVERYWHERE: Final = 0
"""Stands for all venues that have no limits of their own."""
P = TypeVar("P", bound="DataclassInstance")


class Kept(Protocol[P]):
    """A module that keeps one policy for the city and others for single venues."""

    def every(self, reading: Reading) -> dict[int, P]:
        """Return the policies by venue."""
        ...

    def save(self, work: Work, venue_id: int, policy: P) -> None:
        """Set what holds at a venue, or EVERYWHERE else."""
        ...

    def forget(self, work: Work, venue_id: int) -> None:
        """Let the city's policy hold at a venue."""
        ...


def _nothing(_reading: Reading, _venues: Sequence[Venue]) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Limits(Generic[P]):
    """One such page: where it is, what it keeps, and how a policy becomes fields and comes back."""

    name: str
    """Of its address, its template and its notices."""
    kept: Kept[P]
    suggested: P
    write: Callable[[P], dict[str, str]]
    """A policy as the form has it; a box that is not ticked is missing."""
    read: Callable[[Mapping[str, str]], P]
    """What was typed as a policy; it is refused later if it makes no sense."""
    more: Callable[[Reading, Sequence[Venue]], dict[str, Any]] = _nothing
    """What else the template shows."""

    def show(
        self,
        request: Request,
        caller: Caller,
        venue_id: int,
        *,
        typed: Mapping[str, str] | None = None,
        refused: DomainError | None = None,
    ) -> Response:
        """Return the page of the city or of one venue, or the refused form with what was typed."""
        errors = framing.field_errors(request, caller, refused) if refused else []
        with services.of(request).database.reading(caller.city.city_id) as reading:
            own, known = self.kept.every(reading), venues.every(reading)
            more = self.more(reading, known)
        policy = own.get(venue_id) or own.get(EVERYWHERE) or self.suggested
        return framing.show(
            request, caller, f"office/{self.name}.html", status=422 if errors else 200, area=Area.OFFICE,
            typed=self.write(policy) if typed is None else typed, venue_id=venue_id, own=own, venues=known,
            venue=next((one for one in known if one.venue_id == venue_id), None), is_set=EVERYWHERE in own,
            errors=errors, **more,
        )  # fmt: skip

    async def save(self, request: Request, caller: Caller) -> Response:
        """Set what the form says."""
        form = await request.form()
        typed = {name: value for name, value in form.items() if isinstance(value, str)}
        venue_id, policy = min(max(number(typed, "venue_id"), EVERYWHERE), INTEGER_MAX), self.read(typed)

        def command(work: Work) -> None:
            self.kept.save(work, venue_id, policy)
            what = f"{self.name}-policy-set"
            auditing.record(work, caller.scope, what, f"venue/{venue_id}", _details(policy))

        try:
            services.of(request).database.run(caller.city.city_id, command)
        except DomainError as error:
            return self.show(request, caller, venue_id, typed=typed, refused=error)
        return framing.go(f"/office/{self.name}?venue_id={venue_id}", f"{self.name}-saved")

    def forget(self, request: Request, caller: Caller, venue_id: int) -> Response:
        """Let the city's limits hold at a venue."""

        def command(work: Work) -> None:
            self.kept.forget(work, venue_id)
            auditing.record(work, caller.scope, f"{self.name}-policy-forgotten", f"venue/{venue_id}", {})

        services.of(request).database.run(caller.city.city_id, command)
        return framing.go(f"/office/{self.name}", f"{self.name}-forgotten")


def _details(policy: "DataclassInstance") -> dict[str, Any]:
    """Return a policy for the audit log; spans of time are seconds."""
    return {
        name: int(value.total_seconds()) if isinstance(value, dt.timedelta) else value
        for name, value in asdict(policy).items()
    }


def number(typed: Mapping[str, str], name: str) -> int:
    """Return a typed whole number, or one that every limit refuses."""
    return typed_numbers.whole(typed.get(name, ""))


def cents(typed: Mapping[str, str], name: str) -> int:
    """Return typed whole euros as cents; a negative amount for anything else."""
    return 100 * number(typed, name)
