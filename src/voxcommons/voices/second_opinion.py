"""What measuring packages add to the report of a recording: how listeners would judge it, and whether one person speaks.

Apart from ``audio.quality`` because this needs the extra ``evaluate``: where a package is not installed its figure is None, and
the report stands without it. The networks are loaded once and asked many times, for a server that takes in recordings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from voxcommons.audio.activity import FRAME_S, Mask
from voxcommons.audio.advice import Advice, advice
from voxcommons.audio.files import Audio
from voxcommons.audio.resample import resample
from voxcommons.base.errors import MissingExtraError

if TYPE_CHECKING:
    from voxcommons.evaluate.quality import Quality, QualityMeter
    from voxcommons.evaluate.similarity import SpeakerEncoder

Samples = npt.NDArray[np.float32]
Vectors = npt.NDArray[np.float32]

# 28 people alone scored 0.62 to 0.81, one of them below this; of 48 pairs taking turns 45 scored below.
ONE_PERSON: Final = 0.64
_RATE: Final = 16_000
_WINDOW_S: Final = 9.01  # what the quality meter hears at once
_MOST_WINDOWS: Final = 2  # half a second of one processor each
_PIECE_S: Final = 2.4
_MOST_PIECES: Final = 16
_FEWEST_PIECES: Final = 6
_LEVEL: Final = 10.0 ** (-30.0 / 20.0)  # the level the speaker encoder was taught at
_ROUNDS: Final = 10


@dataclass(frozen=True)
class Opinion:
    """What the networks think; None where the package for it is not installed or the recording is too short.

    Attributes:
        quality: DNSMOS P.835 scores of speech, background and overall, 1 to 5.
        likeness: mean cosine between the two most different groups of pieces; low when two people speak.
    """

    quality: Quality | None = None
    likeness: float | None = None

    @property
    def several_speakers(self) -> bool | None:
        """Whether more than one person seems to speak."""
        return None if self.likeness is None else self.likeness < ONE_PERSON

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What a person should be told."""
        return (advice("several_speakers"),) if self.several_speakers else ()


class SecondOpinion:
    """The networks of the extra ``evaluate``, as far as they are installed."""

    def __init__(self) -> None:
        self._quality = _quality_meter()
        self._encoder = _speaker_encoder()

    @property
    def missing(self) -> tuple[str, ...]:
        """Figures that cannot be measured here."""
        wanted = (("quality", self._quality), ("several_speakers", self._encoder))
        return tuple(name for name, network in wanted if network is None)

    def ask(self, audio: Audio, speech: Mask) -> Opinion:
        """Listen to a recording: at most two windows of nine seconds, and sixteen pieces of speech.

        Args:
            audio: the recording.
            speech: True at 10 ms frames of speech [F].
        """
        sound = resample(audio.samples, audio.rate, _RATE) if audio.rate != _RATE else audio.samples
        return Opinion(self._heard_quality(sound, speech), self._likeness(sound, speech))

    def _heard_quality(self, sound: Samples, speech: Mask) -> Quality | None:
        if self._quality is None or not len(sound):
            return None
        from voxcommons.evaluate.quality import Quality

        size, frames = round(_WINDOW_S * _RATE), round(_WINDOW_S / FRAME_S)
        starts = range(0, max(1, len(sound) - size + 1), size)
        # The windows with most speech; earlier ones where they hold as much.
        best = sorted(starts, key=lambda start: -int(speech[round(start / _RATE / FRAME_S) :][:frames].sum()))[:_MOST_WINDOWS]
        scores = [self._quality.measure(sound[start : start + size], _RATE) for start in best]
        means = [float(np.mean([getattr(score, name) for score in scores])) for name in ("sig", "bak", "ovrl")]
        return Quality(*means)

    def _likeness(self, sound: Samples, speech: Mask) -> float | None:
        if self._encoder is None:
            return None
        hop = round(_RATE * FRAME_S)
        spoken = sound[np.repeat(speech, hop)[: len(sound)]] if len(speech) * hop >= len(sound) else sound
        size = round(_PIECE_S * _RATE)
        count = len(spoken) // size
        if count < _FEWEST_PIECES:
            return None
        chosen = np.unique(np.linspace(0, count - 1, min(count, _MOST_PIECES)).astype(int))
        pieces = [_levelled(spoken[index * size : (index + 1) * size]) for index in chosen]
        return likeness(np.stack([self._encoder.embed_prepared(piece) for piece in pieces]))


def likeness(vectors: Vectors) -> float:
    """Mean cosine between two groups of vectors, grouped so that each is as alike in itself as can be.

    Args:
        vectors: of length 1 [N, D], N at least 2.

    Returns:
        1 when all are the same.
    """
    best_spread, best = np.inf, 1.0
    for seed in vectors:
        centres = np.stack([seed, vectors[int((vectors @ seed).argmin())]])
        groups = np.zeros(len(vectors), int)
        for _ in range(_ROUNDS):
            groups = (vectors @ centres.T).argmax(1)
            if groups.min() == groups.max():
                break
            centres = np.stack([vectors[groups == group].mean(0) for group in (0, 1)])
        if groups.min() == groups.max():
            continue
        spread = float(sum(((vectors[groups == group] - centres[group]) ** 2).sum() for group in (0, 1)))
        if spread < best_spread:
            best_spread, best = spread, float((vectors[groups == 0] @ vectors[groups == 1].T).mean())
    return best


def _levelled(piece: Samples) -> Samples:
    return piece * np.float32(_LEVEL / (float(np.sqrt(np.mean(np.square(piece)))) + 1e-9))


def _quality_meter() -> QualityMeter | None:
    from voxcommons.evaluate.quality import QualityMeter

    try:
        return QualityMeter()
    except MissingExtraError:
        return None


def _speaker_encoder() -> SpeakerEncoder | None:
    from voxcommons.evaluate.similarity import SpeakerEncoder

    try:
        return SpeakerEncoder()
    except MissingExtraError:
        return None
