"""What a voice is tuned on: phrases of one person, with what is said in them, and which of them are kept back.

Apart from the loops because it is the one place that turns a recording into what networks learn from. A phrase is a slice of
a recording between two pauses, as cloning cuts it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from voxcommons.audio.files import Audio
from voxcommons.audio.resample import resample
from voxcommons.base.errors import InputError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.build import BaseModel
from voxcommons.models.content import RATE as CONTENT_RATE
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.ctc import phoneme_of_code
from voxcommons.prepare.corpus import level
from voxcommons.prepare.feature_cache import Hearing
from voxcommons.prepare.slice import Slice
from voxcommons.text.phonemes import Utterance
from voxcommons.text.symbols import PUNCTUATION, symbols

Samples = npt.NDArray[np.float32]

CODES_PER_S: Final = 25
FEWEST_PHRASES: Final = 3
LEAST_S: Final = 15.0  # below it there is nothing to keep back that would tell anything
HELD_OUT_SHARE, MOST_HELD_OUT_S = 0.15, 60.0
_FEWEST_CODES: Final = 25
_FEWEST_CODES_PER_PHONE, _MOST_CODES_PER_PHONE = 0.7, 9.0  # beyond it text and sound are not of each other


@dataclass(frozen=True, eq=False)
class Phrase:
    """One slice of a recording.

    Attributes:
        wave: [T] at the model's rate and level, T a whole number of codes.
        codes: [S] semantic tokens.
        phones: [P] phoneme ids.
        places: [S] index of the phoneme each code speaks, -1 where it is not known.
        from_text: whether the phones were read from words that were given.
        text: those words.
        context: [P, width] of the context network, for models that take it.
    """

    wave: Samples
    codes: npt.NDArray[np.int64]
    phones: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    from_text: bool
    text: str = ""
    context: npt.NDArray[np.float32] | None = None

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.codes) / CODES_PER_S


def phrases_of(
    base: BaseModel, audio: Audio, spans: Sequence[Slice], utterance: Utterance | None, *, hearing: Hearing | None = None,
    progress: Progress | None = None,
) -> list[Phrase]:
    """The phrases of a recording.

    Args:
        base: with its content encoder.
        audio: the recording.
        spans: where it was cut.
        utterance: what is said in it, read; None where nobody knows, and then what is heard stands for it.
        hearing: computes features of this base model; None computes all anew.
        progress: told once per phrase.

    Raises:
        InputError: the base model has no content encoder.
    """
    hearing, progress = hearing or Hearing(base), progress or NullProgress()
    found, left_out = list[Phrase](), 0
    progress.start(len(spans), "listening to every phrase")
    for piece in spans:
        clip = piece.of(audio.samples, audio.rate)
        told = hearing.phones(clip, audio.rate, utterance, all_said=len(spans) == 1)
        phrase = phrase_of(base, clip, audio.rate, told.ids, hearing.codes(clip, audio.rate), told.text if told.from_text else None)
        if phrase is not None:
            found.append(phrase)
        left_out += phrase is None
        progress.advance()
    progress.finish()
    if left_out:
        progress.note(f"{left_out} of {len(spans)} phrases are left out: their words do not fit their length")
    return found


@torch.inference_mode()
def phrase_of(
    base: BaseModel, clip: Samples, rate: int, phones: Sequence[int], codes: npt.NDArray[np.int64], text: str | None
) -> Phrase | None:
    """A phrase of a clip; None where it is too short, or its words cannot be in its sound.

    Args:
        base: the base model.
        clip: [T] at any level.
        rate: of it, in Hz.
        phones: what is said.
        codes: its tokens.
        text: the words; None when the phones were heard.
    """
    per_code = base.sample_rate // CODES_PER_S
    wave = level(resample(clip, rate, base.sample_rate)).astype(np.float32)
    count = min(len(codes), len(wave) // per_code)
    if count < _FEWEST_CODES or not _FEWEST_CODES_PER_PHONE <= count / max(1, len(phones)) <= _MOST_CODES_PER_PHONE:
        return None
    ids = np.asarray(phones, np.int64)
    places = _places(base.content, base.table, clip, rate, ids)
    places = np.pad(places, (0, max(0, count - len(places))), "edge")[:count] if len(places) else np.full(count, -1, np.int64)
    return Phrase(wave[: count * per_code], np.asarray(codes[:count], np.int64), ids, places, text is not None, text or "")


def _places(content: Any, table: str, clip: Samples, rate: int, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:  # noqa: ANN401 - a content encoder
    """Which phoneme each code speaks; nothing where the encoder does not know phonemes."""
    names = symbols(table)
    spoken = np.array([place for place, phone in enumerate(ids) if names[phone] not in PUNCTUATION], np.int64)
    if not isinstance(content, PhoneticContentEncoder) or not len(spoken):
        return np.zeros(0, np.int64)
    sound = torch.from_numpy(np.ascontiguousarray(level(resample(clip, rate, CONTENT_RATE)), np.float32))[None]
    log_probs = content.log_probs(sound.to(next(content.parameters()).device))[0].float().cpu().numpy()
    if len(spoken) > len(log_probs):
        return np.zeros(0, np.int64)
    found: npt.NDArray[np.int64] = spoken[phoneme_of_code(log_probs, ids[spoken].tolist(), content.blank_id)]
    return found


@dataclass(frozen=True)
class Split:
    """Phrases to learn from, and phrases to be judged by.

    Attributes:
        train: learnt from.
        held_out: never learnt from.
        guard: never learnt from either, and no step is kept that tells these worse than before.
    """

    train: tuple[Phrase, ...]
    held_out: tuple[Phrase, ...]
    guard: tuple[Phrase, ...] = ()

    def where(self, wanted: Callable[[Phrase], bool]) -> Split:
        """Only the phrases that are wanted."""
        return Split(*(tuple(phrase for phrase in some if wanted(phrase)) for some in (self.train, self.held_out, self.guard)))


def domain_split(old: Sequence[Phrase], new: Sequence[Phrase]) -> Split:
    """Learn from phrases of a domain among old ones, be judged by the domain, and guard the old.

    The domain's are repeated until they are as much speech as the old ones.

    Raises:
        InputError: there is too little speech of the domain.
    """
    domain, before = split(new), split(old) if old else Split((), ())
    seconds = [sum(phrase.seconds for phrase in some) for some in (before.train, domain.train)]
    times = max(1, round(seconds[0] / seconds[1]))
    return Split((*before.train, *domain.train * times), domain.held_out, before.held_out)


def split(phrases: Sequence[Phrase]) -> Split:
    """Keep back about a seventh of the speech, at most a minute, spread over the recording; the same phrases give the same split.

    Raises:
        InputError: there is too little speech.
    """
    total = sum(phrase.seconds for phrase in phrases)
    if total < LEAST_S or len(phrases) < FEWEST_PHRASES:
        raise InputError(
            "too little speech to tune on", expected=f"at least {LEAST_S:.0f} s in {FEWEST_PHRASES} phrases",
            found=f"{total:.0f} s in {len(phrases)}", do="give a longer recording: a minute is enough", key="too_little_speech",
        )  # fmt: skip
    wanted = min(HELD_OUT_SHARE * total, MOST_HELD_OUT_S)
    count = max(1, min(len(phrases) // 3, round(len(phrases) * wanted / total)))
    chosen = {int((place + 0.5) * len(phrases) / count) for place in range(count)}
    train = tuple(phrase for place, phrase in enumerate(phrases) if place not in chosen)
    return Split(train, tuple(phrases[place] for place in sorted(chosen)))
