"""The figures of a base model: the same run for every candidate, beside natural speech and espeak-ng.

Everybody unseen is cloned from a reference of about a minute and speaks sentences nobody reads in a reference. The
sentences come from natural clips, so natural speech is measured on the same words. Every sound and score is kept in
the output folder and taken from there next time; a new base model gets a folder of its own.

How a voice is cloned and spoken is handed in (``Candidate``), because synthetic sound leaves the program by one door
which lies above this room.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from voxcommons.audio.files import load
from voxcommons.base.errors import MissingExtraError
from voxcommons.base.files import atomic_path
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.evaluate.dev_speakers import Clip, ClipReader, DevSpeaker, cut_reference, dev_speakers, sentence_pool
from voxcommons.evaluate.espeak import espeak, espeak_program
from voxcommons.evaluate.objective import Meters, Score, Utterance
from voxcommons.evaluate.recognise import EnglishRecogniser
from voxcommons.evaluate.report import NATURAL

ESPEAK = "espeak-ng"
_MOST_PIECES = 8
_FEWEST_NATURAL = 6  # clips per person, below which pieces of the reference are measured as well


@dataclass(frozen=True)
class Timing:
    """The cost of one sentence: the whole of it and until its first sound, in seconds of the clock."""

    wall_s: float
    first_sound_s: float


class Candidate(Protocol):
    """A base model that can clone and speak."""

    name: str
    identity: str  # hexadecimal hash of its weights

    def clone(self, person: DevSpeaker) -> object:
        """Make a voice from a person's reference."""
        ...

    def speak(self, voice: object, text: str, language: str, path: Path) -> Timing:
        """Release a sentence to a WAV file."""
        ...


@dataclass(frozen=True)
class Sentence:
    """One sentence given to one person's clone."""

    person: DevSpeaker
    clip: Clip


@dataclass(frozen=True)
class Plan:
    """What is spoken and measured: the same for every candidate with the same corpus and sizes.

    Attributes:
        people: who is cloned.
        pool: natural clips whose sentences everybody else speaks too.
        sentences: the sentences, dealt to the people of their language in turn.
    """

    people: tuple[DevSpeaker, ...]
    pool: tuple[Clip, ...]
    sentences: tuple[Sentence, ...]


def make_plan(data: Path, languages: Sequence[str], sentences: int, most_people: int | None = None) -> Plan:
    """Choose people and sentences of a corpus.

    Args:
        data: the corpus folder.
        languages: ``en``, ``zh`` or both.
        sentences: per language; fewer when the corpus has fewer.
        most_people: per language, those with the most natural clips first; all without a limit.

    Raises:
        InputError: when the folder is no corpus or holds nobody to judge by.
    """
    everybody = sorted(dev_speakers(data, languages), key=lambda person: -len(person.clips))
    people, pool, dealt = [], [], []
    for language in languages:
        own = [person for person in everybody if person.language == language][:most_people]
        clips = sentence_pool(own, language, sentences)
        people += own
        pool += clips
        dealt += [Sentence(own[i % len(own)], clip) for i, clip in enumerate(clips)]
    return Plan(tuple(people), tuple(pool), tuple(dealt))


class ScoreBook:
    """Scores kept as one small JSON file each, valid for one set of meters.

    Args:
        folder: of this book.
        meters: names of the meters; scores taken with others are measured again.
    """

    def __init__(self, folder: Path, meters: Sequence[str]) -> None:
        self._folder = folder
        self._meters = list(meters)

    def get(self, system: str, speaker: str, item: str) -> Score | None:
        """Return a score if it was taken with the same meters."""
        path = self._path(system, speaker, item)
        if not path.is_file():
            return None
        kept = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(Score)}
        if kept.get("meters") != self._meters or set(kept["score"]) != known:
            return None
        return Score(**{name: _frozen(value) for name, value in kept["score"].items()})

    def put(self, score: Score) -> Score:
        """Keep a score."""
        path = self._path(score.system, score.speaker, score.item)
        with atomic_path(path) as unfinished:
            unfinished.write_text(json.dumps({"meters": self._meters, "score": asdict(score)}), encoding="utf-8")
        return score

    def _path(self, system: str, speaker: str, item: str) -> Path:
        return self._folder / system / speaker / f"{item}.json"


def _frozen(value: object) -> Any:  # noqa: ANN401 - any JSON value
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def speak_sentences(
    candidate: Candidate, sentences: Sequence[Sentence], folder: Path, progress: Progress | None = None
) -> float:
    """Clone everybody and speak all sentences to ``folder/<person>/<item>.wav``; what is there already is kept.

    Run this before any meter is loaded: the peak memory returned is that of the whole process so far, in MB.
    """
    progress = progress or NullProgress()
    progress.start(len(sentences), f"speaking with {candidate.name}")
    ordered = sorted(sentences, key=lambda s: s.person.name)
    for _, own in groupby(ordered, key=lambda s: s.person.name):
        voice: object | None = None
        for sentence in own:
            path = wav_path(folder, sentence)
            if not (path.is_file() and path.with_suffix(".json").is_file()):
                voice = candidate.clone(sentence.person) if voice is None else voice
                path.parent.mkdir(parents=True, exist_ok=True)
                timing = candidate.speak(voice, sentence.clip.text, sentence.clip.language, path)
                with atomic_path(path.with_suffix(".json")) as unfinished:
                    unfinished.write_text(json.dumps(asdict(timing)), encoding="utf-8")
            progress.advance()
    progress.finish()
    return peak_memory_mb()


