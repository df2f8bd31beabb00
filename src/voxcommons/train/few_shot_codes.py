"""Tuning what turns phonemes into codes: which words are said how, at what pace.

A pupil of `few_shot.tune`. It learns from phrases whose words were given: what a recogniser only heard would teach it the
recogniser's mistakes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.train.adapters import RANK, Adjustment, Way
from voxcommons.train.phrases import Phrase
from voxcommons.train.semantic import Line, collate

PART: Final = "text_to_semantic"
_WITHIN: Final = ("h.layers", "ar_predict_layer", "ar_text_embedding", "ar_audio_embedding")
_LAST_SHARE: Final = 4  # a quarter of the layers, at least one


class CodesPupil:
    """The text-to-semantic model.

    Args:
        model: changed in place.
        way: what may move.
        rank: of adapters.
    """

    name = "words: surprise at the codes"
    at_once = 4

    def __init__(self, model: TextToSemantic, way: Way, rank: int = RANK) -> None:
        self.model = model
        layers = len(model.h.layers)
        last = (*(f"h.layers.{n}." for n in range(layers - max(1, layers // _LAST_SHARE), layers)), "ar_predict_layer")
        self.adjustment = Adjustment(model, PART, way, within=_WITHIN, last=last, rank=rank)

    def loss(self, batch: Sequence[Phrase], seed: int) -> Tensor:
        """Mean surprise at the codes of phrases, in nats per code."""
        del seed  # dropout alone is by chance, and the loop has seeded that
        self.model.train()
        total, count = self._surprise(batch)
        return total / count

    @torch.no_grad()
    def error(self, phrases: Sequence[Phrase]) -> tuple[float, dict[str, float]]:
        """What `loss` is on phrases, without dropout."""
        self.model.eval()
        sums = torch.zeros(2, dtype=torch.float64)
        for phrase in phrases:
            total, count = self._surprise([phrase])
            sums += torch.tensor([float(total), float(count)], dtype=torch.float64)
        return float(sums[0] / sums[1]), {}

    def _surprise(self, batch: Sequence[Phrase]) -> tuple[Tensor, Tensor]:
        device = next(self.model.parameters()).device
        lines = [Line("", "", tuple(phrase.phones.tolist()), phrase.codes) for phrase in batch]
        output = self.model(*(tensor.to(device) for tensor in collate(lines)), bert=self._context(batch, device))
        return output.loss_sum, output.count

    def _context(self, batch: Sequence[Phrase], device: torch.device) -> Tensor | None:
        """[B, width, P] context features; None, which means zeros, where no phrase has any."""
        rows = [phrase.context for phrase in batch]
        width = next((row.shape[1] for row in rows if row is not None), 0)
        if not width or self.model.bert_dim is None:
            return None
        found = torch.zeros(len(batch), width, max(len(phrase.phones) for phrase in batch))
        for place, row in enumerate(rows):
            if row is not None:
                found[place, :, : len(row)] = torch.from_numpy(row).T
        return found.to(device)
