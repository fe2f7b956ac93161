"""Who drafts for whom, and how much of it is verified."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from concierge.engine.prefix_cache import Tokens
from concierge.engine.sequence import Sequence, Slice
from concierge.engine.speculation.drafter import LONGEST, Draft, Drafter
from concierge.engine.speculation.steptime import StepTime

MARGIN = 1.06  # drafts must promise this much more tokens a second: promises of noisy measures are too good
CROWD = 8  # sequences; with more of them, steps vary by more than drafts were seen to win
WEIGHT = 8.0  # tokens of its own after which a chat's acceptance counts as much as everybody's
CHAT, ALL = 0.97, 0.998  # how much the past weighs, by the token
HOPELESS = 0.1  # chance of a token below which the rest of a draft is not looked at
TURN = 64  # tokens over which reading a chat's prompt should pay off
PROBES = 0.005  # share of the time that may go into trying a drafter that does not pay

logger = logging.getLogger(__name__)


class Acceptance:
    """How often tokens of each class were right of late: of one chat, leaning on everybody's."""

    def __init__(self, prior: tuple[float, ...] | Acceptance) -> None:
        self._above = prior if isinstance(prior, Acceptance) else None
        self._prior = () if isinstance(prior, Acceptance) else prior
        self._keep = CHAT if self._above else ALL
        classes = len(prior._right if isinstance(prior, Acceptance) else prior)
        self._right: list[float] = [0.0] * classes
        self._tried: list[float] = [0.0] * classes

    def learn(self, sure: int, right: bool) -> None:
        """Take in whether a token was the one that came."""
        self._right[sure] = self._right[sure] * self._keep + right
        self._tried[sure] = self._tried[sure] * self._keep + 1
        if self._above:
            self._above.learn(sure, right)

    def rate(self, sure: int) -> float:
        """The chance of a token of this class."""
        above = self._above.rate(sure) if self._above else self._prior[sure]
        return (self._right[sure] + WEIGHT * above) / (self._tried[sure] + WEIGHT)

    @property
    def overall(self) -> float:
        """The chance of a token of which nothing is known yet."""
        above = self._above.overall if self._above else sum(self._prior) / len(self._prior)
        return (sum(self._right) + WEIGHT * above) / (sum(self._tried) + WEIGHT)

    def chances(self, draft: Draft) -> list[float]:
        """The chance of each of a draft's tokens that it and all before it are right."""
        chances, chance = [], 1.0
        for sure in draft.sure:
            chance *= self.rate(sure)
            if chance < HOPELESS:
                break
            chances.append(chance)
        return chances


def lengths(chances: list[list[float]], running: int, seconds: list[float], room: int) -> list[int]:
    """How many tokens of each draft to verify, for the most tokens a second altogether.

    Args:
        chances: of each draft, the chance of each token that it is taken.
        running: sequences that get a token anyway.
        seconds: of a step that decodes `running` tokens, one more, and so on.
        room: tokens that fit into the batch besides.
    """
    ranked = sorted(((chance, i) for i, chain in enumerate(chances) for chance in chain), reverse=True)
    tokens, best, rate = float(running), 0, MARGIN * running / seconds[0]
    for n, (chance, _) in enumerate(ranked[: min(room, len(seconds) - 1)], 1):
        tokens += chance
        if tokens > rate * seconds[n]:
            best, rate = n, tokens / seconds[n]
    chosen = [0] * len(chances)
    for _, i in ranked[:best]:
        chosen[i] += 1
    return chosen


@dataclass(slots=True)
class Proposal:
    """A draft, of which the first `verified` tokens are; what comes is compared with all of it."""

    drafter: str
    draft: Draft
    verified: int = 0

    def right(self, taken: list[int], acceptance: Acceptance) -> int:
        """How many of its tokens came; `acceptance` learns it."""
        for n, (token, guess) in enumerate(zip(taken, self.draft.tokens, strict=False)):
            acceptance.learn(self.draft.sure[n], token == guess)
            if token != guess:
                return n
        return min(len(taken), len(self.draft.tokens))