def peak_memory_mb() -> float:
    """Return the highest resident memory of this process so far, in MB (10**6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def wav_path(folder: Path, sentence: Sentence) -> Path:
    """Return where a sentence's sound is kept."""
    return folder / sentence.person.name / f"{sentence.clip.item}.wav"


def measure_plan(
    plan: Plan, meters: Meters, folder: Path, candidate: tuple[str, Path] | None = None, progress: Progress | None = None
) -> list[Score]:
    """Measure natural speech, espeak-ng (where installed) and a candidate on the same sentences.

    Args:
        plan: people and sentences.
        meters: the meters at hand.
        folder: where scores are kept.
        candidate: (name, folder that ``speak_sentences`` filled).
        progress: told each measured sound.
    """
    progress = progress or NullProgress()
    book = ScoreBook(folder, meters.names)
    runs: list[Iterator[Score]] = [measure_natural(plan.people, plan.pool, meters, book)]
    try:
        espeak_program()
        runs.append(measure_espeak(plan.pool, meters, book))
    except MissingExtraError as error:
        progress.note(str(error))
    if candidate is not None:
        runs.append(measure_candidate(candidate[0], plan.sentences, candidate[1], meters, book))
    progress.start(len(runs) * len(plan.pool), "measuring")
    scores = []
    for run in runs:
        for score in run:
            scores.append(score)
            progress.advance()
    progress.finish()
    return scores


def measure_candidate(
    name: str, sentences: Sequence[Sentence], folder: Path, meters: Meters, book: ScoreBook
) -> Iterator[Score]:
    """Measure what ``speak_sentences`` left in a folder."""
    for sentence in sentences:
        clip, person = sentence.clip, sentence.person
        kept = book.get(name, person.name, clip.item)
        if kept is None:
            path = wav_path(folder, sentence)
            audio = load(path)
            spoken = Utterance(name, person.name, clip.item, clip.language, clip.text, audio.samples, audio.rate)
            timing = Timing(**json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
            kept = book.put(_timed(meters.measure(spoken), timing))
        yield kept


def _timed(score: Score, timing: Timing) -> Score:
    return Score(**{**_shallow(score), "wall_s": timing.wall_s, "first_sound_s": timing.first_sound_s})


def _shallow(score: Score) -> dict[str, Any]:
    return {field.name: getattr(score, field.name) for field in fields(Score)}


def measure_espeak(pool: Sequence[Clip], meters: Meters, book: ScoreBook) -> Iterator[Score]:
    """Measure espeak-ng on the sentences; raises MissingExtraError when it is not installed."""
    for clip in pool:
        kept = book.get(ESPEAK, ESPEAK, clip.item)
        if kept is None:
            samples, rate = espeak(clip.text, clip.language)
            kept = book.put(meters.measure(Utterance(ESPEAK, ESPEAK, clip.item, clip.language, clip.text, samples, rate)))
        yield kept


def measure_natural(
    people: Sequence[DevSpeaker], pool: Sequence[Clip], meters: Meters, book: ScoreBook
) -> Iterator[Score]:
    """Measure natural speech: the clips the sentences come from, and pieces of the references of people with few."""
    with ClipReader() as reader:
        for clip in pool:
            kept = book.get(NATURAL, clip.speaker, clip.item)
            if kept is None:
                samples, rate = reader.read(clip)
                kept = book.put(meters.measure(Utterance(NATURAL, clip.speaker, clip.item, clip.language, clip.text, samples, rate)))
            yield kept
    for person in people:
        if sum(clip.speaker == person.name for clip in pool) < min(_FEWEST_NATURAL, len(pool)):
            yield from _measure_pieces(person, meters, book)


def _measure_pieces(person: DevSpeaker, meters: Meters, book: ScoreBook) -> Iterator[Score]:
    index = book.get(NATURAL, person.name, "piece-00")
    number = 0
    while index is not None:
        yield index
        number += 1
        index = book.get(NATURAL, person.name, f"piece-{number:02d}")
    if number:
        return
    audio = load(person.reference)
    recogniser = _english() if person.language == "en" else None
    pieces = cut_reference(audio.samples, audio.rate, person.transcript, recogniser)[:_MOST_PIECES]
    scores = [
        meters.measure(Utterance(NATURAL, person.name, f"piece-{i:02d}", person.language, piece.text, piece.samples, audio.rate))
        for i, piece in enumerate(pieces)
    ]
    # Written last to first: piece-00 stands for "all pieces are there".
    for score in reversed(scores):
        book.put(score)
    yield from scores


def _english() -> EnglishRecogniser | None:
    try:
        return EnglishRecogniser()
    except MissingExtraError:
        return None  # the meters have told it already
