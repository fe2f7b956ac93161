"""What a set of chats consists of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from training.director import Example

_LETTERS_A_TOKEN = 3.1  # of SmolLM2's tokenizer, counted on 300 of these chats


def summary(made: Sequence[Example]) -> str:
    """Counts by kind, shares of distinct replies and messages, and lengths."""
    said = [m["content"] for e in made for i, m in enumerate(e.messages) if i in e.train]
    asked = [
        m["content"].rpartition("[Shopper]\n")[2] for e in made for m in e.messages if m["role"] == "user"
    ]
    letters = sum(len(m["content"]) for e in made for m in e.messages)
    tokens, learnt = letters / _LETTERS_A_TOKEN, sum(map(len, said)) / _LETTERS_A_TOKEN
    lines = [
        f"{len(made)} chats, {len(said)} replies",
        f"distinct replies {_share(said)}, distinct messages of shoppers {_share(asked)}",
        f"about {tokens / len(made):.0f} tokens a chat, {tokens / 1e6:.2f} M in all, "
        f"{learnt / len(said):.0f} a reply",
        "",
        *(f"{count:6d}  {tag}" for tag, count in Counter(t for e in made for t in e.tags).most_common()),
    ]
    return "\n".join(lines)


def _share(texts: Sequence[str]) -> str:
    return f"{len(set(texts)) / len(texts):.1%}"
