from types import SimpleNamespace

import pytest

from concierge.engine.scheduler import SMALLEST_CHUNK, SMOOTH, STREAMING_STEP, LineCost, Scheduler, StepCost
from concierge.engine.sequence import Sequence


def sequence(prompt: int, *, replied: int = 0, priority: int = 0) -> Sequence:
    """A sequence with a prompt of that many tokens; decoding if it has replied."""
    made = Sequence([1] * prompt, 50, SimpleNamespace(), SimpleNamespace(), priority=priority)
    if replied:
        made.computed = prompt + replied - 1
        for _ in range(replied):
            made.append(1)
    return made


def knowing(scheduler: Scheduler, base: float, decode: float, prefill: float) -> Scheduler:
    """A scheduler that has seen what steps cost."""
    for decoded in (1, 8, 4):
        scheduler.cost.observe(decoded, 0, base + decode * decoded)
    for decoded, prefilled in ((1, 20), (8, 100), (0, 512)):
        scheduler.cost.observe(decoded, prefilled, base + decode * decoded + prefill * prefilled)
    return scheduler


def planned(scheduler: Scheduler) -> list[tuple[Sequence, int]]:
    return [(s.sequence, s.count) for s in scheduler.plan()]


def test_decodes_come_first_and_prefill_takes_what_is_left() -> None:
    scheduler = Scheduler(places=4, batch=32, queue=4)
    prompt, *streams = sequence(100), sequence(5, replied=1), sequence(5, replied=3)
    scheduler.running = [prompt, *streams]
    assert planned(scheduler) == [(streams[0], 1), (streams[1], 1), (prompt, 30)]


def test_a_step_that_someone_reads_along_with_is_bounded_in_time() -> None:
    scheduler = knowing(Scheduler(places=4, batch=512, queue=4), 0.010, 0.003, 0.001)
    prompt, stream = sequence(3000), sequence(5, replied=1)
    scheduler.running = [prompt, stream]
    (_, one), (_, chunk) = planned(scheduler)
    assert one == 1
    assert 0.9 * STREAMING_STEP < 0.013 + 0.001 * chunk <= STREAMING_STEP
    scheduler.running = [prompt]
    assert planned(scheduler) == [(prompt, 512)]  # nobody reads: the whole batch


def test_in_a_crowd_a_step_takes_little_longer_than_one_in_which_all_of_it_reads_along() -> None:
    scheduler = knowing(Scheduler(places=32, batch=512, queue=4), 0.010, 0.003, 0.001)
    crowd, streams = [sequence(30) for _ in range(10)], [sequence(5, replied=1) for _ in range(20)]
    scheduler.running = [*crowd, *streams]
    plan = dict(planned(scheduler))
    assert [plan.pop(stream) for stream in streams] == [1] * 20
    longest = SMOOTH * (0.010 + 0.003 * 30)
    assert 0.95 * longest < 0.010 + 0.003 * 20 + 0.001 * sum(plan.values()) < longest + 1e-6
    assert list(plan.values()).count(30) == 2  # not a little of each: those first words come now


def test_a_step_never_has_more_than_the_batch_takes() -> None:
    scheduler = Scheduler(places=8, batch=10, queue=4)
    scheduler.running = [sequence(100), *[sequence(5, replied=1) for _ in range(7)]]
    assert sum(count for _, count in planned(scheduler)) == 10


def test_prefill_never_starves_however_slow_the_machine() -> None:
    scheduler = knowing(Scheduler(places=4, batch=512, queue=4), 1.0, 1.0, 1.0)
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


def test_a_line_finds_base_and_slope() -> None:
    cost = LineCost()
    assert cost.curve == (0.0, 0.0)
    assert cost.tokens_within(0.1) > 10_000
    for tokens in (1, 2, 8, 3, 500, 1, 8):
        cost.observe(tokens, 0.02 + 0.003 * tokens)
    assert cost.curve == pytest.approx((0.02, 0.003))
    assert cost.tokens_within(0.05) == 10


def test_a_line_of_one_batch_size_alone_has_no_base() -> None:
    cost = LineCost()
    for _ in range(5):
        cost.observe(4, 0.04)
    assert cost.curve == pytest.approx((0.0, 0.01))


def test_step_cost_tells_prefill_from_decoding() -> None:
    cost = StepCost()
    assert cost.prefill_within(0.1, 1) > 10_000
    for decoded, prefilled in ((1, 0), (8, 0), (8, 30), (2, 300), (4, 0), (0, 512)):
        cost.observe(decoded, prefilled, 0.01 + 0.003 * decoded + 0.001 * prefilled)
    assert cost.curve == pytest.approx((0.01, 0.003))
    assert cost.prefill == pytest.approx(0.001)
    assert cost.prefill_within(0.0305, 3) == 11


def test_what_prefill_costs_is_remembered_while_everybody_only_decodes() -> None:
    cost = StepCost()
    for decoded, prefilled in ((1, 0), (8, 0), (4, 20), *[(1, 0)] * 1000):
        cost.observe(decoded, prefilled, 0.01 + 0.003 * decoded + 0.001 * prefilled)
    assert cost.prefill == pytest.approx(0.001)


def test_a_step_no_longer_than_without_prefill_gives_no_cost_below_nothing() -> None:
    cost = StepCost()
    cost.observe(1, 0, 0.02)
    cost.observe(1, 10, 0.01)
    assert cost.prefill == 0
