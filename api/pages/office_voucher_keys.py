"""The keys that sign vouchers: counters and alarm, the kill switch for two, how far new codes are."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import services, voucher_keeping
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.wording.standing import KEY_STATUS
from identity import auditing, persons
from kernel.db import Reading, Work
from kernel.errors import DomainError
from redemption import blocking, keys, publishing_status, reissuing
from redemption.blocking import Block
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/voucher-keys")
Keeper = Annotated[Caller, Depends(Access(*voucher_keeping.KEEPERS))]
KeeperForm = Annotated[Caller, Depends(Access(*voucher_keeping.KEEPERS, form=True))]
framing.announce(
    {
        "block-asked": (
            "warning",
            N_("Asked for. The key is blocked as soon as a second person confirms it."),
        ),
        "block-confirmed": ("success", N_("The key is blocked. Open vouchers are getting new codes.")),
        "block-withdrawn": ("info", N_("The request has been dropped. Nothing is blocked.")),
    }
)


@router.get("")
def every(request: Request, caller: Keeper) -> Response:
    """Show all keys, the newest first."""
    return _page(request, caller)


@router.post("/{kid}/blocks")
def ask(request: Request, caller: KeeperForm, kid: str, reason: Annotated[str, Form()] = "") -> Response:
    """Ask for a key to be blocked."""

    def command(work: Work) -> None:
        blocking.ask(work, kid, reason, caller.scope)
        auditing.record(work, caller.scope, "key-block-asked", f"key/{kid}", {})

    return _act(request, caller, command, "block-asked", {f"reason-{kid}": reason})


@router.post("/blocks/{block_id}/confirm")
def confirm(request: Request, caller: KeeperForm, block_id: int) -> Response:
    """Block the key that somebody else asked to be blocked."""
    sealer = services.of(request).sealer

    def command(work: Work) -> None:
        block = blocking.confirm(work, sealer, block_id, caller.scope)
        auditing.record(work, caller.scope, "key-blocked", f"key/{block.kid}", {})

    return _act(request, caller, command, "block-confirmed")


@router.post("/blocks/{block_id}/withdraw")
def withdraw(request: Request, caller: KeeperForm, block_id: int) -> Response:
    """Drop the wish to block a key."""

    def command(work: Work) -> None:
        block = blocking.withdraw(work, block_id, caller.scope)
        auditing.record(work, caller.scope, "key-block-withdrawn", f"key/{block.kid}", {})

    return _act(request, caller, command, "block-withdrawn")


def _act(
    request: Request,
    caller: Caller,
    command: Callable[[Work], None],
    done: str,
    typed: Mapping[str, str] = framing.NO_FIELDS,
) -> Response:
    try:
        services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        fields = {"reason": next(iter(typed), "reason")}
        errors = framing.field_errors(request, caller, error, fields)
        return _page(request, caller, errors=errors, typed=typed)
    return framing.go("/office/voucher-keys", done)


def _page(
    request: Request,
    caller: Caller,
    *,
    errors: list[tuple[str | None, str]] | None = None,
    typed: Mapping[str, str] = framing.NO_FIELDS,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = keys.every(reading)
        asked = {one.kid: one for one in blocking.waiting(reading)}
        renewed, opened = reissuing.every(reading), reissuing.open_counts(reading)
        status_list, names = publishing_status.find(reading), _names(reading, list(asked.values()))
        age = (reading.now - status_list.issued_at).total_seconds() if status_list else None
        is_late = (
            status_list is not None and reading.now - status_list.issued_at > publishing_status.LATE_AFTER
        )
    return framing.show(
        request, caller, "office/voucher_keys.html", area=Area.OFFICE, status=422 if errors else 200,
        errors=errors or [], typed=typed, found=found[::-1], words=KEY_STATUS, asked=asked, names=names,
        me=caller.scope, renewed=renewed, opened=opened, status_list=status_list, age=age, is_late=is_late,
        alarm=any(key.needs_blocking for key in found),
    )  # fmt: skip


def _names(reading: Reading, asked: list[Block]) -> dict[str, str]:
    """Return who asked, by name."""
    numbers = {one.asked_by: int(one.asked_by.removeprefix("person/")) for one in asked}
    people = persons.by_ids(reading, list(numbers.values()))
    return {
        scope: people[number].name or people[number].email or ""
        for scope, number in numbers.items()
        if number in people
    }
