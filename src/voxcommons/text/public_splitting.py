"""How the public program cuts a text before reading it: cut0 to cut5 and the preparation around them.

Kept apart from segment.py because nothing here is how we would do it: cut4 loses full stops, cut1 cuts "9:30" in two. It exists so
that a text sent through the compatible interfaces is cut at the same places.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from voxcommons.base.errors import InputError

CLAUSE_ENDS = frozenset("，。？！,.?!~:：—…")
_PUNCTUATION_ONLY = frozenset("!?…,.- ")
_CUT5_ENDS = frozenset(",.;?!、，。？！：…")
_REPEATED = re.compile(r"([!?…,.\-])[!?…,.\-]+")
_FULL_STOP = re.compile(r"(?<!\d)\.(?!\d)")
_ENDS_CLASS = re.compile(f"([{re.escape(''.join(sorted(CLAUSE_ENDS)))}])")
SHORTEST_FIRST_CLAUSE = 4
SHORTEST_LINE = 5
LONGEST_LINE = 510
CLAUSES_AT_ONCE = 4
CUT2_CHARS = 50


def _spoken(pieces: list[str]) -> list[str]:
    return [piece for piece in pieces if not _PUNCTUATION_ONLY.issuperset(piece)]


def _clauses(text: str) -> list[str]:
    text = text.replace("……", "。").replace("——", "，")
    if text[-1:] not in CLAUSE_ENDS:
        text += "。"
    pieces = _ENDS_CLASS.split(text)
    return [clause + end for clause, end in zip(pieces[::2], pieces[1::2], strict=False)]


def _cut0(text: str) -> str:
    return text if _spoken([text]) else "\n"


def _cut1(text: str) -> str:
    clauses = _clauses(text)
    starts = range(0, len(clauses), CLAUSES_AT_ONCE)
    if len(starts) < 3:
        lines = [text] if len(starts) < 2 else ["".join(clauses)]
    else:
        ends = [*starts[1:-1], len(clauses)]
        lines = ["".join(clauses[start:end]) for start, end in zip(starts, ends, strict=False)]
    return "\n".join(_spoken(lines))


def _cut2(text: str) -> str:
    clauses = _clauses(text)
    if len(clauses) < 2:
        return text
    lines: list[str] = []
    line = ""
    for clause in clauses:
        line += clause
        if len(line) > CUT2_CHARS:
            lines.append(line)
            line = ""
    if line:
        lines.append(line)
    if len(lines) > 1 and len(lines[-1]) < CUT2_CHARS:
        lines[-2:] = [lines[-2] + lines[-1]]
    return "\n".join(_spoken(lines))


def _cut3(text: str) -> str:
    return "\n".join(_spoken(text.strip("。").split("。")))


def _cut4(text: str) -> str:
    return "\n".join(_spoken(_FULL_STOP.split(text.strip("."))))


def _cut5(text: str) -> str:
    lines: list[str] = []
    line = ""
    for place, char in enumerate(text):
        line += char
        decimal = char == "." and 0 < place < len(text) - 1 and text[place - 1].isdigit() and text[place + 1].isdigit()
        if char in _CUT5_ENDS and not decimal:
            lines.append(line)
            line = ""
    if line:
        lines.append(line)
    return "\n".join(_spoken(lines))


_METHODS: dict[str, Callable[[str], str]] = {
    "cut0": _cut0,
    "cut1": _cut1,
    "cut2": _cut2,
    "cut3": _cut3,
    "cut4": _cut4,
    "cut5": _cut5,
}


def public_cut(text: str, method: str) -> str:
    """The text with a line break at every cut.

    Args:
        text: any text.
        method: ``"cut0"`` (none) to ``"cut5"``.

    Raises:
        InputError: the method has another name.
    """
    if method not in _METHODS:
        raise InputError("unknown way of cutting a text", expected="one of " + ", ".join(_METHODS), found=repr(method))
    return _METHODS[method](text.strip("\n"))


def public_segments(text: str, language: str, method: str) -> list[str]:
    """The lines the public program reads one after another.

    Args:
        text: any text.
        language: only ``"en"`` matters: its full stop is "." instead of "。".
        method: see :func:`public_cut`.

    Raises:
        InputError: nothing is left to read, or the method is unknown.
    """
    stop = "." if language == "en" else "。"
    text = _REPEATED.sub(r"\1", text).strip("\n")
    if not text:
        raise InputError("there is nothing to read", expected="a text with words", found="an empty text")
    first_clause = _ENDS_CLASS.split(text.strip())[0].strip()
    if text[0] not in CLAUSE_ENDS and len(first_clause) < SHORTEST_FIRST_CLAUSE:
        text = stop + text
    lines = [line for line in public_cut(text, method).split("\n") if line not in ("", " ")]
    if not lines:
        raise InputError("there is nothing to read", expected="a text with words", found=repr(text[:40]))
    finished: list[str] = []
    for line in _joined_to(lines, SHORTEST_LINE):
        if re.sub(r"\W+", "", line):
            line = line if line[-1] in CLAUSE_ENDS else line + stop
            finished += [line] if len(line) <= LONGEST_LINE else _cut_long(line)
    return finished


def _joined_to(lines: list[str], shortest: int) -> list[str]:
    """Neighbouring lines joined until each has the shortest length; a short tail joins the line before."""
    if len(lines) < 2:
        return lines
    joined: list[str] = []
    line = ""
    for piece in lines:
        line += piece
        if len(line) >= shortest:
            joined.append(line)
            line = ""
    if line and joined:
        joined[-1] += line
    elif line:
        joined.append(line)
    return joined


def _cut_long(line: str) -> list[str]:
    parts: list[str] = []
    part = ""
    for piece in _ENDS_CLASS.split(line):
        if len(part + piece) > LONGEST_LINE:
            parts.append(part)
            part = piece
        else:
            part += piece
    return [*parts, part] if part else parts
