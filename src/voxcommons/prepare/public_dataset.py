"""Data sets of GPT-SoVITS in and out: their lists and folders on one side, our corpus (manifest and archives) on the other.

Apart from the two readers it joins, so that each of them knows one kind of file. Sounds travel as they are, byte by byte;
nothing is cut, levelled or resampled unless the prepared folder is asked for, which has the public program's levels.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from voxcommons.audio.files import save_wav
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.base.files import atomic_folder
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.prepare.corpus import COLUMNS, clip_files, read_manifest
from voxcommons.prepare.public_features import SOUNDS, TENSORS, PublicFeatures, PublicText, read_features, write_texts
from voxcommons.prepare.public_list import LANGUAGES, Fault, ListedClip, read_list, write_list
from voxcommons.text.g2p import to_phones

LIST_FILE: Final = "dataset.list"
SOUND_FOLDER: Final = "sounds"
RATE: Final = 32000
LOUDEST: Final = 2.2  # the public program skips louder clips
_ARCHIVE: Final = "clips.tar"
_LEVEL, _MIX = 0.95, 0.5
_OURS: Final = frozenset(LANGUAGES.values())

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PublicClip:
    """A clip of a public data set with everything that is known of it.

    Attributes:
        listed: its line.
        seconds: its length.
        text: phones the public program prepared, if any.
        codes: semantic codes it prepared, if any.
        tensors: folder name -> file of a prepared tensor; read with `public_features.read_tensor`.
    """

    listed: ListedClip
    seconds: float
    text: PublicText | None
    codes: tuple[int, ...] | None
    tensors: Mapping[str, Path]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        listed, text = self.listed, self.text
        return {
            "name": listed.name,
            "sound": str(listed.sound),
            "speaker": listed.speaker,
            "language": listed.language,
            "text": listed.text,
            "file": listed.file,
            "line": listed.line,
            "seconds": round(self.seconds, 3),
            "phones": None if text is None else list(text.phones),
            "word2ph": None if text is None or text.word2ph is None else list(text.word2ph),
            "normalized": None if text is None else text.normalized,
            "codes": None if self.codes is None else list(self.codes),
            "tensors": {folder: str(file) for folder, file in self.tensors.items()},
        }


@dataclass(frozen=True)
class PublicDataset:
    """The usable clips of some lists, and everything that was wrong with them."""

    clips: tuple[PublicClip, ...]
    faults: tuple[Fault, ...]

    @property
    def seconds(self) -> float:
        """Length of all clips."""
        return sum(clip.seconds for clip in self.clips)


def read_dataset(lists: Sequence[Path], *, sounds: Path | None = None, prepared: Path | None = None) -> PublicDataset:
    """Read `.list` files, and what the public program prepared from them.

    Args:
        lists: files of lines `path|speaker|language|text`.
        sounds: folder the sound files are looked for in; the folder of each list if not given.
        prepared: experiment folder with `2-name2text.txt` and so on.

    Raises:
        InputError: a list or folder is not there.
    """
    features = read_features(prepared) if prepared else PublicFeatures()
    faults: list[Fault] = []
    clips: list[PublicClip] = []
    files: dict[Path, str] = {}
    names: set[str] = set()
    for file in lists:
        listed, wrong = read_list(file, sounds)
        faults += wrong
        for one in listed:
            if one.sound in files:
                faults.append(Fault(one.file, one.line, f"a sound that {files[one.sound]} has too"))
                continue
            try:
                seconds = float(soundfile.info(one.sound).duration)
            except (soundfile.LibsndfileError, OSError):
                faults.append(Fault(one.file, one.line, f"a sound file that cannot be read: {one.sound.name}"))
                continue
            files[one.sound] = one.file
            # The public layout knows clips by name alone: a second file of that name has no features of its own.
            clips.append(_with_features(one, seconds, PublicFeatures() if one.name in names else features))
            names.add(one.name)
    # In the order of reading: the lists, then the tables.
    return PublicDataset(tuple(clips), (*faults, *features.faults))


def write_corpus(dataset: PublicDataset, target: Path, *, name: str = "public", progress: Progress | None = None) -> None:
    """Make a corpus folder of ours: `manifest.tsv` and one archive with the sound files as they are.

    Args:
        dataset: what was read.
        target: folder to make; whole or not at all.
        name: of the corpus, for its column.
        progress: told once per clip.

    Raises:
        InputError: there is nothing to write, or the folder exists.
    """
    if not dataset.clips:
        raise InputError("there is no usable clip", expected="at least one", found="none", do="look at the warnings")
    bar, taken = progress or NullProgress(), set[str]()
    bar.start(len(dataset.clips), "copying sounds")
    with atomic_folder(target) as folder:
        with (
            tarfile.open(folder / _ARCHIVE, "w") as archive,
            (folder / "manifest.tsv").open("w", encoding="utf-8", newline="\n") as manifest,
        ):
            manifest.write("\t".join(COLUMNS) + "\n")
            for clip in dataset.clips:
                listed = clip.listed
                path = _free(listed.name, taken)
                entry = tarfile.TarInfo(path)
                content = listed.sound.read_bytes()
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
                row = {
                    "archive": _ARCHIVE, "path": path, "split": "train", "corpus": name, "speaker": listed.speaker,
                    "language": listed.language, "seconds": f"{clip.seconds:.3f}", "text": listed.text, "gender": "",
                }  # fmt: skip
                manifest.write("\t".join(" ".join(row[column].split()) for column in COLUMNS) + "\n")
                bar.advance()
    bar.finish()


def write_dataset(corpus: Path, target: Path, *, prepared: bool = False, progress: Progress | None = None) -> tuple[int, list[Fault]]:
    """Make a folder the public program reads: a list, and the sound files beside it.

    Args:
        corpus: folder with `manifest.tsv` and its archives.
        target: folder to make; whole or not at all.
        prepared: also write `2-name2text.txt` (phones as the public program reads them) and `5-wav32k`. The tensors and codes
            come from the base model that is to be trained, so the public program makes them.
        progress: told once per clip.

    Returns:
        (clips written, lines of the manifest that could not be).

    Raises:
        InputError: the manifest or an archive is missing, nothing is left to write, or the folder exists.
        CorruptFileError: a clip cannot be decoded or an archive lacks clips.
        MissingExtraError: phones are wanted of a language whose library is not installed.
    """
    rows, faults = _speakable(read_manifest(corpus))
    bar, taken = progress or NullProgress(), set[str]()
    listed: list[tuple[str, str, str, str]] = []
    texts: list[tuple[str, PublicText]] = []
    bar.start(len(rows), "writing sounds")
    with atomic_folder(target) as folder:
        (folder / SOUND_FOLDER).mkdir()
        for row, content in clip_files(corpus, rows):
            name = _free(_plain(PurePosixPath(row["path"]).name), taken)
            (folder / SOUND_FOLDER / name).write_bytes(content)
            listed.append((f"{SOUND_FOLDER}/{name}", _plain(row["speaker"]), row["language"], _plain(row["text"])))
            if prepared:
                texts.append((name, public_text(_plain(row["text"]), row["language"])))
                _write_level(folder / SOUNDS / name, content, row["path"])
            bar.advance()
        if not listed:
            raise InputError("the corpus has no clip that can be written", do="look at its languages and texts")
        write_list(folder / LIST_FILE, listed)
        if prepared:
            write_texts(folder, texts)
    bar.finish()
    return len(listed), faults


def public_text(text: str, language: str) -> PublicText:
    """The line of `2-name2text.txt` of a text, as the public program prepares it: one language, no segmentation.

    Raises:
        MissingExtraError: the language stands on a library that is not installed.
    """
    read = to_phones(language)(text.replace("%", "-").replace("￥", ","), compat=True)
    return PublicText(read.phones, read.word2ph, read.normalized)


def public_wave(samples: Samples) -> npt.NDArray[np.int16] | None:
    """The level of `5-wav32k`: half as recorded, half brought to one peak.

    Args:
        samples: mono [T] at 32 kHz.

    Returns:
        int16 [T]; None where the public program skips the clip, which is too loud or silent.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    if not 0.0 < peak <= LOUDEST:
        return None
    mixed = (samples / peak * (_LEVEL * _MIX) + (1 - _MIX) * samples) * 32768.0
    return np.clip(mixed, -32768, 32767).astype(np.int16)


