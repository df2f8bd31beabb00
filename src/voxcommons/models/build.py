"""From a folder to networks that are ready to run, and back.

The one place that chooses device, number type and whether weights are folded for inference, and the one place that
turns a size (`configs`) into a module. A base model on disk is `base.json` and one safetensors file per network;
nothing in it names code, and sizes and hashes are checked before a tensor is read.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.base.files import atomic_folder
from voxcommons.base.hashing import sha256_file
from voxcommons.models.configs import ContentConfig, SemanticToWaveConfig, TextToSemanticConfig
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.semantic_to_wave import SemanticToWave
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.models.weight_norm import fold_weight_norm

FORMAT = "voxcommons-base"
VERSION = 1
STARTER = "starter"
PARTS = ("content", "text_to_semantic", "semantic_to_wave")

_SECTIONS: Mapping[str, type] = {
    "content": ContentConfig,
    "text_to_semantic": TextToSemanticConfig,
    "semantic_to_wave": SemanticToWaveConfig,
}
_LONGEST_MANIFEST_BYTES = 1 << 20
_SMALL_PARAMETERS = 40_000_000
Config = TypeVar("Config")


@dataclass(frozen=True)
class BaseFacts:
    """What a base model is, without its weights.

    Attributes:
        name: "starter", ...
        sample_rate: of the sound it makes, in Hz.
        hop: samples per latent frame.
        n_fft: transform length of the spectrogram that its style encoder reads; the window is `win` samples.
        win: see `n_fft`.
        table: symbol table of its phonemes, "v1" or "v2".
        text_to_semantic, semantic_to_wave, content: sizes; `content` is None when codes come from elsewhere.
    """

    name: str
    sample_rate: int
    hop: int
    n_fft: int
    win: int
    table: str
    text_to_semantic: TextToSemanticConfig
    semantic_to_wave: SemanticToWaveConfig
    content: ContentConfig | None = None


@dataclass(frozen=True)
class BaseModel:
    """The networks that voices differ from, ready to run.

    Attributes:
        facts: what it is.
        text_to_semantic: phonemes -> semantic tokens.
        semantic_to_wave: semantic tokens -> sound.
        content: sound -> semantic tokens; None when it was not asked for or the model has none.
        sha256: names the weights and sizes; a voice keeps it to know its base.
        folder: where it was read from, None for one made in memory.
    """

    facts: BaseFacts
    text_to_semantic: TextToSemantic
    semantic_to_wave: SemanticToWave
    content: Any  # tokens(wave, lengths), log_probs(wave, lengths), phones(wave), blank_id
    sha256: str
    folder: Path | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.facts.name

    @property
    def sample_rate(self) -> int:
        """Samples per second of the sound it makes."""
        return self.facts.sample_rate

    @property
    def hop(self) -> int:
        """Samples per latent frame."""
        return self.facts.hop

    @property
    def n_fft(self) -> int:
        """Transform length of the reference spectrogram."""
        return self.facts.n_fft

    @property
    def win(self) -> int:
        """Window length of the reference spectrogram."""
        return self.facts.win

    @property
    def table(self) -> str:
        """Symbol table of its phonemes."""
        return self.facts.table

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.semantic_to_wave.parameters()).device


@dataclass(frozen=True)
class Placement:
    """Where and how networks run.

    Attributes:
        device: "cpu", "cuda", "cuda:1", ...; "auto" takes a GPU when there is one.
        dtype: number type of the weights. float32 is right for a CPU: the files hold float16, which it only emulates.
        for_training: keep weight normalisation apart and gradients on.
    """

    device: str = "cpu"
    dtype: torch.dtype = torch.float32
    for_training: bool = False

    def place(self, module: nn.Module) -> nn.Module:
        """Fold, cast, move and freeze a module as chosen."""
        chosen = ("cuda" if torch.cuda.is_available() else "cpu") if self.device == "auto" else self.device
        if self.for_training:
            return module.to(chosen, self.dtype)
        return fold_weight_norm(module).to(chosen, self.dtype).eval().requires_grad_(False)


def suited_threads(base: BaseModel) -> int | None:
    """Processor threads that suit a model when the user chose none; None leaves it to the library.

    A small model gains nothing from a second thread, and loses ten times its speed when a core is busy and the threads
    wait for each other (starter sizes on 2 busy cores: real-time factor 5.8 with two threads, 0.6 with one).
    """
    parameters = sum(p.numel() for part in PARTS if (module := getattr(base, part)) is not None for p in module.parameters())
    return 1 if parameters < _SMALL_PARAMETERS else None


def use_threads(threads: int | None) -> None:
    """Let the networks use so many processor threads; None leaves the library's own choice."""
    if threads is not None and threads != torch.get_num_threads():
        torch.set_num_threads(threads)


