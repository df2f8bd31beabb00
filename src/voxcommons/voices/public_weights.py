"""Weights of the public program: what a file is, a pair of files as a base model, and a base model as a pair of files.

Here the safe reader (`voicefile.checkpoint`), the knowledge of foreign networks (`models.legacy`) and our own base models meet.
Weights go from file to file one tensor at a time, so that a conversion needs little memory.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from voxcommons.base.errors import CorruptFileError, InputError, RefusedFileError
from voxcommons.base.files import atomic_folder
from voxcommons.base.hashing import sha256_file
from voxcommons.models.base_file import FORMAT, PARTS, VERSION, BaseFacts, read_facts, sha256_of
from voxcommons.models.legacy import MARK_OF, MARKS, SEMANTIC_TO_WAVE, TEXT_TO_SEMANTIC, Foreign, recognise
from voxcommons.models.legacy_sizes import facts_of, public_size, public_text_config, public_version, public_wave_config
from voxcommons.voicefile.checkpoint import Checkpoint, TensorView, names_of, open_checkpoint
from voxcommons.voicefile.checkpoint_writer import write_checkpoint
from voxcommons.voicefile.tensors import ITEM_BYTES, RawTensor, StoredTensor, TensorFile, write_tensors

_FLOATS: Final = ("F16", "BF16", "F32", "F64")
# Averages that only training a codebook from nothing reads; in half precision they may have become infinite.
_UNUSED: Final = re.compile(r"quantizer\..*\.(cluster_size|embed_avg)")
_NAME: Final = re.compile(r"[^\w.-]+")
ShapesOf = Callable[[str, Any], Mapping[str, tuple[int, ...]]]


@dataclass(frozen=True)
class Scan:
    """What was found out about a file without obeying it.

    Attributes:
        file: its path.
        size: in bytes.
        refused: why it is not read; empty for a file that only holds data.
        names: what it names ("collections.OrderedDict"), as far as it could be followed.
        container: how it is packed.
        mark: the public program's mark, and what that program takes it for; empty for none.
        network, version, evidence, lora: as `models.legacy.Foreign`.
        unusable: why it cannot be converted although it is harmless; empty if it can.
        tensors: how many there are.
        numbers: how many numbers they hold.
        types: number types with the count of tensors, "F16".
        info: the note its trainer left.
    """

    file: str
    size: int
    refused: str = ""
    names: tuple[str, ...] = ()
    container: str = ""
    mark: str = ""
    network: str = ""
    version: str = ""
    evidence: str = ""
    lora: bool = False
    unusable: str = ""
    tensors: int = 0
    numbers: int = 0
    types: Mapping[str, int] = dataclasses.field(default_factory=dict)
    info: str = ""


@dataclass(frozen=True)
class Converted:
    """What a conversion made.

    Attributes:
        folder: the base model.
        facts: what it is.
        sha256: its hash, by which voices name it.
        version: "v1", "v2", "v2Pro" or "v2ProPlus".
        left_out: tensors of the files that no network of ours has, or that speaking does not need.
    """

    folder: Path
    facts: BaseFacts
    sha256: str
    version: str
    left_out: tuple[str, ...]


def scan(path: Path) -> Scan:
    """Find out what a file is; never raises for what is in it.

    Raises:
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if path.is_file() and _is_safetensors(path):
        return _scanned_safetensors(path, size)
    try:
        with open_checkpoint(path) as checkpoint:
            return _scanned(path, size, checkpoint)
    except RefusedFileError as cause:
        names: tuple[str, ...] = ()
        if path.is_file():
            with path.open("rb") as file:
                names = names_of(file, size)
        return Scan(str(path), size, refused=cause.found or cause.problem, names=names)


@dataclass(frozen=True)
class _Shape:
    shape: tuple[int, ...]


def _is_safetensors(path: Path) -> bool:
    """Length of the header in eight bytes, then JSON: no checkpoint that torch wrote starts like this."""
    with path.open("rb") as file:
        return file.read(9)[5:] == b"\0\0\0{"


def _scanned_safetensors(path: Path, size: int) -> Scan:
    try:
        file = TensorFile.at(path)
    except CorruptFileError as cause:
        return Scan(str(path), size, refused=f"{cause.problem}: {cause.found}", container="safetensors")
    facts = [file.facts(name) for name in file]
    foreign = recognise({name: _Shape(shape) for name, (_, shape) in zip(file, facts, strict=True)})
    return Scan(
        str(path),
        size,
        container="safetensors",
        network=foreign.network,
        version=foreign.version,
        evidence=foreign.evidence,
        lora=foreign.lora,
        unusable="safetensors are plain data already; vox convert reads the public program's own files",
        tensors=len(facts),
        numbers=sum(math.prod(shape) for _, shape in facts),
        types=dict(Counter(dtype for dtype, _ in facts)),
    )


