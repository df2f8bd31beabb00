"""Feature networks of other projects: names, shapes and the features of small networks run by the library that publishes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file

from golden import weights_rule
from golden.comparison import Comparison
from voxcommons.models.bert import Bert, BertConfig
from voxcommons.models.feature_sets import config_of, public_config
from voxcommons.models.hubert import Hubert, HubertConfig

NOT_RUN = ("masked_spec_embed", "pooler.", "encoder.layer.2.", "encoder.layer.3.")  # of four layers the features need two


def recognises(folder: Path) -> bool:
    config = folder / "config.json"
    return config.is_file() and json.loads(config.read_text()).get("model_type") in ("hubert", "bert")


@torch.no_grad()
def comparisons(folder: Path) -> Iterator[Comparison]:
    stated, stored = json.loads((folder / "config.json").read_text()), load_file(folder / "tensors.safetensors")
    kind = stated["model_type"]
    sizes = public_config(kind, stated, folder)
    network, config = (Hubert, HubertConfig) if kind == "hubert" else (Bert, BertConfig)
    model = weights_rule.fill(network(**asdict(config_of(config, sizes, folder))))
    ours = {name: list(value.shape) for name, value in model.state_dict().items()}
    wanted = {name: shape for name, shape in stated["names"].items() if not name.startswith(NOT_RUN)}
    yield Comparison("names", float(len(ours.keys() ^ wanted.keys())), 0.0, tolerance=0)
    yield Comparison("shapes", [ours[name] for name in sorted(ours)], [wanted.get(name, [0]) for name in sorted(ours)], tolerance=0)
    if kind == "hubert":
        yield Comparison("last_hidden_state", model(stored["wave"]), stored["last_hidden_state"])
    else:
        yield Comparison("hidden_states_-3", model(stored["ids"]), stored["hidden_states_-3"])
