"""Tokens back to text, as a stream: whole characters only, and never a piece of a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from concierge.engine.llama import Vocab


class Detokenizer:
    """One reply's text, growing.

    A character may span tokens and a stop string may span deltas, so what could still turn into
    either is held back until the next token decides.

    Attributes:
        stopped: a stop string was completed; the text before it has been returned.
    """

    def __init__(self, vocab: Vocab, stop: tuple[str, ...] = (), begun: Sequence[int] = ()) -> None:
        """`begun`: tokens of the reply whose text has been returned before."""
        self._vocab = vocab
        self._stop = tuple(s for s in stop if s)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.stopped = False
        for token in begun:
            self.push(token)

    def push(self, token: int) -> str:
        """The text that `token` makes certain."""
        text = self._decoder.decode(self._vocab.piece(token))
        return self._release(text) if self._stop else text

    def flush(self) -> str:
        """What was held back, once the reply has ended."""
        if self.stopped:
            return ""
        text = self._release(self._decoder.decode(b"", final=True))
        text, self._held = text + self._held, ""
        return text

    def _release(self, text: str) -> str:
        text = self._held + text
        found = [i for i in map(text.find, self._stop) if i >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = max((_overlap(text, s) for s in self._stop), default=0)
        text, self._held = text[: len(text) - keep], text[len(text) - keep :]
        return text


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop`."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if stop.startswith(text[-n:])), 0)
