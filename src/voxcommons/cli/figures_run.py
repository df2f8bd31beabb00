"""A base model as the evaluation wants it: clones and speaks through the program's one door for sound.

Apart from the verb, because it loads torch and the models; the evaluation itself may know neither voices nor the door.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from voxcommons.base.errors import InputError
from voxcommons.base.progress import Progress
from voxcommons.base.settings import Settings
from voxcommons.cli.spoken import speak_to_file
from voxcommons.evaluate.base_figures import Plan, Timing, speak_sentences
from voxcommons.evaluate.dev_speakers import DevSpeaker
from voxcommons.evaluate.objective import Meters
from voxcommons.models.build import BaseModel, load_base
from voxcommons.synth.engine import Engine
from voxcommons.synth.options import SpeakOptions
from voxcommons.voices.cloning import clone
from voxcommons.voices.library import Library, Voice

_WARM_UP = {"en": "One moment please.", "zh": "请稍等。"}


def meters_of(base_name: str, note: Callable[[str], None]) -> Meters:
    """Return all meters at hand, phones heard by the CTC head of a base model's content encoder.

    Without a base model, without an encoder in it, and for each missing package a note says what is not measured.
    """
    try:
        base = load_base(base_name, parts=("content",))
    except InputError as error:
        note(f"phones, syllables and tones are not measured: {error}")
        return Meters(None, note)
    if base.content is None:
        note(f"phones, syllables and tones are not measured: {base.name} has no content encoder")
    return Meters(base.content, note, base.table, base.sha256[:8])


class ReleasedSpeech:
    """Clones people into a library of its own and speaks with the clones; a `base_figures.Candidate`.

    Args:
        base: with its content encoder.
        settings: threads, and the folder that records releases.
        folder: where the clones are kept.
        progress: told about cloning.
    """

    def __init__(self, base: BaseModel, settings: Settings, folder: Path, progress: Progress) -> None:
        self.name = base.name
        self.identity = base.sha256
        self._engine = Engine(base, threads=settings.threads)
        self._home = settings.home
        self._library = Library(folder)
        self._progress = progress
        self._warm = False

    def clone(self, person: DevSpeaker) -> Voice:
        """Make a voice from a person's reference and transcript."""
        return clone(
            person.reference, person.name, text=person.transcript, language=person.language, base=self._engine.base,
            library=self._library, replace=True,
        )

    def speak(self, voice: object, text: str, language: str, path: Path) -> Timing:
        """Release a sentence to a WAV file as `vox speak` does by itself; the first sound is that of a stream."""
        assert isinstance(voice, Voice)
        if not self._warm:  # the first call after loading pays for caches and dictionaries
            for _ in self._engine.speak(_WARM_UP["en"] + _WARM_UP["zh"], voice):
                pass
            self._warm = True
        spoken = speak_to_file(self._engine, text, voice, SpeakOptions(language=language), path, self._home)
        for warning in spoken.warnings:
            self._progress.note(f"{path.parent.name}/{path.name}: {warning.message}")
        return Timing(round(spoken.work_s, 4), round(self._first_sound_s(text, voice, language), 4))

    def _first_sound_s(self, text: str, voice: Voice, language: str) -> float:
        begun = time.perf_counter()
        stream = self._engine.speak(text, voice, SpeakOptions(language=language, streaming="token"))
        next((chunk for chunk in stream if len(chunk.samples)), None)
        return time.perf_counter() - begun


def speak_plan(
    settings: Settings, base_name: str, plan: Plan, out: Path, progress: Progress
) -> tuple[tuple[str, Path], dict[str, object]]:
    """Clone everybody of a plan and speak its sentences; returns ((name, folder of the sounds), facts of the run)."""
    base = load_base(base_name)
    label = f"{base.name}-{base.sha256[:8]}"  # another training of the same name is another candidate
    folder = out / label
    candidate = ReleasedSpeech(base, settings, folder / "library", progress)
    peak_mb = speak_sentences(candidate, plan.sentences, folder, progress)
    facts: dict[str, object] = {
        "base": base.name,
        "base_sha256": base.sha256,
        "peak_memory_mb_of_cloning_and_speaking": round(peak_mb),
        "threads": settings.threads or "library's choice",
    }
    return (label, folder), facts
