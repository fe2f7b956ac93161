"""What simulated shoppers do, and what they saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from concierge.errors import UserError


@dataclass(frozen=True, slots=True)
class Plan:
    """What the shoppers do; see the options of `concierge bench`."""

    url: str
    api: str
    shoppers: int
    turns: int
    think: float
    max_tokens: int
    prompt_tokens: int
    ignore_eos: bool
    key: str | None

    def __post_init__(self) -> None:
        if self.api not in ("realtime", "chat"):
            raise UserError(f"--api cannot be {self.api!r}; it is realtime or chat.")
        if self.api == "realtime" and (self.prompt_tokens or self.ignore_eos):
            raise UserError("--prompt-tokens and --ignore-eos go with --api chat alone.")


@dataclass(slots=True)
class Turn:
    """One message and its reply, as the shopper saw it. Times in seconds from the sending of the message."""

    first: bool  # of its chat
    arrivals: list[float] = field(default_factory=list)  # of the chunks that carried text
    end: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: str = ""  # chat completions: why the reply ended; Realtime: the response's status
    error: str = ""
    text: str = ""  # Realtime alone
    products: list[dict[str, Any]] = field(
        default_factory=list
    )  # the cards that came with it; Realtime alone
