"""The loads: equal for all servers, new in each round, and not too large for what servers are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from comparison.scenarios import HOUSE, SCENARIOS, Scenario, long_message, message

from concierge.engine.llama import Model


@pytest.fixture(scope="module")
def count(small_model: Path) -> Callable[[str], int]:
    vocab = Model(small_model, gpu_layers=0).vocab
    return lambda text: len(vocab.tokenize(text, special=False))


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_every_server_gets_the_same_words_and_every_round_others(scenario: Scenario) -> None:
    def starts(salt: str) -> set[str]:
        firsts = [message(scenario, salt, chat, 0) for chat in range(scenario.chats)]
        assert firsts == [message(scenario, salt, chat, 0) for chat in range(scenario.chats)]
        return {first.partition(".")[0] for first in firsts}

    one, other = starts("x1"), starts("x2")
    assert len(one) == len(other) == scenario.chats
    assert not one & other


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_all_chats_fit_into_the_cells_of_their_slot(scenario: Scenario, count: Callable[[str], int]) -> None:
    markup = 12  # tokens that a chat template puts around a message, and more
    house = count(HOUSE) + markup
    assert 650 <= house <= 800
    for chat in range(scenario.chats):
        words = sum(count(message(scenario, "x9", chat, turn)) + markup for turn in range(scenario.turns))
        assert house + words + scenario.turns * (scenario.max_tokens + markup) <= scenario.context
    if scenario.long_tokens:
        long = count(long_message(scenario, "x9", count))
        assert scenario.long_tokens <= long <= scenario.long_tokens + 100
        assert house + long + markup + scenario.max_tokens <= scenario.context


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_trial_is_the_scenario_in_small(scenario: Scenario) -> None:
    trial = scenario.trial()
    if scenario.at_once == 1:
        assert trial == scenario
        return
    assert trial.chats * trial.turns * trial.max_tokens <= scenario.replies * scenario.max_tokens / 2
    assert trial.chats >= trial.at_once
    same = replace(
        trial,
        chats=scenario.chats,
        turns=scenario.turns,
        max_tokens=scenario.max_tokens,
        think=scenario.think,
    )
    assert same == scenario
