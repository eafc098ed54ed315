"""Messages of payment services: signed by them, about things that are fetched from them again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api import paying, services
from api.access import Access, Caller, Sort
from kernel.errors import Invalid

router = APIRouter(include_in_schema=False)
# Whoever it is proves it by the signature; no cookie is looked at, so none can be abused.
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE, cookies=False))]
BODY_MAX = 256 * 1024


@router.post("/webhooks/payments/{provider}", status_code=204)
async def receive(request: Request, caller: Anyone, provider: str) -> Response:
    """Take a message; one that could not be dealt with is refused, so that it is sent again."""
    body = await request.body()
    if len(body) > BODY_MAX:
        raise Invalid("message-too-large", maximum=BODY_MAX)
    headers = {name.lower(): value for name, value in request.headers.items()}
    till = paying.till(services.of(request), caller.city)
    await run_in_threadpool(till.take_event, provider, body, headers)
    return Response(status_code=204)
