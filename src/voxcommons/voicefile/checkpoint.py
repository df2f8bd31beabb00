"""A foreign weight file, opened safely: what it is, what it says, its tensors on demand.

The one door to `.pth`, `.ckpt`, `.pt` and `.bin` files. What a file is, its first bytes say, never its name; what it says is
read by `unpickle`, which can neither import nor call. Meaning (which network is this?) is not known here.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from voxcommons.base.errors import RefusedFileError
from voxcommons.voicefile.pickle_tokens import names_in, refused
from voxcommons.voicefile.tensor_view import Storage, TensorView
from voxcommons.voicefile.tensors import ITEM_BYTES
from voxcommons.voicefile.torch_legacy import START, old_storage, read_legacy
from voxcommons.voicefile.torch_zip import is_torch_zip, mark_of, read_member, read_members
from voxcommons.voicefile.unpickle import Machine

MOST_PICKLE_BYTES: Final = 16 << 20
_MOST_NODES: Final = 100_000
_LONGEST_PATH_CHARS: Final = 500
_LONGEST_TEXT_CHARS: Final = 2000
_DEEPEST: Final = 100
_PICKLE_START: Final = re.compile(rb"\x80[\x02-\x05]")
_MOST_STARTS: Final = 20
# Files of other kinds that people meet under these names; the list only makes the message better.
_OTHERS: Final = (
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"), (b"\x1f\x8b", "a gzip file"), (b"BZh", "a bzip2 file"), (b"\xfd7zXZ\x00", "an xz file"),
    (b"\x93NUMPY", "a NumPy array"), (b"\x89PNG", "a picture"), (b"RIFF", "a sound or picture"), (b"<", "a web page"), (b"{", "JSON"),
    (b"version https://git-lfs", "a pointer to a large file, not the file"),
)  # fmt: skip


@dataclass(frozen=True)
class Checkpoint:
    """What a foreign weight file holds.

    Attributes:
        container: "torch zip" or "torch legacy".
        mark: the public program's mark in the first two bytes ("05", ...), None for none.
        names: everything the file names, all of it allowed.
        content: what it says: dict, list, tuple, set, scalars and `TensorView`. Parts may be shared; use `walk` and `plain`.
    """

    container: str
    mark: str | None
    names: tuple[str, ...]
    content: Any

    def tensors(self) -> Mapping[str, TensorView]:
        """All tensors by their path, keys joined by dots."""
        return {path: leaf for path, leaf in walk(self.content) if isinstance(leaf, TensorView)}


@contextlib.contextmanager
def open_checkpoint(path: Path | str) -> Iterator[Checkpoint]:
    """Open a foreign weight file; its tensors can be read inside the block.

    Raises:
        RefusedFileError: the file is not read; the message says why.
        OSError: there is no such file, or it cannot be read.
    """
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise refused("no ordinary file")
    with Path(path).open("rb") as file:
        size = file.seek(0, 2)
        yield read_checkpoint(file, size)


def read_checkpoint(file: BinaryIO, size: int) -> Checkpoint:
    """The checkpoint in an open file, which must stay open while tensors are read.

    Args:
        file: open for reading, seekable.
        size: its length in bytes.

    Raises:
        RefusedFileError: as `open_checkpoint`.
    """
    file.seek(0)
    head = file.read(len(START))
    if is_torch_zip(head):
        machine, content = _of_zip(file, size)
        container, mark = "torch zip", mark_of(head)
    elif head == START:
        machine, content = _of_legacy(file, size)
        container, mark = "torch legacy", None
    else:
        raise refused(_kind(head))
    checkpoint = Checkpoint(container, mark, tuple(machine.names), content)
    tensors = checkpoint.tensors()
    if not tensors:
        raise refused("no weights in it")
    if sum(tensor.nbytes for tensor in tensors.values()) > 4 * size + (1 << 20):
        raise refused("tensors that are many times as large as the file")
    return checkpoint


def names_of(file: BinaryIO, size: int) -> tuple[str, ...]:
    """What a file names, as far as it can be followed without obeying it; also of files that are refused."""
    file.seek(0)
    head = file.read(min(size, MOST_PICKLE_BYTES))
    if b"PK\x03\x04" not in head and not is_torch_zip(head[:4]):
        return names_in(head)
    for match in itertools.islice(_PICKLE_START.finditer(head), _MOST_STARTS):  # every place where a pickle may start
        if found := names_in(head, match.start(), most_tokens=20_000):
            return found
    return ()


def walk(content: object) -> Iterator[tuple[str, object]]:
    """Every leaf of a checkpoint with its path; a part that occurs twice or contains itself is entered once.

    Raises:
        RefusedFileError: there are too many parts.
    """
    pending: list[tuple[str, object, object]] = [("", "", content)]
    entered: set[int] = set()
    nodes = 0
    while pending:
        parent, key, value = pending.pop()
        nodes += 1
        path = f"{parent}.{key}" if parent else str(key)
        if nodes > _MOST_NODES or len(path) > _LONGEST_PATH_CHARS:
            raise refused(f"more than {_MOST_NODES} parts, or parts nested too deep")
        parts = _parts(value)
        if parts is None:
            yield path, value
        elif id(value) not in entered:
            entered.add(id(value))
            pending += [(path, name, part) for name, part in reversed(parts)]


def plain(value: object, *, budget: int = 20_000) -> Any:  # noqa: ANN401 - any JSON value
    """A part of a checkpoint as JSON values: dictionaries with text keys, lists, scalars, texts clipped; tensors become None.

    Raises:
        RefusedFileError: it is too large or too deep to be a configuration.
    """
    left = [budget]

    def copy(part: object, depth: int) -> Any:  # noqa: ANN401 - any JSON value
        left[0] -= 1
        if left[0] < 0 or depth > _DEEPEST:
            raise refused("a configuration without end")
        if isinstance(part, dict):
            return {str(key)[:200]: copy(item, depth + 1) for key, item in part.items()}
        if isinstance(part, list | tuple):
            return [copy(item, depth + 1) for item in part]
        if isinstance(part, str):
            return part[:_LONGEST_TEXT_CHARS]
        return part if isinstance(part, int | float | bool) else None

    return copy(value, 0)


def _parts(value: object) -> list[tuple[object, object]] | None:
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    return None


def _of_zip(file: BinaryIO, size: int) -> tuple[Machine, Any]:
    members = read_members(file, size)
    if "data.pkl" not in members:
        raise refused("an archive without data.pkl")
    if members["data.pkl"].size > MOST_PICKLE_BYTES:
        raise refused(f"a description of {members['data.pkl'].size} bytes")
    if "byteorder" in members and (members["byteorder"].size != 6 or read_member(file, members["byteorder"]) != b"little"):
        raise refused("numbers in another byte order")
    storages: dict[str, Storage] = {}

    def storage_of(dtype: str, key: str, count: int) -> Storage:
        member = members.get(f"data/{key}")
        if member is None or member.size != (count * ITEM_BYTES[dtype] if dtype else count):
            raise refused(f"a storage {key[:80]!r} that the archive does not hold in that length")
        made = storages.setdefault(key, Storage(key, dtype, member.size, _Reader(file, member.start)))
        if made.dtype != dtype:
            raise refused(f"a storage {key!r} that is described in two ways")
        return made

    machine = Machine(storage_of)
    data = read_member(file, members["data.pkl"])
    content, end = machine.run(data)
    if end != len(data):
        raise refused("something behind the weights in data.pkl")
    return machine, content


def _of_legacy(file: BinaryIO, size: int) -> tuple[Machine, Any]:
    storages: dict[str, Storage] = {}
    machine = Machine(old_storage(storages))
    content = read_legacy(
        machine, storages, file, size, most_pickle_bytes=MOST_PICKLE_BYTES, reader=lambda start: _Reader(file, start)
    )
    return machine, content


class _Reader:
    """Reads a storage that starts at a place in the file."""

    __slots__ = ("_file", "_start")

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file, self._start = file, start

    def __call__(self, start: int, count: int) -> bytes:
        self._file.seek(self._start + start)
        return self._file.read(count)


def _kind(head: bytes) -> str:
    if not head:
        return "an empty file"
    for start, name in _OTHERS:
        if head.startswith(start):
            return f"{name}, not a checkpoint"
    if head[:1] == b"\x80":
        return "a bare pickle, which holds no weights"
    return "no checkpoint that torch wrote"


__all__ = ["Checkpoint", "RefusedFileError", "TensorView", "names_of", "open_checkpoint", "plain", "read_checkpoint", "walk"]
