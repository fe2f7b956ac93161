"""Chat messages to prompt tokens, by the Jinja chat template that the GGUF carries."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from concierge.engine.llama import Model, Vocab
from concierge.engine.types import ContextOverflow, InvalidRequest, Message
from concierge.errors import UserError


class ChatTemplate:
    """Renders with a placeholder for each content, so that people's text is tokenized apart from the
    template's own, with special tokens off. Contents are trimmed, as most templates do.
    """

    def __init__(self, source: str, vocab: Vocab) -> None:
        """Raises UserError if the template cannot be parsed."""
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals["raise_exception"] = _raise
        environment.globals["strftime_now"] = time.strftime
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateError as error:
            raise UserError(
                f"The model's chat template is broken ({error}); choose another --model."
            ) from error
        self._vocab = vocab
        self._mark = f"\ue000{secrets.token_hex(8)}:"  # nobody can type it
        self._tokens_of = lru_cache(maxsize=4096)(self._tokenize)

    @classmethod
    def of(cls, model: Model) -> ChatTemplate:
        """The model's own. Raises UserError if it has none, or it cannot be parsed."""
        if not model.chat_template:
            raise UserError(
                f"{model.path} has no chat template; choose an instruct or chat GGUF for --model."
            )
        return cls(model.chat_template, model.vocab)

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Prompt tokens of `messages` up to where the reply begins. Raises InvalidRequest."""
        return [t for part in self._encode(messages, generation=True) for t in part]

    def prefix(self, messages: Sequence[Message]) -> list[int]:
        """Tokens that every chat beginning with `messages` and then a user's words begins with."""
        parts = self._encode([*messages, Message("user", "-")], generation=False)
        return [t for part in parts[: 2 * len(messages) + 1] for t in part]

    def fit(self, messages: Sequence[Message], limit: int) -> list[int]:
        """Prompt tokens of the newest turns that fit into `limit` tokens, after the system's message.

        Old turns go in bulk, down to half the limit, and the choice depends on nothing but the
        messages: the next turns of a trimmed chat then grow from the same prompt and find their prefix.

        Raises:
            ContextOverflow: the newest turn alone exceeds `limit`.
        """
        tokens = self.encode(messages)
        if len(tokens) <= limit:
            return tokens
        system = [m for m in messages[:1] if m.role == "system"]
        turns = _turns(messages[len(system) :])
        fixed = len(self.encode([*system, *turns[-1]])) - sum(map(self._size, turns[-1]))
        sizes = [sum(self._size(m) + _OVERHEAD for m in turn) for turn in turns]
        start, held = 0, fixed
        for i, turn in enumerate(turns):
            asked = held + self._size(turn[0]) + _OVERHEAD
            goal = limit // 2 if asked > limit else limit
            while asked > goal and start < i:
                held, asked, start = held - sizes[start], asked - sizes[start], start + 1
            held += sizes[i]
        while True:
            kept = [*system, *(m for turn in turns[start:] for m in turn)]
            tokens = self.encode(kept)
            if len(tokens) <= limit:
                return tokens
            start += 1
            if start == len(turns):
                raise ContextOverflow(
                    f"This needs {len(tokens)} tokens of context; there are {limit}.", "messages"
                )

    def _size(self, message: Message) -> int:
        return len(message.tokens or self._tokens_of(message.content.strip()))

    def _encode(self, messages: Sequence[Message], *, generation: bool) -> list[Sequence[int]]:
        """Tokens in parts: template, content, template, content, ..., template."""
        if not messages:
            raise InvalidRequest("At least one message is needed.", "messages")
        rendered = self._render(messages, generation)
        head, *rest = rendered.split(self._mark)
        parts: list[Sequence[int]] = [self._template_tokens(head, first=True)]
        for piece in rest:
            number, _, text = piece.partition(";")
            message = messages[int(number)]
            parts.append(message.tokens or self._tokens_of(message.content.strip()))
            parts.append(self._template_tokens(text))
        return parts

    def _render(self, messages: Sequence[Message], generation: bool) -> str:
        chat = [{"role": m.role, "content": f"{self._mark}{i};"} for i, m in enumerate(messages)]
        try:
            return self._apply(chat, generation)
        except (jinja2.TemplateError, TypeError) as error:
            if chat[0]["role"] != "system" or len(chat) == 1:
                raise InvalidRequest(
                    f"The model's chat template refuses this chat: {error}", "messages"
                ) from error
        # Some templates (Gemma's, Mistral's) know no system role: its text leads the first user message then.
        merged = {"role": chat[1]["role"], "content": f"{chat[0]['content']}\n\n{chat[1]['content']}"}
        try:
            return self._apply([merged, *chat[2:]], generation)
        except (jinja2.TemplateError, TypeError) as error:
            raise InvalidRequest(
                f"The model's chat template refuses this chat: {error}", "messages"
            ) from error

    def _apply(self, chat: list[dict[str, str]], generation: bool) -> str:
        return self._template.render(
            messages=chat,
            add_generation_prompt=generation,
            bos_token=self._special(self._vocab.bos),
            eos_token=self._special(self._vocab.eos),
        )

    def _special(self, token: int) -> str:
        return self._vocab.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def _template_tokens(self, text: str, first: bool = False) -> Sequence[int]:
        bos = first and not text.startswith(self._special(self._vocab.bos) or "\0")
        return self._tokens_of(text, special=True, bos=bos)

    def _tokenize(self, text: str, *, special: bool = False, bos: bool = False) -> tuple[int, ...]:
        return tuple(self._vocab.tokenize(text, special=special, bos=bos))


_OVERHEAD = 8  # upper bound for what common templates write around one message, in tokens


def _turns(messages: Iterable[Message]) -> list[list[Message]]:
    """Messages grouped so that each group but perhaps the first begins with the user."""
    turns: list[list[Message]] = []
    for message in messages:
        if message.role == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)
