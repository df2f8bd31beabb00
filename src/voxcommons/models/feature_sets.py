"""Networks that other projects trained and that compute features here, read from the folders where they were installed.

A set is a folder with `set.json` (what it is, where it came from, sizes, hashes) and safetensors files. Apart from `build`, which
knows our base models: these are frozen, have no version of ours, and are only there when the user pulled them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.base.hashing import sha256_file
from voxcommons.models.bert import UNUSED_LAYERS, Bert, BertConfig, CharacterContext
from voxcommons.models.eres2netv2 import ERes2NetV2
from voxcommons.models.hubert import Hubert, HubertConfig

FORMAT, VERSION = "voxcommons-set", 1
SET_FILE, WEIGHTS_FILE, VOCABULARY_FILE = "set.json", "model.safetensors", "vocabulary.json"
HUBERT, BERT, SPEAKER = "chinese-hubert-base", "chinese-roberta-wwm-ext-large", "eres2netv2"
_MOST_JSON_BYTES = 8 << 20
_COUNTERS = "num_batches_tracked"  # only training reads them
_LARGEST_SIZE = 1_000_000
Config = TypeVar("Config")
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class SetFacts:
    """What an installed set says about itself.

    Attributes:
        name: as it is pulled.
        kind: "hubert", "bert", "eres2netv2", "base" or "g2pw".
        config: sizes of its network; empty where there is nothing to choose.
        files: name -> (sha256, bytes).
        folder: where it is.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    files: Mapping[str, tuple[str, int]]
    folder: Path


def sets_folder(home: Path) -> Path:
    """Where sets are installed."""
    return home / "models"


def read_set(folder: Path, *, hashes: bool = True) -> SetFacts:
    """Read and check a set.

    Args:
        folder: the set.
        hashes: also compare the files with their hashes; sizes are always compared.

    Raises:
        InputError: there is no set in the folder.
        CorruptFileError: a file is missing or was changed; every fault is named.
    """
    if not (folder / SET_FILE).is_file():
        raise InputError("the set is not installed", found=f"no {SET_FILE} in {folder}", do=f"run: vox models pull {folder.name}")
    told = _json(folder / SET_FILE)
    files = told.get("files")
    if told.get("format") != FORMAT or told.get("version") != VERSION or not isinstance(files, dict):
        raise _damaged(folder, f"{SET_FILE} is not of {FORMAT} version {VERSION}")
    listed = {str(name): (str(one.get("sha256")), int(one.get("bytes", -1))) for name, one in files.items() if isinstance(one, dict)}
    faults = [fault for name, (digest, size) in listed.items() if (fault := _file_fault(folder, name, digest if hashes else "", size))]
    if faults:
        raise _damaged(folder, "; ".join(faults[:8]))
    config = told.get("config")
    return SetFacts(str(told.get("name")), str(told.get("kind")), config if isinstance(config, dict) else {}, listed, folder)


def load_hubert(folder: Path, device: str = "cpu") -> Hubert:
    """The content encoder of an installed set, in float32.

    Raises:
        InputError: it is not installed.
        CorruptFileError: something in it is wrong.
    """
    facts = _of_kind(folder, "hubert")
    return _filled(Hubert(**asdict(config_of(HubertConfig, facts.config, folder))), folder, device)


def load_bert(folder: Path, device: str = "cpu") -> CharacterContext:
    """The language model of an installed set with its vocabulary, in float32.

    Raises:
        InputError: it is not installed.
        CorruptFileError: something in it is wrong.
    """
    facts = _of_kind(folder, "bert")
    network = _filled(Bert(**asdict(config_of(BertConfig, facts.config, folder))), folder, device)
    try:
        return CharacterContext(network, {str(token): int(row) for token, row in _json(folder / VOCABULARY_FILE).items()})
    except (ValueError, TypeError) as cause:
        raise _damaged(folder, str(cause)) from cause


def load_speaker(folder: Path, device: str = "cpu") -> ERes2NetV2:
    """The speaker-verification network of an installed set, in float32.

    Raises:
        InputError: it is not installed.
        CorruptFileError: something in it is wrong.
    """
    _of_kind(folder, "eres2netv2")
    return _filled(ERes2NetV2(), folder, device)


