"""What the public GPT-SoVITS program prepares from a list: phones, semantic codes and tensors, by clip name.

Apart from the list because these files are made by a program, in one folder per experiment: `2-name2text.txt`, `3-bert`,
`4-cnhubert`, `5-wav32k`, `6-name2semantic.tsv`, `7-sv_cn`. Tensors stay where they are until asked for and are read as data
only: a `.pt` file by our own interpreter, which can neither import nor call, never by `torch.load`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from voxcommons.base.errors import InputError, RefusedFileError
from voxcommons.base.files import atomic_path
from voxcommons.prepare.public_list import Fault, numbered_lines
from voxcommons.text.symbols import symbol_index
from voxcommons.voicefile.checkpoint import open_checkpoint
from voxcommons.voicefile.checkpoint_writer import write_checkpoint
from voxcommons.voicefile.tensor_view import TensorView
from voxcommons.voicefile.tensors import RawTensor

TEXTS: Final = "2-name2text"
CODES: Final = "6-name2semantic"
SOUNDS: Final = "5-wav32k"
# Folder -> shape of its tensors; -1 is any length.
TENSORS: Final[Mapping[str, tuple[int, ...]]] = {"3-bert": (1024, -1), "4-cnhubert": (1, 768, -1), "7-sv_cn": (1, 20480)}
MOST_CODES: Final = 1024
_CODES_HEADER: Final = "item_name\tsemantic_audio"
_NUMPY: Final = b"\x93NUMPY"
_Row = TypeVar("_Row")
_PLAIN_NAME: Final = re.compile(r"[^/\\\x00]+")


@dataclass(frozen=True)
class PublicText:
    """A line of `2-name2text.txt`.

    Attributes:
        phones: symbols of the public table.
        word2ph: phones per character of `normalized`, None where the language has no such count.
        normalized: the text as it is spoken.
    """

    phones: tuple[str, ...]
    word2ph: tuple[int, ...] | None
    normalized: str


@dataclass(frozen=True)
class PublicFeatures:
    """What an experiment folder holds, by clip name.

    Attributes:
        texts: phones.
        codes: semantic codes, 25 a second, 0 to 1023.
        folder: the experiment folder.
        faults: lines of its tables that could not be used, or had to be mended.
    """

    folder: Path | None = None
    texts: Mapping[str, PublicText] = field(default_factory=dict)
    codes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def file(self, folder: str, name: str) -> Path | None:
        """The file of a clip in one of the folders, None where there is none; never one outside the experiment."""
        if self.folder is None or not _PLAIN_NAME.fullmatch(name) or name in (".", ".."):
            return None
        found = (self.folder / folder / (name if folder == SOUNDS else f"{name}.pt")).resolve()
        return found if found.is_file() and found.is_relative_to(self.folder.resolve()) else None


def read_features(folder: Path) -> PublicFeatures:
    """Read the tables of an experiment folder; tables that are not there are empty.

    The parts that several processes write (`2-name2text-0.txt`, ...) are read where the whole is not there.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError("the experiment folder is not there", expected="a folder", found=str(folder), do="check the path")
    faults: list[Fault] = []
    texts: dict[str, PublicText] = {}
    codes: dict[str, tuple[int, ...]] = {}
    for file, number, line in _rows(folder, TEXTS, "txt", faults):
        _put(texts, _text(line, file, number, faults), file, number, faults)
    for file, number, line in _rows(folder, CODES, "tsv", faults):
        if line.split("\t")[0] != _CODES_HEADER.split("\t")[0]:
            _put(codes, _codes(line, file, number, faults), file, number, faults)
    return PublicFeatures(folder, texts, codes, tuple(faults))


def write_texts(folder: Path, rows: Iterable[tuple[str, PublicText]]) -> None:
    """Write `2-name2text.txt`, whole or not at all."""
    with atomic_path(folder / f"{TEXTS}.txt") as temporary, temporary.open("w", encoding="utf-8", newline="\n") as lines:
        for name, text in rows:
            word2ph = None if text.word2ph is None else list(text.word2ph)
            lines.write(f"{name}\t{' '.join(text.phones)}\t{word2ph}\t{' '.join(text.normalized.split())}\n")


def write_codes(folder: Path, rows: Iterable[tuple[str, Iterable[int]]]) -> None:
    """Write `6-name2semantic.tsv`, whole or not at all."""
    with atomic_path(folder / f"{CODES}.tsv") as temporary, temporary.open("w", encoding="utf-8", newline="\n") as lines:
        lines.write(f"{_CODES_HEADER}\n")
        for name, codes in rows:
            lines.write(f"{name}\t{' '.join(map(str, codes))}\n")


