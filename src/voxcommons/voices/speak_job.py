"""Speaking one line of a batch as a job of the queue: a text, a voice, a file of a given loudness, and perhaps subtitles.

A second try after a crash writes the same file again, whole, and the history keeps it once: its entry is the job.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from voxcommons.jobs.job import Outcome, Payload, Row
from voxcommons.jobs.worker import Work
from voxcommons.voices.editing import lexicon_of
from voxcommons.voices.history import row_of
from voxcommons.voices.library import STYLE_MARK, Library, Voice
from voxcommons.voices.notes import Spoken

if TYPE_CHECKING:
    from voxcommons.base.settings import Settings
    from voxcommons.synth.chunks import AudioChunk
    from voxcommons.synth.engine import Engine

KIND: Final = "speak"
_LOUDEST_PEAK: Final = 0.97


@dataclass(frozen=True)
class Line:
    """One line to be spoken.

    Attributes:
        voice: name in the library.
        text: the words; ``[pause 0.5s]`` is silence.
        file: absolute path of the sound; its ending chooses the format.
        style: one of the voice's styles; empty for its plain self.
        language: mode of reading.
        speed: tempo.
        seed: of the sampling.
        takes: times each sentence is tried.
        loudness: in LUFS; every file of a batch has the same, as near as its peaks allow.
        subtitles: endings of subtitle files to write beside the sound.
        base: a base model; empty for the one the voice was made for.
        batch: the batch it belongs to.
    """

    voice: str
    text: str
    file: str
    style: str = ""
    language: str = "auto"
    speed: float = 1.0
    seed: int = 0
    takes: int = 4
    loudness: float = -23.0
    subtitles: tuple[str, ...] = ()
    base: str = ""
    batch: str = ""

    def payload(self) -> dict[str, Any]:
        """The line as JSON values."""
        return asdict(self) | {"subtitles": list(self.subtitles)}

    @classmethod
    def of(cls, payload: Payload) -> Line:
        """The line that a payload holds; what else is in it is left."""
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in payload.items() if name in known}
        return cls(**given | {"subtitles": tuple(payload.get("subtitles", ()))})


class SpeakHandler:
    """Speaks lines, and keeps the last base model loaded from one line to the next.

    Args:
        settings: of the installation.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: tuple[tuple[str, str], Engine] | None = None

    def __call__(self, work: Work) -> Outcome:
        """Do one job.

        Raises:
            InputError: the voice, the text or the place cannot be used.
            Cancelled: the job is to stop.
        """
        line = Line.of(work.payload)
        voice = Library(self._settings.home).get(f"{line.voice}{STYLE_MARK}{line.style}")
        engine = self._engine_for(voice, line.base, work)
        facts = self._speak(line, voice, engine, work)
        if not self._settings.history:
            return Outcome(facts)
        entry = Spoken(
            voice.name, voice.manifest.id, line.text, facts["seconds"], voice.style, line.language, line.file, facts["release_id"],
            line.batch, entry=work.job_id,
        )  # fmt: skip
        return Outcome(facts, [Row("spoken", row_of(entry))])

    def _speak(self, line: Line, voice: Voice, engine: Engine, work: Work) -> dict[str, Any]:
        from voxcommons.audio.loudness import lufs  # these load scipy and torch, which ordering must not
        from voxcommons.synth.engine import provenance
        from voxcommons.synth.options import SpeakOptions
        from voxcommons.synth.subtitles import Subtitles
        from voxcommons.text.script import plain_script
        from voxcommons.trust.audit import ReleaseLog
        from voxcommons.trust.release import release_to_file

        options = SpeakOptions(language=line.language, speed=line.speed, seed=line.seed, takes=line.takes, lexicon=lexicon_of(voice, None))
        if line.subtitles:
            options = replace(options, word_times=engine.tells_words)
        watcher = Subtitles()
        spoken = list(_watched(watcher.watched(engine.speak(plain_script(line.text), voice, options)), work))
        chunks = matched(spoken, line.loudness)
        warnings = [warning.message for chunk in chunks for warning in chunk.warnings]
        path = Path(line.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        work.check()
        made_from = provenance(line.text, voice, engine.base, options)
        released = release_to_file(chunks, path, provenance=made_from, log=ReleaseLog(self._settings.home))
        for ending in line.subtitles:
            watcher.write(path.with_suffix(f".{ending}"))
        loud = lufs(np.concatenate([chunk.samples for chunk in chunks]), released.rate)
        return {
            "file": line.file, "seconds": round(released.seconds, 3), "lufs": round(loud, 2) if np.isfinite(loud) else None,
            "sha256": released.sha256, "release_id": released.release_id, "warnings": warnings,
        }  # fmt: skip

    def _engine_for(self, voice: Voice, base_name: str, work: Work) -> Engine:
        from voxcommons.models.build import load_base
        from voxcommons.synth.engine import Engine
        from voxcommons.voices.base_models import base_of_voice, find_base
        from voxcommons.voices.own_weights import own_weights
        from voxcommons.voices.public_networks import equipped

        place = find_base(base_name or base_of_voice(voice.manifest.base.name, self._settings.home), self._settings.home)
        own = own_weights(voice)
        key = (str(place), own.sha256 if own is not None else "")
        if self._engine is None or self._engine[0] != key:
            work.start(None, "loading the base model")
            self._engine = None  # let go of the last one first: two may not fit
            base = equipped(load_base(place, own_weights=own), self._settings.home)
            self._engine = (key, Engine(base, threads=self._settings.threads))
        return self._engine[1]


def matched(chunks: list[AudioChunk], loudness: float) -> list[AudioChunk]:
    """The same speech at a loudness, in LUFS, or as near as its highest peak allows; silence stays as it is."""
    from voxcommons.audio.loudness import lufs

    samples = np.concatenate([chunk.samples for chunk in chunks]) if chunks else np.zeros(0, np.float32)
    peak = float(np.max(np.abs(samples), initial=0.0))
    measured = lufs(samples, chunks[0].rate) if peak else float("-inf")
    if not np.isfinite(measured):
        return chunks
    gain = np.float32(min(10.0 ** ((loudness - measured) / 20.0), _LOUDEST_PEAK / peak))
    return [replace(chunk, samples=(chunk.samples * gain).astype(np.float32)) for chunk in chunks]


def _watched(chunks: Iterator[AudioChunk], work: Work) -> Iterator[AudioChunk]:
    """The chunks, with progress told, and stopped between two of them where that is wanted."""
    begun = False
    for chunk in chunks:
        if not begun:
            work.start(chunk.sentences, "speaking")
            begun = True
        if chunk.final:
            work.advance()
        yield chunk
    work.finish()
