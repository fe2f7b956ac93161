"""Drafting tokens ahead, for the batch to verify several at once.

The draft is verified by sampling at each of its positions just as without it, and kept as long as the
samples agree with it. So the reply is the very one that the sampler would have given anyway: lossless, for
greedy decoding and for sampling, down to the seed, whoever drafted and however badly. It is the rejection
sampling of Leviathan et al. 2022 (arXiv:2211.17192) and Chen et al. 2023 (arXiv:2302.01318) with a proposal
that is certain of its token x: x is accepted with probability min(1, p(x) / 1) = p(x), which is how often
the sampler draws it, and a rejected x leaves p without x, which is what the sampler drew instead.
"""

from concierge.engine.speculation.controller import Speculation
from concierge.engine.speculation.drafter import Draft, Drafter
from concierge.engine.speculation.model import ModelDrafter
from concierge.engine.speculation.ngram import NgramDrafter
from concierge.engine.speculation.steptime import StepTime, measure
from concierge.engine.speculation.vocabulary import Translation, check_vocabulary

__all__ = [
    "Draft",
    "Drafter",
    "ModelDrafter",
    "NgramDrafter",
    "Speculation",
    "StepTime",
    "Translation",
    "check_vocabulary",
    "measure",
]
