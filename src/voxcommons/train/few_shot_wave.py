"""Tuning a public acoustic model: what it would say of a person's codes against what was recorded.

A pupil of `few_shot.tune`. Where the model still has its posterior encoder it is taught as it was trained, without critics; converted
models mostly come without, and then a piece of what it would speak is held against the recording directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from voxcommons.audio.spectrogram import linear_spectrogram
from voxcommons.models.losses import prior_divergence
from voxcommons.models.semantic_to_wave import SemanticToWave
from voxcommons.models.training_pass import slice_starts, take_slices
from voxcommons.train.adapters import RANK, Adjustment, Way
from voxcommons.train.phrases import Phrase
from voxcommons.train.spectral import SpectralDistance

PART: Final = "semantic_to_wave"
_WITHIN: Final = ("enc_p", "flow", "dec")
_LAST: Final = ("enc_p.encoder2", "enc_p.proj", "dec.cond", "dec.conv_pre", "dec.conv_post")
_SEGMENT_FRAMES: Final = 32  # as the public trainer has it
_JUDGED_FRAMES: Final = 100
_DIVERGENCE_WEIGHT: Final = 1.0


class WavePupil:
    """An acoustic model of the public kind.

    Args:
        model: changed in place; its weight normalisation must not be folded.
        style: [gin] of the voice, which it will speak with.
        rate: of its sound, in Hz.
        spectrogram: transform length and window of its spectrogram, in samples.
        way: what may move.
        rank: of adapters.
    """

    name = "sound: mel distance of what is spoken"
    at_once = 1

    def __init__(  # noqa: PLR0913 - a model, a person, and how
        self, model: SemanticToWave, style: np.ndarray, rate: int, spectrogram: tuple[int, int], way: Way, rank: int = RANK
    ) -> None:
        self.model = model
        self.adjustment = Adjustment(model, PART, way, within=_WITHIN, last=_LAST, rank=rank)
        self._device = next(model.parameters()).device
        self._ge = torch.from_numpy(np.asarray(style, np.float32))[None, :, None].to(self._device)
        self._distance = SpectralDistance(rate).to(self._device)
        self._spectrogram = spectrogram

    def loss(self, batch: Sequence[Phrase], seed: int) -> Tensor:
        """Distance of spectra on a segment of each phrase, and of prior from posterior where there is one."""
        self.model.train()
        dice = torch.Generator(self._device).manual_seed(seed)
        return torch.stack([self._term(phrase, dice) for phrase in batch]).mean()

    def _term(self, phrase: Phrase, dice: torch.Generator) -> Tensor:
        codes, phones, wave = self._tensors(phrase)
        frames = torch.tensor([codes.shape[1] * self.model.frames_per_code], device=self._device)
        size = min(_SEGMENT_FRAMES, int(frames))
        extra: Tensor | float = 0.0
        if hasattr(self.model, "enc_q"):
            spec = linear_spectrogram(wave, self._spectrogram[0], self.model.hop, self._spectrogram[1])[:, :, : int(frames)]
            phone_lengths = torch.tensor([phones.shape[1]], device=self._device)
            done = self.model(spec, frames, phones, phone_lengths, codes=codes, ge=self._ge, segment_frames=size, generator=dice)
            made, start = done.wave, done.slice_start
            extra = _DIVERGENCE_WEIGHT * prior_divergence(done.z_p, done.logs_q, done.m_p, done.logs_p, done.mask)
        else:
            z = self.model.latent(codes, phones, self._ge, generator=dice)
            start = slice_starts(frames, size, generator=dice)
            made = self.model.render(take_slices(z, start, size), self._ge)
        wanted = take_slices(wave[:, None], start * self.model.hop, size * self.model.hop)
        return self._distance(made[:, 0], wanted[:, 0])[0] + extra

    @torch.no_grad()
    def error(self, phrases: Sequence[Phrase]) -> tuple[float, dict[str, float]]:
        """Mel distance of the middle of phrases, spoken from their codes with the same noise each time."""
        self.model.eval()
        found = []
        for phrase in phrases:
            codes, phones, wave = self._tensors(phrase)
            dice = torch.Generator(self._device).manual_seed(len(phrase.codes))
            z = self.model.latent(codes, phones, self._ge, generator=dice)
            size = min(_JUDGED_FRAMES, z.shape[2])
            start = (z.shape[2] - size) // 2
            made = self.model.render(z[:, :, start : start + size], self._ge)[:, 0]
            wanted = wave[:, start * self.model.hop : (start + size) * self.model.hop]
            found.append(float(self._distance(made, wanted)[1]))
        mean = float(np.mean(found))
        return mean, {"mel": mean}

    def _tensors(self, phrase: Phrase) -> tuple[Tensor, Tensor, Tensor]:
        """Codes [1, S], phones [1, P] and wave [1, T] on the device."""
        codes, phones = (torch.from_numpy(ids)[None].to(self._device) for ids in (phrase.codes, phrase.phones))
        return codes, phones, torch.from_numpy(phrase.wave)[None].to(self._device)
