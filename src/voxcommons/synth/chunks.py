"""Pieces of speech on their way out: what a chunk is, the silence around it, and how loud it may be.

Everything here looks at samples one after the other and keeps only a small state, so it gives the same
samples however the sound was cut into pieces. It knows nothing about models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voxcommons.text.phonemes import TextWarning

if TYPE_CHECKING:
    from voxcommons.synth.word_times import WordTime

Samples = NDArray[np.float32]

SILENCE_DBFS = -50.0
EDGE_S = 0.05
"""Silence kept in front of and behind the speech of a sentence; the pause comes on top."""

_FRAME_S = 0.01
_KNEE = 0.9


@dataclass(frozen=True)
class AudioChunk:
    """A piece of synthetic speech. It leaves the program through `trust.release` only.

    Attributes:
        samples: [T] float32, always inside [-1, 1]; may be empty when a sentence could not be read.
        rate: samples per second.
        sentence: index of the sentence the piece belongs to.
        sentences: how many sentences the text has.
        text_start, text_end: the sentence's characters in the text that was given.
        warnings: what to tell the user about this sentence; positions count in the text that was given.
        final: True on the last piece of a sentence.
        text: the sentence as it is shown to people.
        words: of the sentence, on its last piece, when word times were asked for; they count from the beginning of the speech.
        pause_s: how much of the end of the piece is the pause after the sentence.
    """

    samples: Samples
    rate: int
    sentence: int
    sentences: int
    text_start: int
    text_end: int
    warnings: tuple[TextWarning, ...] = ()
    final: bool = True
    text: str = ""
    words: tuple[WordTime, ...] = ()
    pause_s: float = 0.0

    @property
    def seconds(self) -> float:
        """Duration of the piece in seconds."""
        return len(self.samples) / self.rate


class SilenceTrimmer:
    """Shorten the silence at both ends of a sentence to `EDGE_S`, piece by piece.

    Silence inside the sentence stays: it is held back until speech follows. A sentence that is silent
    from end to end becomes empty.

    Args:
        rate: samples per second.
        lead_s, tail_s: exactly how much silence is to stand before and behind the speech; None for what there is, at most
            `EDGE_S`.
    """

    def __init__(self, rate: int, lead_s: float | None = None, tail_s: float | None = None) -> None:
        self._frame = max(1, round(_FRAME_S * rate))
        self._edge = round(EDGE_S * rate)
        self._lead, self._tail = (None if asked is None else round(asked * rate) for asked in (lead_s, tail_s))
        self._taken = 0
        self._threshold = 10 ** (SILENCE_DBFS / 20)
        self._rest: Samples = np.zeros(0, np.float32)  # less than a frame, not judged yet
        self._quiet: Samples = np.zeros(0, np.float32)  # silence that may turn out to be the end
        self._started = False
        self.begin = 0
        """Index among the samples taken in of the first one handed out; negative where silence was added before them."""
        self.given = 0
        """Samples handed out."""

    def push(self, samples: Samples) -> Samples:
        """Take in the next piece [T], return what is certain to stay [<= T + held back]."""
        pending = np.concatenate([self._rest, samples])
        whole = len(pending) // self._frame * self._frame
        self._rest = pending[whole:]
        return self._counted(self._judge(pending[:whole]))

    def finish(self) -> Samples:
        """Return what remains, with the closing silence cut."""
        speech = self._judge(self._rest)
        self._rest = self._rest[:0]
        if not self._started:
            return self._counted(speech)
        tail = self._quiet[: self._edge if self._tail is None else self._tail]
        missing = max(0, (self._tail or 0) - len(tail))
        return self._counted(np.concatenate([speech, tail, np.zeros(missing, np.float32)]))

    def _counted(self, samples: Samples) -> Samples:
        self.given += len(samples)
        return samples

    def _judge(self, samples: Samples) -> Samples:
        if not len(samples):
            return samples
        starts = np.arange(0, len(samples), self._frame)
        levels = np.sqrt(np.add.reduceat(np.square(samples, dtype=np.float64), starts) / self._frame)
        loud = np.flatnonzero(levels > self._threshold)
        held = np.concatenate([self._quiet, samples])
        self._taken += len(samples)
        if not len(loud):
            self._quiet = held if self._started else held[-self._edge :]
            return samples[:0]
        before = len(self._quiet)
        end = min(len(held), before + (int(loud[-1]) + 1) * self._frame)
        self._quiet = held[end:]
        if self._started:
            return held[:end]
        self._started = True
        return self._opened(held[:end], before + int(loud[0]) * self._frame)

    def _opened(self, held: Samples, speech: int) -> Samples:
        """The first samples [<= held] that are handed out, of which those from number `speech` on are loud."""
        begin = max(0, speech - (self._edge if self._lead is None else self._lead))
        missing = max(0, (self._lead or 0) - speech)
        self.begin = self._taken - len(self._quiet) - len(held) + begin - missing
        return np.concatenate([np.zeros(missing, np.float32), held[begin:]])


def limit_peaks(samples: Samples) -> Samples:
    """Keep samples inside [-1, 1]: unchanged up to 0.9, bent smoothly above.

    A rule per sample instead of dividing a sentence by its peak, because a stream does not know the peak yet.
    """
    size = np.abs(samples)
    room = 1.0 - _KNEE
    bent = _KNEE + room * np.tanh((size - _KNEE) / room)
    return np.where(size > _KNEE, np.copysign(bent, samples), samples).astype(np.float32)


_FULL_STOPS = ".!?。！？…‽"
_CLOSERS = "\"'”’»)]}）】》」』 \t"


def pause_seconds(sentence: str, gap: str, pause_s: float) -> float:
    """How long to be silent after a sentence.

    Args:
        sentence: the sentence with its closing mark.
        gap: the characters between it and the next sentence.
        pause_s: silence after a full stop, in seconds.

    Returns:
        Seconds: twice `pause_s` before a new paragraph, half of it where a long sentence was cut at a
        comma or in the middle of a clause, else `pause_s`.
    """
    tail = sentence + gap
    if tail[len(tail.rstrip()) :].count("\n") >= 2:
        return 2 * pause_s
    mark = sentence.rstrip().rstrip(_CLOSERS)[-1:]
    if (mark and mark in _FULL_STOPS) or "\n" in tail[len(tail.rstrip()) :]:
        return pause_s
    return 0.5 * pause_s


def silence(seconds: float, rate: int) -> Samples:
    """[T] zeros."""
    return np.zeros(round(seconds * rate), np.float32)
