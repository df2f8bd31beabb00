"""The recordings a voice is tuned on, old and new, as phrases.

Apart from the tuning because reading, cutting and listening end before a network is trained, and the model that listens is let go
of before the one that learns is loaded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from voxcommons.audio.activity import speech_frames
from voxcommons.audio.files import Audio, load
from voxcommons.audio.resample import resample
from voxcommons.base.errors import InputError
from voxcommons.base.progress import Progress
from voxcommons.models.build import BaseModel, Placement, load_base
from voxcommons.prepare.check import SHORTEST_S, check
from voxcommons.prepare.recording import cut
from voxcommons.prepare.slice import Slice, slices
from voxcommons.synth.context import context_of
from voxcommons.text.reader import read
from voxcommons.train.phrases import Phrase, Split, domain_split, phrases_of, split
from voxcommons.voicefile.manifest import REFERENCE_FILE, TRANSCRIPT_FILE
from voxcommons.voices.cloning import UNKNOWN_LANGUAGE, read_transcript
from voxcommons.voices.library import Voice
from voxcommons.voices.public_networks import equipped

MOST_SECONDS: Final = 1800.0  # of one recording: half an hour at 48 kHz took 2.6 GB to read and to judge
MOST_TOTAL_S: Final = 2 * 3600.0
_HIGHEST_RATE: Final = 32_000  # what any of the models speaks at


@dataclass(frozen=True)
class Source:
    """A recording to tune on.

    Attributes:
        path: the recording.
        text: what is said in it; None where nobody knows.
        language: of it, a mode of `text.reader.read`; None finds it.
    """

    path: Path
    text: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Gathered:
    """Phrases of all sources; `first` of them are of the recording the voice had."""

    phrases: tuple[Phrase, ...]
    first: int
    added: tuple[tuple[Source, Audio], ...]

    def split(self, *, domain: bool) -> Split:
        """What is learnt from, and what is kept back."""
        return domain_split(self.phrases[: self.first], self.phrases[self.first :]) if domain else split(self.phrases)


def gather(voice: Voice, added: Sequence[Source], base_place: Path, home: Path, *, device: str, progress: Progress) -> Gathered:
    """Read all recordings and listen to their phrases.

    Args:
        voice: whose recording comes first, where it keeps one.
        added: further recordings.
        base_place: folder of the base model that listens.
        home: VOX_HOME.
        device: where it listens.
        progress: told about each stage.

    Raises:
        InputError: there is nothing to tune on, or a recording or the base model cannot be used.
        CorruptFileError: a recording is damaged.
    """
    taken = _read_all(added, progress)  # a mistake is told before a model is loaded
    own = _own_source(voice)
    if own is None and not taken:
        raise InputError(
            "there is nothing to tune on", expected="a voice that keeps its recording, or --add RECORDING", found=f"{voice.name} without",
            do="give recordings with --add, or clone again without --no-recording",
        )  # fmt: skip
    progress.start(None, "loading the base model to listen with")
    base = equipped(load_base(base_place, placement=Placement(device), parts=("content", "semantic_to_wave")), home, cloning=True)
    check_base(voice, base)
    phrases: list[Phrase] = []
    first = 0
    if own is not None:
        phrases += _phrases(base, own, _read(own, progress), progress)
        first = len(phrases)
    for source, read_in in taken:
        phrases += _phrases(base, source, read_in, progress)
    return Gathered(tuple(phrases), first, tuple((source, read_in.audio) for source, read_in in taken))


def _read_all(added: Sequence[Source], progress: Progress) -> list[tuple[Source, _Cut]]:
    """Read recordings, as many as there is memory for."""
    taken, seconds = list[tuple[Source, _Cut]](), 0.0
    for source in added:
        if seconds > MOST_TOTAL_S:
            progress.note(f"{len(added) - len(taken)} recordings are left out: {MOST_TOTAL_S / 3600:.0f} hours are enough at once")
            break
        taken.append((source, _read(source, progress)))
        seconds += len(taken[-1][1].audio.samples) / taken[-1][1].audio.rate
    return taken


def _own_source(voice: Voice) -> Source | None:
    if not voice.has_recording:
        return None
    words = voice.folder / TRANSCRIPT_FILE
    text = words.read_text(encoding="utf-8") if TRANSCRIPT_FILE in voice.manifest.files else None
    language = voice.manifest.language
    return Source(voice.folder / REFERENCE_FILE, text, None if language == UNKNOWN_LANGUAGE else language)


@dataclass(frozen=True)
class _Cut:
    """A recording and where it was cut."""

    audio: Audio
    spans: tuple[Slice, ...]


def _read(source: Source, progress: Progress) -> _Cut:
    """Read and cut a recording; a single sentence may be shorter than what a voice can be made of.

    Raises:
        InputError: nobody speaks in it.
    """
    audio = load(source.path, max_seconds=MOST_SECONDS, progress=progress)
    if audio.rate > _HIGHEST_RATE:
        audio = dataclasses.replace(audio, samples=resample(audio.samples, audio.rate, _HIGHEST_RATE), rate=_HIGHEST_RATE)
    if len(audio.samples) >= SHORTEST_S * audio.rate:
        prepared = cut(check(audio))
        return _Cut(prepared.checked.audio, prepared.references)
    spans = slices(audio.samples, audio.rate, speech_frames(audio.samples, audio.rate))
    if not spans:
        raise InputError("the recording holds no speech", expected="somebody speaking", found=source.path.name, key="recording_silent")
    return _Cut(audio, tuple(spans))


def _phrases(base: BaseModel, source: Source, read_in: _Cut, progress: Progress) -> list[Phrase]:
    transcript = read_transcript(source.text, source.language, table=base.table)
    found = phrases_of(base, read_in.audio, read_in.spans, transcript.utterance, progress=progress)
    return [_with_context(base, phrase) for phrase in found] if base.context is not None else found


def _with_context(base: BaseModel, phrase: Phrase) -> Phrase:
    """A phrase with its context features, where its words give its phonemes."""
    if base.context is None or not phrase.text:
        return phrase
    utterance = read(phrase.text, "auto", table=base.table)
    count = len(utterance.ids)
    if not 0 < count <= len(phrase.phones) or tuple(phrase.phones[:count].tolist()) != utterance.ids:
        return phrase
    rows = np.zeros((len(phrase.phones), base.context.width), np.float32)
    rows[:count] = context_of(base.context, utterance).numpy()
    return dataclasses.replace(phrase, context=rows)


def check_base(voice: Voice, base: BaseModel) -> None:
    """Refuse a base model that a voice was not made for."""
    if voice.manifest.base.sha256 != base.sha256:
        raise InputError(
            f"the voice {voice.name} was made for another base model", expected=voice.manifest.base.name, found=base.name,
            do="use that base model (--base)",
        )  # fmt: skip
