"""Writes at the edge: once per idempotency key, by the writer, answered with plain JSON.

The JSON API takes the key from the header, forms from a hidden field; both go the same way.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse, Response

from api import csrf, idempotency, services
from api.access import Caller
from kernel.db import Work
from kernel.errors import DomainError

I = TypeVar("I")  # noqa: E741 -- an item

Command = Callable[[Work], Mapping[str, Any]]
"""Does the work and returns what the caller gets: plain JSON values."""

KEY_FIELD = "idempotency_key"
"""Hidden field of forms."""


async def required_key(
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Names this request, so that repeating it is safe: the first answer comes again. "
            "Without it: 400. Used for another request: 422. Still being answered: 409.",
        ),
    ] = None,
) -> str:
    """Return the key, before the body is looked at. Raises Invalid as `idempotency.checked`."""
    return idempotency.checked(key)


IdempotencyKey = Annotated[str, Depends(required_key)]
"""Parameter of every endpoint of the API that changes something."""


class Ready(JSONResponse):
    """JSON that is serialised already and sent as it is."""

    def render(self, content: bytes) -> bytes:
        """Return the body."""
        return content


def serialised(answer: Mapping[str, Any]) -> bytes:
    """Return an answer as it is sent and kept."""
    return json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Asked(Generic[I]):
    """An item for a set-based use case, with the request that brings it."""

    request: idempotency.Request
    item: I


class Grouped(Generic[I]):
    """A set-based use case as a handler of the writer, which does each request once for its key."""

    def __init__(self, act: Callable[[Work, Sequence[I]], Sequence[Mapping[str, Any] | DomainError]]) -> None:
        self._act = act

    def __call__(self, work: Work, asked: Sequence[Asked[I]]) -> list[bytes | DomainError]:
        """Return the answer of each request as JSON, the first one where it was answered before."""
        outcomes: dict[idempotency.Request, bytes | DomainError] = dict(
            idempotency.known(work, [one.request for one in asked])
        )
        fresh = [one for one in asked if one.request not in outcomes]
        done = self._act(work, [one.item for one in fresh]) if fresh else []
        answers = {one.request: _sent(outcome) for one, outcome in zip(fresh, done, strict=True)}
        kept = ((request, answer) for request, answer in answers.items() if isinstance(answer, bytes))
        idempotency.remember(work, kept)
        outcomes |= answers
        return [outcomes[one.request] for one in asked]


def _sent(outcome: Mapping[str, Any] | DomainError) -> bytes | DomainError:
    return outcome if isinstance(outcome, DomainError) else serialised(outcome)


async def perform(
    request: Request,
    caller: Caller,
    key: str | None,
    command: Command,
    *,
    content: bytes | None = None,
) -> bytes:
    """Run a command once for its key and return its answer as JSON, now or from the first time.

    `content` stands for the body where reading it again is not possible (uploads). Raises Invalid without
    key, KeyReused, StillRunning, TooManyRequests, and whatever the command raises.
    """

    def write(asked: idempotency.Request) -> Awaitable[bytes]:
        return services.of(request).write(
            caller.city.city_id,
            lambda work: idempotency.once(work, asked, lambda same: serialised(command(same))),
        )

    return await _once(request, caller, key, content, write)


async def perform_grouped(request: Request, caller: Caller, key: str, handler: Grouped[I], item: I) -> bytes:
    """Have a set-based use case do an item once for its key, together with those of other callers.

    Returns and raises as `perform` does.
    """

    def write(asked: idempotency.Request) -> Awaitable[bytes]:
        return services.of(request).write_with(caller.city.city_id, handler, Asked(asked, item))

    return await _once(request, caller, key, None, write)


async def _once(
    request: Request,
    caller: Caller,
    key: str | None,
    content: bytes | None,
    write: Callable[[idempotency.Request], Awaitable[bytes]],
) -> bytes:
    given = services.of(request)
    given.limiter.hit("write-account", caller.city.city_id, caller.scope)
    body = await request.body() if content is None else content
    print_of_request = idempotency.fingerprint(request.method, request.url.path, body)
    asked = idempotency.request(caller.scope, key, print_of_request)
    with given.in_flight.hold(caller.city.city_id, asked):
        return await write(asked)


async def answer(
    request: Request,
    caller: Caller,
    key: str,
    command: Command,
    *,
    status: int = 200,
    content: bytes | None = None,
) -> JSONResponse:
    """Run a command as `perform` does and answer with its JSON."""
    return Ready(await perform(request, caller, key, command, content=content), status)


async def perform_once(request: Request, caller: Caller, key: str, command: Command) -> dict[str, Any]:
    """Run a command as `perform` does and return its answer, to which something is added for the caller."""
    answer: dict[str, Any] = json.loads(await perform(request, caller, key, command))
    return answer


async def done(request: Request, caller: Caller, key: str, command: Callable[[Work], object]) -> Response:
    """Run a command whose answer is empty, as `perform` does."""

    def silent(work: Work) -> Mapping[str, Any]:
        command(work)
        return {}

    await perform(request, caller, key, silent)
    return Response(status_code=204)


async def perform_form(
    request: Request, caller: Caller, command: Command, *, content: bytes = b""
) -> dict[str, Any]:
    """Run the command of a form once for the key in its hidden field; `content` stands for its files.

    Raises as `perform` does.
    """
    form = await request.form()
    fields = sorted((name, value) for name, value in form.multi_items() if isinstance(value, str))
    same = [pair for pair in fields if pair[0] not in {csrf.FIELD, KEY_FIELD}]
    key = form.get(KEY_FIELD)
    body = urlencode(same).encode() + content
    done = await perform(request, caller, key if isinstance(key, str) else None, command, content=body)
    answer: dict[str, Any] = json.loads(done)
    return answer
