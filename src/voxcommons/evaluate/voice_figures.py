"""The figures of one voice: what it speaks, the natural speech it is held against, and a run of both.

A base model is judged by the people of a corpus; a voice by its own person, whose recordings the user has or has not. So
the sentences are partly those of the recordings and partly a list of our own, written for this and part of the package.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from voxcommons.audio.files import load
from voxcommons.base.errors import InputError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.evaluate.base_figures import Plan, ScoreBook, Sentence, measure_all
from voxcommons.evaluate.dev_speakers import LONGEST_S, SHORTEST_S, Clip, DevSpeaker, cut_reference
from voxcommons.evaluate.figures import NATURAL
from voxcommons.evaluate.objective import Meters, Score, Utterance
from voxcommons.evaluate.recognise import EnglishRecogniser

SOUND_ENDINGS = frozenset(".wav .flac .ogg .opus .mp3 .m4a .aac .aiff .aif .wma .mp4 .mkv .webm .mov".split())
MOST_NATURAL = 60
_WHOLE_S = 12.0  # a longer recording is cut at its pauses


@dataclass(frozen=True)
class Natural:
    """One natural recording or a piece of it.

    Attributes:
        clip: its names, text (empty when unknown) and length.
        utterance: the same with its sound.
    """

    clip: Clip
    utterance: Utterance


def own_sentences(language: str) -> list[str]:
    """Return the package's sentences of a language; none for a language that has no list."""
    place = importlib.resources.files("voxcommons.evaluate") / "data" / f"sentences_{language}.txt"
    return place.read_text(encoding="utf-8").split("\n")[:-1] if place.is_file() else []


def recordings_of(paths: Sequence[Path]) -> list[Path]:
    """Return the recordings among files and folders, those of a folder by name.

    Raises:
        InputError: when a path is not there or nothing is found.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.iterdir() if file.suffix.lower() in SOUND_ENDINGS and file.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise InputError("the recording is not there", expected="a sound file or a folder of them", found=str(path))
    if paths and not found:
        raise InputError(
            "there are no recordings to compare with", expected="sound files, with what is said beside them in NAME.txt if known",
            found=f"none in {', '.join(map(str, paths))}",
        )
    return found


def natural_speech(recordings: Sequence[Path], speaker: str, language: str, recogniser: EnglishRecogniser | None) -> list[Natural]:
    """Read natural recordings of a speaker; long ones are cut at pauses, and their transcript is dealt out.

    No more than `MOST_NATURAL` pieces are taken, and no file is read beyond them.

    Args:
        recordings: sound files; what is said in one may stand beside it in a file of the same name that ends in .txt.
        speaker: the name their figures get.
        language: ``en`` or ``zh``.
        recogniser: deals a long English transcript out; without it only short recordings keep their text.

    Raises:
        InputError, CorruptFileError: a recording cannot be read.
    """
    found: list[Natural] = []
    for path in recordings:
        if len(found) >= MOST_NATURAL:
            break
        beside = path.with_suffix(".txt")
        text = beside.read_text(encoding="utf-8-sig", errors="replace").strip() if beside.is_file() else ""
        audio = load(path)
        content = sha256(path.read_bytes() + text.encode()).hexdigest()[:8]
        pieces = [(audio.samples, text)]
        if len(audio.samples) > _WHOLE_S * audio.rate:
            cut = cut_reference(audio.samples, audio.rate, text, recogniser if language == "en" else None)
            pieces = [(piece.samples, piece.text) for piece in cut]
        for number, (samples, words) in enumerate(pieces[: MOST_NATURAL - len(found)]):
            clip = Clip(path, f"{path.stem[:12]}-{number:02d}-{content}", speaker, language, words, len(samples) / audio.rate)
            found.append(Natural(clip, Utterance(NATURAL, speaker, clip.item, language, words, samples, audio.rate)))
    return found


def voice_plan(person: DevSpeaker, languages: Sequence[str], count: int, natural: Sequence[Natural]) -> Plan:
    """Choose what a voice speaks: sentences of its natural recordings first, then our own.

    Args:
        person: stands for the voice.
        languages: to be spoken.
        count: sentences per language; fewer when there are fewer.
        natural: recordings whose text may be known.

    Raises:
        InputError: when there is not one sentence.
    """
    pool: list[Clip] = []
    for language in languages:
        heard = [n.clip for n in natural if n.clip.language == language and n.clip.text and SHORTEST_S <= n.clip.seconds <= LONGEST_S]
        own = [
            Clip(Path(), f"{language}-{number:02d}-{sha256(text.encode()).hexdigest()[:6]}", "", language, text, 0.0)
            for number, text in enumerate(own_sentences(language), 1)
        ]
        pool += [*heard, *own][:count]
    if not pool:
        found = f"none for {', '.join(languages) or 'no language'}"
        raise InputError("there is nothing to speak", expected="sentences in en or zh", found=found)
    return Plan((person,), tuple(pool), tuple(Sentence(person, clip) for clip in pool))


def measure_voice(
    plan: Plan,
    natural: Sequence[Natural],
    meters: Meters,
    folder: Path,
    candidates: Sequence[tuple[str, Path]],
    progress: Progress | None = None,
) -> list[Score]:
    """Measure natural recordings, espeak-ng (where installed) and voices on the sentences of a plan.

    Args:
        plan: the sentences.
        natural: recordings of the speaker.
        meters: the meters at hand.
        folder: where scores are kept.
        candidates: (name, folder that ``base_figures.speak_sentences`` filled) of each voice.
        progress: told each measured sound.
    """
    progress = progress or NullProgress()
    book = ScoreBook(folder, meters)
    return measure_all(plan, (_measure_natural(natural, book), len(natural)), candidates, book, progress)


def _measure_natural(natural: Sequence[Natural], book: ScoreBook) -> Iterator[Score]:
    for one in natural:
        spoken = one.utterance
        kept = book.get(NATURAL, spoken.speaker, spoken.item)
        yield kept if kept is not None else book.measure(spoken)
