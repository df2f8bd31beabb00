"""The `.list` files of GPT-SoVITS: one clip per line, `path|speaker|language|text`.

Apart from the rest of the public layout because these files are written by hand and by many programs, on other computers.
So reading never stops at a line: what can be mended is mended, what cannot is left out, and either is said with its line
number. Sound files are looked for in one folder and never outside it, whatever a path says.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from voxcommons.base.errors import InputError, one_line
from voxcommons.base.files import atomic_path

# Their words for a language -> ours; exactly these are accepted by the public trainer.
LANGUAGES: Final[Mapping[str, str]] = {
    "ZH": "zh", "zh": "zh", "JP": "ja", "jp": "ja", "JA": "ja", "ja": "ja", "EN": "en", "en": "en", "En": "en",
    "KO": "ko", "Ko": "ko", "ko": "ko", "YUE": "yue", "Yue": "yue", "yue": "yue",
}  # fmt: skip
MOST_LIST_BYTES: Final = 64 << 20
MOST_LINE_CHARS: Final = 20_000
_FIELDS: Final = 4


@dataclass(frozen=True)
class Fault:
    """Something wrong in a file of the public layout.

    Attributes:
        file: name of the file.
        line: counted from 1.
        problem: in one line, with what was done about it.
        kept: whether the line is used all the same.
    """

    file: str
    line: int
    problem: str
    kept: bool = False

    def __str__(self) -> str:
        """One line for people."""
        return f"{one_line(self.file)}:{self.line}: {one_line(self.problem)}; {'kept' if self.kept else 'left out'}"


@dataclass(frozen=True)
class ListedClip:
    """One usable line.

    Attributes:
        name: file name with its ending; everything else in the public layout goes by it.
        sound: the file that was found.
        speaker: as written; the public program ignores it.
        language: "zh", "en", "ja", "ko" or "yue".
        text: what is said.
        file, line: where that was written.
    """

    name: str
    sound: Path
    speaker: str
    language: str
    text: str
    file: str
    line: int


def read_list(file: Path, sounds: Path | None = None) -> tuple[list[ListedClip], list[Fault]]:
    """Read a `.list` file.

    Args:
        file: the list.
        sounds: folder of the sound files; the folder of the list if not given.

    Returns:
        (usable lines in their order, everything that was wrong).

    Raises:
        InputError: the file or the folder is not there, or the file is too large to be a list.
    """
    folder = (sounds or file.parent).resolve()
    if not folder.is_dir():
        raise InputError(
            "the folder of the sound files is not there", expected="a folder", found=str(folder), do="name it with --sounds"
        )
    lines, faults = numbered_lines(file)
    clips: list[ListedClip] = []
    seen: dict[Path, ListedClip] = {}
    names: dict[str, ListedClip] = {}
    for number, line in lines:
        found, problems = _clip(line, folder, file.name, number)
        faults += problems
        if found is None:
            continue
        if found.sound in seen:
            before = seen[found.sound]
            same = "a repetition of" if before.text == found.text else "another text for the sound of"
            faults.append(Fault(file.name, number, f"{same} line {before.line}"))
            continue
        if found.name in names:
            where = names[found.name].line
            faults.append(Fault(file.name, number, f"a second file named {found.name}, like line {where}; it gets no features", True))
        seen[found.sound] = found
        names.setdefault(found.name, found)
        clips.append(found)
    return clips, faults


def write_list(file: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write a `.list` file, whole or not at all.

    Args:
        file: to be made or replaced.
        rows: (path, speaker, language as "zh", "en", "ja", "ko", "yue", text), without "|" and line ends inside.

    Raises:
        ValueError: a field would break the line.
    """
    with atomic_path(file) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as lines:
        for row in rows:
            if len(row) != _FIELDS or any(mark in field for field in row for mark in "|\r\n"):
                raise ValueError(f"not a line of four fields: {row!r}")
            path, speaker, language, text = row
            lines.write(f"{path}|{speaker}|{'JP' if language == 'ja' else language.upper()}|{text}\n")


