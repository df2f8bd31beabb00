"""Content hashes: how a file or a set of tensors is named by what it holds.

One place, so that a voice, a base model and a log line that speak of the same content agree on its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

_BLOCK_BYTES = 1 << 20


def sha256_file(path: Path | str) -> str:
    """SHA-256 of a file's bytes in lower-case hexadecimal, read in blocks."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def sha256_tensors(tensors: Mapping[str, npt.NDArray[np.generic]]) -> str:
    """SHA-256 of named arrays in lower-case hexadecimal.

    The same for any order of the mapping, any memory layout and any byte order; different when a name, a dtype, a shape or
    a value differs. Independent of the file format that held the arrays.
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.asarray(tensors[name])
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        header = f"{name}\0{array.dtype.kind}{array.dtype.itemsize}\0{','.join(map(str, array.shape))}\0"
        digest.update(header.encode())
        digest.update(little.tobytes(order="C"))
    return digest.hexdigest()
