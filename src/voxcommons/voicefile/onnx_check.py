"""Whether an ONNX file is a network and nothing else, found out without loading it.

An ONNX file is data, but it may point at other files on the disk and ask for operators from libraries of its own choice. A reader
of the wire format looks for both; everything it does not need it steps over.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from voxcommons.base.errors import RefusedFileError

_DOMAINS: Final = frozenset({b"", b"ai.onnx", b"ai.onnx.ml", b"com.microsoft"})
_DEEPEST: Final = 20
_MOST_FIELDS: Final = 2_000_000
# Message -> field number -> what is in it; the numbers are those of the public onnx.proto.
_MESSAGES: Final[dict[str, dict[int, str]]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "opset": {1: "domain"},
    "function": {7: "node", 10: "domain", 9: "opset"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "node": {5: "attribute", 7: "domain"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "tensor": {13: "external", 14: "location"},
}


def check_onnx(path: Path) -> None:
    """Refuse an ONNX file that asks for more than itself.

    Args:
        path: the file; it is mapped, not read into memory.

    Raises:
        RefusedFileError: it is no ONNX file, points at other files, or names operators that are not the standard's.
    """
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise _refused(path, "an empty file")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            seen: set[str] = set()
            budget = [_MOST_FIELDS]
            try:
                _walk(data, 0, len(data), "model", seen, budget, 0)
            except (IndexError, ValueError) as cause:
                raise _refused(path, str(cause) or "a broken file") from cause
    if not {"graph", "node"} <= seen:
        raise _refused(path, "no network in it")


def _walk(data: mmap.mmap, start: int, end: int, message: str, seen: set[str], budget: list[int], depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError("parts nested too deep")
    inside = _MESSAGES[message]
    for number, wire, value, stop in _fields(data, start, end):
        budget[0] -= 1
        if budget[0] < 0:
            raise ValueError("too many parts")
        part = inside.get(number)
        if part is None:
            continue
        seen.add(part)
        if part in _MESSAGES and wire == 2:
            _walk(data, value, stop, part, seen, budget, depth + 1)
        elif part == "domain" and wire == 2:
            if data[value:stop] not in _DOMAINS:
                raise ValueError(f"operators of {data[value:stop][:60]!r}")
        elif (part, wire, value) != ("location", 0, 0):
            raise ValueError("weights outside the file" if part in ("external", "location") else f"a {part} that is none")


def _fields(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(field number, wire type, number or start of the content, end of the content) of every field."""
    while at < end:
        key, at = _varint(data, at, end)
        wire = key & 7
        if wire == 0:
            value, at = _varint(data, at, end)
            yield key >> 3, wire, value, at
            continue
        if wire == 2:
            length, at = _varint(data, at, end)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError("no ONNX file")
        if at + length > end:
            raise ValueError("a file that is cut short")
        yield key >> 3, wire, at, at + length
        at += length


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("no ONNX file")


def _refused(path: Path, why: str) -> RefusedFileError:
    return RefusedFileError(f"{path.name} is not read", expected="an ONNX network that stands by itself", found=why, path=path)
