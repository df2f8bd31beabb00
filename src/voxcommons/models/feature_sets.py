"""Networks that other projects trained and that compute features here, read from the folders where they were installed.

Apart from `build`, which knows our base models: these are frozen, have no version of ours, and are only there when the user pulled
them. What a set is on disk, `set_files` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from voxcommons.models.bert import UNUSED_LAYERS, Bert, BertConfig, CharacterContext
from voxcommons.models.eres2netv2 import ERes2NetV2
from voxcommons.models.filling import Unfilled, fill, return_memory
from voxcommons.models.hubert import Hubert, HubertConfig
from voxcommons.models.set_files import VOCABULARY_FILE, WEIGHTS_FILE, damaged, json_of, set_of_kind

_COUNTERS = "num_batches_tracked"  # only training reads them
_LARGEST_SIZE = 1_000_000
Config = TypeVar("Config")
Network = TypeVar("Network", bound=nn.Module)


def load_hubert(folder: Path, device: str = "cpu") -> Hubert:
    """The content encoder of an installed set, in float32.

    Raises:
        InputError: it is not installed.
        CorruptFileError: something in it is wrong.
    """
    facts = set_of_kind(folder, "hubert")
    sizes = asdict(config_of(HubertConfig, facts.config, folder))
    return _filled(lambda: Hubert(**sizes), folder, device)


def load_bert(folder: Path, device: str = "cpu") -> CharacterContext:
    """The language model of an installed set with its vocabulary, in float32.

    Raises:
        InputError: it is not installed.
        CorruptFileError: something in it is wrong.
    """
    facts = set_of_kind(folder, "bert")
    sizes = asdict(config_of(BertConfig, facts.config, folder))
    network = _filled(lambda: Bert(**sizes), folder, device)
    try:
        return CharacterContext(network, {str(token): int(row) for token, row in json_of(folder / VOCABULARY_FILE).items()})
    except (ValueError, TypeError) as cause:
        raise damaged(folder, str(cause)) from cause


def load_speaker(folder: Path, device: str = "cpu") -> ERes2NetV2:
    """The speaker-verification network of an installed set, in float32.

    Raises:
        InputError: it is not installed.
        CorruptFileError: something in it is wrong.
    """
    set_of_kind(folder, "eres2netv2")
    network = _filled(ERes2NetV2, folder, device).fold().requires_grad_(False)
    return_memory()
    return network


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
            raise damaged(folder, f"{field.name} is {value!r}")
        values[field.name] = value
    if values["width"] % values["heads"] or values.get("layers", 1) > 100:
        raise damaged(folder, f"width {values['width']} in {values['heads']} heads, {values['layers']} layers")
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
        raise damaged(folder, f"a network of another build: {'; '.join(other)}")
    return common


def _filled(make: Callable[[], Network], folder: Path, device: str) -> Network:
    with Unfilled():
        network = make()
    state, path = network.state_dict(), folder / WEIGHTS_FILE
    try:
        with safe_open(path, "pt") as file:
            found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - the file is no mapping
        wanted = {name: value for name, value in state.items() if name in found or not name.endswith(_COUNTERS)}
        faults = [f"no tensor {name}" for name in wanted if name not in found]
        faults += [f"{name} does not fit" for name, shape in found.items() if name not in wanted or wanted[name].shape != shape]
        faults = faults or fill(wanted, path)
    except (SafetensorError, OSError) as cause:
        raise damaged(folder, f"{WEIGHTS_FILE}: {cause}") from cause
    if faults:
        raise damaged(folder, "; ".join(faults[:8]))
    return_memory()
    return network.to(device, torch.float32).eval().requires_grad_(False)
