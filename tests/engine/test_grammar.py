"""Grammars of llama.cpp's on a real vocabulary."""

import ctypes
import time
from pathlib import Path

import llama_cpp as C
import numpy as np
import pytest

from concierge.engine.llama import Grammar, Model, grammar_of

SENTENCE = 'root ::= "Free returns within 30 days" (" — for " ("sale" | "full-price") " pieces")? "."'
JSON = grammar_of('{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}')
ANYTHING = 'root ::= [^"]* "\\""'


def one_by_one(grammar: Grammar, size: int) -> np.ndarray:
    """Which tokens llama.cpp allows when it tests all of them."""
    data = (C.llama_token_data * size)(*((t, 0.0, 0.0) for t in range(size)))
    array = C.llama_token_data_array(data, size, -1, False)
    C.llama_sampler_apply(grammar._sampler, ctypes.byref(array))
    return np.array([t.logit == 0 for t in data])


@pytest.mark.parametrize(
    ("gbnf", "begun"),
    [
        (SENTENCE, ""),
        (SENTENCE, "Free"),
        (SENTENCE, "Free returns within 30 days"),
        (SENTENCE, "Free returns within 30 days — for "),
        (SENTENCE, "Free returns within 30 days."),
        (JSON, ""),
        (JSON, '{"name": "'),
        (JSON, '{"name": "é'),
        (ANYTHING, "in"),
    ],
)
def test_a_mask_is_what_llama_cpp_allows(small_model: Path, gbnf: str, begun: str) -> None:
    vocab = Model(small_model, 0, weights=False).vocab
    grammar = Grammar(vocab, gbnf)
    for token in vocab.tokenize(begun, special=False):
        assert grammar.allows(token)
        grammar.accept(token)
    before = np.random.default_rng(1).normal(0, 1, vocab.size).astype(np.float32)
    logits = before.copy()
    grammar.mask(logits)
    allowed = one_by_one(grammar, vocab.size)
    assert allowed.any()
    assert np.array_equal(logits, np.where(allowed, before, -np.inf))


def test_masking_for_a_sentence_does_not_hold_up_a_step(small_model: Path) -> None:
    vocab = Model(small_model, 0, weights=False).vocab
    grammar, logits = Grammar(vocab, SENTENCE), np.zeros(vocab.size, np.float32)
    vocab.longer()

    def seconds(run: object) -> float:
        started = time.perf_counter()
        run()  # type: ignore[operator]
        return time.perf_counter() - started

    masking = min(seconds(lambda: grammar.mask(logits)) for _ in range(20))
    testing_all = min(
        seconds(lambda: grammar._allowed(np.arange(vocab.size, dtype=np.int32))) for _ in range(20)
    )
    print(f"{1000 * masking:.2f} ms, all {1000 * testing_all:.2f} ms")
    assert masking < testing_all / 4
