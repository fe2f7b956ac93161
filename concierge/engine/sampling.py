"""Choosing the next token of one sequence from its logits."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import numpy as np

from concierge.engine.llama import Context, Grammar, SamplerChain, Vocab, grammar_of
from concierge.engine.types import EngineError, InvalidRequest, SamplingParams

PENALTY_WINDOW = 64  # tokens that repeat_penalty looks back on, as in llama.cpp


class Sampler:
    """One reply's sampler; stateful (random numbers, grammar), so never shared."""

    def __init__(self, params: SamplingParams, vocab: Vocab, begun: Sequence[int] = ()) -> None:
        """`begun`: the reply's tokens that are there already.

        Raises InvalidRequest if the JSON schema has no grammar, or doesn't allow what has begun.
        """
        self._penalty = params.repeat_penalty
        self._banned = sorted(vocab.end_tokens) if params.ignore_eos else []
        self._banned_first = [t for t in params.banned_first if 0 <= t < vocab.size]
        self._chain: SamplerChain | None = None  # None: greedy
        if params.temperature > 0:
            seed = secrets.randbits(32) if params.seed is None else params.seed & 0xFFFFFFFF
            self._chain = SamplerChain(params.top_k, params.top_p, params.min_p, params.temperature, seed)
        self._grammar: Grammar | None = None
        if params.json_schema is not None:
            try:
                self._grammar = Grammar(vocab, grammar_of(params.json_schema))
            except ValueError as error:
                raise InvalidRequest(
                    f"This JSON schema cannot be enforced: {error}", "response_format"
                ) from error
            for token in begun:
                if not self._grammar.allows(token):
                    raise InvalidRequest("The JSON schema doesn't allow the reply's beginning.", "reply")
                self._grammar.accept(token)
        elif params.grammar is not None:
            try:
                self._grammar = Grammar(vocab, params.grammar)
            except ValueError as error:
                raise InvalidRequest(f"This grammar cannot be enforced: {error}", "grammar") from error

    def sample(self, context: Context, index: int, reply: Sequence[int]) -> int:
        """The token that follows batch index `index`; `reply` are the tokens before it."""
        banned, self._banned_first = self._banned + self._banned_first, []
        if banned:
            context.logits(index)[banned] = -np.inf
        if self._penalty != 1.0 and reply:
            self._penalize(context, index, reply)
        token = self._choose(context, index)
        if self._grammar:
            # Most tokens fit, and testing one is a thousand times cheaper than masking the vocabulary.
            if not self._grammar.allows(token):
                self._grammar.mask(context.logits(index))
                token = self._choose(context, index)
                if np.isneginf(context.logits(index)[token]):  # accepting it would abort the process
                    raise EngineError("the vocabulary has no token that the grammar allows here")
            self._grammar.accept(token)
        return token

    def _choose(self, context: Context, index: int) -> int:
        if self._chain:
            return self._chain.sample(context, index)
        return int(context.logits(index).argmax())

    def _penalize(self, context: Context, index: int, reply: Sequence[int]) -> None:
        """Keskar et al. 2019, CTRL, section 4.1."""
        logits, penalty = context.row(index), self._penalty
        for token in set(reply[-PENALTY_WINDOW:]):
            value = logits[token]
            logits[token] = value / penalty if value > 0 else value * penalty
