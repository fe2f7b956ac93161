"""`barrier.c`: threads of a step that have to share their cores, with others' work and with one another."""

import time
from contextlib import closing
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from concierge.engine import kernels
from concierge.engine.llama import Batch, Context, Model
from scripts.crowd import CORES, neighbours

STEPS = 25

pytestmark = pytest.mark.skipif(not kernels.VERSION, reason="no compiler that can")


class Decoding:
    """A chat that is decoded token by token."""

    def __init__(self, model: Path, threads: int) -> None:
        self.context = Context(Model(model, 0), cells=512, batch=256, threads=threads)
        self._batch = Batch(256)
        self._position = 0

    def close(self) -> None:
        self.context.close()

    def step(self) -> float:
        """Seconds of one."""
        self._batch.clear()
        self._batch.add(np.array([1000 + self._position], np.int32), self._position, 0, logits=1)
        started = time.perf_counter()
        self.context.decode(self._batch)
        self._position += 1
        return time.perf_counter() - started


@pytest.mark.skipif(CORES == 1, reason="one thread waits for nobody")
def test_beside_others_work_a_step_takes_its_share_of_the_cores(small_model: Path) -> None:
    """As many processes as cores leave it half of them; spinning, it took 400 times as long."""
    with closing(Decoding(small_model, CORES)) as chat:
        chat.step()
        alone = median(chat.step() for _ in range(STEPS))
        with neighbours(CORES):
            time.sleep(0.5)
            beside = median(chat.step() for _ in range(STEPS))
    print(f"{1000 * alone:.1f} ms alone, {1000 * beside:.1f} ms beside {CORES} busy processes")
    assert beside < 8 * alone


def test_more_threads_than_cores_come_to_an_end_and_to_the_same(small_model: Path) -> None:
    """Nobody sleeps on: each of thousands of waits ends."""
    found = []
    for threads in (1, 4 * CORES + 1):
        before = kernels.calls("barrier")
        with closing(Decoding(small_model, threads)) as chat:
            for _ in range(STEPS):
                chat.step()
            found.append(chat.context.logits(0).copy())
        assert (kernels.calls("barrier") > before + 100 * STEPS) == (threads > 1)
    assert np.allclose(*found, atol=1e-3)
