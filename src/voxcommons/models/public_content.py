"""What a converted public voice model hears a recording with, in the place of a content encoder of its own.

Public models have none: their codes come from a content network that is installed apart, through the acoustic model's own
codebook. For what is said (which part of a text is in a clip) the starter's recogniser listens.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.hubert import Hubert
from voxcommons.models.semantic_to_wave import SemanticToWave

# The public program puts so much silence behind every reference (it counts samples of 32 kHz at 16 kHz), and its models know no other.
_SILENCE = 9_600


class PublicContent:
    """Codes and phonemes of a recording for a public model.

    Args:
        hubert: sound -> features.
        acoustic: its codebook turns features into codes.
        recogniser: sound -> phonemes of the v2 table.
        phones: rows of the model's symbol table; 322 of them are the first of the v2 table.
    """

    def __init__(self, hubert: Hubert, acoustic: SemanticToWave, recogniser: PhoneticContentEncoder, phones: int) -> None:
        self._hubert, self._acoustic, self._recogniser = hubert, acoustic, recogniser
        self.blank_id = phones

    @torch.inference_mode()
    def tokens(self, wave: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Codes [B, S] of 16 kHz sound [B, T] and of the silence behind it; `lengths` is not looked at, all clips are whole."""
        features = self._hubert(F.pad(wave.float(), (0, _SILENCE)))  # [B, F, D]
        weight = next(self._acoustic.parameters())
        return self._acoustic.extract_codes(features.transpose(1, 2).to(weight.dtype))[:, 0]

    @torch.inference_mode()
    def log_probs(self, wave: Tensor, lengths: Tensor | None = None) -> Tensor:
        """CTC log-probabilities [B, S, phones + 1] of 16 kHz sound [B, T]."""
        found = self._recogniser.log_probs(wave, lengths)
        return torch.cat([found[..., : self.blank_id], found[..., -1:]], -1)

    def phones(self, wave: Tensor) -> list[int]:
        """The phonemes that are heard in a sound [1, T]."""
        best = self.log_probs(wave)[0].argmax(-1)
        return [int(phone) for phone in torch.unique_consecutive(best) if phone != self.blank_id]
