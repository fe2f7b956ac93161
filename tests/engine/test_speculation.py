"""Drafts from n-grams, the controller, and that speculation changes no reply."""

import asyncio
import json
import logging
import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.engine import Engine
from concierge.engine.sequence import Sequence, Slice
from concierge.engine.speculation import Draft, Drafter, NgramDrafter, Speculation, StepTime
from concierge.engine.speculation.controller import MARGIN, Acceptance, lengths
from concierge.engine.speculation.drafter import LONGEST
from tests.engine.conftest import HOUSE, prove_near, prove_tie, reply, user

CARD = "Moss silk dress: 890 EUR, sizes 36, 38, 40. Ecru linen coat: 1,250 EUR. Ink wool trousers: 420 EUR."
PIECES = {"type": "array", "items": {"enum": ["silk dress", "linen coat"]}, "minItems": 3, "maxItems": 3}
DRAWN = {"temperature": 0.8, "seed": 3, "top_k": 0, "top_p": 1.0, "min_p": 0.0}
SCHEMA = {"type": "object", "properties": {"pieces": PIECES}, "required": ["pieces"]}


def sequence(tokens: list[int], room: int = 1000) -> Sequence:
    """A sequence that has generated its first token."""
    made = Sequence(tokens[:-1], room, SimpleNamespace(), SimpleNamespace())
    made.append(tokens[-1])
    return made


# Drafting


@given(st.lists(st.integers(0, 3), min_size=2, max_size=60), st.integers(1, 20))
def test_a_draft_is_what_followed_the_same_tokens_before(tokens: list[int], limit: int) -> None:
    drafter, chat = NgramDrafter(), sequence(tokens[:2])
    for length in range(2, len(tokens) + 1):  # one token more each time, as a reply grows
        seen = tokens[:length]
        (draft,) = drafter.propose([(chat, limit)])
        assert len(draft.tokens) == len(draft.sure) <= min(limit, LONGEST)
        if draft.tokens:
            starts = [i for i in range(2, length) if seen[i : i + len(draft.tokens)] == draft.tokens]
            assert any(seen[i - 2 : i] == seen[-2:] for i in starts)
            assert draft.sure == sorted(draft.sure)
        else:
            assert all(seen[i - 2 : i] != seen[-2:] for i in range(2, length))
        chat.append(tokens[length % len(tokens)])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.lists(st.integers(0, 3), min_size=2))
def test_a_shared_house_makes_the_same_drafts(house: list[int], own: list[int]) -> None:
    sharing, alone = NgramDrafter(), NgramDrafter()
    sharing.pin(np.array(house, np.int32))
    chat = sequence(house + own)
    assert sharing.propose([(chat, 9)]) == alone.propose([(chat, 9)])
    other = sequence([9, *house, *own])  # does not begin with the house
    assert sharing.propose([(other, 9)]) == alone.propose([(other, 9)])


# The controller

CHANCES = st.lists(
    st.lists(st.floats(0.1, 1.0), max_size=5).map(lambda c: sorted(c, reverse=True)), max_size=4
)


@given(CHANCES, st.integers(1, 8), st.integers(0, 12), st.lists(st.floats(0.001, 0.02), min_size=21))
def test_the_lengths_earn_the_most_tokens_a_second(
    chances: list[list[float]], running: int, room: int, steps: list[float]
) -> None:
    seconds = np.cumsum(steps).tolist()
    chosen = lengths(chances, running, seconds, room)
    assert sum(chosen) <= room
    assert all(n <= len(chain) for n, chain in zip(chosen, chances, strict=True))

    def rate(counts: list[int]) -> float:
        gained = sum(sum(chain[:n]) for n, chain in zip(counts, chances, strict=True))
        return (running + gained) / seconds[sum(counts)]

    best = max((rate(counts) for counts in splits([len(c) for c in chances], room)), default=0.0)
    plain = running / seconds[0]
    if best > MARGIN * plain * 1.000001:
        assert rate(chosen) == pytest.approx(best)
    elif best < MARGIN * plain * 0.999999:
        assert not any(chosen)