def numbered_lines(file: Path) -> tuple[list[tuple[int, str]], list[Fault]]:
    """The lines of a text file as people's programs write them: UTF-8 or UTF-16, any line ends, perhaps with a mark in front.

    Returns:
        ((line number, text without line end) of every line that can be read and is not empty, what was wrong).

    Raises:
        InputError: there is no such file, or it is too large.
    """
    if not file.is_file() or file.stat().st_size > MOST_LIST_BYTES:
        raise InputError(
            "cannot read the list",
            expected=f"a text file of at most {MOST_LIST_BYTES >> 20} MB",
            found=str(file) if file.is_file() else f"no file {file}",
            do="check the path",
        )
    content, faults = file.read_bytes(), []
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
        faults.append(Fault(file.name, 1, "UTF-16, which the public program cannot read", True))
    elif content.startswith(codecs.BOM_UTF8):
        content = content.removeprefix(codecs.BOM_UTF8)
        faults.append(Fault(file.name, 1, "a byte order mark, which the public program takes for a part of the path", True))
    rows = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if b"\r" in content:
        at = content[: content.index(b"\r")].count(b"\n") + 1
        faults.append(Fault(file.name, at, "a Windows line end, here and perhaps later", True))
    if rows[-1] == b"":
        rows.pop()
    lines: list[tuple[int, str]] = []
    for number, row in enumerate(rows, start=1):
        try:
            line = row.decode("utf-8")
        except UnicodeDecodeError:
            faults.append(Fault(file.name, number, "not UTF-8: save the list as UTF-8"))
            continue
        if not line.strip() or len(line) > MOST_LINE_CHARS or "\0" in line:
            problem = "an empty line" if not line.strip() else f"longer than {MOST_LINE_CHARS} characters, or not text"
            faults.append(Fault(file.name, number, problem))
            continue
        lines.append((number, line))
    return lines, faults


def _clip(line: str, folder: Path, file: str, number: int) -> tuple[ListedClip | None, list[Fault]]:
    faults: list[Fault] = []
    fields = [field.strip() for field in line.split("|")]
    if len(fields) < _FIELDS:
        faults.append(Fault(file, number, f"{len(fields)} of {_FIELDS} fields: expected path|speaker|language|text"))
        return None, faults
    if len(fields) > _FIELDS:
        faults.append(Fault(file, number, 'a "|" in the text, read as a space', True))
    path, speaker, word = fields[:3]
    text = " ".join(" ".join(fields[3:]).split())
    language = LANGUAGES.get(word)
    if language is None and (language := LANGUAGES.get(word.lower())) is not None:
        faults.append(Fault(file, number, f"language {word!r} read as {language}; the public program skips it", True))
    if not path or not text or language is None:
        missing = "no path" if not path else "no text" if not text else f"unknown language {word!r}"
        faults.append(Fault(file, number, missing))
        return None, faults
    sound, problem = _find(path, folder)
    if problem:
        faults.append(Fault(file, number, problem, sound is not None))
    if sound is None:
        return None, faults
    return ListedClip(_name(path), sound, speaker, language, text, file, number), faults


def _find(path: str, folder: Path) -> tuple[Path | None, str]:
    """(the sound file inside `folder` or None, what was wrong with the path or "")."""
    plain = path.strip("\"'").replace("\\", "/")
    parts = [part for part in PurePosixPath(plain).parts if part != "/"]
    foreign = plain.startswith("/") or plain[1:2] == ":"
    if foreign and plain[1:2] == ":":
        parts = parts[1:] if len(parts[0]) == 2 else [parts[0][2:], *parts[1:]]
    if not parts or ".." in parts:
        return None, f"a path that leads out of the folder: {path}"
    try:
        here = Path(plain)
        if here.is_absolute() and here.resolve().is_relative_to(folder) and here.is_file():
            return here.resolve(), ""
        for tail in _tails(parts):
            candidate = folder.joinpath(*tail)
            if not candidate.is_file():
                continue
            real = candidate.resolve()
            if not real.is_relative_to(folder):
                return None, f"a link that leads out of the folder: {path}"
            if foreign or len(tail) < len(parts):
                return real, f"{path} is not here; {'/'.join(tail)} is taken from the folder of the sounds"
            return real, "a path with backslashes" if "\\" in path else ""
    except (OSError, ValueError):
        return None, f"no possible path: {path}"
    return None, f"no sound file {path} in {folder}"


def _tails(parts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The path, then the path without its first folder, and so on to the bare file name."""
    for first in range(len(parts)):
        yield parts[first:]


def _name(path: str) -> str:
    return PurePosixPath(path.strip("\"'").replace("\\", "/")).name
