"""The words of a pickle stream: one opcode and its argument at a time.

Apart from `unpickle`, which gives them a meaning, because listing what a refused file names needs the words alone. Every
length is checked against what is left of the stream before a byte is taken.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from voxcommons.base.errors import RefusedFileError

MOST_NAME_CHARS: Final = 512
MOST_LONG_BYTES: Final = 64

# Opcode -> (name, kind of argument). The kinds are explained in `_argument`.
OPCODES: Final[Mapping[int, tuple[str, str]]] = {
    ord(code): (name, kind)
    for code, name, kind in (
        ("(", "MARK", ""), (".", "STOP", ""), ("0", "POP", ""), ("1", "POP_MARK", ""), ("2", "DUP", ""), ("F", "FLOAT", "line"),
        ("I", "INT", "line"), ("J", "BININT", "i4"), ("K", "BININT1", "u1"), ("L", "LONG", "line"), ("M", "BININT2", "u2"),
        ("N", "NONE", ""), ("P", "PERSID", "line"), ("Q", "BINPERSID", ""), ("R", "REDUCE", ""), ("S", "STRING", "line"),
        ("T", "BINSTRING", "s4"), ("U", "SHORT_BINSTRING", "s1"), ("V", "UNICODE", "line"), ("X", "BINUNICODE", "t4"),
        ("a", "APPEND", ""), ("b", "BUILD", ""), ("c", "GLOBAL", "name"), ("d", "DICT", ""), ("}", "EMPTY_DICT", ""),
        ("e", "APPENDS", ""), ("g", "GET", "line"), ("h", "BINGET", "u1"), ("i", "INST", "name"), ("j", "LONG_BINGET", "u4"),
        ("l", "LIST", ""), ("]", "EMPTY_LIST", ""), ("o", "OBJ", ""), ("p", "PUT", "line"), ("q", "BINPUT", "u1"),
        ("r", "LONG_BINPUT", "u4"), ("s", "SETITEM", ""), ("t", "TUPLE", ""), (")", "EMPTY_TUPLE", ""), ("u", "SETITEMS", ""),
        ("G", "BINFLOAT", "f8"), ("\x80", "PROTO", "u1"), ("\x81", "NEWOBJ", ""), ("\x82", "EXT1", "u1"), ("\x83", "EXT2", "u2"),
        ("\x84", "EXT4", "i4"), ("\x85", "TUPLE1", ""), ("\x86", "TUPLE2", ""), ("\x87", "TUPLE3", ""), ("\x88", "NEWTRUE", ""),
        ("\x89", "NEWFALSE", ""), ("\x8a", "LONG1", "n1"), ("\x8b", "LONG4", "n4"), ("B", "BINBYTES", "b4"),
        ("C", "SHORT_BINBYTES", "b1"), ("\x8c", "SHORT_BINUNICODE", "t1"), ("\x8d", "BINUNICODE8", "t8"),
        ("\x8e", "BINBYTES8", "b8"), ("\x8f", "EMPTY_SET", ""), ("\x90", "ADDITEMS", ""), ("\x91", "FROZENSET", ""),
        ("\x92", "NEWOBJ_EX", ""), ("\x93", "STACK_GLOBAL", ""), ("\x94", "MEMOIZE", ""), ("\x95", "FRAME", "u8"),
        ("\x96", "BYTEARRAY8", "b8"), ("\x97", "NEXT_BUFFER", ""), ("\x98", "READONLY_BUFFER", ""),
    )
}  # fmt: skip

_NUMBERS: Final = {"u1": "<B", "u2": "<H", "u4": "<I", "u8": "<Q", "i4": "<i", "f8": ">d"}
_LENGTHS: Final = {"1": "<B", "4": "<I", "8": "<Q"}

_LIKE_A_NAME: Final = re.compile(r"[\w.<>]*\w[\w.<>]*")
Argument = int | float | str | bytes | tuple[str, str] | None


class Token(NamedTuple):
    """One opcode.

    Attributes:
        name: as the language calls it.
        argument: what follows it in the stream; a pair for a global name, text for the old line-based opcodes.
        start: position of the opcode.
        end: position after its argument.
    """

    name: str
    argument: Argument
    start: int
    end: int


def refused(reason: str) -> RefusedFileError:
    """The error of every rule that a foreign weight file can break."""
    return RefusedFileError("the file is not read", found=reason)


def token_at(data: bytes, at: int) -> Token:
    """The opcode at a position.

    Raises:
        RefusedFileError: the stream ends too early, or holds what is no pickle.
    """
    if at >= len(data):
        raise refused("a pickle that is cut short")
    known = OPCODES.get(data[at])
    if known is None:
        raise refused(f"byte 0x{data[at]:02x} at {at}, which is no pickle opcode")
    name, kind = known
    if not kind:
        return Token(name, None, at, at + 1)
    argument, end = _argument(data, at + 1, kind)
    return Token(name, argument, at, end)


def tokens(data: bytes, at: int = 0) -> Iterator[Token]:
    """Opcodes from a position to STOP.

    Raises:
        RefusedFileError: as `token_at`.
    """
    while True:
        token = token_at(data, at)
        yield token
        if token.name == "STOP":
            return
        at = token.end


def _argument(data: bytes, at: int, kind: str) -> tuple[Argument, int]:
    """u, i, f: a number of so many bytes; s, t, b, n with 1, 4, 8: a length, then text or bytes; line, name: up to line ends."""
    if kind in _NUMBERS:
        return _number(data, at, _NUMBERS[kind])
    if kind == "line":
        return _line(data, at)
    if kind == "name":
        module, at = _line(data, at)
        name, at = _line(data, at)
        return (module, name), at
    length, at = _number(data, at, _LENGTHS[kind[1]])
    count = int(length)
    if count > len(data) - at:
        raise refused(f"a pickle that promises {count} bytes where {len(data) - at} are left")
    return _content(data[at : at + count], kind[0]), at + count


def _content(piece: bytes, kind: str) -> Argument:
    if kind == "b":
        return piece
    if kind == "n":
        if len(piece) > MOST_LONG_BYTES:
            raise refused(f"a number of {len(piece)} bytes")
        return int.from_bytes(piece, "little", signed=True)
    try:
        return piece.decode("utf-8" if kind == "t" else "latin-1")
    except UnicodeDecodeError as cause:
        raise refused("text that is not UTF-8") from cause


def _number(data: bytes, at: int, form: str) -> tuple[int | float, int]:
    end = at + struct.calcsize(form)
    if end > len(data):
        raise refused("a pickle that is cut short")
    value: int | float = struct.unpack_from(form, data, at)[0]
    return value, end


def _line(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\n", at, at + MOST_NAME_CHARS + 1)
    if end < 0:
        raise refused("a line without an end in a pickle")
    return data[at:end].decode("utf-8", "backslashreplace"), end + 1


def names_in(data: bytes, at: int = 0, *, most: int = 200, most_tokens: int = 200_000) -> tuple[str, ...]:
    """Everything a pickle names ("os.system"), as far as it can be followed without obeying it.

    Goes on through further streams behind the first, since programs that read one after another exist; ends where the
    stream stops to be a pickle.

    Args:
        data: the bytes.
        at: where to start.
        most: names to return at most, in the order they occur.
        most_tokens: opcodes to look at.
    """
    found: dict[str, None] = {}
    memo: dict[int, str] = {}
    recent = ["", ""]
    for _ in range(most_tokens):
        try:
            token = token_at(data, at)
        except RefusedFileError:
            break
        at = token.end
        name = _named(token, recent, memo)
        if _LIKE_A_NAME.fullmatch(name):
            found[name] = None
        if len(found) >= most:
            break
    return tuple(found)


def _named(token: Token, recent: list[str], memo: dict[int, str]) -> str:
    """The name that an opcode brings; keeps the last two texts, which STACK_GLOBAL puts together."""
    kind, argument = token.name, token.argument
    if isinstance(argument, tuple):
        return ".".join(argument)
    if kind == "STACK_GLOBAL":
        return ".".join(recent)
    if kind == "MEMOIZE":
        memo[len(memo)] = recent[1]
    elif kind in ("BINPUT", "LONG_BINPUT") and isinstance(argument, int):
        memo[argument] = recent[1]
    elif kind in ("BINGET", "LONG_BINGET") and isinstance(argument, int):
        recent[:] = [recent[1], memo.get(argument, "?")]
    elif isinstance(argument, str):
        recent[:] = [recent[1], argument[:MOST_NAME_CHARS]]
    return ""
