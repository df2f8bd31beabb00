"""Speaker verification: names and shapes of the public file, the filter bank and the vector of a stored wave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from golden import weights_rule
from golden.comparison import Comparison
from voxcommons.models.eres2netv2 import ERes2NetV2, kaldi_fbank


def recognises(folder: Path) -> bool:
    tensors = folder / "tensors.safetensors"
    if not tensors.is_file():
        return False
    with safe_open(tensors, "pt") as file:
        return "emb20480" in file.keys()  # noqa: SIM118 - not a mapping


@torch.no_grad()
def comparisons(folder: Path) -> Iterator[Comparison]:
    stored = load_file(folder / "tensors.safetensors")
    wanted = json.loads((folder / "weights_manifest.json").read_text())
    model = weights_rule.fill(ERes2NetV2())
    state = model.state_dict()
    yield Comparison("weights_manifest.keys", float(len(set(state) ^ set(wanted))), 0.0, tolerance=0)
    ours = [[float(state[key].double().sum()), *state[key].shape] for key in wanted]
    yield Comparison("weights_manifest.sums", ours, [[entry["sum"], *entry["shape"]] for entry in wanted.values()])
    wave = next(value for key, value in stored.items() if key.startswith("wav")).flatten()
    yield Comparison("fbank", kaldi_fbank(wave), stored["fbank"].reshape(-1, stored["fbank"].shape[-1]))
    yield Comparison("emb20480", model.vector_of(wave), stored["emb20480"].reshape(1, -1))
    of_stored_bank = model(stored["fbank"].reshape(1, -1, stored["fbank"].shape[-1]))
    yield Comparison("emb20480.of_stored_fbank", of_stored_bank, stored["emb20480"].reshape(1, -1))
