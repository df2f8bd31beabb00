"""A push towards the diagonal: codes should look at the phonemes that are due about now.

Speech and text advance together, but a small transformer needs many thousand steps to find that out by itself. While this
loss is on, some heads are asked to keep their attention near the line from the first phoneme to the last; what they
look at along that line they learn from the codes. Source: Tachibana et al., "Efficiently Trainable Text-to-Speech System
Based on Deep Convolutional Networks with Guided Attention", arXiv 1710.08969, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voxcommons.models.text_to_semantic import SelfAttention, TextToSemantic


class AttentionGuide:
    """Listens to some layers of a model and tells how far their heads stray from the diagonal.

    Args:
        model: whose attention is guided.
        layers: numbers of the guided layers.
        heads: how many heads of each, the first ones.
        width: deviation that is tolerated, as a share of the utterance.
    """

    def __init__(self, model: TextToSemantic, layers: Sequence[int], heads: int = 2, width: float = 0.08) -> None:
        self.attentions: list[SelfAttention] = [model.h.layers[index].self_attn for index in layers]  # type: ignore[misc]
        self.heads, self.width = heads, width
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

    def loss(self, phone_counts: Tensor, code_counts: Tensor, phones: int) -> Tensor:
        """Mean share of attention that lies off the diagonal, over guided heads, items and codes.

        Args:
            phone_counts: [B] real phonemes.
            code_counts: [B] real codes.
            phones: columns of phonemes in the batch; the codes stand behind them.
        """
        losses = []
        for attention, x in zip(self.attentions, self._inputs, strict=True):
            penalty, valid = _off_diagonal(phone_counts, code_counts, phones, x.shape[1] - phones, self.width)
            share = self._attention_to_phones(attention, x, phone_counts, phones)  # [B, heads, S, P]
            strayed = (share * penalty[:, None]).sum(-1) * valid[:, None]  # [B, heads, S]
            losses.append(strayed.sum() / (valid.sum() * self.heads))
        return torch.stack(losses).mean()

    def _keep(self, _module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        self._inputs.append(arguments[0])

    def _attention_to_phones(self, attention: SelfAttention, x: Tensor, phone_counts: Tensor, phones: int) -> Tensor:
        width = x.shape[2]
        size = width // attention.heads
        used = self.heads * size
        weight, bias = attention.in_proj_weight, attention.in_proj_bias
        query = F.linear(x[:, phones:], weight[:used], bias[:used]).unflatten(2, (self.heads, size)).transpose(1, 2)
        key = F.linear(x[:, :phones], weight[width : width + used], bias[width : width + used])
        key = key.unflatten(2, (self.heads, size)).transpose(1, 2)  # [B, heads, P, size]
        scores = (query @ key.transpose(2, 3)).float() / size**0.5
        padding = torch.arange(phones, device=x.device) >= phone_counts[:, None]
        return scores.masked_fill(padding[:, None, None], float("-inf")).softmax(-1)


def _off_diagonal(
    phone_counts: Tensor, code_counts: Tensor, phones: int, codes: int, width: float
) -> tuple[Tensor, Tensor]:
    """Penalty [B, S, P] of looking from code s at phoneme p, and which codes are real [B, S]."""
    steps = torch.arange(codes, device=phone_counts.device)
    at_code = (steps + 0.5) / code_counts[:, None]  # [B, S]
    at_phone = (torch.arange(phones, device=phone_counts.device) + 0.5) / phone_counts[:, None]  # [B, P]
    distance = at_code[:, :, None] - at_phone[:, None]
    return 1 - torch.exp(-distance.square() / (2 * width**2)), (steps < code_counts[:, None]).float()
