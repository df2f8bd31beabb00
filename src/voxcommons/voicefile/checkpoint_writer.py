"""Writing checkpoints that the public program's loader reads: torch's ZIP form, its description written opcode by opcode.

Apart from the reader because it knows only what we write: dictionaries, lists, plain values and tensors. The description
names three things, all of torch and Python's own collections, so nothing in the file can do anything but hold data. The
same content gives the same bytes.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from voxcommons.base.files import atomic_path
from voxcommons.voicefile.tensor_view import STORAGE_TYPES, row_major
from voxcommons.voicefile.tensors import ITEM_BYTES, StoredTensor

_STORAGE_OF: Final = {dtype: name for name, dtype in STORAGE_TYPES.items() if dtype}
_ROOT: Final = "archive"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def write_checkpoint(path: Path, content: object, mark: str | None = None) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: the file to make or replace.
        content: a tensor, or dictionaries, lists, tuples, text, numbers, None and tensors; tensors are asked for their data one at a time.
        mark: two characters to put where the archive has "PK", None for a plain archive.

    Raises:
        TypeError: something else is in the content.
    """
    tensors: list[StoredTensor] = []
    description = b"\x80\x02" + _words(content, tensors) + b"."
    with atomic_path(path) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:
            _add(archive, "data.pkl", description)
            _add(archive, "byteorder", b"little")
            for number, tensor in enumerate(tensors):
                _add(archive, f"data/{number}", tensor.data)
            _add(archive, "version", b"3\n")
        if mark is not None:
            with temporary.open("r+b") as file:
                file.write(mark.encode("ascii"))


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(f"{_ROOT}/{name}", _EPOCH), data)


def _words(value: object, tensors: list[StoredTensor]) -> bytes:
    """The opcodes that say a value."""
    if value is None or isinstance(value, bool):
        return b"N" if value is None else b"\x88" if value else b"\x89"
    if isinstance(value, int):
        data = value.to_bytes(max(1, (value.bit_length() + 8) // 8), "little", signed=True)
        return b"J" + struct.pack("<i", value) if -(2**31) <= value < 2**31 else b"\x8a" + bytes([len(data)]) + data
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode("utf-8")
        return b"X" + struct.pack("<I", len(text)) + text
    if isinstance(value, Mapping):
        return b"}(" + b"".join(_words(key, tensors) + _words(item, tensors) for key, item in value.items()) + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(_words(item, tensors) for item in value) + b"e"
    if isinstance(value, tuple):
        return b"(" + b"".join(_words(item, tensors) for item in value) + b"t"
    if hasattr(value, "data") and hasattr(value, "shape"):
        return _tensor(value, tensors)
    raise TypeError(f"{type(value).__name__} cannot be written to a checkpoint")


def _tensor(tensor: Any, tensors: list[StoredTensor]) -> bytes:  # noqa: ANN401 - a StoredTensor, by its attributes
    """_rebuild_tensor_v2(storage, offset, shape, stride, no gradient, no hooks)."""
    count = tensor.nbytes // ITEM_BYTES[tensor.dtype]
    storage = b"(" + _words("storage", []) + f"ctorch\n{_STORAGE_OF[tensor.dtype]}\n".encode()
    storage += _words(str(len(tensors)), []) + _words("cpu", []) + _words(count, []) + b"tQ"
    tensors.append(tensor)
    layout = _words(0, []) + _words(tuple(tensor.shape), []) + _words(row_major(tuple(tensor.shape)), []) + b"\x89"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + layout + b"ccollections\nOrderedDict\n)RtR"