def network_shapes(kind: str, config: Mapping[str, Any], folder: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors a set must hold, without making the network.

    Raises:
        CorruptFileError: the sizes are wrong.
    """
    with torch.device("meta"):
        if kind == "hubert":
            network: nn.Module = Hubert(**asdict(config_of(HubertConfig, config, folder)))
        elif kind == "bert":
            network = Bert(**asdict(config_of(BertConfig, config, folder)))
        else:
            network = ERes2NetV2()
    return {name: tuple(value.shape) for name, value in network.state_dict().items() if not name.endswith(_COUNTERS)}


def config_of(kind: type[Config], told: Mapping[str, Any], folder: Path) -> Config:
    """A config from JSON: whole numbers within reason, `epsilon` a small fraction.

    Raises:
        CorruptFileError: naming the field.
    """
    values: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        value = told.get(field.name)
        small = isinstance(value, float) and 0 < value < 1
        whole = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST_SIZE
        if not (small if field.name == "epsilon" else whole):
            raise _damaged(folder, f"{field.name} is {value!r}")
        values[field.name] = value
    if values["width"] % values["heads"] or values.get("layers", 1) > 100:
        raise _damaged(folder, f"width {values['width']} in {values['heads']} heads, {values['layers']} layers")
    return kind(**values)


def public_config(kind: str, told: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Sizes from the `config.json` that the public networks come with.

    Args:
        kind: "hubert" or "bert".
        told: that file.
        folder: to name in messages.

    Raises:
        CorruptFileError: the network is built otherwise than ours.
    """
    common = {
        "width": told.get("hidden_size"), "heads": told.get("num_attention_heads"), "inner": told.get("intermediate_size"),
        "layers": told.get("num_hidden_layers"), "epsilon": told.get("layer_norm_eps"),
    }  # fmt: skip
    if kind == "bert":
        expected: dict[str, Any] = {"hidden_act": "gelu", "position_embedding_type": "absolute"}
        layers = common["layers"]
        common |= {
            "layers": layers - UNUSED_LAYERS if isinstance(layers, int) else layers, "words": told.get("vocab_size"),
            "positions": told.get("max_position_embeddings"), "kinds": told.get("type_vocab_size", 2),
            "epsilon": told.get("layer_norm_eps", 1e-12),
        }  # fmt: skip
    else:
        expected = {"hidden_act": "gelu", "feat_extract_norm": "group", "feat_extract_activation": "gelu", "conv_bias": False,
                    "do_stable_layer_norm": False, "feat_proj_layer_norm": True, "conv_pos_batch_norm": False,
                    "conv_kernel": [10, 3, 3, 3, 3, 2, 2], "conv_stride": [5, 2, 2, 2, 2, 2, 2]}  # fmt: skip
        channels = told.get("conv_dim")
        same = isinstance(channels, list) and len(channels) == 7 and len(set(channels)) == 1
        common |= {
            "channels": channels[0] if isinstance(channels, list) and same else channels, "epsilon": told.get("layer_norm_eps", 1e-5),
            "position_kernel": told.get("num_conv_pos_embeddings", 128),
            "position_groups": told.get("num_conv_pos_embedding_groups", 16),
        }  # fmt: skip
    other = [f"{key} {told[key]!r} instead of {value!r}" for key, value in expected.items() if key in told and told[key] != value]
    if other:
        raise _damaged(folder, f"a network of another build: {'; '.join(other)}")
    return common


def _of_kind(folder: Path, kind: str) -> SetFacts:
    facts = read_set(folder, hashes=False)  # compared when it was installed and by `vox models list --check`
    if facts.kind != kind:
        raise _damaged(folder, f"a set of kind {facts.kind} instead of {kind}")
    return facts


def _filled(network: Network, folder: Path, device: str) -> Network:
    try:
        tensors = load_file(folder / WEIGHTS_FILE)
    except (SafetensorError, OSError) as cause:
        raise _damaged(folder, f"{WEIGHTS_FILE}: {cause}") from cause
    wanted = network.state_dict()
    faults = [f"no tensor {name}" for name in wanted if name not in tensors and not name.endswith(_COUNTERS)]
    faults += [f"{name} does not fit" for name, value in tensors.items() if name not in wanted or wanted[name].shape != value.shape]
    if faults:
        raise _damaged(folder, "; ".join(faults[:8]))
    network.load_state_dict(tensors, strict=False)
    return network.to(device, torch.float32).eval().requires_grad_(False)


def _json(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MOST_JSON_BYTES))
    except (ValueError, OSError) as cause:
        raise _damaged(path.parent, f"{path.name}: {cause}") from cause
    return found if isinstance(found, dict) else {}


def _file_fault(folder: Path, name: str, digest: str, size: int) -> str:
    path = folder / name
    if Path(name).name != name or not path.is_file():
        return f"{name} is missing"
    if path.stat().st_size != size:
        return f"{name} has {path.stat().st_size} bytes instead of {size}"
    return f"{name} was changed" if digest and sha256_file(path) != digest else ""


def _damaged(folder: Path, found: str) -> CorruptFileError:
    return CorruptFileError(
        f"the set {folder.name} is damaged", found=found, do=f"run: vox models pull {folder.name} --replace", path=str(folder)
    )