def splits(most: list[int], room: int) -> list[list[int]]:
    """Every choice of at most `room` tokens of drafts that are so long."""
    if not most:
        return [[]]
    return [[n, *rest] for n in range(min(most[0], room) + 1) for rest in splits(most[1:], room - n)]


def test_few_chats_draft_far_and_a_full_batch_not_at_all() -> None:
    sure = [0.8**n for n in range(1, 9)]
    seconds = StepTime([0.020, 0.024], 512)
    alone = lengths([sure], 1, seconds.of(1, 8), 100)
    crowd = lengths([sure] * 32, 32, seconds.of(32, 256), 400)
    assert alone[0] >= 4
    assert sum(crowd) == 0


def test_step_times_follow_a_curve_that_no_line_fits_and_the_machines_pace() -> None:
    def true(tokens: int) -> float:
        return 0.006 + 0.003 * tokens + (0.004 if tokens > 1 else 0)

    curve, chance = StepTime([0.008, 0.010, 0.012, 0.014], 512), random.Random(1)
    for pace in (1.0, 3.0):
        for _ in range(2000):
            tokens = chance.choice((1, 2, 4, 8, 16))
            curve.observe(tokens, pace * true(tokens) * chance.uniform(0.9, 1.1))
        for tokens in (1, 2, 4, 8, 16):
            assert curve.of(tokens, 0)[0] == pytest.approx(pace * true(tokens), rel=0.08)
        assert 0.6 * pace * true(12) < curve.of(12, 0)[0] < 1.2 * pace * true(12)  # never seen


def test_a_draft_pays_for_another_graph_and_for_the_return() -> None:
    curve = StepTime([0.010, 0.012], 16, change=0.001)
    curve.observe(1, 0.011)  # its first step of that size
    assert curve.verifying(1, 1) == pytest.approx([0.010, 0.014])
    curve.observe(2, 0.013)
    assert curve.verifying(1, 1) == pytest.approx([0.010, 0.013])
    curve.observe(1, 0.011)
    curve.observe(1, 0.010)
    curve.interrupted()
    assert curve.verifying(1, 1) == pytest.approx([0.010, 0.013])


def test_a_chat_starts_with_everybodys_acceptance_and_comes_to_its_own() -> None:
    everybody = Acceptance((0.5, 0.5))
    for _ in range(100):
        Acceptance(everybody).learn(0, False)
    quoting = Acceptance(everybody)
    assert quoting.rate(0) < 0.1
    for _ in range(30):
        quoting.learn(0, True)
    assert quoting.rate(0) > 0.7
    assert Acceptance(everybody).rate(0) < 0.5
    assert quoting.rate(1) == pytest.approx(0.5)  # of which nothing is known yet