def _with_features(listed: ListedClip, seconds: float, features: PublicFeatures) -> PublicClip:
    files = {folder: features.file(folder, listed.name) for folder in (*TENSORS, SOUNDS)}
    there = {folder: file for folder, file in files.items() if file is not None}
    return PublicClip(listed, seconds, features.texts.get(listed.name), features.codes.get(listed.name), there)


def _speakable(rows: list[dict[str, str]]) -> tuple[list[dict[str, str]], list[Fault]]:
    """The rows of a manifest that a list can hold."""
    kept: list[dict[str, str]] = []
    faults: list[Fault] = []
    for number, row in enumerate(rows, start=2):
        if row["language"] not in _OURS or not row["text"].strip():
            problem = f"language {row['language']!r}, which the public program has not" if row["text"].strip() else "no text"
            faults.append(Fault("manifest.tsv", number, problem))
            continue
        if "|" in row["text"]:
            faults.append(Fault("manifest.tsv", number, 'a "|" in the text, written as a space', True))
        kept.append(row)
    return kept, faults


def _write_level(file: Path, content: bytes, path: str) -> None:
    try:
        wave, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise CorruptFileError("a corpus clip cannot be decoded", expected="audio", found=f"{path}: {error}") from error
    mono = wave.mean(axis=1)
    levelled = public_wave(mono if rate == RATE else soxr.resample(mono, rate, RATE))
    if levelled is not None:
        file.parent.mkdir(exist_ok=True)
        save_wav(file, levelled, RATE)  # whatever the ending of the name, the public program writes and reads a wav there


def _plain(text: str) -> str:
    """Text without what would break a line of the list."""
    return " ".join(text.replace("|", " ").split())


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where another clip has it already, whatever its case."""
    stem, dot, ending = name.rpartition(".")
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{stem}-{number}{dot}{ending}" if dot else f"{name}-{number}"
    taken.add(free.casefold())
    return free