def _scanned(path: Path, size: int, checkpoint: Checkpoint) -> Scan:
    foreign = recognise(checkpoint.content, checkpoint.mark)
    tensors = checkpoint.tensors().values()
    version, lora = MARKS.get(checkpoint.mark or "", ("", False))
    return Scan(
        str(path),
        size,
        names=checkpoint.names,
        container=checkpoint.container,
        mark=f"{checkpoint.mark} ({version}{' LoRA' if lora else ''})" if checkpoint.mark else "",
        network=foreign.network,
        version=foreign.version,
        evidence=foreign.evidence,
        lora=foreign.lora,
        unusable=foreign.problem,
        tensors=len(tensors),
        numbers=sum(math.prod(tensor.shape) for tensor in tensors),
        types=dict(Counter(tensor.dtype for tensor in tensors)),
        info=foreign.info[:200],
    )


def convert(
    paths: Sequence[Path],
    folder: Path,
    shapes_of: ShapesOf,
    *,
    name: str | None = None,
    keep_posterior: bool = False,
    replace: bool = False,
) -> Converted:
    """Make a base model of a text-to-semantic and a semantic-to-wave file.

    Args:
        paths: the two files, in any order.
        folder: the base model to make.
        shapes_of: (part, its config) -> names and shapes of the network's tensors; `models.build.tensor_shapes`.
        name: the model's name; by default that of the semantic-to-wave file.
        keep_posterior: keep the posterior encoder, if there is one; only training needs it.
        replace: let an existing folder give way.

    Raises:
        RefusedFileError: a file is refused, is no such network, lacks a tensor, or holds one of a wrong shape or infinite numbers.
        InputError: the files are not one of each kind.
    """
    with contextlib.ExitStack() as opened:
        files = _by_network([(path, _recognised(opened, path)) for path in paths])
        (_, text), (acoustic_path, acoustic) = files[TEXT_TO_SEMANTIC], files[SEMANTIC_TO_WAVE]
        facts = facts_of(name or _NAME.sub("-", acoustic_path.stem)[:100], text, acoustic)
        if not keep_posterior:
            facts = dataclasses.replace(facts, semantic_to_wave=dataclasses.replace(public_size(facts), posterior=False))
        parts: dict[str, Mapping[str, StoredTensor]] = {}
        for part in files:
            _, foreign = files[part]
            wanted = shapes_of(part, getattr(facts, part))
            parts[part] = _checked(part, foreign.weights, wanted)
        left_out = tuple(key for part in files for key in files[part][1].weights if key not in parts[part])
        digest = _write_base(folder, facts, parts, replace=replace)
    return Converted(folder, facts, digest, acoustic.version, left_out)


def _recognised(opened: contextlib.ExitStack, path: Path) -> Foreign:
    try:
        checkpoint = opened.enter_context(open_checkpoint(path))
        foreign = recognise(checkpoint.content, checkpoint.mark)
    except RefusedFileError as cause:
        raise RefusedFileError(f"{path.name} is not read", found=cause.found, do="run vox scan to see what it names", path=path) from cause
    if foreign.problem:
        raise RefusedFileError(f"{path.name} cannot be converted", found=foreign.problem, path=path)
    return foreign


def _by_network(found: Sequence[tuple[Path, Foreign]]) -> dict[str, tuple[Path, Foreign]]:
    kinds = [foreign.network for _, foreign in found]
    if sorted(kinds) != sorted((TEXT_TO_SEMANTIC, SEMANTIC_TO_WAVE)):
        raise InputError(
            "a base model needs two files",
            expected="one text-to-semantic file (.ckpt) and one semantic-to-wave file (.pth)",
            found=", ".join(f"{path.name}: {kind.replace('_', ' ')}" for (path, _), kind in zip(found, kinds, strict=True)),
        )
    return {foreign.network: (path, foreign) for path, foreign in found}


class FiniteTensor:
    """A tensor that is checked for infinite numbers when it is read."""

    def __init__(self, name: str, view: TensorView) -> None:
        self._name, self._view = name, view
        self.dtype, self.shape, self.nbytes = view.dtype, view.shape, view.nbytes

    @property
    def data(self) -> bytes:
        """The numbers, little-endian, row-major."""
        raw = self._view.raw()
        array = np.frombuffer(raw.data, "<u2") if raw.dtype == "BF16" else raw.array()
        # All ones in the exponent of a bfloat16 mean infinite or not a number, as they do in float32.
        finite = bool(((array & 0x7F80) != 0x7F80).all() if raw.dtype == "BF16" else np.isfinite(array).all())
        if finite:
            return raw.data
        if _UNUSED.fullmatch(self._name) and raw.dtype != "BF16":
            return RawTensor.of(np.nan_to_num(array)).data
        raise RefusedFileError("the weights are damaged", expected="finite numbers", found=f"others in {self._name}")


