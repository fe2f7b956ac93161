"""What guesses the next tokens of sequences."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from concierge.engine.prefix_cache import Tokens
from concierge.engine.sequence import Sequence

LONGEST = 16  # tokens of a draft


@dataclass(slots=True)
class Draft:
    """Tokens that may follow a sequence.

    Attributes:
        sure: for each token, how sure the drafter is that it follows if those before it do: a class, an
            index into `Drafter.prior`.
    """

    tokens: list[int] = field(default_factory=list)
    sure: list[int] = field(default_factory=list)


class Drafter(ABC):
    """Drafts for all the sequences of a step together; whatever it raises ends it, and nothing else.

    Attributes:
        prior: acceptance assumed of each class of tokens before anything is known.
        free: drafting takes no time worth counting.
    """

    name: ClassVar[str]
    prior: ClassVar[tuple[float, ...]]
    free: ClassVar[bool] = True

    @abstractmethod
    def propose(self, wanted: list[tuple[Sequence, int]]) -> list[Draft]:
        """A draft for each sequence, of at most so many tokens; empty where it has nothing to say."""

    def reading(self, sequence: Sequence) -> float:
        """Seconds until it has read a sequence and can draft for it."""
        return 0.0

    def drafting(self, sequences: int) -> float:
        """Seconds for one token of each of so many sequences."""
        return 0.0

    def pin(self, tokens: Tokens) -> None:  # noqa: B027
        """Be ready for sequences that begin with `tokens`, the house prompt."""

    def forget(self, sequence: Sequence) -> None:  # noqa: B027
        """The sequence has ended."""

    def close(self) -> None:  # noqa: B027
        """Give back what it holds."""
