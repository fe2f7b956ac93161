"""What messages and facts mean: MiniLM with a LoRA (Hu et al. 2021, arXiv:2106.09685) of our own.

It was taught to tell intents apart and to put a question near the sentence that answers it, by
`scripts/teach_encoder.py`.
"""

from __future__ import annotations

from pathlib import Path

from concierge.catalog import MiniLM
from concierge.paths import ADAPTERS

ADAPTER = ADAPTERS / "encoder.safetensors"


def open_encoder(cache_dir: Path) -> MiniLM:
    """Fetch MiniLM at first. Raises UserError if it cannot be had."""
    return MiniLM.open(cache_dir, ADAPTER)