class Simulation:
    """Chats whose replies are known, and a machine whose step times are too."""

    def __init__(self, chats: int, quoting: float, seed: int) -> None:
        self.chance = random.Random(seed)
        self.chats, self.quoting = chats, quoting
        self.prompt = [self.chance.randrange(3000) for _ in range(300)]
        self.drafting = 0.0  # s spent in this step
        self.change, self.last = 0.0005, 0  # s of a graph built anew, and the size of the last step
        self.time = StepTime([self.seconds(n) for n in range(1, 17)], 512, self.change)

    def seconds(self, tokens: int) -> float:
        """As measured with IQ4_NL on two cores, 1,500 tokens in the cache: by fours, it is cheaper."""
        fours, rest = divmod(tokens, 4)
        milliseconds = 11.0 + 3.2 * tokens + (0.0, 1.0, 3.5, 3.0)[rest] - (3.0 if not fours else 0.0)
        return milliseconds / 1000 * self.chance.gauss(1, 0.03)

    def speculation(self, *drafters: Drafter) -> Speculation:
        speculation = Speculation(list(drafters), 512)
        speculation.pin(np.array(self.prompt[:100], np.int32), self.time)
        return speculation

    def reply(self) -> list[int]:
        """Stretches of the prompt, among words that occur nowhere else or by chance."""
        tokens: list[int] = []
        while len(tokens) < 200:
            at = self.chance.randrange(280)
            quote = self.chance.random() < self.quoting
            tokens += self.prompt[at : at + 15] if quote else self.chance.choices(range(60), k=15)
        return tokens[:200]

    def run(self, speculation: Speculation | None) -> float:
        """Tokens a second of a few replies of each chat."""
        self.replies = replies = {sequence([*self.prompt, 1], 300): self.reply() for _ in range(self.chats)}
        seconds = tokens = 0.0
        for _ in range(400):
            slices = [Slice(chat, 1) for chat in replies]
            if speculation:
                speculation.draft(slices, list(replies), 400)
            size = sum(1 + len(s.draft) for s in slices)
            step = self.seconds(size) + self.change * (size != self.last)
            self.last = size
            seconds += step + self.drafting
            self.drafting = 0.0
            if speculation:
                speculation.observe(size, step)
            for item in slices:
                taken = self.take(item, replies[item.sequence])
                tokens += len(taken)
                if speculation:
                    speculation.learn(item.sequence, taken)
                if len(item.sequence.reply) > 199:
                    del replies[item.sequence]
                    replies[sequence([*self.prompt, 1], 300)] = self.reply()
        return tokens / seconds

    def take(self, item: Slice, script: list[int]) -> list[int]:
        taken = []
        for guess in [*item.draft, None]:
            token = script[min(len(item.sequence.reply), 199)]
            item.sequence.append(token)
            taken.append(token)
            if token != guess:
                break
        return taken