def read_tensor(file: Path) -> npt.NDArray[Any]:
    """The one tensor of a `.pt` or `.npy` file; bfloat16 becomes float32.

    Raises:
        RefusedFileError: the file holds anything but one tensor; nothing in it was called.
    """
    with file.open("rb") as opened:
        if opened.read(len(_NUMPY)) == _NUMPY:
            opened.seek(0)
            try:
                array: npt.NDArray[Any] = np.load(opened, allow_pickle=False)
            except (ValueError, EOFError) as error:
                raise RefusedFileError("the array is damaged, or holds objects", found=str(error)) from error
            return array
    with open_checkpoint(file) as checkpoint:
        if not isinstance(checkpoint.content, TensorView):
            raise RefusedFileError("no single tensor", expected="the file of one tensor", found=f"{file.name} holds more")
        return checkpoint.content.array()


def read_feature(features: PublicFeatures, folder: str, name: str) -> npt.NDArray[Any] | None:
    """The tensor of a clip, None where there is none.

    Args:
        features: of the experiment.
        folder: "3-bert" [1024, P], "4-cnhubert" [1, 768, T] or "7-sv_cn" [1, 20480].
        name: of the clip.

    Raises:
        RefusedFileError: the file is not data, or its shape is another.
    """
    file = features.file(folder, name)
    if file is None:
        return None
    tensor, wanted = read_tensor(file), TENSORS[folder]
    if tensor.ndim != len(wanted) or any(size not in (-1, have) for size, have in zip(wanted, tensor.shape, strict=True)):
        raise RefusedFileError("a feature of another shape", expected=str(wanted), found=f"{tensor.shape} in {folder}/{file.name}")
    return tensor


def write_feature(folder: Path, kind: str, name: str, tensor: npt.NDArray[Any]) -> None:
    """Write the tensor of a clip as the public program reads it.

    Args:
        folder: the experiment folder.
        kind: "3-bert", "4-cnhubert" or "7-sv_cn".
        name: of the clip, with the ending of its sound file.
        tensor: float32 or float16, of the shape of that folder.
    """
    write_checkpoint(folder / kind / f"{name}.pt", RawTensor.of(np.ascontiguousarray(tensor)))


def _rows(folder: Path, stem: str, ending: str, faults: list[Fault]) -> Iterable[tuple[str, int, str]]:
    whole = folder / f"{stem}.{ending}"
    parts = [path for path in folder.glob(f"{stem}-*.{ending}") if re.fullmatch(r"\d+", path.stem.rpartition("-")[2])]
    for file in [whole] if whole.is_file() else sorted(parts, key=lambda path: int(path.stem.rpartition("-")[2])):
        lines, wrong = numbered_lines(file)
        faults += wrong
        yield from ((file.name, number, line) for number, line in lines)


def _put(table: dict[str, _Row], row: tuple[str, _Row] | None, file: str, number: int, faults: list[Fault]) -> None:
    if row is None:
        return
    if row[0] in table:
        faults.append(Fault(file, number, f"a second line for {row[0]}, which replaces the first", True))
    table[row[0]] = row[1]


def _text(line: str, file: str, number: int, faults: list[Fault]) -> tuple[str, PublicText] | None:
    fields = line.split("\t")
    if len(fields) != 4 or not fields[0] or not fields[1].split():
        faults.append(Fault(file, number, f"{len(fields)} fields: expected name, phones, word2ph, text, with tabs between"))
        return None
    name, phones, counts = fields[0], tuple(fields[1].split()), _counts(fields[2])
    unknown = sorted(set(phones) - symbol_index("v2").keys())
    if unknown:
        faults.append(Fault(file, number, f"unknown phones {' '.join(unknown[:5])}", True))
    if counts is not None and (not counts or sum(counts) != len(phones)):
        faults.append(Fault(file, number, f"word2ph does not count {len(phones)} phones"))
        return None
    return name, PublicText(phones, counts, fields[3])


def _counts(field: str) -> tuple[int, ...] | None:
    """A Python list of numbers, read as JSON; () where it is something else."""
    if field.strip() == "None":
        return None
    try:
        found = json.loads(field)
    except (ValueError, RecursionError):
        return ()
    return tuple(found) if isinstance(found, list) and all(type(one) is int and one >= 0 for one in found) else ()


def _codes(line: str, file: str, number: int, faults: list[Fault]) -> tuple[str, tuple[int, ...]] | None:
    name, _, words = line.partition("\t")
    # isascii: other scripts have digits too, and one of them is no code.
    numbers = words.strip().strip('"').split()
    if not name or not numbers or not all(word.isascii() and word.isdecimal() and len(word) <= 4 for word in numbers):
        faults.append(Fault(file, number, "expected a name, a tab and codes"))
        return None
    codes = tuple(int(word) for word in numbers)
    if max(codes) >= MOST_CODES:
        faults.append(Fault(file, number, f"code {max(codes)}, but the largest is {MOST_CODES - 1}"))
        return None
    return name, codes
