"""Joining pieces where their waves fit: three stored pieces in, one wave out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from golden.comparison import WAVE_TOLERANCE, Comparison
from voxcommons.synth.overlap_search import joined


def recognises(folder: Path) -> bool:
    tensors = folder / "tensors.safetensors"
    if not tensors.is_file():
        return False
    with safe_open(tensors, "pt") as file:
        return any(name.startswith("joined_overlap") for name in file.keys())  # noqa: SIM118 - not a mapping


def comparisons(folder: Path) -> Iterator[Comparison]:
    stored = load_file(folder / "tensors.safetensors")
    pieces = [stored[name].numpy() for name in sorted(stored) if re.fullmatch(r"f\d+", name)]
    for name, wanted in stored.items():
        if match := re.fullmatch(r"joined_overlap(\d+)", name):
            ours = np.concatenate(list(joined(pieces, int(match[1]))))
            yield Comparison(name, torch.from_numpy(ours), wanted, WAVE_TOLERANCE)
