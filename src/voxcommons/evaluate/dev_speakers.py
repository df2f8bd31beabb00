"""The unseen people a base model is judged by: one reference each, and natural speech to compare with.

Reads the project's training corpus format: ``manifest.tsv`` (one line per clip), tar archives beside it, and
``references/references.tsv`` with one recording of about a minute per person and its transcript. Apart, because the
figures need clips and texts and must not care where they lie.
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from voxcommons.audio.activity import activity
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.evaluate.edits import edit_path
from voxcommons.evaluate.recognise import EnglishRecogniser, english_words

SHORTEST_S, LONGEST_S = 2.0, 10.0
_FEWEST_UNITS = {"en": 5, "zh": 6}  # words or characters of a sentence worth speaking
_PIECE_S = 5.0


@dataclass(frozen=True)
class Clip:
    """One natural recording inside an archive."""

    archive: Path
    path: str
    speaker: str
    language: str
    text: str
    seconds: float

    @property
    def item(self) -> str:
        """A short name that is unique in the corpus and fit for a file name."""
        return f"{Path(self.path).stem[:24]}-{sha256(self.path.encode()).hexdigest()[:6]}"


@dataclass(frozen=True)
class DevSpeaker:
    """One person the model has not heard: what is cloned, and natural clips that are not in it."""

    name: str
    language: str
    gender: str
    reference: Path
    transcript: str
    clips: tuple[Clip, ...]


def corpus_beside_checkout() -> Path | None:
    """Return the speech folder of the shared data beside a source checkout, if this runs from one and it is there."""
    root = Path(__file__).resolve().parents[3]
    folder = root.parent / "shared" / "speech"
    return folder if (root / "pyproject.toml").is_file() and folder.is_dir() else None


def dev_speakers(data: Path, languages: Sequence[str] = ("en", "zh")) -> list[DevSpeaker]:
    """Read the unseen people of a corpus: those whose reference is marked as not in training.

    Args:
        data: folder with ``manifest.tsv``, the archives and ``references/``.
        languages: which languages to keep.

    Raises:
        InputError: when a file is missing or nobody is left.
    """
    references = data / "references" / "references.tsv"
    for needed in (data / "manifest.tsv", references):
        if not needed.is_file():
            raise InputError(
                "this is no corpus folder", expected=f"the file {needed.name}", found=f"nothing at {needed}",
                do="give the folder that holds manifest.tsv and references/ with --data",
            )
    clips = _unseen_clips(data)
    people = []
    for row in _rows(references):
        if row["in_training"] != "no" or row["language"] not in languages:
            continue
        transcript = references.with_name(row["name"] + ".txt").read_text(encoding="utf-8").strip()
        known = _letters(transcript)
        own = tuple(c for c in clips.get(row["speaker"], ()) if _letters(c.text) not in known)
        recording = references.with_name(row["name"] + ".flac")
        people.append(DevSpeaker(row["speaker"], row["language"], row["gender"], recording, transcript, own))
    if not people:
        raise InputError("the corpus holds nobody to judge by", expected="references with in_training 'no'",
                         found=f"none for {', '.join(languages)} in {references}")
    return people


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def _unseen_clips(data: Path) -> dict[str, list[Clip]]:
    """Clips of the split dev_unseen per speaker, in a fixed shuffled order, with text and of a usable length."""
    found: dict[str, list[Clip]] = {}
    for row in _rows(data / "manifest.tsv"):
        text, language, seconds = row["text"].strip(), row["language"], float(row["seconds"])
        units = len(text.split()) if language == "en" else len(text)
        if row["split"] != "dev_unseen" or units < _FEWEST_UNITS.get(language, 1):
            continue
        if SHORTEST_S <= seconds <= LONGEST_S:
            clip = Clip(data / row["archive"], row["path"], row["speaker"], language, text, seconds)
            found.setdefault(clip.speaker, []).append(clip)
    for clips in found.values():
        clips.sort(key=lambda clip: sha256(clip.path.encode()).digest())
    return found


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def sentence_pool(people: Sequence[DevSpeaker], language: str, count: int) -> list[Clip]:
    """Choose sentences nobody reads in a reference, taking turns between the speakers they come from.

    The natural clips of these sentences are the yardstick, so that all systems are judged by the same words.
    """
    known = "\n".join(_letters(person.transcript) for person in people)
    turns = zip_longest(*(person.clips for person in people if person.language == language))
    pool: list[Clip] = []
    seen: set[str] = set()
    for clip in chain.from_iterable(turns):
        letters = _letters(clip.text) if clip is not None else ""
        if clip is None or letters in seen or letters in known:
            continue
        seen.add(letters)
        pool.append(clip)
    return pool[:count]


class ClipReader:
    """Reads clips out of tar archives, opening each archive once; a context manager."""

    def __init__(self) -> None:
        self._archives: dict[Path, tarfile.TarFile] = {}

    def __enter__(self) -> ClipReader:
        return self

    def __exit__(self, *_: object) -> None:
        for archive in self._archives.values():
            archive.close()
        self._archives.clear()

    def read(self, clip: Clip) -> tuple[NDArray[np.float32], int]:
        """Return a clip as (samples [T], rate).

        Raises:
            CorruptFileError: when archive or clip cannot be read.
        """
        try:
            if clip.archive not in self._archives:
                self._archives[clip.archive] = tarfile.open(clip.archive)  # noqa: SIM115 - closed by __exit__
            member = self._archives[clip.archive].extractfile(clip.path)
            assert member is not None
            samples, rate = soundfile.read(io.BytesIO(member.read()), dtype="float32", always_2d=True)
        except (OSError, KeyError, tarfile.TarError, soundfile.LibsndfileError) as error:
            raise CorruptFileError(
                "a clip of the corpus cannot be read", expected=f"{clip.path} in {clip.archive.name}",
                found=f"{type(error).__name__}: {error}",
            ) from error
        return samples.mean(1), int(rate)


@dataclass(frozen=True)
class Piece:
    """A part of a reference between two pauses, with the words that lie in it (empty when unknown)."""

    samples: NDArray[np.float32]
    text: str


def cut_reference(
    samples: NDArray[np.float32], rate: int, transcript: str, recogniser: EnglishRecogniser | None
) -> list[Piece]:
    """Cut a long English recording at pauses into pieces of about five seconds and deal out its transcript.

    The words of the transcript go to the pieces by what a recogniser heard in each; a word it did not hear stays
    with the word before it.
    """
    bounds = [0]
    speech = activity(samples, rate)
    for (_, end_s), (start_s, _) in zip(speech, speech[1:], strict=False):
        if (end_s + start_s) / 2 - bounds[-1] / rate >= _PIECE_S and start_s - end_s >= 0.15:
            bounds.append(int((end_s + start_s) / 2 * rate))
    last_is_short = len(bounds) > 1 and (len(samples) - bounds[-1]) / rate < _PIECE_S / 2
    bounds = [*(bounds[:-1] if last_is_short else bounds), len(samples)]
    sounds = [samples[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]
    if recogniser is None:
        return [Piece(sound, "") for sound in sounds]
    heard = [(word, index) for index, sound in enumerate(sounds) for word in recogniser.words(sound, rate)]
    words = english_words(transcript)
    placed = dict(edit_path(words, [word for word, _ in heard]).pairs)
    texts: list[list[str]] = [[] for _ in sounds]
    current = 0
    for position, word in enumerate(words):
        current = heard[placed[position]][1] if position in placed else current
        texts[current].append(word)
    return [Piece(sound, " ".join(text)) for sound, text in zip(sounds, texts, strict=True)]
