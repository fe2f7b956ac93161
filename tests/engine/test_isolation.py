"""What one chat says never reaches another: a chat's tokens are the same alone and among many others, while
prefixes are evicted, restored and recomputed.

Batches of different shapes add numbers up in different orders, so two tokens whose logits are closer than
that noise may change places. Each difference must be proved to be such a tie. `scripts/check_isolation.py`
does the same forty times as long.
"""

from pathlib import Path

from scripts.check_isolation import compare, is_tie

CHATS, TURNS = 32, 8  # `scripts/check_isolation.py` takes 10,000 turns


async def test_interleaved_turns_equal_the_chats_alone(small_model: Path) -> None:
    differences, stats = await compare(small_model, CHATS, TURNS)
    assert stats.evictions > 0
    assert stats.restored_tokens > 0
    assert len(differences) < CHATS * TURNS // 10
    for difference in differences:
        assert is_tie(small_model, difference), difference