@pytest.mark.parametrize("chats", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize("quoting", [0.0, 0.2, 0.9])
def test_it_costs_next_to_nothing_where_it_cannot_help_and_helps_where_it_can(
    chats: int, quoting: float
) -> None:
    off = Simulation(chats, quoting, seed=1).run(None)
    simulation = Simulation(chats, quoting, seed=1)
    on = simulation.run(simulation.speculation(NgramDrafter()))
    assert on > 0.98 * off
    if quoting == 0.9 and chats <= 4:
        assert on > 1.1 * off


class Costly(Drafter):
    """A draft model of known speed and skill."""

    name = "model"
    prior = (0.8,)
    free = False

    def __init__(self, simulation: Simulation, skill: float, speed: float) -> None:
        self.simulation, self.skill, self.speed = simulation, skill, speed
        self.known: set[Sequence] = set()

    def reading(self, sequence: Sequence) -> float:
        return 0.0 if sequence in self.known else 0.3 * self.speed

    def drafting(self, sequences: int) -> float:
        return self.speed * (0.003 + 0.003 * sequences)

    def propose(self, wanted: list[tuple[Sequence, int]]) -> list[Draft]:
        for n in range(max((limit for _, limit in wanted), default=0)):
            self.simulation.drafting += self.drafting(sum(limit > n for _, limit in wanted))
        self.simulation.drafting += sum(self.reading(s) for s, _ in wanted)
        self.known.update(s for s, _ in wanted)
        return [self.guess(*entry) for entry in wanted]

    def guess(self, sequence: Sequence, limit: int) -> Draft:
        script, chance = self.simulation.replies[sequence][len(sequence.reply) :], self.simulation.chance
        tokens = [t if chance.random() < self.skill else 9999 for t in script[:limit]]
        return Draft(tokens, [0] * len(tokens))


@pytest.mark.parametrize("chats", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize(("skill", "speed"), [(0.05, 0.1), (0.8, 0.1)])
def test_a_draft_model_costs_next_to_nothing_where_it_cannot_help_and_helps_where_it_can(
    chats: int, skill: float, speed: float
) -> None:
    off = Simulation(chats, 0.0, seed=2).run(None)
    simulation = Simulation(chats, 0.0, seed=2)
    speculation = simulation.speculation(NgramDrafter(), Costly(simulation, skill, speed))
    simulation.run(speculation)  # learns what the model is worth here
    assert simulation.run(speculation) > (1.04 if (skill, chats) == (0.8, 1) else 0.98) * off


def test_it_tells_a_chat_that_quotes_from_one_that_does_not() -> None:
    simulation = Simulation(1, 0.0, seed=2)
    speculation = simulation.speculation(NgramDrafter())
    simulation.run(speculation)
    before = speculation.drafted
    simulation.run(speculation)
    assert speculation.drafted - before < 20  # it has given up hope, and spends nothing on trying
    simulation.quoting = 0.9
    simulation.run(speculation)
    assert speculation.accepted > 200


# Lossless

QUESTIONS = [
    f"{CARD} List these pieces again, word for word.",
    "Count to thirty.",
    f"{CARD} Which is best?",
]


@pytest.mark.parametrize(
    "sampling",
    [
        {},
        DRAWN,
        {"repeat_penalty": 1.2},
        {"json_schema": json.dumps(SCHEMA)},
        {"stop": ("EUR", "seven")},
    ],
)
async def test_replies_are_the_same_with_and_without(
    running, eager, small_model: Path, sampling: dict
) -> None:
    replies = []
    for speculate in (False, True):
        async with running(chats=3, context=1024, speculate=speculate) as engine:
            asked = [reply(engine, HOUSE, user(q), max_tokens=48, **sampling) for q in QUESTIONS]
            replies.append(await asyncio.gather(*asked))
            prompts = [engine._template.encode([HOUSE, user(q)]) for q in QUESTIONS]
            assert not speculate or engine.stats().drafted_tokens > 0
    for prompt, (_, plain), (text, drafted) in zip(prompts, *replies, strict=True):
        if plain.tokens != drafted.tokens and not sampling:
            prove_tie(small_model, prompt, plain.tokens, drafted.tokens)
        if plain.tokens != drafted.tokens and sampling == DRAWN:
            prove_near(small_model, prompt, plain.tokens, drafted.tokens, temperature=0.8)
        assert not any(stop in text for stop in sampling.get("stop", ()))
        assert "json_schema" not in sampling or len(json.loads(text)["pieces"]) == 3
    assert any(
        plain.tokens[:8] == drafted.tokens[:8] for (_, plain), (_, drafted) in zip(*replies, strict=True)
    )


async def test_drafts_spare_steps_where_the_reply_quotes(running, eager) -> None:
    steps = []
    for speculate in (False, True):
        async with running(chats=1, context=1024, speculate=speculate) as engine:
            before = engine.stats().steps
            await reply(engine, HOUSE, user(QUESTIONS[0]), max_tokens=48, ignore_eos=True)
            steps.append(engine.stats().steps - before)
    assert steps[1] < 0.8 * steps[0]


class Script(Drafter):
    """Proposes what it is told."""

    name = "n-gram"  # in its place
    prior = (0.9,)

    def __init__(self, guess: Callable[[Sequence], list[int]]) -> None:
        self.guess = guess

    def propose(self, wanted: list[tuple[Sequence, int]]) -> list[Draft]:
        drafts = [self.guess(sequence)[: min(limit, LONGEST)] for sequence, limit in wanted]
        return [Draft(tokens, [0] * len(tokens)) for tokens in drafts]


def use(engine: Engine, drafter: Drafter) -> None:
    assert engine._speculation
    engine._speculation.drafters = [drafter]


async def test_a_draft_that_is_always_right_and_one_that_is_always_wrong(
    running, eager, small_model: Path
) -> None:
    async with running(chats=1, context=1024) as engine:
        question = user("What is felt?")
        prompt = engine._template.encode([HOUSE, question])
        use(engine, Script(lambda s: []))
        _, plain = await reply(engine, HOUSE, question, max_tokens=40, ignore_eos=True)
        right = Script(lambda s: list(plain.tokens[len(s.reply) :]))
        wrong = Script(lambda s: [0] * 5)
        for drafter, most_steps, accepted in ((right, 8, range(36, 40)), (wrong, 45, range(1))):
            use(engine, drafter)
            before = engine.stats()
            _, last = await reply(engine, HOUSE, question, max_tokens=40, ignore_eos=True)
            after = engine.stats()
            if last.tokens != plain.tokens:
                prove_tie(small_model, prompt, plain.tokens, last.tokens)
            else:
                assert after.steps - before.steps <= most_steps
                assert after.accepted_tokens - before.accepted_tokens in accepted


async def test_a_drafter_that_dies_takes_no_reply_with_it(
    running, eager, caplog: pytest.LogCaptureFixture
) -> None:
    def guess(sequence: Sequence) -> list[int]:
        if len(sequence.reply) == 5:
            raise RuntimeError("out of ideas")
        return [int(sequence.tokens[-1])] * 3

    async with running(chats=2, context=1024) as engine:
        use(engine, Script(guess))
        with caplog.at_level(logging.WARNING):
            asked = [reply(engine, HOUSE, user(q), max_tokens=20, ignore_eos=True) for q in QUESTIONS]
            replies = await asyncio.gather(*asked)
        assert [last.finish_reason for _, last in replies] == ["length"] * 3
        assert [len(last.tokens) for _, last in replies] == [20] * 3
    assert [r.getMessage() for r in caplog.records if "out of ideas" in r.getMessage()] == [
        "the n-gram drafter failed; speculation goes on without it: out of ideas"
    ]


async def test_samples_keep_their_distribution(running, eager) -> None:
    """A G-test of the first three tokens at temperature 1, drawn plainly and with a draft to be accepted."""
    asked, next_token = 320, Counter[tuple[tuple[int, ...], int]]()

    def likely(sequence: Sequence) -> list[int]:
        """What was drawn most often after the same tokens."""
        reply = tuple(sequence.reply)
        while found := [(n, token) for (before, token), n in next_token.items() if before == reply]:
            reply += (max(found)[1],)
        return list(reply[len(sequence.reply) :])

    async with running(chats=32, context=512, house=None) as engine:

        async def draw(seeds: range) -> list[tuple[int, ...]]:
            params = {"max_tokens": 4, "temperature": 1.0, "ignore_eos": True}
            asking = [reply(engine, user("Name a color."), seed=seed, **params) for seed in seeds]
            return [last.tokens[:3] for _, last in await gather_by(96, asking)]

        use(engine, Script(lambda s: []))
        plain = await draw(range(asked))
        next_token.update((tokens[:n], tokens[n]) for tokens in plain for n in (1, 2))
        use(engine, Script(likely))
        drafted = await draw(range(asked, 2 * asked))
        stats = engine.stats()
    assert 50 < stats.accepted_tokens < stats.drafted_tokens - 50  # both ways were gone often
    assert same_distribution(plain, drafted) > 1e-4
    modes = Counter(plain).most_common(1)[0][0]
    forced = [modes if n % 3 == 0 else tokens for n, tokens in enumerate(plain)]
    assert same_distribution(forced, drafted) < 1e-4  # a third of the drafts taken unverified would show


async def gather_by(size: int, asking: list) -> list:
    """As asyncio.gather, few at a time."""
    return [r for at in range(0, len(asking), size) for r in await asyncio.gather(*asking[at : at + size])]


def same_distribution(one: list[tuple[int, ...]], other: list[tuple[int, ...]]) -> float:
    """p of a G-test of homogeneity; outcomes that are rare in both go together."""
    counts = Counter(one), Counter(other)
    outcomes = counts[0].keys() | counts[1].keys()
    common = [o for o in outcomes if counts[0][o] + counts[1][o] >= 10]
    table = np.array([[c[o] for o in common] + [c.total() - sum(c[o] for o in common)] for c in counts])
    table = table[:, table.sum(axis=0) > 0].astype(float)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    g = 2 * float((table * np.log(np.maximum(table, 1e-9) / expected)).sum())
    half = math.ceil((table.shape[1] - 1) / 2)  # of the degrees of freedom, rounded up: a larger p
    return math.exp(-g / 2) * sum((g / 2) ** i / math.factorial(i) for i in range(half))
