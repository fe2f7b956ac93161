"""POST /v1/realtime/client_secrets: a short-lived key for a browser."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from concierge.access import Refusal
from concierge.api import body
from concierge.realtime import server_events
from concierge.realtime.events import SessionConfig, Strict
from concierge.rooms import rooms_of


class ExpiresAfter(Strict):
    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7200)] = 600


class SecretRequest(Strict):
    expires_after: ExpiresAfter = ExpiresAfter()
    session: SessionConfig = SessionConfig(type="realtime")


async def create(request: Request) -> Response:
    """A secret in the caller's name, as `openai.types.realtime.ClientSecretCreateResponse`.

    Our own page needs no API key for it: its cookie names the shopper. `session` settings become those of
    the sessions that the secret's holder begins and cannot change.
    """
    rooms = rooms_of(request)
    store, model = rooms.open.store, rooms.open.engine.info.name
    caller = await rooms.access.caller(request, store, page=True)
    rooms.limits.take("client secret", caller)
    wanted = await body.read(request, SecretRequest)
    if caller.via == "secret":
        raise Refusal(403, "not_allowed", "A client secret cannot make another; use an API key.")
    wanted.session.check_model(model)
    if wanted.session.instructions is not None and not caller.trusted:
        raise Refusal(403, "not_allowed", "Instructions need an API key.", "session.instructions")
    settings = wanted.session.model_dump(include={"instructions", "max_output_tokens"}, exclude_none=True)
    value, expires_at = await store.issue_secret(caller.owner, wanted.expires_after.seconds, settings)
    session = server_events.session("", model, settings)
    answer = {"value": value, "expires_at": int(expires_at), "session": session}
    return JSONResponse(answer, headers={"cache-control": "no-store"})
