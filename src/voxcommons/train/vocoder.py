"""Stage B, the generator: teach mel frames and a pitch to become sound.

One loop that compares segments with what was recorded, by spectra alone. It needs nothing of the other stages and can run beside them;
stage finish takes the same segments further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from voxcommons.models.istft_generator import IstftGenerator
from voxcommons.models.mel_frames import HOP, MelFrames
from voxcommons.prepare.corpus import Corpus
from voxcommons.train.dice import Dice, seed_of
from voxcommons.train.features import Features
from voxcommons.train.lesson import Part
from voxcommons.train.recipes import VocoderRecipe
from voxcommons.train.samples import LONGEST_SPECTRA, SPECTRA_PER_S, Sample, draw_samples, spectra
from voxcommons.train.spectral import SpectralDistance
from voxcommons.train.stage import Stage
from voxcommons.train.state import MovingAverage
from voxcommons.train.workplace import Workplace

HELD_OUT_ITEMS = 24
HELD_OUT_FRAMES = 75


@dataclass(frozen=True)
class SegmentPart(Part):
    """Some segments of a batch.

    Attributes:
        mel: [B, CHANNELS, F] to render.
        pitch_hz: [B, F] as it was heard.
        wave: [B, F * HOP] as it was recorded.
        noise: [B, F * HOP] standard normal values, the source of the breath.
    """

    mel: Tensor
    pitch_hz: Tensor
    wave: Tensor
    noise: Tensor


@dataclass(frozen=True)
class Segments:
    """Clips to cut segments from.

    Attributes:
        corpus: their sound.
        features: their mel frames and pitch.
        clips: numbers of those that are long enough.
        frames: of a segment.
        predicted: mel frames [F, CHANNELS] that were predicted, of some clips.
        predicted_share: of the segments of those clips that take them.
    """

    corpus: Corpus
    features: Features
    clips: tuple[int, ...]
    frames: int
    predicted: Mapping[int, np.ndarray] = field(default_factory=dict)
    predicted_share: float = 0.0

    @classmethod
    def of(cls, corpus: Corpus, split: str, features: Features, recipe: VocoderRecipe) -> Segments:
        """The clips of a split that are long enough for a recipe."""
        return cls(corpus, features, _long_enough(corpus, split, features, recipe.segment_frames, recipe.shortest_s), recipe.segment_frames)

    @classmethod
    def held_out(cls, corpus: Corpus, features: Features, language: str) -> Segments:
        """Clips of one language of people not heard in training, spread over the corpus; their middles are the segments."""
        long_enough = _long_enough(corpus, "dev_unseen", features, HELD_OUT_FRAMES, 0.0)
        found = [number for number in long_enough if corpus.clips[number].language == language]
        return cls(corpus, features, tuple(found[:: max(1, len(found) // HELD_OUT_ITEMS)][:HELD_OUT_ITEMS]), HELD_OUT_FRAMES)

    def part(self, seed: tuple[int, int], places: Sequence[int]) -> SegmentPart:
        """Segments at some places of a batch, each drawn by itself; ``seed`` is the recipe's and the step."""
        rows = []
        for place in places:
            rng = np.random.default_rng((*seed, place))
            clip = self.clips[int(rng.integers(len(self.clips)))]
            start = int(rng.integers(0, self.features.frames(clip) - self.frames + 1))
            mel = self.predicted.get(clip) if rng.random() < self.predicted_share else None
            rows.append(self._segment(clip, start, self.features.mel_of(clip) if mel is None else mel))
        return _part(rows, [seed_of(*seed, place) for place in places])

    def middles(self, *, predicted: bool = False) -> SegmentPart:
        """The middle of every clip, from natural or from predicted mel frames."""
        rows = []
        for clip in self.clips:
            start = (self.features.frames(clip) - self.frames) // 2
            rows.append(self._segment(clip, start, self.predicted[clip] if predicted else self.features.mel_of(clip)))
        return _part(rows, self.clips)

    def _segment(self, clip: int, start: int, mel: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        cut = slice(start, start + self.frames)
        wave = self.corpus.wave(self.corpus.clips[clip])[start * HOP : (start + self.frames) * HOP]
        return mel[cut].T.astype(np.float32), self.features.pitch_of(clip)[cut], wave


def _long_enough(corpus: Corpus, split: str, features: Features, frames: int, shortest_s: float) -> tuple[int, ...]:
    return tuple(
        number for number, clip in enumerate(corpus.clips)
        if clip.split == split and features.frames(number) >= frames and clip.length_samples >= shortest_s * corpus.rate
    )  # fmt: skip


def _part(rows: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], seeds: Sequence[int]) -> SegmentPart:
    """Rows of (mel [CHANNELS, F], pitch [F], wave [F * HOP]), each with the noise of its seed."""
    mel, pitch_hz, wave = (torch.from_numpy(np.stack(each)) for each in zip(*rows, strict=True))
    return SegmentPart({"items": float(len(rows))}, mel, pitch_hz, wave, Dice(seeds).normal(wave.shape[1]))