class Speculation:
    """Drafters, what is known of each one's acceptance in each chat, and what a step costs.

    A free drafter always proposes: what is not verified costs nothing, and is judged all the same. One that
    takes time drafts where it is likelier to be right than the free ones, and where that pays; where it does
    not, it is tried again now and then, for a small share of the time.

    Attributes:
        drafted, accepted: tokens verified, and those of them that were right.
    """

    def __init__(self, drafters: list[Drafter], longest: int) -> None:
        """
        Args:
            longest: tokens of the largest step.
        """
        self.drafters = drafters
        self.drafted = self.accepted = 0
        self._time = StepTime([1.0, 2.0], longest)  # until it is measured: no draft pays
        self._everybody = {d.name: Acceptance(d.prior) for d in self.drafters}
        self._chats: dict[Sequence, dict[str, Acceptance]] = {}
        self._proposals: dict[Sequence, list[Proposal]] = {}  # the last one of each is verified
        self._probes = 0.0  # s that trying may take now

    def observe(self, tokens: int, seconds: float, *, read: bool = False) -> None:
        """Learn from a step, unless it `read` prompts too."""
        if read:
            self._time.interrupted()
            return
        self._time.observe(tokens, seconds)
        self._probes = min(self._probes + PROBES * seconds, 1.0)

    def pin(self, tokens: Tokens, time: StepTime) -> None:
        """Be ready for chats that begin with `tokens`, on a machine that takes this time for a step."""
        self._time = time
        for drafter in list(self.drafters):
            with self._surviving(drafter):
                drafter.pin(tokens)

    def draft(self, slices: list[Slice], running: list[Sequence], room: int) -> None:
        """Let the sequences of a step guess on, as far as that raises everybody's tokens a second.

        A step that reads prompts verifies nothing: there is enough in it, and someone waits for first words.

        Args:
            running: all sequences; what is known of others is forgotten.
            room: tokens that the batch has room for.
        """
        decoding = {s.sequence: s for s in slices if s.sequence.decoding}
        reading = len(decoding) < len(slices)
        self._remember(decoding, running)
        self._proposals = {}
        if len(running) > CROWD:
            return
        for drafter in [d for d in self.drafters if d.free or not reading]:
            with self._surviving(drafter):
                wanted = self._wanted(drafter, list(decoding))
                for (sequence, _), draft in zip(wanted, drafter.propose(wanted), strict=True):
                    if draft.tokens:
                        self._proposals.setdefault(sequence, []).append(Proposal(drafter.name, draft))
        if self._proposals and not reading:
            self._choose(decoding, room)

    def _choose(self, decoding: dict[Sequence, Slice], room: int) -> None:
        """Put the part of the proposals that pays into the slices."""
        chosen = {sequence: proposals[-1] for sequence, proposals in self._proposals.items()}
        chances = [self._chats[s][p.drafter].chances(p.draft) for s, p in chosen.items()]
        seconds = self._time.verifying(len(decoding), sum(map(len, chances)))
        counts = lengths(chances, len(decoding), seconds, room)
        for (sequence, proposal), count in zip(chosen.items(), counts, strict=True):
            decoding[sequence].draft = proposal.draft.tokens[:count]
            proposal.verified = count

    def learn(self, sequence: Sequence, taken: list[int]) -> None:
        """Compare what was proposed for a sequence with the tokens that came."""
        for proposal in self._proposals.pop(sequence, []):
            right = proposal.right(taken, self._chats[sequence][proposal.drafter])
            self.drafted += proposal.verified
            self.accepted += min(right, proposal.verified)

    def close(self) -> None:
        """Give back what the drafters hold."""
        for drafter in self.drafters:
            drafter.close()
        self.drafters = []

    def _remember(self, decoding: Iterable[Sequence], running: list[Sequence]) -> None:
        for gone in self._chats.keys() - set(running):
            del self._chats[gone]
            for drafter in list(self.drafters):
                with self._surviving(drafter):
                    drafter.forget(gone)
        for sequence in decoding:
            if sequence not in self._chats:
                self._chats[sequence] = {name: Acceptance(all_) for name, all_ in self._everybody.items()}

    def _wanted(self, drafter: Drafter, decoding: list[Sequence]) -> list[tuple[Sequence, int]]:
        """Whom the drafter is to draft for, and how many tokens at most."""
        limits = {s: min(LONGEST, s.max_tokens - len(s.reply) - 1) for s in decoding}
        wanted = [(s, limit) for s, limit in limits.items() if limit > 0]
        if drafter.free:
            return wanted
        better = [(s, limit) for s, limit in wanted if self._chats[s][drafter.name].overall > self._best(s)]
        depth = self._depth(drafter, [s for s, _ in better], len(decoding))
        if depth:
            return [(s, min(depth, limit)) for s, limit in better]
        return self._probe(drafter, [s for s, _ in wanted])

    def _best(self, sequence: Sequence) -> float:
        """The chance of the first token that is proposed for a sequence so far."""
        proposals = self._proposals.get(sequence)
        if not proposals:
            return 0.0
        return self._chats[sequence][proposals[-1].drafter].rate(proposals[-1].draft.sure[0])

    def _depth(self, drafter: Drafter, sequences: list[Sequence], running: int) -> int:
        """How many tokens to draft for each of these, for the most tokens a second."""
        if not sequences:
            return 0
        rates = [self._chats[s][drafter.name].overall for s in sequences]
        reading = sum(map(drafter.reading, sequences)) / TURN
        drafting = drafter.drafting(len(sequences))
        seconds = self._time.verifying(running, LONGEST * len(sequences))[:: len(sequences)]
        tokens, depth, best = float(running), 0, MARGIN * running / seconds[0]
        for n, verifying in enumerate(seconds[1:], 1):
            tokens += sum(rate**n for rate in rates)
            rate = tokens / (verifying + n * drafting + reading)
            if rate > best:
                depth, best = n, rate
        return depth

    def _probe(self, drafter: Drafter, sequences: list[Sequence]) -> list[tuple[Sequence, int]]:
        """One token for the sequence that costs least, if it is time again."""
        if not sequences:
            return []
        least = min(sequences, key=drafter.reading)
        cost = drafter.reading(least) + drafter.drafting(1)
        if cost > self._probes:
            return []
        self._probes -= cost
        return [(least, 1)]

    @contextmanager
    def _surviving(self, drafter: Drafter) -> Iterator[None]:
        """Whatever the drafter raises ends its drafting, and nothing else."""
        try:
            yield
        except Exception as error:
            logger.warning("the %s drafter failed; speculation goes on without it: %s", drafter.name, error)
            if drafter in self.drafters:
                self.drafters.remove(drafter)
                with suppress(Exception):
                    drafter.close()
