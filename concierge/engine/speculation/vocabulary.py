"""A draft model's tokens, and what they are among the target's.

A small model's head takes as long as its layers, and nearly all of what a shop says is made of a few thousand
tokens. So a draft may know those alone: a GGUF whose metadata tells which of the target's tokens its own are,
and as which of its own it reads each of the target's. (A vocabulary for drafting alone: FR-Spec, Zhao et al.
2025, arXiv:2502.14856, does the same to the head.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from gguf import GGUFReader

from concierge.engine.llama import Model
from concierge.engine.prefix_cache import Tokens
from concierge.errors import UserError

TARGET = "concierge.draft.vocabulary"  # how many tokens the target has; the next two are there if it is
TOKENS = "concierge.draft.tokens"  # [own tokens]: the target's token that each is
INPUTS = "concierge.draft.inputs"  # [target's tokens]: its own token that each is read as


@dataclass(frozen=True, slots=True)
class Translation:
    """Between a target's tokens and those of a draft model that has fewer.

    Attributes:
        tokens: the target's token that each of the draft's is.
        inputs: the draft's token that each of the target's is read as: itself, or one near to it.
    """

    tokens: Tokens
    inputs: Tokens

    @classmethod
    def of(cls, draft: Model) -> Translation | None:
        """The one that a GGUF carries; None if its tokens are the target's own. Raises UserError."""
        if draft.metadata(TARGET) is None:
            return None
        fields = GGUFReader(draft.path).fields
        if TOKENS not in fields or INPUTS not in fields:
            raise _broken(draft)
        tokens, inputs = (np.array(fields[key].contents(), np.int32) for key in (TOKENS, INPUTS))
        if (
            len(tokens) != draft.vocab.size
            or not _within(tokens, len(inputs))
            or not _within(inputs, len(tokens))
        ):
            raise _broken(draft)
        return cls(tokens, inputs)

    def to_draft(self, tokens: Tokens) -> Tokens:
        """What the draft model reads for tokens of the target's."""
        read: Tokens = self.inputs[tokens]
        return read

    def to_target(self, token: int) -> int:
        """The target's token that the draft model means."""
        return int(self.tokens[token])


def check_vocabulary(draft: Model, target: Model) -> None:
    """Raises UserError unless each of the draft's tokens means what the target's does that it stands for."""
    translation = None if draft.vocab.size == target.vocab.size else Translation.of(draft)
    ours, theirs = draft.vocab.entries(), target.vocab.entries()
    if translation is not None and len(translation.inputs) != len(theirs):
        what = (
            f"tokens of a model that has {len(translation.inputs)} where {target.path.name} has {len(theirs)}"
        )
    elif translation is None and len(ours) != len(theirs):
        what = f"{len(ours)} tokens where {target.path.name} has {len(theirs)}"
    else:
        places = translation.tokens.tolist() if translation is not None else range(len(ours))
        wrong = next(
            ((entry, at) for entry, at in zip(ours, places, strict=True) if entry != theirs[at]), None
        )
        if wrong is None:
            return
        entry, at = wrong
        what = f"{_shown(entry)} for token {at} where {target.path.name} has {_shown(theirs[at])}"
    raise UserError(f"--draft {draft.path} has {what}; choose a draft with the same vocabulary, or none.")


def _within(tokens: Tokens, size: int) -> bool:
    return bool(tokens.size and tokens.min() >= 0 and tokens.max() < size)


def _broken(draft: Model) -> UserError:
    return UserError(f"--draft {draft.path} maps tokens that are not there; make it anew, or choose another.")


def _shown(entry: tuple[bytes, int]) -> str:
    text, kind = entry
    return f"{text.decode('utf-8', 'replace')!r} (type {kind})"
