"""All meters on one utterance: what is measured of a sentence, whoever spoke it.

The one place where the meters meet. A meter whose package is missing is left out and its figures stay empty; the
missing packages are told once, with the command that brings them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from voxcommons.audio.activity import activity
from voxcommons.base.errors import MissingExtraError
from voxcommons.evaluate.edits import edit_path
from voxcommons.evaluate.mandarin import mandarin_errors, syllables
from voxcommons.evaluate.pitch import contour, median_pitch_hz, pitch_range, pitch_track
from voxcommons.evaluate.quality import QualityMeter
from voxcommons.evaluate.recognise import (
    EnglishRecogniser,
    HeardPhones,
    PhoneRecogniser,
    PhoneScorer,
    english_words,
    spoken_phones,
    without_stress,
)
from voxcommons.evaluate.robustness import ctc_times
from voxcommons.evaluate.similarity import SpeakerEncoder
from voxcommons.evaluate.spectrum import SpectrumMeter
from voxcommons.text.reader import read
from voxcommons.text.symbols import phone_ids

CODES_PER_SECOND = 25
Meter = TypeVar("Meter")


@dataclass(frozen=True)
class Utterance:
    """One sentence as it sounds.

    Attributes:
        system: who produced it: ``natural``, ``espeak-ng`` or the name of a base model.
        speaker: whose voice it is or imitates.
        item: the sentence's name, the same for every system.
        language: ``en`` or ``zh``.
        text: what should be heard; empty when unknown.
        samples: [T] in [-1, 1].
        rate: samples per second.
    """

    system: str
    speaker: str
    item: str
    language: str
    text: str
    samples: NDArray[np.float32]
    rate: int


@dataclass(frozen=True)
class Score:
    """The figures of one utterance; None where a meter or the text was missing.

    Counts come with their denominator, so that rates can be pooled. ``vector`` is the speaker vector [256];
    ``spectrum`` its `spectrum.Spread` as numbers; ``heard`` the phones of the own recogniser; ``tone_contours`` holds
    (tone, semitones [5]) of every syllable whose pitch could be followed. The last two are measured while speaking and
    only known for our own systems.
    """

    system: str
    speaker: str
    item: str
    language: str
    seconds: float
    phones: int
    words: int | None = None
    word_errors: int | None = None
    phone_errors: int | None = None
    longest_loss: int | None = None
    longest_addition: int | None = None
    syllables: int | None = None
    syllable_errors: int | None = None
    tones: int | None = None
    tone_errors: int | None = None
    tone_contours: tuple[tuple[int, tuple[float, ...]], ...] = ()
    ovrl: float | None = None
    sig: float | None = None
    bak: float | None = None
    pitch_hz: float | None = None
    pitch_range: float | None = None
    vector: tuple[float, ...] | None = None
    spectrum: tuple[float, ...] | None = None
    text: str = ""
    heard: tuple[str, ...] | None = None
    wall_s: float | None = None
    first_sound_s: float | None = None


class Meters:
    """The meters that can be had on this machine.

    Args:
        content: the content encoder whose CTC head hears phones; None leaves phones, syllables and tones out.
        note: told each missing package in one line.
        table: the symbol table of the content encoder.
        version: tells one content encoder from another.
    """

    def __init__(
        self,
        content: PhoneScorer | None = None,
        note: Callable[[str], None] = lambda _: None,
        table: str = "v2",
        version: str = "",
    ) -> None:
        self._table = table
        self._english = _try(EnglishRecogniser, note)
        self._speaker = _try(SpeakerEncoder, note)
        self._quality = _try(QualityMeter, note)
        self._spectrum = SpectrumMeter()
        self._content = content
        self._phones = PhoneRecogniser(content, table, version) if content is not None else None

    @property
    def names(self) -> tuple[str, ...]:
        """The meters in use; scores taken with other meters are not comparable."""
        meters = (self._english, self._phones, self._speaker, self._quality, self._spectrum)
        return tuple(meter.name for meter in meters if meter is not None)

    @property
    def english(self) -> EnglishRecogniser | None:
        """The recogniser of English words, if it can be had."""
        return self._english

    def measure(self, utterance: Utterance, earlier: tuple[Score, Collection[str]] | None = None) -> Score:
        """Measure one utterance with every meter that applies to it.

        Args:
            utterance: what to measure.
            earlier: a score of the same sound and the names of the meters it was taken with, which are not run again.
        """
        sound, rate = utterance.samples, utterance.rate
        track = pitch_track(sound, rate)
        asked = spoken_phones(read(utterance.text, utterance.language).phones) if utterance.text else []
        score, done = earlier if earlier is not None else (_plain(utterance, len(asked), track), ())
        score = replace(score, text=utterance.text)
        score = self._with_sound(score, sound, rate, done)
        if self._english is not None and self._english.name not in done and utterance.language == "en" and utterance.text:
            path = edit_path(english_words(utterance.text), self._english.words(sound, rate))
            score = replace(score, words=path.reference_length, word_errors=path.errors)
        if self._phones is not None and self._phones.name not in done and asked and len(sound) >= rate // 10:
            score = self._with_phones(score, asked, self._phones.listen(sound, rate), track)
        return score

    def _with_sound(self, score: Score, sound: NDArray[np.float32], rate: int, done: Collection[str]) -> Score:
        """What can be told without knowing the text."""
        if self._quality is not None and self._quality.name not in done and len(sound):
            quality = self._quality.measure(sound, rate)
            score = replace(score, ovrl=quality.ovrl, sig=quality.sig, bak=quality.bak)
        if self._speaker is not None and self._speaker.name not in done and np.any(sound):
            vector = self._speaker.embed(sound, rate)
            score = replace(score, vector=tuple(round(float(x), 5) for x in vector))
        if self._spectrum.name not in done:
            spread = self._spectrum.measure(sound, rate)
            score = replace(score, spectrum=spread.as_numbers() if spread is not None else None)
        return score

    def _with_phones(
        self, score: Score, asked: list[str], heard: HeardPhones, track: NDArray[np.float64]
    ) -> Score:
        path = edit_path(without_stress(asked), without_stress(heard.phones))
        score = replace(
            score,
            phone_errors=path.errors,
            longest_loss=path.longest_run("deletion"),
            longest_addition=path.longest_run("insertion"),
            heard=tuple(heard.phones),
        )
        if score.language != "zh":
            return score
        errors = mandarin_errors(asked, heard.phones)
        return replace(
            score,
            syllables=errors.syllables,
            syllable_errors=errors.syllable_errors,
            tones=errors.tones,
            tone_errors=errors.tone_errors,
            tone_contours=self._tone_contours(asked, heard, track),
        )

    def _tone_contours(
        self, asked: list[str], heard: HeardPhones, track: NDArray[np.float64]
    ) -> tuple[tuple[int, tuple[float, ...]], ...]:
        if self._content is None:
            return ()
        times = ctc_times(heard.log_probs, phone_ids(asked, self._table), self._content.blank_id)
        found: list[tuple[int, tuple[float, ...]]] = []
        for syllable in syllables(asked) if times else []:
            assert times is not None
            start, end = times[syllable.start]
            shape = contour(track, start / CODES_PER_SECOND, end / CODES_PER_SECOND)
            if shape is not None:
                found.append((syllable.tone, tuple(round(float(x), 3) for x in shape)))
        return tuple(found)


def _plain(utterance: Utterance, phones: int, track: NDArray[np.float64]) -> Score:
    """What is known of an utterance without any meter."""
    return Score(
        system=utterance.system,
        speaker=utterance.speaker,
        item=utterance.item,
        language=utterance.language,
        seconds=spoken_seconds(utterance.samples, utterance.rate),
        phones=phones,
        pitch_hz=round(median_pitch_hz(track), 2),
        pitch_range=round(pitch_range(track), 3),
    )


def spoken_seconds(samples: NDArray[np.float32], rate: int) -> float:
    """Return the time from the first to the last speech in seconds, or the whole length when none is found."""
    spans = activity(samples, rate)
    return round(spans[-1][1] - spans[0][0] if spans else len(samples) / rate, 3)


def _try(meter: Callable[[], Meter], note: Callable[[str], None]) -> Meter | None:
    try:
        return meter()
    except MissingExtraError as error:
        note(str(error))
        return None