def build_module(part: str, config: Any) -> nn.Module:  # noqa: ANN401 - one of the three config classes
    """The untrained network of one of `PARTS` at a size."""
    sizes = dataclasses.asdict(config)
    if part == "content":
        return PhoneticContentEncoder(**sizes)
    return TextToSemantic(**sizes) if part == "text_to_semantic" else SemanticToWave(**sizes)


def base_folder(name_or_folder: str | Path) -> Path:
    """Where a base model lies: the one in the package by its name, else a folder.

    Raises:
        InputError: there is no base model.
    """
    folder = Path(str(importlib.resources.files("voxcommons"))) / STARTER if name_or_folder == STARTER else Path(name_or_folder)
    if (folder / "base.json").is_file():
        return folder
    raise InputError(
        "no such base model",
        expected=f"'{STARTER}' or a folder with base.json",
        found=str(name_or_folder),
        do="install voxcommons whole",
    )


def read_facts(folder: Path) -> tuple[BaseFacts, str]:
    """Read and check `base.json` and the sizes and hashes of the files it names.

    Returns:
        (facts, hash of the model).

    Raises:
        CorruptFileError: naming every fault.
    """
    faults: list[str] = []
    manifest = _manifest(folder / "base.json")
    if manifest.get("format") != FORMAT or manifest.get("version") != VERSION:
        faults.append(f"format {manifest.get('format')!r} version {manifest.get('version')!r} instead of {FORMAT!r} version {VERSION}")
    sections = {part: _section(manifest, part, faults) for part in PARTS}
    numbers = {key: _whole(manifest, key, faults) for key in ("sample_rate", "hop", "n_fft", "win")}
    texts = {key: _text(manifest, key, faults) for key in ("name", "table")}
    if texts["table"] not in ("v1", "v2"):
        faults.append(f"table {texts['table']!r} instead of 'v1' or 'v2'")
    faults += _file_faults(folder, manifest, [part for part in PARTS if sections[part] is not None])
    if faults:
        raise CorruptFileError("the base model is damaged", found="; ".join(faults), do="install it again", path=str(folder))
    return BaseFacts(**numbers, **texts, **sections), _sha256_of(manifest)  # type: ignore[arg-type]


def load_base(
    name_or_folder: str | Path = STARTER,
    *,
    placement: Placement | None = None,
    parts: Sequence[str] = PARTS,
) -> BaseModel:
    """Read a base model.

    Args:
        name_or_folder: "starter" or a folder with `base.json`.
        placement: device, number type, training or speaking; the CPU for speaking by default.
        parts: which of `PARTS` to load. Speaking needs no content encoder and saves its time and memory.

    Raises:
        InputError: there is no such model.
        CorruptFileError: something in it is wrong; every fault is named.
    """
    folder = base_folder(name_or_folder)
    facts, digest = read_facts(folder)
    where = placement if placement is not None else Placement()
    loaded: dict[str, Any] = dict.fromkeys(PARTS)
    for part in parts:
        config = getattr(facts, part)
        if config is not None:
            loaded[part] = where.place(_load_module(folder / f"{part}.safetensors", part, config))
    return BaseModel(facts=facts, sha256=digest, folder=folder, **loaded)


