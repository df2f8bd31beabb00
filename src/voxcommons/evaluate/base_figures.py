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
from dataclasses import asdict, dataclass, fields, replace
from itertools import count, groupby, takewhile
from pathlib import Path
from typing import Any, Protocol

from voxcommons.audio.files import load
from voxcommons.base.errors import MissingExtraError
from voxcommons.base.files import atomic_path
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.evaluate.dev_speakers import Clip, ClipReader, DevSpeaker, cut_reference, dev_speakers, sentence_pool
from voxcommons.evaluate.espeak import espeak, espeak_program
from voxcommons.evaluate.figures import ESPEAK, NATURAL
from voxcommons.evaluate.objective import Meters, Score, Utterance

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
    """Scores kept as one small JSON file each, with the names of the meters they were taken with.

    A score is complete when all of today's meters took part; otherwise only the others are run. A figure that an earlier
    version did not know is empty until its meter, which then has another name, is run.

    Args:
        folder: of this book.
        meters: the meters of today.
    """

    def __init__(self, folder: Path, meters: Meters) -> None:
        self._folder = folder
        self.meters = meters

    def get(self, system: str, speaker: str, item: str) -> Score | None:
        """Return a score if it is there and complete."""
        kept = self._kept(system, speaker, item)
        return kept[0] if kept is not None and set(self.meters.names) <= set(kept[1]) else None

    def measure(self, utterance: Utterance, timing: Timing | None = None) -> Score:
        """Measure an utterance with the meters that have not seen it yet, and keep the score."""
        earlier = self._kept(utterance.system, utterance.speaker, utterance.item)
        score = self.meters.measure(utterance, earlier)
        if timing is not None:
            score = replace(score, wall_s=timing.wall_s, first_sound_s=timing.first_sound_s)
        names = sorted({*self.meters.names, *(earlier[1] if earlier is not None else ())})
        with atomic_path(self._path(score.system, score.speaker, score.item)) as unfinished:
            unfinished.write_text(json.dumps({"meters": names, "score": asdict(score)}), encoding="utf-8")
        return score

    def forget(self, score: Score) -> None:
        """Drop a score whose sound is no longer there."""
        self._path(score.system, score.speaker, score.item).unlink(missing_ok=True)

    def _kept(self, system: str, speaker: str, item: str) -> tuple[Score, list[str]] | None:
        path = self._path(system, speaker, item)
        if not path.is_file():
            return None
        kept = json.loads(path.read_text(encoding="utf-8"))
        if not set(kept["score"]) <= {field.name for field in fields(Score)}:  # another version measured something else
            return None
        return Score(**{name: _frozen(value) for name, value in kept["score"].items()}), kept["meters"]

    def _path(self, system: str, speaker: str, item: str) -> Path:
        return self._folder / system / speaker / f"{item}.json"


def _frozen(value: object) -> Any:  # noqa: ANN401 - any JSON value
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def speak_sentences(
    candidate: Candidate, sentences: Sequence[Sentence], folder: Path, progress: Progress | None = None
) -> float | None:
    """Clone everybody and speak all sentences to ``folder/<person>/<item>.wav``; what is there already is kept.

    Run this before any meter is loaded: the peak memory returned is that of the whole process so far, in MB.
    None when everything was there and nothing was spoken.
    """
    spoke = False
    progress = progress or NullProgress()
    progress.start(len(sentences), f"speaking with {candidate.name}")
    ordered = sorted(sentences, key=lambda s: s.person.name)
    for _, own in groupby(ordered, key=lambda s: s.person.name):
        voice: object | None = None
        for sentence in own:
            path = wav_path(folder, sentence)
            if not (path.is_file() and path.with_suffix(".json").is_file()):
                voice = candidate.clone(sentence.person) if voice is None else voice
                spoke = True
                path.parent.mkdir(parents=True, exist_ok=True)
                timing = candidate.speak(voice, sentence.clip.text, sentence.clip.language, path)
                with atomic_path(path.with_suffix(".json")) as unfinished:
                    unfinished.write_text(json.dumps(asdict(timing)), encoding="utf-8")
            progress.advance()
    progress.finish()
    return peak_memory_mb() if spoke else None


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
    book = ScoreBook(folder, meters)
    pieces = _MOST_PIECES * sum(_needs_pieces(person, plan.pool) for person in plan.people)
    natural = measure_natural(plan.people, plan.pool, book)
    return measure_all(plan, (natural, len(plan.pool) + pieces), [candidate] if candidate is not None else [], book, progress)


