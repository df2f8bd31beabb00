"""A push towards reading: the position that predicts a code should look at the phoneme that is spoken then.

Speech and text advance together, but a small transformer needs very many steps to find that out by itself; until then it
only learns how codes follow one another. The content encoder knows where each phoneme lies (a forced alignment of its CTC
output), so some heads are taught to look there. What all other heads do is left to them. The idea of guiding attention is
that of Tachibana et al., arXiv 1710.08969, section 4; the diagonal there is the alignment here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.models.text_to_semantic import SelfAttention, TextToSemantic

UNKNOWN = -100  # a code whose phoneme is not known


class AttentionGuide:
    """Listens to some layers of a model and tells how badly their heads follow an alignment.

    Args:
        model: whose attention is guided.
        layers: numbers of the guided layers.
        heads: how many heads of each, the first ones.
    """

    def __init__(self, model: TextToSemantic, layers: Sequence[int], heads: int = 2) -> None:
        self.attentions: list[SelfAttention] = [model.h.layers[index].self_attn for index in layers]  # type: ignore[misc]
        self.heads = heads
        self._inputs: list[Tensor] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Remember what enters the guided layers during the block."""
        self._inputs = []
        hooks = [attention.register_forward_pre_hook(self._keep) for attention in self.attentions]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def loss(self, phone_counts: Tensor, phones: int, aligned: Tensor) -> Tensor:
        """Mean surprise at the aligned phoneme, in nats, of the attention that guided heads pay to phonemes.

        Args:
            phone_counts: [B] real phonemes.
            phones: columns of phonemes in the batch; the codes stand behind them.
            aligned: [B, S] index of the phoneme spoken in each code, `UNKNOWN` where it is padding or not known.
        """
        # The column of code s predicts code s + 1, so that one's phoneme is what it should look at.
        wanted = F.pad(aligned[:, 1:], (0, 1), value=UNKNOWN)[:, None].expand(-1, self.heads, -1)
        losses = []
        for attention, x in zip(self.attentions, self._inputs, strict=True):
            scores = self._scores(attention, x, phone_counts, phones)  # [B, heads, S, P]
            losses.append(F.cross_entropy(scores.flatten(0, 2), wanted.flatten(), ignore_index=UNKNOWN))
        return torch.stack(losses).mean()

    def _keep(self, _module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        self._inputs.append(arguments[0])

    def _scores(self, attention: SelfAttention, x: Tensor, phone_counts: Tensor, phones: int) -> Tensor:
        width = x.shape[2]
        size = width // attention.heads
        used = self.heads * size
        weight, bias = attention.in_proj_weight, attention.in_proj_bias
        query = F.linear(x[:, phones:], weight[:used], bias[:used]).unflatten(2, (self.heads, size)).transpose(1, 2)
        key = F.linear(x[:, :phones], weight[width : width + used], bias[width : width + used])
        key = key.unflatten(2, (self.heads, size)).transpose(1, 2)  # [B, heads, P, size]
        scores = (query @ key.transpose(2, 3)).float() / size**0.5
        padding = torch.arange(phones, device=x.device) >= phone_counts[:, None]
        return scores.masked_fill(padding[:, None, None], float("-inf"))
