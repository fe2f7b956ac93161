from types import SimpleNamespace

import pytest

from concierge.engine.scheduler import SMALLEST_CHUNK, STREAMING_STEP, Scheduler, StepCost
from concierge.engine.sequence import Sequence


def sequence(prompt: int, *, replied: int = 0, priority: int = 0) -> Sequence:
    """A sequence with a prompt of that many tokens; decoding if it has replied."""
    made = Sequence([1] * prompt, 50, SimpleNamespace(), SimpleNamespace(), priority=priority)
    if replied:
        made.computed = prompt + replied - 1
        for _ in range(replied):
            made.append(1)
    return made


def planned(scheduler: Scheduler) -> list[tuple[Sequence, int]]:
    return [(s.sequence, s.count) for s in scheduler.plan()]


def test_decodes_come_first_and_prefill_takes_what_is_left() -> None:
    scheduler = Scheduler(places=4, batch=32, queue=4)
    prompt, *streams = sequence(100), sequence(5, replied=1), sequence(5, replied=3)
    scheduler.running = [prompt, *streams]
    assert planned(scheduler) == [(streams[0], 1), (streams[1], 1), (prompt, 30)]


def test_a_step_that_someone_reads_along_with_is_bounded_in_time() -> None:
    scheduler = Scheduler(places=4, batch=512, queue=4)
    for tokens in (1, 8, 64, 512):
        scheduler.cost.observe(tokens, 0.010 + 0.001 * tokens)
    prompt, stream = sequence(3000), sequence(5, replied=1)
    scheduler.running = [prompt, stream]
    (_, one), (_, chunk) = planned(scheduler)
    assert one == 1
    assert 0.9 * STREAMING_STEP < 0.010 + 0.001 * (1 + chunk) <= STREAMING_STEP
    scheduler.running = [prompt]
    assert planned(scheduler) == [(prompt, 512)]  # nobody reads: the whole batch


def test_a_crowd_is_not_held_up_by_one_who_reads_along() -> None:
    scheduler = Scheduler(places=16, batch=512, queue=4)
    for tokens in (1, 8, 64, 512):
        scheduler.cost.observe(tokens, 0.010 + 0.001 * tokens)
    crowd, stream = [sequence(30) for _ in range(10)], sequence(5, replied=1)
    scheduler.running = [*crowd, stream]
    plan = dict(planned(scheduler))
    assert plan.pop(stream) == 1
    assert sum(plan.values()) == 10 * SMALLEST_CHUNK
    assert list(plan.values()).count(30) == 2  # not a little of each: those first words come now


def test_prefill_never_starves_however_slow_the_machine() -> None:
    scheduler = Scheduler(places=4, batch=512, queue=4)
    for tokens in (1, 8, 64):
        scheduler.cost.observe(tokens, 1.0 * tokens)
    prompt, stream = sequence(100), sequence(5, replied=1)
    scheduler.running = [prompt, stream]
    assert planned(scheduler)[1] == (prompt, SMALLEST_CHUNK)


def test_short_prompts_pass_a_long_one_that_still_gets_its_quarter() -> None:
    scheduler = Scheduler(places=4, batch=100, queue=4)
    long, short, shorter = sequence(1000), sequence(60), sequence(10)
    scheduler.running = [long, short, shorter]
    assert dict(planned(scheduler)) == {long: 30, shorter: 10, short: 60}


def test_admission_follows_priority_then_arrival_and_stops_at_the_first_without_room() -> None:
    scheduler = Scheduler(places=2, batch=32, queue=9)
    background, first, second = sequence(5, priority=5), sequence(5), sequence(5)
    for waiting in (background, first, second):
        scheduler.add(waiting)
    scheduler.admit(lambda s: s is not second)
    assert scheduler.running == [first]
    scheduler.admit(lambda s: True)
    assert scheduler.running == [first, second]
    assert scheduler.waiting == 1
    scheduler.remove(background)
    scheduler.remove(first)
    assert scheduler.waiting == 0
    assert scheduler.running == [second]


def test_step_cost_finds_base_and_slope() -> None:
    cost = StepCost()
    assert cost.curve == (0.0, 0.0)
    assert cost.tokens_within(0.1) > 10_000
    for tokens in (1, 2, 8, 3, 500, 1, 8):
        cost.observe(tokens, 0.02 + 0.003 * tokens)
    assert cost.curve == pytest.approx((0.02, 0.003))
    assert cost.tokens_within(0.05) == 10


def test_step_cost_of_one_batch_size_alone_has_no_base() -> None:
    cost = StepCost()
    for _ in range(5):
        cost.observe(4, 0.04)
    assert cost.curve == pytest.approx((0.0, 0.01))