def measure_all(
    plan: Plan, natural: tuple[Iterator[Score], int], candidates: Sequence[tuple[str, Path]], book: ScoreBook, progress: Progress
) -> list[Score]:
    """Measure natural speech, espeak-ng (where installed) and candidates in this order.

    Args:
        plan: the sentences.
        natural: scores of natural recordings, and how many they are at most.
        candidates: (name, folder that ``speak_sentences`` filled) of each.
        book: where scores are kept.
        progress: told each measured sound.
    """
    runs = [natural[0]]
    try:
        espeak_program()
        runs.append(measure_espeak(plan.pool, book))
    except MissingExtraError as error:
        progress.note(str(error))
    runs += [measure_candidate(name, plan.sentences, sounds, book) for name, sounds in candidates]
    progress.start(natural[1] + (len(runs) - 1) * len(plan.pool), "measuring")
    scores = []
    for run in runs:
        for score in run:
            scores.append(score)
            progress.advance()
    progress.finish()
    return scores


def measure_candidate(
    name: str, sentences: Sequence[Sentence], folder: Path, book: ScoreBook
) -> Iterator[Score]:
    """Measure what ``speak_sentences`` left in a folder."""
    for sentence in sentences:
        clip, person = sentence.clip, sentence.person
        path = wav_path(folder, sentence)
        timing = Timing(**json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
        kept = book.get(name, person.name, clip.item)
        if kept is not None and kept.wall_s != timing.wall_s:  # the sentence was spoken anew since
            book.forget(kept)
            kept = None
        if kept is None:
            audio = load(path)
            spoken = Utterance(name, person.name, clip.item, clip.language, clip.text, audio.samples, audio.rate)
            kept = book.measure(spoken, timing)
        yield kept


def measure_espeak(pool: Sequence[Clip], book: ScoreBook) -> Iterator[Score]:
    """Measure espeak-ng on the sentences; raises MissingExtraError when it is not installed."""
    for clip in pool:
        kept = book.get(ESPEAK, ESPEAK, clip.item)
        if kept is None:
            samples, rate = espeak(clip.text, clip.language)
            kept = book.measure(Utterance(ESPEAK, ESPEAK, clip.item, clip.language, clip.text, samples, rate))
        yield kept


def measure_natural(
    people: Sequence[DevSpeaker], pool: Sequence[Clip], book: ScoreBook
) -> Iterator[Score]:
    """Measure natural speech: the clips the sentences come from, and pieces of the references of people with few."""
    with ClipReader() as reader:
        for clip in pool:
            kept = book.get(NATURAL, clip.speaker, clip.item)
            if kept is None:
                samples, rate = reader.read(clip)
                kept = book.measure(Utterance(NATURAL, clip.speaker, clip.item, clip.language, clip.text, samples, rate))
            yield kept
    for person in people:
        if _needs_pieces(person, pool):
            yield from _measure_pieces(person, book)


def _needs_pieces(person: DevSpeaker, pool: Sequence[Clip]) -> bool:
    return sum(clip.speaker == person.name for clip in pool) < min(_FEWEST_NATURAL, len(pool))


def _measure_pieces(person: DevSpeaker, book: ScoreBook) -> Iterator[Score]:
    complete = _complete_pieces(person, book)
    if complete:
        yield from complete
        return
    audio = load(person.reference)
    recogniser = book.meters.english if person.language == "en" else None
    pieces = cut_reference(audio.samples, audio.rate, person.transcript, recogniser)[:_MOST_PIECES]
    # Last to first: piece 0 stands for "all pieces are there". Handed out first to last, as a second run finds them.
    scores = [
        book.measure(Utterance(NATURAL, person.name, _piece_name(number), person.language, piece.text, piece.samples, audio.rate))
        for number, piece in reversed(list(enumerate(pieces)))
    ]
    yield from reversed(scores)


def _complete_pieces(person: DevSpeaker, book: ScoreBook) -> list[Score]:
    kept = (book.get(NATURAL, person.name, _piece_name(number)) for number in count())
    return list(takewhile(lambda score: score is not None, kept))  # type: ignore[arg-type]


def _piece_name(number: int) -> str:
    return f"piece-{number:02d}"
