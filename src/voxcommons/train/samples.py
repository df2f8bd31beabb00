"""Pictures of what stage B can do so far: natural sound above, the same codes spoken below, as spectrograms.

A curve says that a figure fell; a picture shows whether harmonics stand, whether breath is where it belongs, and whether a
run has broken. matplotlib is loaded when a picture is drawn, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from voxcommons.audio.spectrogram import linear_spectrogram, mel_filterbank
from voxcommons.base.files import atomic_path
from voxcommons.train.acoustic_batch import Loader, Utterance

if TYPE_CHECKING:
    from voxcommons.train.acoustic import AcousticLesson

LONGEST_FRAMES = 200  # four seconds at the starter's frame rate: more is too small to see
BANDS = 80
FLOOR = 1e-4


@dataclass(frozen=True)
class Sample:
    """One clip, natural and spoken.

    Attributes:
        title: who says it, in which language.
        natural: [T].
        made: [T].
    """

    title: str
    natural: Tensor
    made: Tensor


@torch.inference_mode()
def speak_samples(lesson: AcousticLesson, loader: Loader, items: Sequence[Utterance]) -> list[Sample]:
    """Speak the codes of some clips in the style of their speakers, at the pitch that was heard, the same ones at each call."""
    recipe, model = lesson.recipe, lesson.model
    by_language: dict[str, list[Utterance]] = {}
    for item in items:
        by_language.setdefault(item.clip.language, []).append(item)
    turns = [group[place] for place in range(recipe.pictures) for group in by_language.values() if place < len(group)]
    chosen = turns[: recipe.pictures]
    samples = []
    model.eval()
    for number, item in enumerate(chosen):
        part = loader.part([item], (recipe.seed, number), [0]).to(lesson.place.device)
        frames = min(int(part.frames[0]), LONGEST_FRAMES)
        ge = model.style(part.style_specs[0]).mean(0, keepdim=True)
        z = model.latent(part.codes, part.phones, ge, noise=part.spoken_noise, noise_scale=recipe.spoken_noise, places=part.places)
        made = model.render(z[:, :, :frames], ge, pitch_hz=part.pitch_hz[:, :frames])[0, 0]
        title = f"{item.clip.speaker} ({item.clip.language})"
        samples.append(Sample(title, part.wave[0, : frames * recipe.hop_samples].cpu(), made.float().cpu()))
    return samples


def draw_samples(lesson: AcousticLesson, loader: Loader, items: Sequence[Utterance], path: Path) -> None:
    """Write the picture of `speak_samples` as a PNG; nothing when there are no clips."""
    samples = speak_samples(lesson, loader, items)
    if not samples:
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    recipe, rate = lesson.recipe, loader.corpus.rate
    width, height = 3.6 * len(samples), 4.6
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(0.15 / width, 0.5 / height, 1 - 0.15 / width, 1 - 0.7 / height, wspace=0.12, hspace=0.15)
    FigureCanvasAgg(figure)
    figure.suptitle(f"{path.stem}: natural above, spoken from its codes below")
    axes = figure.subplots(2, len(samples), squeeze=False)
    for column, sample in enumerate(samples):
        for row, wave in enumerate((sample.natural, sample.made)):
            axis = axes[row][column]
            mel, seconds = _log_mel(wave, recipe.fft_samples, recipe.hop_samples, rate), len(wave) / rate
            axis.imshow(mel, origin="lower", aspect="auto", extent=(0, seconds, 0, BANDS))
            axis.set_yticks([])
            axis.set_xticks([0, seconds], ["0", f"{seconds:.1f} s"] if row else ["", ""], fontsize=8)
        axes[0][column].set_title(sample.title, fontsize=9)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=90)


def _log_mel(wave: Tensor, size: int, hop: int, rate: int) -> np.ndarray:
    """[BANDS, F] for an eye: natural logarithm of mel magnitudes."""
    mel = mel_filterbank(rate, size, BANDS) @ linear_spectrogram(wave[None], size, hop)[0]
    return mel.clamp_min(FLOOR).log().numpy()
