import pytest

from concierge.catalog import MiniLM
from concierge.paths import cache_dir
from concierge.stylist import open_encoder


@pytest.fixture(scope="session")
def encoder() -> MiniLM:
    return open_encoder(cache_dir())
