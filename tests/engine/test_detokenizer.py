from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from concierge.engine.detokenizer import Detokenizer
from concierge.engine.llama import Model, Vocab


@pytest.fixture(scope="module", autouse=True)
def vocab(small_model: Path) -> Vocab:
    global _vocab
    _vocab = Model(small_model, 0).vocab
    return _vocab


@given(st.text(max_size=40))
def test_deltas_are_whole_characters_and_add_up(text: str) -> None:
    tokens = _vocab.tokenize(text, special=False)
    assume(b"".join(map(_vocab.piece, tokens)) == text.encode())  # it lacks bytes of very rare characters
    stream = Detokenizer(_vocab)
    deltas = [stream.push(t) for t in tokens]
    assert "".join(deltas) + stream.flush() == text
    assert not any("\ufffd" in d for d in deltas if "\ufffd" not in text)


@given(st.text("ab ", max_size=30), st.lists(st.text("ab ", min_size=1, max_size=4), min_size=1, max_size=3))
def test_the_text_ends_before_the_first_stop_string(text: str, stops: list[str]) -> None:
    stream = Detokenizer(_vocab, tuple(stops))
    shown = ""
    for token in _vocab.tokenize(text, special=False):
        shown += stream.push(token)
        assert not any(s in shown for s in stops)
        if stream.stopped:
            break
    shown += stream.flush()
    assert stream.stopped == any(s in text for s in stops)
    assert not any(s in shown for s in stops)
    assert text.startswith(shown)
    if not stream.stopped:
        assert shown == text


def test_an_unfinished_character_is_replaced_at_the_end() -> None:
    stream = Detokenizer(_vocab)
    first = _vocab.tokenize("🧶", special=False)[0]
    assert stream.push(first) == ""
    assert stream.flush() == "\ufffd"
