"""The sentences of a domain: which recordings, and what is said in each.

Apart from tuning because a list is written by hand, and every line that cannot be used is to be told before anything is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from voxcommons.base.errors import InputError
from voxcommons.prepare.public_list import LANGUAGES
from voxcommons.voices.tuning_phrases import Source

FEWEST: Final = 8
_MOST_BYTES: Final = 4 << 20
_SHOWN: Final = 5


def domain_sources(path: Path) -> list[Source]:
    """Read a list of recorded sentences.

    A line is `recording TAB words`, or `recording|speaker|language|words` as the public program has it. Recordings are looked
    for beside the list. Empty lines and lines that begin with # say nothing.

    Raises:
        InputError: naming the lines that cannot be used.
    """
    if not path.is_file():
        raise InputError("no such file", expected="a list of recordings and their words", found=str(path), key="no_such_file")
    if path.stat().st_size > _MOST_BYTES:
        raise InputError("the list is too long", expected=f"at most {_MOST_BYTES} bytes", found=path.name)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as cause:
        raise InputError("cannot read the list", expected="a text file in UTF-8", found=path.name, key="cannot_read") from cause
    found, faults = list[Source](), list[str]()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        read = _source(line, path.parent)
        if isinstance(read, Source):
            found.append(read)
        else:
            faults.append(f"line {number}: {read}")
    if faults or len(found) < FEWEST:
        more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise InputError(
            "the list of a domain cannot be used",
            expected=f"{FEWEST} or more lines of a recording, a tab, and its words; about 20 are right",
            found=("; ".join(faults[:_SHOWN]) + more) if faults else f"{len(found)} lines",
        )  # fmt: skip
    return found


def _source(line: str, folder: Path) -> Source | str:
    """What a line names, or what is wrong with it."""
    language = None
    if "\t" in line:
        name, _, words = line.partition("\t")
    else:
        parts = line.split("|")
        if len(parts) < 4:  # noqa: PLR2004 - the fields of a .list file
            return "neither a tab nor four fields between |"
        name, words, language = parts[0], "|".join(parts[3:]), LANGUAGES.get(parts[2])
        if language is None:
            return f"the language {parts[2]!r} is not known"
    place = folder / name.strip()
    if not place.is_file():
        return f"no recording {name.strip()}"
    return Source(place, words.strip(), language) if words.strip() else "no words"
