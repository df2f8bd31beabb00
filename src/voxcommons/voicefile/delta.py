"""The difference between two weight files.

A fine-tuned voice changes few tensors of its base model, so only those are kept, beside the base's hash. Tensors are
compared and copied as bytes: no type is converted, and putting a delta back on its base gives the tuned file's tensors
exactly.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.base.hashing import sha256_file
from voxcommons.voicefile.tensors import RawTensor, TensorFile, write_tensors

BASE_KEY: Final = "base_sha256"


def changed_tensors(base: TensorFile, tuned: TensorFile) -> list[str]:
    """Names of the tensors in ``tuned`` that ``base`` lacks or has otherwise, sorted."""
    return sorted(
        name for name in tuned if name not in base or base.facts(name) != tuned.facts(name) or base.read(name) != tuned.read(name)
    )


def write_delta(base_path: Path, tuned_path: Path, delta_path: Path, *, base_sha256: str | None = None) -> list[str]:
    """Write the tensors in which a tuned file differs from its base.

    Args:
        base_path: weights of the base model.
        tuned_path: weights after tuning.
        delta_path: the file to make.
        base_sha256: the hash the base model goes by when it is more than this one file; by default that of the file.

    Returns:
        The names of the tensors written.

    Raises:
        InputError: the tuned file lacks tensors of the base; a difference cannot take away.
        CorruptFileError: one of the files is damaged.
        StorageError: the disk is full or the place cannot be written.
    """
    base, tuned = TensorFile.at(base_path), TensorFile.at(tuned_path)
    missing = sorted(set(base) - set(tuned))
    if missing:
        raise InputError(
            "the weights do not come from this base model",
            expected=f"all {len(base)} tensors of {base_path.name}",
            found=f"{tuned_path.name} without {', '.join(missing[:3])}",
            do="give the base model they were tuned from",
        )
    changed = changed_tensors(base, tuned)
    write_tensors(delta_path, {name: tuned.read(name) for name in changed}, {BASE_KEY: base_sha256 or sha256_file(base_path)})
    return changed


def apply_delta(base_path: Path, delta_path: Path, *, base_sha256: str | None = None) -> dict[str, RawTensor]:
    """All tensors of the tuned model: those of the base, replaced where the delta has its own.

    Args:
        base_path: weights of the base model.
        delta_path: what ``write_delta`` wrote.
        base_sha256: as given to ``write_delta``.

    Raises:
        CorruptFileError: a file is damaged, or the delta belongs to another base.
    """
    base, delta = TensorFile.at(base_path), TensorFile.at(delta_path)
    found = base_sha256 or sha256_file(base_path)
    if delta.metadata.get(BASE_KEY) != found:
        raise CorruptFileError(
            "the weights belong to another base model",
            expected=f"a base with the hash {delta.metadata.get(BASE_KEY, 'of none')[:12]}",
            found=f"{base_path.name} with {found[:12]}",
            do="choose the base model the voice was made with",
        )
    return {name: (delta if name in delta else base).read(name) for name in sorted({*base, *delta})}
