"""Request bodies: bounded, JSON, and checked against a model with errors that name the field."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import Request

from concierge.access import Refusal
from concierge.realtime.events import path

MAX_BODY = 1 << 20  # bytes

Model = TypeVar("Model", bound=BaseModel)


async def read(request: Request, model: type[Model]) -> Model:
    """The body as a `model`; no body is `{}`. Raises Refusal 400 or 413."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise Refusal(413, "request_too_large", f"A request's body may have {MAX_BODY} bytes.")
    try:
        value: Any = from_json(bytes(data) or b"{}", allow_inf_nan=False)
    except ValueError as error:
        raise Refusal(400, "invalid_json", f"The body is not JSON: {error}.") from None
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _explain(error) from None


def _explain(error: ValidationError) -> Refusal:
    first = error.errors(include_url=False)[0]
    param = path(first["loc"])
    message = f"'{param}': {first['msg']}." if param else f"{first['msg']}."
    if first["type"] == "extra_forbidden":
        return Refusal(400, "unsupported_parameter", f"'{param}' is not supported; leave it out.", param)
    code = "missing_required_parameter" if first["type"] == "missing" else "invalid_value"
    return Refusal(400, code, message, param or None)
