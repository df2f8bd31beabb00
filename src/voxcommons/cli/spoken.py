"""One text to one labelled file, with the time it took: what the demo and the evaluation have in common.

Apart from `vox speak`, which prints and streams; here the cost is measured, and the sound goes through the same door.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voxcommons.synth.chunks import AudioChunk
from voxcommons.synth.engine import Engine, SpeakingVoice, provenance
from voxcommons.synth.options import SpeakOptions
from voxcommons.text.phonemes import TextWarning
from voxcommons.trust.audit import ReleaseLog
from voxcommons.trust.release import release_to_file


@dataclass(frozen=True)
class SpokenFile:
    """A finished file and its cost.

    Attributes:
        path: where it is.
        seconds: of sound.
        work_s: time spent on reading and making sound; writing the file is left out.
        first_sound_s: work until the first piece with sound.
        warnings: what could not be read, or came out badly.
    """

    path: Path
    seconds: float
    work_s: float
    first_sound_s: float
    warnings: tuple[TextWarning, ...]


@dataclass
class _Stopwatch:
    work_s: float = 0.0
    first_sound_s: float | None = None
    warnings: tuple[TextWarning, ...] = ()

    def watch(self, chunks: Iterator[AudioChunk], begun: float) -> Iterator[AudioChunk]:
        for chunk in chunks:
            self.work_s += time.perf_counter() - begun
            if len(chunk.samples) and self.first_sound_s is None:
                self.first_sound_s = self.work_s
            self.warnings += chunk.warnings
            yield chunk
            begun = time.perf_counter()
        self.work_s += time.perf_counter() - begun


def speak_to_file(engine: Engine, text: str, voice: SpeakingVoice, options: SpeakOptions, path: Path, home: Path) -> SpokenFile:
    """Speak a text to a file through the release door.

    Args:
        engine: with the voice's base model.
        text: any text.
        voice: who speaks.
        options: how.
        path: of the file; its ending chooses the format.
        home: the folder of user data, which holds the record of releases.

    Raises:
        Whatever `Engine.speak` and `release_to_file` raise; no file is left then.
    """
    watch = _Stopwatch()
    begun = time.perf_counter()
    chunks = watch.watch(engine.speak(text, voice, options), begun)
    made_from = provenance(text, voice, engine.base, options)
    released = release_to_file(chunks, path, provenance=made_from, log=ReleaseLog(home))
    return SpokenFile(released.path, released.seconds, watch.work_s, watch.first_sound_s or watch.work_s, watch.warnings)
