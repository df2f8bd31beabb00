"""Listening: what a recording says, as words (English) or phones (any language of the symbol table).

Two recognisers, both offline: pocketsphinx with the English model in its wheel (weak, so only ratios between
recordings mean something), and the CTC head of the project's own content encoder. The second is trained by the
people who train the voice, so it is a second opinion for English and, for want of another, the meter for Mandarin.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voxcommons.audio.resample import resample
from voxcommons.evaluate.extras import optional_module
from voxcommons.text.reader import read
from voxcommons.text.symbols import PUNCTUATION, symbols

RATE = 16000
# Symbols that stand for pauses and joints, not for sounds.
_SILENT = frozenset({"_", "SP", "SP2", "SP3", "UNK", "停", "空"}) | PUNCTUATION
_SILENCE_STEPS, _STEP_SAMPLES = 8, 640  # 0.32 s at each end, in steps of the encoder


def english_words(text: str) -> list[str]:
    """Split English text into comparable words: lower case, no punctuation, numbers in words.

    Anything with digits or signs such as % and $ passes through the project's own front end first, because the
    recogniser writes words.
    """
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'")
    if re.search(r"[\d%$£€&@#+=]", text):
        text = read(text, "en").normalized
    words = re.sub(r"[^a-z' ]+", " ", text.lower()).split()
    return [word for word in (raw.strip("'") for raw in words) if word]


class EnglishRecogniser:
    """pocketsphinx with its built-in US English model and default settings.

    Cepstral means are taken per utterance (``cmn batch``): the default carries them over from the utterance
    before, and a score must not depend on what was scored earlier.
    """

    name = "pocketsphinx en-us, cmn batch"

    def __init__(self) -> None:
        module = optional_module("pocketsphinx", "measuring English words")
        self._decoder = module.Decoder(loglevel="FATAL", cmn="batch")

    def words(self, samples: NDArray[np.float32], rate: int) -> list[str]:
        """Return the words heard in a recording.

        Args:
            samples: [T] in [-1, 1].
            rate: samples per second; other rates than 16000 are resampled.
        """
        sound = resample(samples, rate, RATE) if rate != RATE else samples
        self._decoder.start_utt()
        if len(sound) >= RATE // 10:  # shorter than a few windows makes the decoder fail; nothing is said in it
            pcm = (np.clip(sound, -1.0, 1.0) * 32767).astype("<i2")
            self._decoder.process_raw(pcm.tobytes(), full_utt=True)
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        return english_words(hypothesis.hypstr) if hypothesis else []


class PhoneScorer(Protocol):
    """What the meters need of a content encoder."""

    blank_id: int

    def log_probs(self, wave: Tensor) -> Tensor:
        """Return CTC log-probabilities [B, S, phones + 1] of 16 kHz sound [B, T]."""
        ...


@dataclass(frozen=True)
class HeardPhones:
    """The best CTC path of one recording.

    Attributes:
        phones: symbols in order, pauses left out.
        log_probs: CTC log-probabilities [S, phones + 1] at 25 Hz.
    """

    phones: tuple[str, ...]
    log_probs: NDArray[np.float32]


class PhoneRecogniser:
    """The project's own recogniser: the CTC head of a base model's content encoder.

    Everybody is heard with the same silence around: the corpora of one language were cut closer than those of the other, and
    the encoder takes speech that begins at once for English.

    Args:
        content: a content encoder with a CTC head.
        table: the symbol table its classes follow.
        version: tells one training of it from another.
    """

    def __init__(self, content: PhoneScorer, table: str = "v2", version: str = "") -> None:
        # Whoever changes what is kept of its hearing changes the name, and kept scores are taken anew.
        self.name = f"own CTC phone recogniser, silence around, phones kept, {version}".strip(", ")
        self._content = content
        self._symbols = symbols(table)

    def listen(self, samples: NDArray[np.float32], rate: int) -> HeardPhones:
        """Return the phones heard in a recording.

        Args:
            samples: [T] in [-1, 1].
            rate: samples per second; other rates than 16000 are resampled.
        """
        sound = resample(samples, rate, RATE) if rate != RATE else samples
        with torch.inference_mode():
            wave = torch.from_numpy(np.pad(np.asarray(sound, np.float32), _SILENCE_STEPS * _STEP_SAMPLES))[None]  # [1, T]
            scores = self._content.log_probs(wave)[0].float().numpy()[_SILENCE_STEPS:-_SILENCE_STEPS]  # [S, phones + 1]
        best = scores.argmax(-1)
        changes = np.flatnonzero(np.diff(best, prepend=-1))
        heard = [self._symbols[best[i]] for i in changes if best[i] != self._content.blank_id]
        return HeardPhones(tuple(spoken_phones(heard)), scores)


def spoken_phones(phones: list[str] | tuple[str, ...]) -> list[str]:
    """Leave out the symbols for pauses and punctuation, which no recogniser can hear."""
    return [phone for phone in phones if is_heard(phone)]


def is_heard(phone: str) -> bool:
    """Whether a symbol stands for a sound."""
    return phone not in _SILENT


def without_stress(phones: list[str] | tuple[str, ...]) -> list[str]:
    """Drop the stress or tone digit of each phone (``AH0`` -> ``AH``, ``ang4`` -> ``ang``)."""
    return [phone.rstrip("0123456789") or phone for phone in phones]