class VocoderLesson(nn.Module):
    """Render mel frames at the pitch that was heard."""

    def __init__(self, generator: IstftGenerator, recipe: VocoderRecipe, rate: int, place: Workplace) -> None:
        super().__init__()
        self.generator, self.recipe, self.place = generator, recipe, place
        self.distance = SpectralDistance(rate).to(place.device)

    def forward(self, part: SegmentPart, totals: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a part, per item of the batch."""
        share = part.share("items", totals)
        spectral, mel = self.distance(self.render(part), part.wave)
        return share * spectral, {"mel": share * mel}

    def render(self, part: SegmentPart) -> Tensor:
        """The sound [B, F * HOP] of a part."""
        with self.place.autocast(self.recipe.precision):
            return self.generator(part.mel, part.pitch_hz, part.noise)[:, 0].float()


def train_vocoder(
    generator: IstftGenerator, corpus: Corpus, features: Features, folder: Path, recipe: VocoderRecipe, place: Workplace | None = None
) -> MovingAverage:
    """Run or resume the stage and return the averaged weights."""
    place = place or Workplace()
    generator.to(place.device)
    segments = Segments.of(corpus, "train", features, recipe)
    unseen = unseen_segments(corpus, features)
    optimizer = torch.optim.AdamW(generator.parameters(), recipe.peak_rate, betas=(0.8, 0.99))
    lesson, blocks = VocoderLesson(generator, recipe, corpus.rate, place), list(generator.blocks)
    stage = Stage(folder, {"vocoder": generator}, {"vocoder": optimizer}, lesson, recipe, place, clip=200.0, compiled=blocks)
    for step in stage.steps():
        stage.learn(step, recipe.items * recipe.accumulate, partial(segments.part, (recipe.seed, step)))
        stage.finish(step, partial(tested, lesson, unseen, folder.parent / "samples" / f"vocoder-{step + 1:08d}.png"))
    return stage.average


def unseen_segments(corpus: Corpus, features: Features) -> dict[str, Segments]:
    """Held-out segments of each language that has some."""
    languages = sorted({clip.language for clip in corpus.clips if clip.split == "dev_unseen"})
    found = {language: Segments.held_out(corpus, features, language) for language in languages}
    return {language: segments for language, segments in found.items() if segments.clips}


@torch.inference_mode()
def tested(lesson: VocoderLesson, unseen: Mapping[str, Segments], picture: Path) -> dict[str, float]:
    """Draw some clips of people not heard in training, and tell the mel distance of more of them, per language."""
    lesson.generator.eval()
    samples: list[Sample] = []
    figures, most = {}, lesson.recipe.pictures
    for place in range(most):
        for segments in unseen.values():
            if place < len(segments.clips) and len(samples) < most:
                samples.append(_sample(lesson, segments, segments.clips[place]))
    draw_samples(samples, picture, "natural above, rendered below")
    for language, segments in unseen.items():
        figures[f"unseen_mel_{language}"] = _distance(lesson, segments.middles())
        if segments.predicted:
            figures[f"unseen_predicted_{language}"] = _distance(lesson, segments.middles(predicted=True))
    return figures


def _distance(lesson: VocoderLesson, part: SegmentPart) -> float:
    part = part.to(lesson.place.device)
    return float(lesson.distance(lesson.render(part), part.wave)[1])


def _sample(lesson: VocoderLesson, segments: Segments, number: int) -> Sample:
    """The first seconds of a clip, natural and rendered; from predicted mel frames where there are some."""
    features, clip = segments.features, segments.corpus.clips[number]
    frames = min(features.frames(number), LONGEST_SPECTRA * 50 // SPECTRA_PER_S)
    mel = segments.predicted.get(number, features.mel_of(number))[:frames]
    rows = [(mel.T.astype(np.float32), features.pitch_of(number)[:frames], segments.corpus.wave(clip)[: frames * HOP])]
    part = _part(rows, [number]).to(lesson.place.device)
    listen = MelFrames(segments.corpus.rate)
    natural, made = (spectra(listen(wave.float().cpu())[0]) for wave in (part.wave, lesson.render(part)))
    return Sample(f"{clip.speaker} ({clip.language})", natural, made)
