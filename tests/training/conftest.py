import sys
from pathlib import Path

import pytest
from transformers import PreTrainedModel

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))


@pytest.fixture(scope="session")
def plain(small_model: Path) -> PreTrainedModel:
    """The default model in PyTorch, in float32. One for all, as reading it takes seconds; change a copy."""
    from training.model import load

    return load(small_model).float()
