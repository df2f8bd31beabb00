"""A base model or a voice as the evaluation wants it: it speaks through the program's one door for sound.

Apart from the verbs, because it loads torch and the models; the evaluation itself may know neither voices nor the door.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from voxcommons.audio.files import load
from voxcommons.base.errors import InputError, UnknownVoiceError
from voxcommons.base.files import atomic_path
from voxcommons.base.progress import Progress
from voxcommons.base.settings import Settings
from voxcommons.cli.spoken import speak_to_file
from voxcommons.evaluate.base_figures import Plan, Sentence, Timing, speak_sentences, wav_path
from voxcommons.evaluate.dev_speakers import DevSpeaker
from voxcommons.evaluate.objective import Meters
from voxcommons.models.build import STARTER, BaseModel, load_base
from voxcommons.synth.engine import Engine, provenance
from voxcommons.synth.options import SpeakOptions
from voxcommons.trust.audit import ReleaseLog
from voxcommons.trust.release import release_to_file
from voxcommons.voices.base_models import base_of_voice, find_base
from voxcommons.voices.enrolment import EnrolOptions, enrol
from voxcommons.voices.library import Library, Voice
from voxcommons.voices.own_weights import own_weights
from voxcommons.voices.public_networks import equipped

_WARM_UP = {"en": "One moment please.", "zh": "请稍等。"}


def meters_of(settings: Settings, base_name: str, note: Callable[[str], None]) -> Meters:
    """Return all meters at hand, phones heard by the CTC head of a base model's content encoder.

    A base model that was converted from public files hears no phones itself; the starter then does it for it. Without a base
    model, and for each missing package, a note says what is not measured.
    """
    try:
        base = load_base(find_base(base_name, settings.home), parts=("content",))
    except InputError as error:
        note(f"phones, syllables and tones are not measured: {error}")
        return Meters(None, note)
    if base.content is None:
        note(f"{base.name} has no recogniser of phones; that of the starter listens")
        base = load_base(STARTER, parts=("content",))
    return Meters(base.content, note, base.table, base.sha256[:8])


class Speech(Protocol):
    """Sentences as this module speaks them: a `base_figures.Candidate` that can hand its sound out once more."""

    name: str
    identity: str
    facts: Mapping[str, object]
    memory_is_of: str

    def clone(self, person: DevSpeaker) -> object:
        """The voice a person's sentences are spoken with."""
        ...

    def speak(self, voice: object, text: str, language: str, path: Path) -> Timing:
        """Release a sentence to a WAV file."""
        ...

    def small_copy(self, sentence: Sentence, wav: Path) -> Path:
        """Release a spoken sentence once more, small enough for a page."""
        ...


class _Releasing:
    """What clones and voices have in common: an engine, and the way through the door.

    Args:
        base: the base model.
        settings: threads, and the folder that records releases.
        progress: told what could not be read.
    """

    memory_is_of = "speaking"

    def __init__(self, base: BaseModel, settings: Settings, progress: Progress) -> None:
        self.name = base.name
        self.facts: Mapping[str, object] = {"base": base.name, "base_sha256": base.sha256}
        self.identity = base.sha256
        self.languages = base.facts.languages
        self._engine = Engine(base, threads=settings.threads)
        self._home = settings.home
        self._progress = progress
        self._warm = False

    def speak(self, voice: object, text: str, language: str, path: Path) -> Timing:
        """Release a sentence to a WAV file as `vox speak` does by itself; the first sound is that of a stream."""
        assert isinstance(voice, Voice)
        if not self._warm:  # the first call after loading pays for caches and dictionaries
            for _ in self._engine.speak(_WARM_UP["en"] + _WARM_UP["zh"], voice):
                pass
            self._warm = True
        _small(path).unlink(missing_ok=True)
        spoken = speak_to_file(self._engine, text, voice, SpeakOptions(language=language), path, self._home)
        for warning in spoken.warnings:
            self._progress.note(f"{path.parent.name}/{path.name}: {warning.message}")
        return Timing(round(spoken.work_s, 4), round(self._first_sound_s(text, voice, language), 4))

    def _first_sound_s(self, text: str, voice: Voice, language: str) -> float:
        begun = time.perf_counter()
        stream = self._engine.speak(text, voice, SpeakOptions(language=language, streaming="token"))
        next((chunk for chunk in stream if len(chunk.samples)), None)
        return time.perf_counter() - begun

    def _copied(self, voice: Voice, sentence: Sentence, wav: Path) -> Path:
        """Release a sentence that was released as WAV once more as Opus, with a label and a record of its own."""
        small = _small(wav)
        if not small.is_file():
            options = SpeakOptions(language=sentence.clip.language)
            made_from = provenance(sentence.clip.text, voice, self._engine.base, options)
            release_to_file([load(wav)], small, provenance=made_from, log=ReleaseLog(self._home))
        return small


