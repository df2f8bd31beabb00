"""A training corpus on disk: many small clips packed into one memory-mapped file.

It is apart from the recording checks because a corpus is read millions of times and never shown to a
person: opening twelve thousand compressed files once per epoch would cost more than the training step.
It knows nothing of models; it turns a folder with ``manifest.tsv`` and tar archives into
``audio.i16`` (raw little-endian int16 at one rate) and ``clips.jsonl`` (one line per clip).
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import soxr

from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.base.files import atomic_folder
from voxcommons.base.progress import NullProgress, Progress

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

TARGET_RMS = 0.06  # active-speech level every clip is brought to; -24 dBFS leaves room for peaks
PEAK_LIMIT = 0.95
COLUMNS = ("archive", "path", "split", "corpus", "speaker", "language", "seconds", "text", "gender")


@dataclass(frozen=True)
class Clip:
    """One utterance of the corpus.

    Attributes:
        offset_samples: first sample in ``audio.i16``.
        length_samples: number of samples at the corpus rate.
        split: ``train``, ``dev_seen``, ``dev_unseen``, ``probe`` or ``left out``.
        gender: ``M``, ``F`` or empty when the person did not say.
    """

    offset_samples: int
    length_samples: int
    split: str
    corpus: str
    speaker: str
    language: str
    gender: str
    text: str
    path: str


@dataclass(frozen=True)
class Corpus:
    """Memory-mapped audio plus the list of its clips.

    Attributes:
        rate: sample rate in Hz of every clip.
        samples: int16 [total samples], memory mapped, never copied as a whole.
        clips: one entry per utterance, in file order.
    """

    rate: int
    samples: np.ndarray
    clips: tuple[Clip, ...]

    def without(self, corpora: Collection[str]) -> Corpus:
        """The same corpus, with the clips of some corpora in the split ``left out``; clip numbers stay what they are."""
        clips = tuple(replace(clip, split="left out") if clip.corpus in corpora else clip for clip in self.clips)
        return replace(self, clips=clips)

    def wave(self, clip: Clip) -> np.ndarray:
        """Return one clip as float32 [T] in [-1, 1]."""
        end = clip.offset_samples + clip.length_samples
        return self.samples[clip.offset_samples : end].astype(np.float32) / 32768.0


def read_manifest(folder: Path) -> list[dict[str, str]]:
    """Read ``manifest.tsv`` of a corpus folder.

    Raises:
        InputError: the file is missing or lacks a column; every missing column is named.
    """
    manifest = folder / "manifest.tsv"
    if not manifest.is_file():
        raise InputError(
            "cannot read the corpus",
            expected="a folder with manifest.tsv and tar archives",
            found=f"no {manifest}",
            do="pass the folder that holds manifest.tsv to --data",
        )
    with manifest.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(
                "the corpus manifest lacks columns",
                expected=", ".join(COLUMNS),
                found=f"no {', '.join(missing)}",
                do=f"add the columns to {manifest}",
            )
        return list(reader)


def level(samples: np.ndarray) -> np.ndarray:
    """Scale float32 [T] so that its louder half has ``TARGET_RMS``, below ``PEAK_LIMIT``."""
    frames = samples[: len(samples) // 400 * 400].reshape(-1, 400)
    if not len(frames):
        return samples
    energy = np.sqrt((frames**2).mean(axis=1))
    active = energy[energy >= np.median(energy)].mean()
    peak = float(np.abs(samples).max())
    if active < 1e-6 or peak < 1e-6:
        return samples
    return samples * min(TARGET_RMS / float(active), PEAK_LIMIT / peak)


def clip_files(folder: Path, rows: list[dict[str, str]]) -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield (row, the bytes of its sound file) archive by archive, in the order of each tar file.

    Raises:
        InputError: an archive is missing.
        CorruptFileError: an archive lacks clips.
    """
    by_archive: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        by_archive.setdefault(row["archive"], {})[row["path"]] = row
    for archive, wanted in by_archive.items():
        path = folder / archive
        if not path.is_file():
            raise InputError(
                "a corpus archive is missing", expected=str(path), found="no such file", do="copy it beside manifest.tsv"
            )
        found = 0
        with tarfile.open(path, "r|*") as tar:
            for member in tar:
                entry = wanted.get(member.name.removeprefix("./"))
                stream = tar.extractfile(member) if entry is not None and member.isfile() else None
                if entry is None or stream is None:
                    continue
                found += 1
                yield entry, stream.read()
        if found != len(wanted):
            raise CorruptFileError(
                "a corpus archive is incomplete", expected=f"{len(wanted)} clips in {archive}", found=f"{found}"
            )


def _decoded(folder: Path, rows: list[dict[str, str]], rate: int) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """Yield (row, int16 [T]) in the order of `clip_files`."""
    for entry, content in clip_files(folder, rows):
        try:
            wave, source_rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise CorruptFileError(
                "a corpus clip cannot be decoded", expected="audio", found=f"{entry['archive']}:{entry['path']}: {error}"
            ) from error
        mono = wave.mean(axis=1)
        if source_rate != rate:
            mono = soxr.resample(mono, source_rate, rate)
        yield entry, np.clip(level(mono) * 32768.0, -32768, 32767).astype("<i2")


def pack(folder: Path, target: Path, *, rate: int, progress: Progress | None = None) -> Corpus:
    """Pack a manifest folder into ``target`` once and open it; an existing pack is only opened.

    Args:
        folder: holds ``manifest.tsv`` and the archives it names.
        target: folder to make; written whole or not at all.
        rate: sample rate in Hz of the pack.
        progress: told once per clip.

    Raises:
        InputError: manifest or archive missing, or the existing pack has another rate.
        CorruptFileError: a clip cannot be decoded or an archive lacks clips.
    """
    if not (target / "clips.jsonl").is_file():
        rows = read_manifest(folder)
        bar = progress or NullProgress()
        bar.start(len(rows), "packing the corpus")
        with atomic_folder(target) as temporary:
            with (temporary / "audio.i16").open("wb") as audio, (temporary / "clips.jsonl").open(
                "w", encoding="utf-8"
            ) as lines:
                offset = 0
                lines.write(json.dumps({"rate": rate}) + "\n")
                for row, samples in _decoded(folder, rows, rate):
                    audio.write(samples.tobytes())
                    clip = Clip(
                        offset, len(samples), row["split"], row["corpus"], row["speaker"], row["language"],
                        row["gender"], row["text"], row["path"],
                    )
                    lines.write(json.dumps(asdict(clip), ensure_ascii=False) + "\n")
                    offset += len(samples)
                    bar.advance()
        bar.finish()
    return open_pack(target, rate=rate)


def open_pack(target: Path, *, rate: int) -> Corpus:
    """Open a packed corpus; raises InputError when its rate is not ``rate``."""
    with (target / "clips.jsonl").open(encoding="utf-8") as lines:
        found_rate = int(json.loads(next(lines))["rate"])
        clips = tuple(Clip(**json.loads(line)) for line in lines)
    if found_rate != rate:
        raise InputError(
            "the packed corpus has another rate", expected=f"{rate} Hz", found=f"{found_rate} Hz",
            do=f"delete {target} to pack it again",
        )
    return Corpus(rate, np.memmap(target / "audio.i16", dtype="<i2", mode="r"), clips)
