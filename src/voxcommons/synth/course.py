"""The course of one sentence: which token falls when, how high and how loud it is.

Prosody that is asked for belongs to words, the acoustic model works on frames, and in between lie the tokens, of which the content
encoder tells the phoneme each one speaks. A course keeps that account block by block: what it said about a token of a finished block
stays said, so that a sentence is the same whoever waits for how much of it. It changes timing, pitch and loudness only; the
timbre comes from the latents, which it does not touch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Values = NDArray[np.float64]

_SMOOTH_FRAMES = 5  # over which a change of pitch is spread: 100 ms, as long as a syllable's onset


@dataclass(frozen=True)
class Delivery:
    """How each phoneme of a sentence is spoken; arrays [P].

    Attributes:
        speed: factor on the tempo of the model.
        shift_st: semitones added to the intonation.
        spread: factor on the intonation's distance from `centre_hz`, in semitones.
        gain: factor on the amplitude.
        centre_hz: the middle of the voice's intonation; only looked at where a spread is not 1.
    """

    speed: Values
    shift_st: Values
    spread: Values
    gain: Values
    centre_hz: float = 0.0

    @classmethod
    def even(cls, count: int, speed: float = 1.0, shift_st: float = 0.0, spread: float = 1.0, centre_hz: float = 0.0) -> Delivery:
        """The same for all phonemes."""
        ones = np.ones(count)
        return cls(speed * ones, shift_st * ones, spread * ones, ones, centre_hz)

    @property
    def changes(self) -> bool:
        """Whether it is not the same for all phonemes, so that somebody must tell which token speaks which."""
        return any(len(values) > 0 and bool((values != values[0]).any()) for values in (self.speed, self.shift_st, self.spread, self.gain))

    @property
    def moves_pitch(self) -> bool:
        """Whether it needs a model whose pitch can be told."""
        return bool(self.shift_st.any() or (self.spread != 1).any())

    def at(self, phonemes: NDArray[np.int64]) -> Delivery:
        """That of other phonemes, or of the tokens that speak them."""
        return Delivery(self.speed[phonemes], self.shift_st[phonemes], self.spread[phonemes], self.gain[phonemes], self.centre_hz)


class Course:
    """What becomes of the tokens of one sentence.

    Args:
        delivery: how its phonemes are spoken.
        places: tells of the tokens so far [S] which phoneme [S] each one speaks, -1 where it cannot; only asked when the delivery
            changes within the sentence.
        frames_per_code: frames of a token at the model's own tempo.
    """

    def __init__(self, delivery: Delivery, places: Callable[[Tensor], Tensor] | None, frames_per_code: int) -> None:
        self._delivery, self._frames_per_code = delivery, frames_per_code
        self._places = places if delivery.changes else None
        self._phonemes: NDArray[np.int64] = np.zeros(0, np.int64)  # of the tokens seen so far; first those that are settled
        self._settled = 0
        self._edges: Values = np.zeros(1)  # where each of these tokens begins, in frames of the result

    @property
    def speed(self) -> float:
        """The tempo, where it is the same throughout."""
        return float(self._delivery.speed[0]) if len(self._delivery.speed) else 1.0

    def see(self, tokens: Tensor, stop: int) -> None:
        """Take in the tokens [S] of a sentence's beginning, and settle those before `stop`."""
        if self._places is None:
            return
        found = self._places(tokens).cpu().numpy().astype(np.int64)
        known = np.flatnonzero(found >= 0)
        if len(known):  # a token that speaks nothing goes with the one before it
            before = known[np.maximum(np.searchsorted(known, np.arange(len(found)), side="right") - 1, 0)]
            found = found[before]
        else:
            found = np.zeros_like(found)
        self._phonemes = np.concatenate([self._phonemes[: self._settled], found[self._settled :]])
        self._settled = max(self._settled, stop)
        self._edges = np.concatenate([[0.0], np.cumsum(self._frames_per_code / self._delivery.speed[self._phonemes])])

    def frame_of(self, token: int) -> int:
        """The frame of the result at which a token begins."""
        if self._places is None:
            return round(self._frames_per_code * token / self.speed)
        return round(float(self._edges[min(token, len(self._edges) - 1)]))

    def sources(self, low: int, high: int) -> Tensor:
        """Places [high - low] on the model's own time axis, in frames, of frames of the result."""
        frames = torch.arange(low, high, dtype=torch.float64)
        if self._places is None:
            return frames if self.speed == 1.0 else (frames + 0.5) * self.speed - 0.5
        own = self._frames_per_code * np.arange(len(self._edges))
        return torch.from_numpy(np.interp(frames.numpy() + 0.5, self._edges, own) - 0.5)

    def pitched(self, pitch_hz: Tensor, low: int) -> Tensor:
        """A pitch track [1, F] that begins at frame `low` of the result, as it is to be spoken."""
        if not self._delivery.moves_pitch:
            return pitch_hz
        here = self._of_frames(low, low + pitch_hz.shape[1])
        shift, spread = (torch.from_numpy(_smooth(values)).to(pitch_hz) for values in (here.shift_st, here.spread))
        if self._delivery.centre_hz:
            above = torch.log2(pitch_hz.clamp_min(1.0) / self._delivery.centre_hz)
            pitch_hz = torch.where(pitch_hz > 0, self._delivery.centre_hz * torch.exp2(above * spread), pitch_hz)
        return pitch_hz * torch.exp2(shift / 12)

    def gains(self, start: int, stop: int, hop: int) -> NDArray[np.float32] | None:
        """Factors [stop - start] for samples of the result, None when there are none to apply; what is asked must be settled."""
        gain = self._delivery.gain
        if not len(gain) or not (gain != 1).any():
            return None
        low, high = start // hop - 1, stop // hop + 1
        # A frame fades from the loudness of the one before it to its own, so that no sample needs a frame that is not settled yet.
        values = self._of_frames(low, high).gain
        return np.interp(np.arange(start, stop) / hop, np.arange(low, high) + 1.0, values).astype(np.float32)

    def _of_frames(self, low: int, high: int) -> Delivery:
        if self._places is None:
            return self._delivery.at(np.zeros(high - low, np.int64))
        middle = self.sources(low, high).numpy() + 0.5
        tokens = np.clip((middle / self._frames_per_code).astype(np.int64), 0, len(self._phonemes) - 1)
        return self._delivery.at(self._phonemes[tokens])


def _smooth(values: Values) -> Values:
    padded = np.pad(values, _SMOOTH_FRAMES // 2, mode="edge")
    return np.convolve(padded, np.full(_SMOOTH_FRAMES, 1 / _SMOOTH_FRAMES), mode="valid")
