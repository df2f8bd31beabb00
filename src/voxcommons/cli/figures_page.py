"""The sound of an evaluation's page: natural clips as they are, synthetic ones released once more in a small format.

Apart from the page, which may know neither where recordings lie nor the door that synthetic sound leaves by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxcommons.audio.files import encode_opus, load
from voxcommons.base.files import atomic_path
from voxcommons.cli.figures_run import Spoken
from voxcommons.evaluate.base_figures import Plan
from voxcommons.evaluate.dev_speakers import ClipReader, cut_reference
from voxcommons.evaluate.figures import NATURAL
from voxcommons.evaluate.findings import Findings
from voxcommons.evaluate.objective import Score
from voxcommons.evaluate.page import Clip, Subject, page
from voxcommons.trust.labels import STATEMENT, read_label

Recording = tuple[NDArray[np.float32], int]
NaturalSound = Callable[[str, str], Recording | None]
"""From a person and an item to samples [T] and rate."""

_LONGEST_S = 12.0  # of a natural clip


class CorpusSound:
    """Natural clips of a plan, by person and item.

    Args:
        plan: whose clips and references.
    """

    def __init__(self, plan: Plan) -> None:
        self._clips = {(clip.speaker, clip.item): clip for clip in plan.pool}
        self._people = {person.name: person for person in plan.people}

    def __call__(self, speaker: str, item: str) -> Recording | None:
        """Return a clip, or a piece of a reference as `base_figures` cuts it."""
        if (speaker, item) in self._clips:
            with ClipReader() as reader:
                return reader.read(self._clips[speaker, item])
        if speaker not in self._people or not item.startswith("piece-"):
            return None
        audio = load(self._people[speaker].reference)
        pieces = cut_reference(audio.samples, audio.rate, "", None)
        number = int(item.removeprefix("piece-"))
        return (pieces[number].samples, audio.rate) if number < len(pieces) else None


def write_page(path: Path, subject: Subject, found: Findings, natural: NaturalSound, plan: Plan, spoken: Sequence[Spoken]) -> None:
    """Write the page of a run.

    Args:
        path: the file.
        subject: what it is about.
        found: the run's results.
        natural: where natural speech comes from.
        plan: whose sentences were spoken.
        spoken: the candidates that spoke them.
    """
    systems: Mapping[str, Spoken] = {one.label: one for one in spoken}
    sentences = {(s.person.name, s.clip.item): s for s in plan.sentences}

    def sound_of(score: Score) -> Clip | None:
        if score.system == NATURAL:
            recording = natural(score.speaker, score.item)
            if recording is None:
                return None
            samples, rate = recording
            return Clip(encode_opus(samples[: int(_LONGEST_S * rate)], rate), "natural recording")
        sentence, system = sentences.get((score.speaker, score.item)), systems.get(score.system)
        small = system.small_copy(sentence) if system is not None and sentence is not None else None
        if small is None:
            return None
        label = read_label(small) or {}
        return Clip(small.read_bytes(), f"{STATEMENT}, release {label.get('ProduceID', 'unknown')}")

    text = page(subject, found, sound_of)
    with atomic_path(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