def save_base(base: BaseModel, folder: Path, *, dtype: torch.dtype = torch.float16, keep_posterior: bool = False) -> str:
    """Write a base model folder, whole or not at all.

    Args:
        base: what to write; its weights must not be folded (see `Placement.for_training`).
        folder: replaced if it exists.
        dtype: number type of the floating-point tensors in the files.
        keep_posterior: keep the posterior encoder, which only training needs.

    Returns:
        The hash of the model.
    """
    facts = base.facts
    if not keep_posterior:
        facts = dataclasses.replace(facts, semantic_to_wave=dataclasses.replace(facts.semantic_to_wave, posterior=False))
    manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, **dataclasses.asdict(facts), "files": {}}
    with atomic_folder(folder, replace=True) as temporary:
        for part in PARTS:
            module = getattr(base, part)
            if module is None:
                manifest[part] = None
                continue
            path = temporary / f"{part}.safetensors"
            path.write_bytes(save(_tensors_of(module, dtype, keep_posterior)))  # save_file would make it private to the user
            manifest["files"][path.name] = {"sha256": sha256_file(path), "bytes": path.stat().st_size}
        (temporary / "base.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        for extra in _others(folder):  # the model card and whatever else a person put there
            (temporary / extra.name).write_bytes(extra.read_bytes())
    return _sha256_of(manifest)


def _others(folder: Path) -> list[Path]:
    ours = {"base.json", *(f"{part}.safetensors" for part in PARTS)}
    return [path for path in folder.iterdir() if path.is_file() and path.name not in ours] if folder.is_dir() else []


def _tensors_of(module: nn.Module, dtype: torch.dtype, keep_posterior: bool) -> dict[str, torch.Tensor]:
    return {
        name: (value.to(dtype) if value.is_floating_point() else value).detach().cpu().contiguous().clone()
        for name, value in module.state_dict().items()
        if keep_posterior or not name.startswith("enc_q.")
    }


def _load_module(path: Path, part: str, config: Any) -> nn.Module:  # noqa: ANN401 - one of the three config classes
    module = build_module(part, config)
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CorruptFileError("the base model is damaged", found=f"{path.name}: {error}", do="install it again") from error
    wanted = module.state_dict()
    faults = [f"no tensor {name}" for name in wanted if name not in tensors]
    faults += [f"unknown tensor {name}" for name in tensors if name not in wanted]
    faults += [
        f"{name} has shape {tuple(value.shape)} instead of {tuple(wanted[name].shape)}"
        for name, value in tensors.items()
        if name in wanted and value.shape != wanted[name].shape
    ]
    faults += [f"{name} is not finite" for name, value in tensors.items() if value.is_floating_point() and not value.isfinite().all()]
    if faults:
        raise CorruptFileError("the base model is damaged", found=f"{path.name}: {'; '.join(faults[:8])}", do="install it again")
    module.load_state_dict(tensors)
    return module


def _manifest(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_LONGEST_MANIFEST_BYTES))
    except ValueError as error:
        raise CorruptFileError("the base model is damaged", found=f"{path.name} is not JSON: {error}", do="install it again") from error
    return content if isinstance(content, dict) else {}


def _sha256_of(manifest: Mapping[str, Any]) -> str:
    """The hash of sizes and file hashes; the name and the layout of the JSON do not matter."""
    told = {key: value for key, value in manifest.items() if key != "name"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _file_faults(folder: Path, manifest: Mapping[str, Any], parts: Sequence[str]) -> list[str]:
    files = manifest.get("files")
    files = files if isinstance(files, dict) else {}
    faults: list[str] = []
    for name in (f"{part}.safetensors" for part in parts):
        told, path = files.get(name), folder / name
        if not isinstance(told, dict):
            faults.append(f"base.json does not list {name}")
        elif not path.is_file():
            faults.append(f"{name} is missing")
        elif path.stat().st_size != told.get("bytes"):
            faults.append(f"{name} has {path.stat().st_size} bytes instead of {told.get('bytes')}")
        elif sha256_file(path) != told.get("sha256"):
            faults.append(f"{name} was changed")
    return faults


def _section(manifest: Mapping[str, Any], part: str, faults: list[str]) -> Any:  # noqa: ANN401 - one of the three config classes
    """The config of one network; None only where the model may lack it."""
    given = manifest.get(part)
    if given is None and part == "content":
        return None
    if not isinstance(given, dict):
        faults.append(f"{part} is missing")
        return None
    return _config(_SECTIONS[part], part, given, faults)


def _config(kind: type[Config], part: str, given: Mapping[str, Any], faults: list[str]) -> Config | None:
    """A config dataclass from JSON: every field by its name, of the type of its default."""
    before = len(faults)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    faults += [f"{part}.{name} is unknown" for name in given if name not in fields]
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in fields:
            continue
        values[name] = _as_tuple(value)
        if not _fits(values[name], str(fields[name].type)):
            faults.append(f"{part}.{name} is {value!r}, which is not {fields[name].type}")
    return kind(**values) if len(faults) == before else None


def _as_tuple(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list) else value


def _fits(value: object, declared: str) -> bool:
    """Whether a value from JSON is of a declared field type; sizes must be positive and bounded."""
    if "tuple" in declared:
        items = value if isinstance(value, tuple) else ()
        return len(items) > 0 and all(_fits(item, "tuple" if isinstance(item, tuple) else "int") for item in items)
    if value is None:
        return "None" in declared
    if isinstance(value, bool) or "bool" in declared:
        return isinstance(value, bool) and "bool" in declared
    if isinstance(value, str):
        return "str" in declared
    if isinstance(value, int):
        return ("int" in declared and 0 <= value <= 1_000_000) or ("float" in declared and 0 <= value <= 1)
    return isinstance(value, float) and "float" in declared and 0 <= value <= 1


def _whole(manifest: Mapping[str, Any], key: str, faults: list[str]) -> int:
    value = manifest.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1_000_000:
        return value
    faults.append(f"{key} is {value!r} instead of a whole number")
    return 0


def _text(manifest: Mapping[str, Any], key: str, faults: list[str]) -> str:
    value = manifest.get(key)
    if isinstance(value, str) and 0 < len(value) <= 200:
        return value
    faults.append(f"{key} is {value!r} instead of a name")
    return ""
