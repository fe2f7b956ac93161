"""A smaller model cut out of a larger: some of its layers, channels, and tokens.

Channels and neurons that are kept are those with the largest mean activations, as in Minitron (Muralidharan
et al. 2024, arXiv:2407.14679); layers are the first, the last, and some evenly between; heads stay. Nothing
here knows an architecture: an axis is cut where the smaller model has less of it, and what it is an axis of
follows from its module's name, since sizes do not tell (SmolLM2-135M: 576 channels, 576 rows of queries).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from concierge.engine.llama import Vocab
from concierge.engine.speculation import Translation
from training.encoding import Example

LAYER = re.compile(r"(?<=layers\.)\d+(?=\.)")
# What an axis of a module's weight is of; channels, if it is none of these.
AXES = {("embed_tokens", 0): "tokens", ("lm_head", 0): "tokens"}
AXES |= {("gate_proj", 0): "neurons", ("up_proj", 0): "neurons", ("down_proj", 1): "neurons"}
BLOCK = 32  # weights that are quantized together; a row is cut to a multiple of it
LOOKED_AT = 8  # chats from which activations are taken
Chosen = torch.Tensor  # indices of what is kept of a dimension


@dataclass(frozen=True, slots=True)
class Cut:
    """What is kept of a model.

    Attributes:
        layers: of its layers, in order.
        width: channels; None for all.
        vocabulary: tokens; None for all.
        named: the layers were named one by one.
    """

    layers: tuple[int, ...]
    width: int | None = None
    vocabulary: int | None = None
    named: bool = False

    @property
    def name(self) -> str:
        count = len(self.layers)
        layers = f"{count}-layer{'s' if count > 1 else ''}"
        if self.named:
            layers = "layers-" + "-".join(map(str, self.layers))
        width = f"-{self.width}-wide" if self.width else ""
        return layers + width + (f"-{self.vocabulary}-tokens" if self.vocabulary else "")


def evenly(count: int, of: int) -> tuple[int, ...]:
    """The first, the last, and some evenly between."""
    count = min(count, of)
    return tuple(round(i * (of - 1) / max(1, count - 1)) for i in range(count))


def cut_out(
    teacher: PreTrainedModel, cut: Cut, tokens: np.ndarray | None, seen: Sequence[Example]
) -> PreTrainedModel:
    """The smaller model, with the teacher's weights.

    Args:
        tokens: those that are kept; None for all.
        seen: chats by which channels are chosen, if the model is made narrower.
    """
    config = _smaller(teacher.config, cut, tokens)
    student: PreTrainedModel = AutoModelForCausalLM.from_config(
        config, dtype=torch.float32, attn_implementation="sdpa"
    )
    neurons: dict[int, Chosen] = {}
    channels = torch.arange(teacher.config.hidden_size)
    if cut.width:
        channels, neurons = _important(teacher, cut.layers, seen, config)
    kept = None if tokens is None else torch.from_numpy(tokens.astype(np.int64))
    weights, whole = {}, teacher.state_dict()
    for name, goal in student.state_dict().items():
        place = LAYER.search(name)
        layer = cut.layers[int(place[0])] if place else -1
        weight, module = whole[LAYER.sub(str(layer), name)], name.split(".")[-2]
        chosen = {"tokens": kept, "channels": channels, "neurons": neurons.get(layer)}
        for axis, (size, original) in enumerate(zip(goal.shape, weight.shape, strict=True)):
            if size != original:
                weight = weight.index_select(axis, chosen[AXES.get((module, axis), "channels")])
        weights[name] = weight.clone()
    student.load_state_dict(weights)
    return student


def frequent(examples: Sequence[Example], size: int, vocab: Vocab) -> np.ndarray[Any, np.dtype[np.int32]]:
    """The `size` tokens said most often, in order of their numbers; to be read counts a fiftieth.

    Always among them: those that end a reply, and those of one byte, so that every text can be said.
    """
    said, read = np.zeros(vocab.size, np.int64), np.zeros(vocab.size, np.int64)
    for example in examples:
        np.add.at(said, example.tokens[example.taught], 1)
        np.add.at(read, example.tokens, 1)
    always = [*vocab.end_tokens, *(t for t in (vocab.bos,) if t >= 0)]
    always += [token for token in range(vocab.size) if len(vocab.piece(token)) == 1]
    said[always] = np.iinfo(np.int32).max
    order = np.argsort(-(said + read / 50), kind="stable")
    return np.sort(order[: min(size, vocab.size)]).astype(np.int32)


def translation(teacher: PreTrainedModel, tokens: np.ndarray[Any, np.dtype[np.int32]]) -> Translation:
    """Reads each token as itself, or else as the kept one whose embedding points the same way most nearly."""
    table = torch.nn.functional.normalize(teacher.get_input_embeddings().weight.detach().float(), dim=1)
    kept = table[torch.from_numpy(tokens.astype(np.int64))].T.contiguous()
    near = torch.cat([(part @ kept).argmax(dim=1) for part in table.split(4096)]).numpy().astype(np.int32)
    near[tokens] = np.arange(len(tokens), dtype=np.int32)
    return Translation(tokens, near)


def _smaller(config: Any, cut: Cut, tokens: np.ndarray | None) -> Any:
    smaller = copy.deepcopy(config)
    smaller.num_hidden_layers = len(cut.layers)
    if getattr(config, "layer_types", None):
        # By place and not by origin: llama.cpp knows the pattern of local and global attention by place.
        smaller.layer_types = list(config.layer_types[: len(cut.layers)])
    if tokens is not None:
        smaller.vocab_size = len(tokens)
        smaller.pad_token_id = smaller.bos_token_id = smaller.eos_token_id = None
    if cut.width:
        smaller.head_dim = (
            getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        )
        smaller.hidden_size = cut.width
        neurons = config.intermediate_size * cut.width / config.hidden_size
        smaller.intermediate_size = max(1, round(neurons / BLOCK)) * BLOCK
    return smaller


def _important(
    teacher: PreTrainedModel, layers: tuple[int, ...], seen: Sequence[Example], config: Any
) -> tuple[Chosen, dict[int, Chosen]]:
    """(channels of the residual stream, neurons of each kept layer) with the largest mean activations."""
    blocks = teacher.get_decoder().layers
    width = torch.zeros(teacher.config.hidden_size)
    inside = {layer: torch.zeros(teacher.config.intermediate_size) for layer in layers}

    def watch(module: torch.nn.Module, sums: torch.Tensor) -> torch.utils.hooks.RemovableHandle:
        def add(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            sums.add_(inputs[0].float().abs().mean(dim=(0, 1)))  # not returned: that would replace the inputs

        return module.register_forward_pre_hook(add)

    hooks = [watch(blocks[i].mlp.down_proj, inside[i]) for i in layers]
    hooks += [watch(m, width) for i in layers for m in (blocks[i].self_attn.q_proj, blocks[i].mlp.gate_proj)]
    with torch.no_grad():
        for example in seen[:LOOKED_AT]:
            teacher.get_decoder()(input_ids=torch.from_numpy(example.tokens.astype(np.int64))[None])
    for hook in hooks:
        hook.remove()
    best = {i: _largest(sums, config.intermediate_size) for i, sums in inside.items()}
    return _largest(width, config.hidden_size), best


def _largest(values: torch.Tensor, count: int) -> Chosen:
    return values.topk(count).indices.sort().values
