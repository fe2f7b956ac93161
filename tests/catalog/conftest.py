from pathlib import Path

import pytest

from concierge.catalog import Catalog
from concierge.catalog.embedding import Embedder
from concierge.paths import cache_dir

FEED = Path(__file__).parent.parent.parent / "feed" / "products.tsv"


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder.open(cache_dir())


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.open(FEED, cache_dir())
