import pytest

from concierge.catalog import MiniLM
from concierge.paths import cache_dir


@pytest.fixture(scope="session")
def encoder() -> MiniLM:
    return MiniLM.open(cache_dir())
