import asyncio
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.engine import speculation
from concierge.engine.speculation import LONGEST, NgramDrafter, worthwhile
from tests.engine.conftest import HOUSE, prove_tie, reply, user

CARD = "Moss silk dress: 890 EUR, sizes 36, 38, 40. Ecru linen coat: 1,250 EUR. Ink wool trousers: 420 EUR."


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(1, 12))
def test_a_draft_is_what_followed_the_same_tokens_before(tokens: list[int], limit: int) -> None:
    drafter = NgramDrafter()
    for length in range(1, len(tokens) + 1):  # one token more each time, as a reply grows
        seen = tokens[:length]
        draft = drafter.propose(np.array(seen, np.int32), limit)
        assert len(draft) <= min(limit, LONGEST)
        if draft:
            starts = [i for i in range(2, length) if seen[i : i + len(draft)] == draft]
            assert any(seen[i - 2 : i] == seen[-2:] for i in starts)


def test_draft_length_follows_what_a_token_earns() -> None:
    assert worthwhile(0.99, 8, decoding=1, base=0.02, each=0.001) == 8
    assert worthwhile(0.3, 8, decoding=1, base=0.001, each=0.02) == 0
    few = worthwhile(0.8, 8, decoding=1, base=0.02, each=0.004)
    many = worthwhile(0.8, 8, decoding=32, base=0.02, each=0.004)
    assert few > many == 0
    assert worthwhile(0.9, 8, decoding=1, base=0.0, each=0.0) == 0  # nothing measured yet


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draft as far as there is anything to propose, whether it pays or not."""
    monkeypatch.setattr(
        "concierge.engine.engine.worthwhile", lambda acceptance, draft, *_: min(draft, LONGEST)
    )


QUESTIONS = [
    f"{CARD} List these pieces again, word for word.",
    "Count to thirty.",
    f"{CARD} Which is best?",
]


@pytest.mark.parametrize("sampling", [{}, {"temperature": 0.8, "seed": 3}, {"repeat_penalty": 1.2}])
async def test_replies_are_the_same_with_and_without(
    running, eager, small_model: Path, sampling: dict
) -> None:
    replies = []
    for speculate in (False, True):
        async with running(chats=3, context=1024, speculate=speculate) as engine:
            asked = [reply(engine, HOUSE, user(q), max_tokens=48, **sampling) for q in QUESTIONS]
            replies.append([last for _, last in await asyncio.gather(*asked)])
            prompts = [engine._template.encode([HOUSE, user(q)]) for q in QUESTIONS]
    for prompt, plain, drafted in zip(prompts, *replies, strict=True):
        if plain.tokens != drafted.tokens and not sampling:
            prove_tie(small_model, prompt, plain.tokens, drafted.tokens)
    # Rounding moves a sample to its neighbor now and then, so of sampled replies the beginnings are compared.
    assert any(a.tokens[:6] == b.tokens[:6] for a, b in zip(*replies, strict=True))


async def test_drafts_spare_steps_where_the_reply_quotes(running, eager) -> None:
    steps = []
    for speculate in (False, True):
        async with running(chats=1, context=1024, speculate=speculate) as engine:
            before = engine.stats().steps
            await reply(engine, HOUSE, user(QUESTIONS[0]), max_tokens=48, ignore_eos=True)
            steps.append(engine.stats().steps - before)
    assert steps[1] < 0.8 * steps[0]


class AlwaysRight(NgramDrafter):
    """Knows the reply beforehand."""

    reply: tuple[int, ...] = ()
    prompt = 0

    def propose(self, tokens: np.ndarray, limit: int) -> list[int]:
        done = len(tokens) - self.prompt
        return list(self.reply[done : done + min(limit, LONGEST)])


class AlwaysWrong(NgramDrafter):
    def propose(self, tokens: np.ndarray, limit: int) -> list[int]:
        return [int(tokens[0])] * min(limit, LONGEST)


async def test_a_draft_that_is_always_right_and_one_that_is_always_wrong(
    running, eager, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(chats=1, context=1024, speculate=False) as engine:
        _, plain = await reply(engine, HOUSE, user("What is felt?"), max_tokens=40, ignore_eos=True)
        prompt = engine._template.encode([HOUSE, user("What is felt?")])
    AlwaysRight.reply, AlwaysRight.prompt = plain.tokens, len(prompt)
    for drafter, most_steps in ((AlwaysRight, 12), (AlwaysWrong, 45)):
        monkeypatch.setattr("concierge.engine.sequence.NgramDrafter", drafter)
        async with running(chats=1, context=1024) as engine:
            before = engine.stats().steps
            _, last = await reply(engine, HOUSE, user("What is felt?"), max_tokens=40, ignore_eos=True)
            assert engine.stats().steps - before <= most_steps
            if last.tokens != plain.tokens:
                prove_tie(small_model, prompt, plain.tokens, last.tokens)


def test_the_controller_gives_a_hopeless_drafter_up_and_tries_it_again_later() -> None:
    drafter = NgramDrafter()
    for _ in range(40):
        drafter.learn(proposed=4, accepted=0)
    assert worthwhile(drafter.acceptance, 8, 1, 0.005, 0.004) == 0
    for _ in range(200):
        drafter.forget()
    assert drafter.acceptance > 0.8 * speculation.HOPE