def _small(wav: Path) -> Path:
    return wav.with_suffix(".opus")


class ReleasedSpeech(_Releasing):
    """Clones people into a library of its own and speaks with the clones; a `base_figures.Candidate`.

    Args:
        base: with its content encoder.
        settings: threads, and the folder that records releases.
        folder: where the clones are kept.
        progress: told about cloning.
    """

    memory_is_of = "cloning_and_speaking"

    def __init__(self, base: BaseModel, settings: Settings, folder: Path, progress: Progress) -> None:
        super().__init__(base, settings, progress)
        self._library = Library(folder)

    def clone(self, person: DevSpeaker) -> Voice:
        """Make a voice from a person's reference and transcript."""
        return enrol(
            person.reference, person.name, text=person.transcript, language=person.language, base=self._engine.base,
            library=self._library, replace=True, options=EnrolOptions(take_rejected=True),
        ).voice  # fmt: skip

    def small_copy(self, sentence: Sentence, wav: Path) -> Path:
        """Release a spoken sentence once more, small enough for a page."""
        try:
            voice = self._library.get(sentence.person.name)
        except UnknownVoiceError:  # somebody cleaned up after it had spoken
            voice = self.clone(sentence.person)
        return self._copied(voice, sentence, wav)


class ReleasedVoice(_Releasing):
    """One voice of a library or a folder; a `base_figures.Candidate` that clones nobody.

    Args:
        voice: who speaks.
        base: its base model, with the weights the voice has of its own.
        settings: threads, and the folder that records releases.
        progress: told what could not be read.
    """

    def __init__(self, voice: Voice, base: BaseModel, settings: Settings, progress: Progress) -> None:
        super().__init__(base, settings, progress)
        self.name = voice.name
        self.identity = sha256(f"{voice.manifest.id} {base.sha256} {base.own_weights}".encode()).hexdigest()
        self._voice = voice

    def clone(self, _: DevSpeaker) -> Voice:
        """The voice itself."""
        return self._voice

    def small_copy(self, sentence: Sentence, wav: Path) -> Path:
        """Release a spoken sentence once more, small enough for a page."""
        return self._copied(self._voice, sentence, wav)


@dataclass(frozen=True)
class Spoken:
    """What a candidate left behind.

    Attributes:
        label: its name and the beginning of its hash: another training of the same name is another candidate.
        folder: of its sounds.
        speech: the candidate.
        facts: of speaking: which model, how much memory.
    """

    label: str
    folder: Path
    speech: Speech
    facts: Mapping[str, object]

    def small_copy(self, sentence: Sentence) -> Path | None:
        """A sentence once more, small enough for a page; None when it was not spoken."""
        wav = wav_path(self.folder, sentence)
        return self.speech.small_copy(sentence, wav) if wav.is_file() else None


def clones_of(settings: Settings, base_name: str, out: Path, progress: Progress) -> tuple[ReleasedSpeech, Path]:
    """A base model that is to clone people, and the folder of its sounds."""
    base = equipped(load_base(find_base(base_name, settings.home)), settings.home, cloning=True)
    folder = out / f"{base.name}-{base.sha256[:8]}"
    return ReleasedSpeech(base, settings, folder / "library", progress), folder


def voice_speech(settings: Settings, voice: Voice, base_name: str | None, out: Path, progress: Progress) -> tuple[ReleasedVoice, Path]:
    """A voice with its base model, and the folder of its sounds."""
    place = find_base(base_name or base_of_voice(voice.manifest.base.name, settings.home), settings.home)
    base = equipped(load_base(place, own_weights=own_weights(voice)), settings.home)
    speech = ReleasedVoice(voice, base, settings, progress)
    return speech, out / f"{voice.name}-{speech.identity[:8]}"


def speak_plan(speech: Speech, plan: Plan, folder: Path, settings: Settings, progress: Progress) -> Spoken:
    """Speak the sentences of a plan; what an earlier run has spoken is kept, with the memory it took."""
    cost = folder / "cost.json"
    peak_mb = speak_sentences(speech, plan.sentences, folder, progress)
    earlier = json.loads(cost.read_text(encoding="utf-8")) if cost.is_file() else {}
    if peak_mb is not None or not earlier:
        earlier = {"peak_memory_mb": max(round(peak_mb or 0), earlier.get("peak_memory_mb", 0))}
        with atomic_path(cost) as unfinished:
            unfinished.write_text(json.dumps(earlier), encoding="utf-8")
    facts: dict[str, object] = {
        **speech.facts,
        f"peak_memory_mb_of_{speech.memory_is_of}": earlier["peak_memory_mb"] or "not known",
        "threads": settings.threads or "library's choice",
    }
    return Spoken(folder.name, folder, speech, facts)
