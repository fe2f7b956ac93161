"""Client events of the OpenAI Realtime protocol that are honoured, and the error for all others. No I/O.

Names and fields are those of the GA interface (`openai.types.realtime`), text modality.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, from_json

MAX_EVENT = 64 * 1024  # bytes of one event
MAX_TEXT = 16 * 1024  # bytes of one message's text

TEXT_ONLY = "This server speaks text only."
UNSUPPORTED = {  # fields of the convention that are refused unless they say what is so anyway
    "audio": TEXT_ONLY,
    "conversation": "Every response belongs to the conversation: leave it out or say 'auto'.",
    "image_url": TEXT_ONLY,
    "include": "Leave it out.",
    "input": "A response answers the conversation's items: create them with conversation.item.create.",
    "input_audio_format": TEXT_ONLY,
    "input_audio_transcription": TEXT_ONLY,
    "output_audio_format": TEXT_ONLY,
    "parallel_tool_calls": "There are no tools here: leave it out.",
    "prompt": "There are no stored prompts here: use instructions.",
    "reasoning": "Leave it out.",
    "tool_choice": "There are no tools here: leave it out or say 'auto'.",
    "tools": "There are no tools here: leave it out.",
    "tracing": "Leave it out.",
    "transcript": TEXT_ONLY,
    "truncation": "Long conversations are trimmed at turn borders: leave it out or say 'auto'.",
    "turn_detection": TEXT_ONLY,
    "voice": TEXT_ONLY,
}
AUDIO_EVENTS = ("input_audio_buffer.", "output_audio_buffer.", "transcription_session.")


class ProtocolError(Exception):
    """A client event that cannot be honoured; the connection lives on.

    Attributes:
        code: short name of the mistake.
        param: path of the field it is in, such as `item.content[0].text`, or None.
        event_id: the client's own id of that event, if it gave one.
    """

    def __init__(
        self, code: str, message: str, param: str | None = None, event_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.param, self.event_id = code, message, param, event_id


class Strict(BaseModel):
    """Takes JSON types as they are; null stands for 'not given'."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: Any) -> Any:
        return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


Model = TypeVar("Model", bound=Strict)
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Text = Annotated[str, Field(min_length=1)]
Nothing = Annotated[list[Any], Field(max_length=0)]
MaxTokens = Annotated[int, Field(ge=1)] | Literal["inf"]
Modalities = Annotated[list[Literal["text"]], Field(min_length=1, max_length=1)]


class ContentPart(Strict):
    type: Literal["input_text", "output_text"]
    text: Text


class MessageItem(Strict):
    """A message; `object` and `status` are the server's to say and are passed over."""

    type: Literal["message"]
    role: Literal["user", "assistant", "system"]
    content: Annotated[list[ContentPart], Field(min_length=1, max_length=64)]
    id: Id | None = None
    object: Any = None
    status: Any = None

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.content)


class SessionConfig(Strict):
    """What a client may set on a session; also the `session` of a client secret."""

    type: Literal["realtime"]
    output_modalities: Modalities | None = None
    instructions: str | None = None
    max_output_tokens: MaxTokens | None = None
    model: str | None = None
    tools: Nothing | None = None
    tool_choice: Literal["auto", "none"] | None = None
    truncation: Literal["auto"] | None = None

    def check_model(self, served: str) -> None:
        """Raises ProtocolError if it asks for another model than the one that is served, or its alias."""
        if self.model not in (None, served, "concierge"):
            raise ProtocolError("invalid_value", f"This server's model is '{served}'.", "session.model")


class ResponseConfig(Strict):
    instructions: str | None = None
    max_output_tokens: MaxTokens | None = None
    metadata: Annotated[dict[str, str], Field(max_length=16)] | None = None
    output_modalities: Modalities | None = None
    conversation: Literal["auto"] | None = None
    tools: Nothing | None = None
    tool_choice: Literal["auto", "none"] | None = None


class ClientEvent(Strict):
    event_id: Annotated[str, Field(max_length=512)] | None = None


class SessionUpdate(ClientEvent):
    type: Literal["session.update"]
    session: SessionConfig


class ItemCreate(ClientEvent):
    type: Literal["conversation.item.create"]
    item: MessageItem
    previous_item_id: Id | None = None


class ItemRetrieve(ClientEvent):
    type: Literal["conversation.item.retrieve"]
    item_id: Id


class ItemDelete(ClientEvent):
    type: Literal["conversation.item.delete"]
    item_id: Id


