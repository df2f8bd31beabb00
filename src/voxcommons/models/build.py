"""From a folder to networks that are ready to run, and back.

The one place that chooses device, number type and whether weights are folded for inference, and the one place that
turns a size (`configs`) into a module. A base model on disk is `base.json` and one safetensors file per network;
nothing in it names code, and sizes and hashes are checked before a tensor is read.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.base.files import atomic_folder
from voxcommons.base.hashing import sha256_file
from voxcommons.models.base_file import FORMAT, PARTS, VERSION, BaseFacts, read_facts, sha256_of
from voxcommons.models.bert import CharacterContext
from voxcommons.models.configs import MelAcousticConfig, SemanticToWaveConfig
from voxcommons.models.content import PhoneticContentEncoder
from voxcommons.models.eres2netv2 import ERes2NetV2
from voxcommons.models.filling import Unfilled, fill, return_memory
from voxcommons.models.low_rank import expanded
from voxcommons.models.mel_acoustic import MelAcoustic
from voxcommons.models.semantic_to_wave import SemanticToWave
from voxcommons.models.text_to_semantic import TextToSemantic
from voxcommons.models.weight_norm import fold_weight_norm

__all__ = [
    "PARTS", "STARTER", "BaseFacts", "BaseModel", "OwnWeights", "Placement", "base_folder", "build_module", "load_base", "read_facts",
    "save_base", "suited_threads", "tensor_shapes", "use_threads",
]  # fmt: skip

STARTER = "starter"
_SMALL_PARAMETERS = 40_000_000


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
        own_weights: hash of the voice's weights file that was put over it, None for the plain model.
        speaker: sound -> speaker vector, for models that take one; None where it is not installed.
        context: Mandarin text -> context features, for models that take them; None where it is not installed.
    """

    facts: BaseFacts
    text_to_semantic: TextToSemantic
    semantic_to_wave: SemanticToWave | MelAcoustic
    content: Any  # tokens(wave, lengths), log_probs(wave, lengths), phones(wave), blank_id
    sha256: str
    folder: Path | None = None
    own_weights: str | None = None
    speaker: ERes2NetV2 | None = None
    context: CharacterContext | None = None

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
class OwnWeights:
    """The tensors in which a voice differs from its base model.

    Attributes:
        sha256: of the file they come from.
        base_sha256: the model they belong to.
        tensors: by names that begin with the part, `semantic_to_wave.dec.head.weight`.
    """

    sha256: str
    base_sha256: str
    tensors: Mapping[str, torch.Tensor]

    def fitting(self, name: str, sha256: str) -> Mapping[str, torch.Tensor]:
        """The tensors, when they belong to a base model and to parts that a voice may change.

        Raises:
            InputError: they belong to another model.
            CorruptFileError: a name is not one of the model's.
        """
        if self.base_sha256 != sha256:
            raise InputError(
                "the voice's weights belong to another base model", expected=f"{name} ({sha256[:12]})",
                found=self.base_sha256[:12] or "nothing", do="use the base model it was tuned from",
            )
        strangers = [tensor for tensor in self.tensors if tensor.split(".")[0] not in ("text_to_semantic", "semantic_to_wave")]
        if strangers:
            raise CorruptFileError("the voice's weights are damaged", found=f"unknown tensor {strangers[0]}", do="import the voice again")
        return self.tensors


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
    if isinstance(config, MelAcousticConfig):
        sizes.pop("kind")
        return MelAcoustic(**sizes)
    return TextToSemantic(**sizes) if part == "text_to_semantic" else SemanticToWave(**sizes)


def tensor_shapes(part: str, config: Any) -> dict[str, tuple[int, ...]]:  # noqa: ANN401 - one of the three config classes
    """Names and shapes of the tensors of one of `PARTS` at a size, without making it."""
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in build_module(part, config).state_dict().items()}


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


def load_base(
    name_or_folder: str | Path = STARTER,
    *,
    placement: Placement | None = None,
    parts: Sequence[str] = PARTS,
    own_weights: OwnWeights | None = None,
) -> BaseModel:
    """Read a base model.

    Args:
        name_or_folder: "starter" or a folder with `base.json`.
        placement: device, number type, training or speaking; the CPU for speaking by default.
        parts: which of `PARTS` to load. Speaking needs no content encoder and saves its time and memory.
        own_weights: tensors of a voice that take the place of the model's.

    Raises:
        InputError: there is no such model, or the weights belong to another one.
        CorruptFileError: something in it is wrong; every fault is named.
    """
    folder = base_folder(name_or_folder)
    facts, digest = read_facts(folder)
    where = placement if placement is not None else Placement()
    own = {} if own_weights is None else expanded(own_weights.fitting(facts.name, digest), folder)
    loaded: dict[str, Any] = dict.fromkeys(PARTS)
    for part in parts:
        config = getattr(facts, part)
        if config is not None:
            replaced = {name.removeprefix(f"{part}."): value for name, value in own.items() if name.startswith(f"{part}.")}
            loaded[part] = where.place(_load_module(folder / f"{part}.safetensors", part, config, replaced))
    return_memory()
    return BaseModel(facts, sha256=digest, folder=folder, own_weights=own_weights.sha256 if own_weights else None, **loaded)


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
    if not keep_posterior and isinstance(facts.semantic_to_wave, SemanticToWaveConfig):
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
    return sha256_of(manifest)


def _others(folder: Path) -> list[Path]:
    ours = {"base.json", *(f"{part}.safetensors" for part in PARTS)}
    return [path for path in folder.iterdir() if path.is_file() and path.name not in ours] if folder.is_dir() else []


def _tensors_of(module: nn.Module, dtype: torch.dtype, keep_posterior: bool) -> dict[str, torch.Tensor]:
    return {
        name: (value.to(dtype) if value.is_floating_point() else value).detach().cpu().contiguous().clone()
        for name, value in module.state_dict().items()
        if keep_posterior or not name.startswith("enc_q.")
    }


def _load_module(path: Path, part: str, config: Any, own: dict[str, torch.Tensor]) -> nn.Module:  # noqa: ANN401 - one of the three config classes
    """One network from its file, with a voice's own tensors in place of the file's."""
    with Unfilled():
        module = build_module(part, config)
    wanted = module.state_dict()
    try:
        with safe_open(path, "pt") as file:
            found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - the file is no mapping
        found |= {name: tuple(value.shape) for name, value in own.items()}
        faults = [f"no tensor {name}" for name in wanted if name not in found]
        faults += [f"unknown tensor {name}" for name in found if name not in wanted]
        faults += [
            f"{name} has shape {shape} instead of {tuple(wanted[name].shape)}"
            for name, shape in found.items()
            if name in wanted and shape != wanted[name].shape
        ]
        faults = faults or fill(wanted, path, own)
    except (SafetensorError, OSError) as error:
        raise CorruptFileError("the base model is damaged", found=f"{path.name}: {error}", do="install it again") from error
    if faults:
        raise CorruptFileError("the base model is damaged", found=f"{path.name}: {'; '.join(faults[:8])}", do="install it again")
    return module
