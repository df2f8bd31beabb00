"""One number or tensor of ours beside the one it must equal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

MODULE_TOLERANCE = 1e-4
WAVE_TOLERANCE = 1e-3
GRADIENT_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Comparison:
    """Ours beside the wanted value.

    Attributes:
        name: What is compared, as the fixture calls it.
        ours: Tensor, number or (nested) list of numbers.
        wanted: The same shape.
        tolerance: Largest relative error allowed, 0 for integers that must be equal.
    """

    name: str
    ours: Any
    wanted: Any
    tolerance: float = MODULE_TOLERANCE

    @property
    def error(self) -> float:
        """max |ours - wanted| / max |wanted|; infinite when shapes differ or a value is not finite."""
        ours, wanted = _flat(self.ours), _flat(self.wanted)
        if ours is None or wanted is None or ours.shape != wanted.shape or not ours.isfinite().all():
            return math.inf
        if wanted.numel() == 0:
            return 0.0
        largest = (ours - wanted).abs().max().item()
        return largest / max(wanted.abs().max().item(), 1e-30) if largest else 0.0

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance


class Kind(Protocol):
    """One adapter file per kind of fixture in `golden/kinds/`, found by its functions."""

    def recognises(self, folder: Path) -> bool:
        """Whether `folder` holds fixtures of this kind; looks at names and config.json only."""

    def comparisons(self, folder: Path) -> Iterator[Comparison]:
        """Run our code on the fixture's inputs; one comparison per stored output."""


def _flat(value: Any) -> torch.Tensor | None:
    """Float64 tensor of the value's shape; None for nested lists of unequal lengths and mixed kinds."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        parts = [_flat(part) for part in value]
        if any(part is None for part in parts):
            return None
        ends = torch.tensor([float(part.numel()) for part in parts], dtype=torch.float64)
        # The lengths are part of the value, so [[1, 2], [3]] is not [[1], [2, 3]].
        return torch.cat([ends, *[part.flatten() for part in parts]]) if parts else torch.zeros(0).double()
    return torch.as_tensor(value).detach().to(torch.float64)