class ItemTruncate(ClientEvent):
    type: Literal["conversation.item.truncate"]
    item_id: Id
    content_index: Annotated[int, Field(ge=0, le=0)]
    audio_end_ms: Annotated[int, Field(ge=0)]


class ResponseCreate(ClientEvent):
    type: Literal["response.create"]
    response: ResponseConfig = ResponseConfig()


class ResponseCancel(ClientEvent):
    type: Literal["response.cancel"]
    response_id: Id | None = None


EVENTS: dict[str, type[ClientEvent]] = {
    "session.update": SessionUpdate,
    "conversation.item.create": ItemCreate,
    "conversation.item.retrieve": ItemRetrieve,
    "conversation.item.delete": ItemDelete,
    "conversation.item.truncate": ItemTruncate,
    "response.create": ResponseCreate,
    "response.cancel": ResponseCancel,
}


def parse(data: str) -> ClientEvent:
    """The event that a text frame holds. Raises ProtocolError, and nothing else, if it holds none."""
    try:
        value = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise ProtocolError("invalid_json", f"The event is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise ProtocolError("invalid_type", "An event is a JSON object.")
    event_id = value.get("event_id")
    try:
        if len(data.encode()) > MAX_EVENT:
            raise ProtocolError("event_too_large", f"An event may have {MAX_EVENT} bytes.")
        return _validate(value)
    except ProtocolError as error:
        error.event_id = event_id[:512] if isinstance(event_id, str) else None
        raise


def check_text(text: str, param: str) -> None:
    """Raises ProtocolError if a message's text is blank or too long."""
    size = len(text.encode())
    if size > MAX_TEXT:
        raise ProtocolError(
            "string_above_max_length", f"The text has {size} bytes; a message may have {MAX_TEXT}.", param
        )
    if not text.strip():
        raise ProtocolError("invalid_value", "The text is empty.", param)


def _validate(value: dict[str, Any]) -> ClientEvent:
    kind = value.get("type")
    if kind is None:
        raise ProtocolError("missing_required_parameter", "Missing required parameter: 'type'.", "type")
    if not isinstance(kind, str):
        raise ProtocolError("invalid_type", "'type' must be a string.", "type")
    model = EVENTS.get(kind)
    if model is None:
        known = ", ".join(EVENTS)
        if kind.startswith(AUDIO_EVENTS):
            raise ProtocolError("unsupported_event", f"{TEXT_ONLY} Supported events: {known}.", "type")
        message = f"Unknown event '{kind[:64]}'. Supported events: {known}."
        raise ProtocolError("unknown_event", message, "type")
    event = validated(model, value)
    if isinstance(event, ItemCreate):
        _check_item(event.item)
    return event


def validated(model: type[Model], value: Any) -> Model:
    """`value` as a `model`. Raises ProtocolError for its first mistake."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _explain(error.errors(include_url=False)[0]) from None


def _check_item(item: MessageItem) -> None:
    wanted = "output_text" if item.role == "assistant" else "input_text"
    for index, part in enumerate(item.content):
        if part.type != wanted:
            message = f"The content of {item.role} messages has type '{wanted}'. {TEXT_ONLY}"
            raise ProtocolError("invalid_value", message, f"item.content[{index}].type")
    check_text(item.text, "item.content")


def _explain(error: ErrorDetails) -> ProtocolError:
    """Pydantic's first complaint in the convention's words."""
    param = path(error["loc"])
    kind, given = error["type"], error["input"]
    name = next((part for part in reversed(error["loc"]) if part in UNSUPPORTED), None)
    if name:
        message = f"'{param}' is not supported. {UNSUPPORTED[str(name)]}"
        return ProtocolError("unsupported_parameter", message, param)
    if kind == "missing":
        return ProtocolError("missing_required_parameter", f"Missing required parameter: '{param}'.", param)
    if kind == "extra_forbidden":
        return ProtocolError("unknown_parameter", f"Unknown parameter: '{param}'.", param)
    if kind == "literal_error":
        expected = error.get("ctx", {}).get("expected")
        hint = f" {TEXT_ONLY}" if isinstance(given, str) and ("audio" in given or "image" in given) else ""
        return ProtocolError("invalid_value", f"'{param}' must be {expected}.{hint}", param)
    code = "invalid_type" if kind.endswith("_type") else "invalid_value"
    return ProtocolError(code, f"'{param}': {error['msg']}.", param)


def path(location: tuple[str | int, ...]) -> str:
    """`("item", "content", 0, "text")` as `item.content[0].text`; names of union members are left out."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier() and part not in ("int", "str"):
            text += f".{part}" if text else part
    return text[:200]