def _checked(part: str, weights: Mapping[str, Any], wanted: Mapping[str, tuple[int, ...]]) -> dict[str, StoredTensor]:
    """The tensors of a network, all there and of the right shape."""
    faults = [f"no tensor {name}" for name in wanted if name not in weights]
    faults += [
        f"{name} has shape {weights[name].shape} instead of {shape}"
        for name, shape in wanted.items()
        if name in weights and weights[name].shape != shape
    ]
    faults += [f"{name} holds {weights[name].dtype}" for name in wanted if name in weights and weights[name].dtype not in _FLOATS]
    if faults:
        more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
        what = part.replace("_", " ")
        raise RefusedFileError(f"the {what} file does not fit its network", found="; ".join(faults[:5]) + more)
    return {name: FiniteTensor(name, weights[name]) for name in wanted}


def _write_base(folder: Path, facts: BaseFacts, parts: Mapping[str, Mapping[str, StoredTensor]], *, replace: bool) -> str:
    # JSON has lists where a config has tuples; the hash is of what is read back.
    manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, **json.loads(json.dumps(dataclasses.asdict(facts))), "files": {}}
    with atomic_folder(folder, replace=replace) as temporary:
        for part in PARTS:
            if part in parts:
                path = temporary / f"{part}.safetensors"
                write_tensors(path, parts[part])
                manifest["files"][path.name] = {"sha256": sha256_file(path), "bytes": path.stat().st_size}
        (temporary / "base.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return sha256_of(manifest)


def export(folder: Path, out: Path, *, replace: bool = False) -> tuple[Path, Path]:
    """Write a base model as the two files the public program loads, in half precision and with the mark of its version.

    Args:
        folder: the base model.
        out: the folder to make.
        replace: let an existing folder give way.

    Returns:
        (text-to-semantic file, semantic-to-wave file).

    Raises:
        RefusedFileError: the public program knows no such network, or a number does not fit into half precision.
        InputError: there is no base model in the folder.
    """
    if not (folder / "base.json").is_file():
        raise InputError("no such base model", expected="a folder with base.json", found=str(folder))
    facts, _ = read_facts(folder)
    version = public_version(facts)
    name = _NAME.sub("-", facts.name)[:100]
    text = {f"model.{key}": half for key, half in _halves(folder / f"{TEXT_TO_SEMANTIC}.safetensors")}
    wave = {key: half for key, half in _halves(folder / f"{SEMANTIC_TO_WAVE}.safetensors") if not key.startswith("enc_q.")}
    with atomic_folder(out, replace=replace) as temporary:
        made = temporary / f"{name}.ckpt", temporary / f"{name}.pth"
        write_checkpoint(made[0], {"weight": text, "config": public_text_config(facts), "info": f"GPT-{name}"})
        config = public_wave_config(facts, version)
        write_checkpoint(made[1], {"weight": wave, "config": config, "info": name}, MARK_OF.get(version))
    return out / made[0].name, out / made[1].name


class _Half:
    """A tensor of a safetensors file, in half precision once it is read."""

    dtype: Final = "F16"

    def __init__(self, file: TensorFile, name: str) -> None:
        self._file, self._name = file, name
        self.shape = file.facts(name)[1]
        self.nbytes = math.prod(self.shape) * ITEM_BYTES["F16"]

    @property
    def data(self) -> bytes:
        """The numbers, little-endian, row-major."""
        raw = self._file.read(self._name)
        if raw.dtype == "F16":
            return raw.data
        if raw.dtype == "BF16":
            wide = np.left_shift(np.frombuffer(raw.data, "<u2").astype("<u4"), 16).view("<f4")
        else:
            wide = raw.array()
        most = float(np.finfo(np.float16).max)
        if np.abs(wide).max(initial=0.0) > most:
            if not _UNUSED.fullmatch(self._name):
                raise RefusedFileError("a weight does not fit into half precision", expected=f"at most {most:.0f}", found=self._name)
            wide = np.clip(wide, -most, most)
        return RawTensor.of(wide.astype(np.float16)).data


def _halves(path: Path) -> Iterator[tuple[str, _Half]]:
    file = TensorFile.at(path)
    for name in file:
        yield name, _Half(file, name)
