"""GET /v1/models: the one model that is served, and the name that always stands for it."""

from __future__ import annotations

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from concierge.access import Refusal
from concierge.rooms import rooms_of

ALIAS = "concierge"
STARTED = int(time.time())


def known(model: str, name: str) -> None:
    """Raises Refusal 404 unless `model` is `name`, the one that is served, or its alias."""
    if model not in (name, ALIAS):
        message = f"There is no model '{model[:100]}' here; this server has '{name}', also called '{ALIAS}'."
        raise Refusal(404, "model_not_found", message, "model")


async def index(request: Request) -> Response:
    name = await _served(request)
    return JSONResponse({"object": "list", "data": [_model(name), _model(ALIAS)]})


async def show(request: Request) -> Response:
    model = request.path_params["model"]
    known(model, await _served(request))
    return JSONResponse(_model(model))


async def _served(request: Request) -> str:
    rooms = rooms_of(request)
    await rooms.access.caller(request, rooms.open.store)
    return rooms.open.engine.info.name


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": STARTED, "owned_by": "concierge"}
