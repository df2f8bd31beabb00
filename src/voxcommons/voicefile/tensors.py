"""Reading and writing safetensors files without trusting them.

Our own reader, of the header and of raw bytes, for two reasons: it says every fault of a file before a byte of data is
used, and it handles types that NumPy has no name for (bfloat16, float8), which a difference between two weight files
needs only to compare and copy. The format: 8 bytes header length, a JSON header, then the data without gaps.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import numpy as np
import numpy.typing as npt

from voxcommons.base.errors import CorruptFileError
from voxcommons.base.files import atomic_path

Array = npt.NDArray[Any]

MOST_HEADER_BYTES: Final = 8 << 20
MOST_TENSORS: Final = 20_000
ITEM_BYTES: Final[Mapping[str, int]] = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip
_NUMPY: Final[Mapping[str, str]] = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "I16": "<i2", "U16": "<u2", "F16": "<f2", "I32": "<i4", "U32": "<u4",
    "F32": "<f4", "I64": "<i8", "U64": "<u8", "F64": "<f8",
}  # fmt: skip
_NAMES: Final = {np.dtype(code): name for name, code in _NUMPY.items()}


class StoredTensor(Protocol):
    """What can be written: a tensor in memory, or one that is read from another file when its turn comes."""

    @property
    def dtype(self) -> str:
        """The format's own name, for example ``F32``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of any rank."""

    @property
    def nbytes(self) -> int:
        """Length of `data`."""

    @property
    def data(self) -> bytes:
        """The bytes, little-endian, row-major."""


@dataclass(frozen=True)
class RawTensor:
    """One tensor as it lies in a file.

    Attributes:
        dtype: the format's own name, for example ``F32``.
        shape: of any rank.
        data: the bytes, little-endian, row-major.
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @property
    def nbytes(self) -> int:
        """Length of the data."""
        return len(self.data)

    def array(self) -> Array:
        """The tensor as a NumPy array (a copy).

        Raises:
            CorruptFileError: NumPy has no such type.
        """
        if self.dtype not in _NUMPY:
            raise CorruptFileError("cannot read a tensor", expected="a type NumPy knows", found=self.dtype)
        return np.frombuffer(self.data, _NUMPY[self.dtype]).reshape(self.shape).copy()

    @classmethod
    def of(cls, array: Array) -> RawTensor:
        """The tensor of a NumPy array."""
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        return cls(_NAMES[little.dtype], tuple(array.shape), little.tobytes(order="C"))


@dataclass(frozen=True)
class _Entry:
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


class TensorFile:
    """A safetensors file opened for reading; its header is checked whole on opening.

    Args:
        name: what to call it in messages.
        size: its length in bytes.
        opened: opens it for reading, at any position; called again for every tensor.

    Raises:
        CorruptFileError: the header or the layout breaks the format; the message names the first fault.
    """

    def __init__(self, name: str, size: int, opened: Callable[[], BinaryIO]) -> None:
        self.name = name
        self._opened = opened
        self._data_start, self._entries, self.metadata = _read_header(name, size, opened)

    @classmethod
    def at(cls, path: Path) -> TensorFile:
        """The safetensors file at a path."""
        return cls(path.name, path.stat().st_size, lambda: path.open("rb"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def facts(self, name: str) -> tuple[str, tuple[int, ...]]:
        """Type and shape of a tensor, without reading it."""
        entry = self._entries[name]
        return entry.dtype, entry.shape

    def read(self, name: str) -> RawTensor:
        """One tensor."""
        entry = self._entries[name]
        with self._opened() as file:
            file.seek(self._data_start + entry.start)
            return RawTensor(entry.dtype, entry.shape, file.read(entry.end - entry.start))


def write_tensors(path: Path, tensors: Mapping[str, StoredTensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file, whole or not at all; the same tensors always give the same bytes.

    Args:
        path: the file to make or replace.
        tensors: in any order; they are stored by name, and the data of one at a time are held.
        metadata: notes of text.
    """
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    at = 0
    for name in sorted(tensors):
        tensor = tensors[name]
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for name in sorted(tensors):
            file.write(tensors[name].data)


def _read_header(label: str, size: int, opened: Callable[[], BinaryIO]) -> tuple[int, dict[str, _Entry], dict[str, str]]:
    with opened() as file:
        prefix = file.read(8)
        length = int.from_bytes(prefix, "little")
        if len(prefix) < 8 or not 2 <= length <= min(MOST_HEADER_BYTES, size - 8):
            raise _broken(label, f"a header of {length if len(prefix) == 8 else 'unknown'} bytes in a file of {size}")
        text = file.read(length)
    try:
        header = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as cause:
        raise _broken(label, "a header that is not JSON") from cause
    if not isinstance(header, dict):
        raise _broken(label, "a header that is not an object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _broken(label, "notes that are not text")
    if len(header) > MOST_TENSORS:
        raise _broken(label, f"{len(header)} tensors")
    entries = {name: _entry(label, name, fields) for name, fields in header.items()}
    _check_layout(label, entries, size - 8 - length)
    return 8 + length, entries, metadata


def _entry(label: str, name: str, fields: object) -> _Entry:
    if not isinstance(fields, dict) or set(fields) != {"dtype", "shape", "data_offsets"}:
        raise _broken(label, f"tensor {name!r} without dtype, shape and data_offsets")
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if dtype not in ITEM_BYTES:
        raise _broken(label, f"tensor {name!r} of unknown type {dtype!r}")
    if not _whole_numbers(shape) or len(shape) > 16:
        raise _broken(label, f"tensor {name!r} with a shape that is not one")
    if not _whole_numbers(offsets) or len(offsets) != 2:
        raise _broken(label, f"tensor {name!r} with offsets that are not two numbers")
    if offsets[1] - offsets[0] != math.prod(shape) * ITEM_BYTES[dtype]:
        raise _broken(label, f"tensor {name!r} whose size does not fit its shape")
    return _Entry(dtype, tuple(shape), offsets[0], offsets[1])


def _check_layout(label: str, entries: Mapping[str, _Entry], data_bytes: int) -> None:
    at = 0
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].start, item[1].end)):
        if entry.start != at:
            raise _broken(label, f"a gap or an overlap before tensor {name!r}")
        at = entry.end
    if at != data_bytes:
        raise _broken(label, f"{data_bytes} bytes of data where the header promises {at}")


def _whole_numbers(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**48 for item in value)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _broken(name: str, found: str) -> CorruptFileError:
    return CorruptFileError("a tensor file is damaged", expected="a safetensors file", found=f"{name} with {found}", key="voice_damaged")
