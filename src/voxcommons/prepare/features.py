"""From checked sound and text to the numbers a voice is: style, prompt codes, prompt phones.

The one file between the NumPy side of preparation and the networks, so that everything else here works without torch.
Every clip is brought to the level the models were trained at, slice by slice; the model's own rate and spectrogram are
taken from the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from voxcommons.audio.resample import resample
from voxcommons.audio.spectrogram import linear_spectrogram
from voxcommons.base.errors import InputError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.build import BaseModel
from voxcommons.models.content import RATE as CONTENT_RATE
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.ctc import phoneme_of_code
from voxcommons.models.mel_acoustic import MelAcoustic
from voxcommons.prepare.align import collapse, find_spoken, stands_out
from voxcommons.prepare.corpus import level
from voxcommons.prepare.recogniser import content_of, content_wave, heard_in, recognised
from voxcommons.prepare.sound_classes import CLASSES, class_of_symbols, pooled
from voxcommons.text.phonemes import Utterance
from voxcommons.text.symbols import PUNCTUATION, phone_ids, symbols

Samples = npt.NDArray[np.float32]

# An early recogniser agreed by 0.34 to 0.69 with what was said and by at most 0.33 with nine other texts.
LEAST_AGREEMENT: Final = 0.4
# Of 70 Japanese and 70 Cantonese clips of over 2 s 49 and 90 in 100 stood out further with their text, 5 and 4 with another's.
LEAST_STANDING_OUT: Final = 2.4
RECOGNISED: Final = ("en", "zh")  # what content encoders are taught
LONGEST_WHOLE_S, WINDOW_S, MOST_WINDOWS = 10, 4, 12
LEAST_PACE, MOST_PACE = 3.0, 25.0  # sounds a second
_END_MARK: Final = "."


@dataclass(frozen=True)
class PromptPhones:
    """What is said in the prompt.

    Attributes:
        ids: phoneme ids [P] in the base model's table, ending in a punctuation mark.
        text: the part of the given text, or empty when the phones were recognised.
        from_text: whether the phones were read from the given text.
        agreement: how well the text fits the sound (see :class:`voxcommons.prepare.align.Match`); 0 without text.
    """

    ids: tuple[int, ...]
    text: str
    from_text: bool
    agreement: float


@torch.inference_mode()
def style_of(base: BaseModel, clips: Sequence[Samples], rate: int, progress: Progress | None = None) -> npt.NDArray[np.float32]:
    """The timbre of some clips of one speaker: the mean of their styles, weighted by their length, or what the model keeps of them.

    Args:
        base: the base model.
        clips: mono [T] each, at least one, at any level.
        rate: of the clips, in Hz.
        progress: told once per clip.

    Returns:
        [gin] float32.

    Raises:
        InputError: the base model takes a speaker vector besides, and the network for it is not installed.
    """
    progress = progress or NullProgress()
    if base.semantic_to_wave.speaker_dim and base.speaker is None:
        raise InputError(
            "cannot clone with this base model yet",
            expected="the speaker-verification network it takes a vector from",
            found=f"{base.name} without it",
            do="run: vox models pull eres2netv2",
        )
    model = base.semantic_to_wave
    progress.start(len(clips), "listening to the timbre")
    if isinstance(model, MelAcoustic):
        heard = []
        for clip in clips:
            wave = _tensor(base, level(resample(clip, rate, base.sample_rate)))  # [1, T]
            heard.append(model.hear(wave, *_listened(base, content_wave(base, clip, rate))))
            progress.advance()
        progress.finish()
        return np.asarray(model.describe(heard).cpu().numpy(), np.float32)
    total = np.zeros(model.gin, np.float64)
    weight = 0
    sv = _speaker_vector(base, clips, rate)
    for clip in clips:
        wave = _tensor(base, level(resample(clip, rate, base.sample_rate)))  # [1, T]
        spec = linear_spectrogram(wave, base.n_fft, base.hop, base.win)  # [1, bins, F]
        style = model.style(spec, sv=sv)[0, :, 0].double().cpu().numpy()  # [gin]
        total += style * spec.shape[-1]
        weight += spec.shape[-1]
        progress.advance()
    progress.finish()
    return (total / weight).astype(np.float32)


def _listened(base: BaseModel, wave: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
    """Tokens of a clip [1, T] and, where phonemes are heard in it, their ids and the phoneme of each token."""
    content = content_of(base)
    codes = content.tokens(wave)[0]
    if not isinstance(content, PhoneticContentEncoder):
        return codes, None, None
    log_probs = content.log_probs_of_codes(codes[None])[0].float().cpu().numpy()
    ids = [int(phone) for phone in collapse(log_probs.argmax(1), content.blank_id)]
    if not ids:
        return codes, None, None
    places = torch.from_numpy(np.asarray(phoneme_of_code(log_probs, ids, content.blank_id), np.int64)).to(codes.device)
    return codes, torch.tensor(ids, device=codes.device), places


@torch.inference_mode()
def mixed_style(base: BaseModel, styles: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """One timbre [gin] of several, each weighing the same."""
    if len(styles) > 1 and isinstance(base.semantic_to_wave, MelAcoustic):
        return np.asarray(base.semantic_to_wave.mixed(torch.from_numpy(np.stack(styles))).numpy(), np.float32)
    return np.asarray(np.mean(styles, axis=0), np.float32)


def _speaker_vector(base: BaseModel, clips: Sequence[Samples], rate: int) -> torch.Tensor | None:
    """Who speaks in some clips [1, V], for models that take it.

    One clip is heard whole, as the public program hears its reference. Several are heard in windows of one length: cloning from a
    minute in clips of their own lengths took 400 MB more.
    """
    if base.speaker is None:
        return None
    waves = [content_wave(base, clip, rate)[0] for clip in clips]  # [T] each
    if len(waves) == 1 and len(waves[0]) <= LONGEST_WHOLE_S * CONTENT_RATE:
        return base.speaker.vector_of(waves[0])
    size = WINDOW_S * CONTENT_RATE
    sound = torch.cat(waves)
    sound = sound.repeat(-(-size // len(sound))) if len(sound) < size else sound
    windows = sound.unfold(0, size, size)[:MOST_WINDOWS]  # [N, size]
    return torch.stack([base.speaker.vector_of(window) for window in windows]).mean(0)


@torch.inference_mode()
def codes_of(base: BaseModel, prompt: Samples, rate: int) -> npt.NDArray[np.int64]:
    """Semantic tokens [S] of the prompt at 25 Hz.

    Raises:
        InputError: the base model has no content encoder.
    """
    return np.asarray(content_of(base).tokens(content_wave(base, prompt, rate))[0].cpu().numpy(), np.int64)


@torch.inference_mode()
def phones_of(base: BaseModel, prompt: Samples, rate: int, utterance: Utterance | None, *, all_said: bool = False) -> PromptPhones:
    """What is said in the prompt: the fitting part of the text, or what the base model's recogniser hears.

    Args:
        base: the base model.
        prompt: mono [T].
        rate: in Hz.
        utterance: the text of the whole recording, read; None when there is none.
        all_said: nothing else was said in the recording, so that the prompt's text need not be found.

    Returns:
        The phones; ``from_text`` is False also when the text does not fit the sound.

    Raises:
        InputError: the base model has no content encoder.
    """
    found = None
    if utterance is not None:
        log_probs, blank = heard_in(base, prompt, rate)
        if _foreign(utterance):
            foreign = _from_foreign_text(log_probs, utterance, base.table, len(prompt) / rate if all_said else None)
            if foreign is not None:
                return foreign
        else:
            found = _from_text(log_probs, utterance, blank, base.table)
    if found is not None and found.agreement >= LEAST_AGREEMENT:
        return found
    ids = _ended(tuple(int(phone) for phone in recognised(base, prompt, rate)), base.table)
    return PromptPhones(ids=ids, text="", from_text=False, agreement=found.agreement if found is not None else 0.0)


def _from_text(log_probs: npt.NDArray[np.float32], utterance: Utterance, blank: int, table: str) -> PromptPhones | None:
    """The part of a text that is spoken, widened to whole words and to the mark behind them."""
    # Marks are not heard, so the sound is matched against the rest; ``places`` leads back.
    places = [place for place, phone in enumerate(utterance.phones) if phone not in PUNCTUATION]
    match = find_spoken(log_probs, [utterance.ids[place] for place in places], blank, sound_kinds(table))
    return None if match is None else _stretch(utterance, places[match.first], places[match.last - 1] + 1, table, match.agreement)


def _foreign(utterance: Utterance) -> bool:
    """Whether most of a text is in a language the recogniser was not taught."""
    sizes = [(run.language in RECOGNISED, run.phone_end - run.phone_start) for run in utterance.runs]
    return sum(size for known, size in sizes if not known) > sum(size for known, size in sizes if known)


def _from_foreign_text(
    log_probs: npt.NDArray[np.float32], utterance: Utterance, table: str, seconds: float | None
) -> PromptPhones | None:
    """The part of a text that is spoken, found by rough classes of sound.

    Args:
        log_probs: [S, phones + 1].
        utterance: the text, read.
        table: symbol table of the base model.
        seconds: of the sound where nothing else was said: then the whole text is taken when its pace is that of speech.
    """
    classes = class_of_symbols(table)
    places = [place for place, phone in enumerate(utterance.ids) if classes[phone] >= 0]
    ids, blank, heard = [int(classes[utterance.ids[place]]) for place in places], len(CLASSES), pooled(log_probs, classes)
    match = find_spoken(heard, ids, blank)
    if match is not None and stands_out(heard, ids, blank) >= LEAST_STANDING_OUT:
        return _stretch(utterance, places[match.first], places[match.last - 1] + 1, table, match.agreement)
    if seconds is not None and places and LEAST_PACE <= len(places) / seconds <= MOST_PACE:
        return _stretch(utterance, 0, len(utterance.ids), table, 0.0 if match is None else match.agreement)
    return None


def _stretch(utterance: Utterance, first: int, last: int, table: str, agreement: float) -> PromptPhones:
    """A stretch of a text, widened to whole words and to the mark behind them."""
    first, last = _whole_words(utterance, first, last)
    words = [span for span in utterance.spans if first <= span.phone_start and span.phone_end <= last]
    text = utterance.text[min(w.text_start for w in words) : max(w.text_end for w in words)] if words else ""
    while last < len(utterance.phones) and utterance.phones[last] in PUNCTUATION:
        last += 1
    return PromptPhones(ids=_ended(utterance.ids[first:last], table), text=text, from_text=True, agreement=agreement)


def _whole_words(utterance: Utterance, first: int, last: int) -> tuple[int, int]:
    """Move the edges to the nearer edge of the word they cut."""
    for span in utterance.spans:
        middle = (span.phone_start + span.phone_end) / 2
        if span.phone_start < first < span.phone_end:
            first = span.phone_start if first <= middle else span.phone_end
        if span.phone_start < last < span.phone_end:
            last = span.phone_end if last >= middle else span.phone_start
    return first, max(last, first)


def sound_kinds(table: str) -> npt.NDArray[np.int64]:
    """Class -> kind for the symbols of a table and the blank: tones and stress marks are taken off."""
    bare = [symbol.rstrip("0123456789") or symbol for symbol in symbols(table)]
    kinds = {name: index for index, name in enumerate(dict.fromkeys(bare))}
    return np.array([*(kinds[name] for name in bare), len(kinds)], np.int64)


def _ended(ids: tuple[int, ...], table: str) -> tuple[int, ...]:
    """The phones with a full stop behind them, so that the next sentence does not run on."""
    marks = phone_ids(sorted(PUNCTUATION), table)
    return ids if ids and ids[-1] in marks else (*ids, *phone_ids((_END_MARK,), table))


def _tensor(base: BaseModel, samples: Samples) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(samples, np.float32)).to(base.device)[None]
