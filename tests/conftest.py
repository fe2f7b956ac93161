"""What every room's tests may use."""

from pathlib import Path

import pytest

from concierge.models import resolve
from concierge.settings import load


@pytest.fixture(scope="session")
def small_model() -> Path:
    """The default model's GGUF; fetched once, then kept in the cache directory across runs."""
    return resolve("small", load().cache_dir)
