"""What every room's tests may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from concierge.models import resolve
from concierge.settings import load
from tests.servers import Server, running


@pytest.fixture(scope="session")
def small_model() -> Path:
    """The default model's GGUF; fetched once, then kept in the cache directory across runs."""
    return resolve("small", load().cache_dir)


@pytest.fixture(scope="session")
def server(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One Concierge for all tests that need no settings of their own; its limits are out of their way."""
    with running(
        small_model,
        tmp_path_factory.mktemp("server"),
        max_connections_per_client=1_000,
        messages_per_minute=100_000,
        sessions_per_minute=100_000,
    ) as server:
        yield server
