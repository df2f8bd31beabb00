"""Tensors of a foreign checkpoint: a type, a shape, strides, and where the numbers lie in the file.

A view holds no numbers. It is checked against its storage when it is made, and its numbers are read when they are asked
for, one tensor at a time, so that a checkpoint costs little more memory than its largest tensor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from voxcommons.voicefile.pickle_tokens import refused
from voxcommons.voicefile.tensors import ITEM_BYTES, Array, RawTensor

MOST_DIMENSIONS: Final = 8
_MOST_NUMBER: Final = 2**48

# torch's names -> the names of the safetensors format.
STORAGE_TYPES: Final[Mapping[str, str]] = {
    "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16", "DoubleStorage": "F64", "LongStorage": "I64",
    "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8", "BoolStorage": "BOOL",
    "UntypedStorage": "",
}  # fmt: skip
DTYPES: Final[Mapping[str, str]] = {
    "float32": "F32", "float": "F32", "float16": "F16", "half": "F16", "bfloat16": "BF16", "float64": "F64", "double": "F64",
    "int64": "I64", "long": "I64", "int32": "I32", "int": "I32", "int16": "I16", "short": "I16", "int8": "I8", "uint8": "U8",
    "bool": "BOOL", "uint16": "U16", "uint32": "U32", "uint64": "U64", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
}  # fmt: skip


@dataclass
class Storage:
    """A run of numbers in the file.

    Attributes:
        key: its name in the file.
        dtype: type of its numbers; empty for bytes without a type.
        nbytes: its length.
        read: gives `count` bytes from `start` on, both checked by the caller. The old format sets it once it knows where
            the storage lies.
    """

    key: str
    dtype: str
    nbytes: int
    read: Callable[[int, int], bytes]


@dataclass(frozen=True)
class TensorView:
    """A tensor that has been checked but not read.

    Attributes:
        dtype: the safetensors name of its type, "F16", "BF16", ...
        shape: of at most eight dimensions.
        stride: steps in items, one per dimension.
        offset: of the first item in the storage, in items.
        storage: where the numbers are.
    """

    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    storage: Storage

    @property
    def nbytes(self) -> int:
        """Bytes of its numbers, row-major."""
        return math.prod(self.shape) * ITEM_BYTES[self.dtype]

    @property
    def data(self) -> bytes:
        """The numbers, little-endian, row-major; read from the file."""
        item = ITEM_BYTES[self.dtype]
        if not self.nbytes:
            return b""
        reach = _reach(self.shape, self.stride)
        piece = self.storage.read(self.offset * item, reach * item)
        if len(piece) != reach * item:
            raise refused(f"storage {self.storage.key} that ends too early")
        if self.stride != row_major(self.shape):
            items = np.frombuffer(piece, f"V{item}")
            strides = [step * item for step in self.stride]
            piece = np.lib.stride_tricks.as_strided(items, self.shape, strides, writeable=False).tobytes()
        return piece

    def raw(self) -> RawTensor:
        """The tensor in memory, its type untouched."""
        return RawTensor(self.dtype, self.shape, self.data)

    def array(self) -> Array:
        """The tensor as a NumPy array; bfloat16, which NumPy lacks, becomes float32 without loss.

        Raises:
            CorruptFileError: NumPy has no such type (float8).
        """
        if self.dtype == "BF16":
            wide: Array = np.left_shift(np.frombuffer(self.data, "<u2").astype("<u4"), 16)
            return wide.view("<f4").reshape(self.shape)
        if self.dtype == "BOOL":
            truth: Array = np.not_equal(np.frombuffer(self.data, "u1"), 0)
            return truth.reshape(self.shape)
        return self.raw().array()


def make_view(storage: object, offset: object, shape: object, stride: object, dtype: str = "") -> TensorView:
    """A tensor on a storage, as a file describes it.

    Raises:
        RefusedFileError: a part is not what it should be, or the tensor reaches outside its storage.
    """
    if not isinstance(storage, Storage):
        raise refused("a tensor without a storage")
    kind = dtype or storage.dtype
    if kind not in ITEM_BYTES or (storage.dtype and storage.dtype != kind):
        raise refused(f"a tensor of type {kind or 'unknown'} on a storage of type {storage.dtype or 'bytes'}")
    sizes, steps = _numbers(shape, "shape"), _numbers(stride, "stride")
    if len(sizes) != len(steps) or len(sizes) > MOST_DIMENSIONS:
        raise refused(f"a tensor with {len(sizes)} sizes and {len(steps)} strides")
    (first,) = _numbers((offset,), "offset")
    items = storage.nbytes // ITEM_BYTES[kind]
    if math.prod(sizes) > items or first + _reach(sizes, steps) > items:
        raise refused(f"a tensor of shape {sizes} that reaches outside its storage of {items} items")
    return TensorView(kind, sizes, steps, first, storage)


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in items of a tensor whose last dimension lies together."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _reach(shape: tuple[int, ...], stride: tuple[int, ...]) -> int:
    """Items from the first to the last one of a tensor; 0 for an empty one."""
    if 0 in shape:
        return 0
    return 1 + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))


def _numbers(value: object, what: str) -> tuple[int, ...]:
    if not isinstance(value, tuple) or not all(type(item) is int and 0 <= item < _MOST_NUMBER for item in value):
        raise refused(f"a tensor whose {what} is not one")
    return value
