"""The numbers a voice is: its style, and the prompt that text-to-semantic continues from.

They lie in ``prompt.safetensors`` so that a voice can be spoken with, and shared, without the recording it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voxcommons.base.errors import CorruptFileError
from voxcommons.base.hashing import sha256_tensors
from voxcommons.voicefile.tensors import RawTensor, TensorFile, write_tensors

# name -> (type in the file, fewest items, most items); a voice may be a timbre alone, without a prompt
_SHAPES: Final[Mapping[str, tuple[str, int, int]]] = {
    "style": ("F32", 1, 65_536),
    "prompt_codes": ("I64", 0, 20_000),
    "prompt_phones": ("I64", 0, 20_000),
}


@dataclass(frozen=True, eq=False)
class Features:
    """What a voice speaks with.

    Attributes:
        style: timbre [gin], float32.
        prompt_codes: semantic tokens of the prompt at 25 Hz [S], int64; may be empty.
        prompt_phones: phoneme ids of the prompt in the base model's table [P], int64; may be empty.
    """

    style: npt.NDArray[np.float32]
    prompt_codes: npt.NDArray[np.int64]
    prompt_phones: npt.NDArray[np.int64]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The three arrays by name."""
        return {name: getattr(self, name) for name in _SHAPES}

    @property
    def sha256(self) -> str:
        """Content hash of the three arrays, independent of how they are stored."""
        return sha256_tensors(self.arrays())

    @property
    def voice_id(self) -> str:
        """The id of a voice with these features: the first 32 digits of their hash."""
        return self.sha256[:32]


def write_features(path: Path, features: Features) -> None:
    """Write ``prompt.safetensors``; equal features give equal bytes."""
    typed: dict[str, npt.NDArray[Any]] = {
        "style": np.asarray(features.style, np.float32),
        "prompt_codes": np.asarray(features.prompt_codes, np.int64),
        "prompt_phones": np.asarray(features.prompt_phones, np.int64),
    }
    write_tensors(path, {name: RawTensor.of(array) for name, array in typed.items()})


def read_features(path: Path) -> Features:
    """Read ``prompt.safetensors``.

    Raises:
        CorruptFileError: it holds anything but the three arrays, or numbers that cannot be.
    """
    return features_of(TensorFile.at(path))


def features_of(file: TensorFile) -> Features:
    """The features in an opened file; see :func:`read_features`."""
    if set(file) != set(_SHAPES):
        raise _wrong(file, f"the tensors {', '.join(sorted(file)) or 'none'}")
    for name, (dtype, least, most) in _SHAPES.items():
        found_type, shape = file.facts(name)
        if found_type != dtype or len(shape) != 1 or not least <= shape[0] <= most:
            raise _wrong(file, f"{name} of type {found_type} and shape {list(shape)}")
    features = Features(**{name: file.read(name).array() for name in _SHAPES})
    if not np.isfinite(features.style).all():
        raise _wrong(file, "a style that is not finite")
    if features.prompt_codes.min(initial=0) < 0 or features.prompt_phones.min(initial=0) < 0:
        raise _wrong(file, "negative codes or phones")
    return features


def _wrong(file: TensorFile, found: str) -> CorruptFileError:
    return CorruptFileError(
        "the voice is damaged",
        expected="style [gin] F32, prompt_codes [S] I64, prompt_phones [P] I64",
        found=f"{file.name} with {found}",
        key="voice_damaged",
    )
