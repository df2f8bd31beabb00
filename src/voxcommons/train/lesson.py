"""What a step is made of: a part of a batch, and a lesson that turns it into a loss.

Losses are means over things of which a part holds only some (phonemes, frames, voiced frames). So a part counts its things,
the counts are added up over all parts and processes before the first loss is computed, and a lesson weighs each mean by its
share. The sum over all parts then is the loss of the whole batch, whoever worked on it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Part:
    """Some items of a batch as tensors.

    Attributes:
        counts: how many things of each kind it holds; every part of a batch names the same kinds.
    """

    counts: Mapping[str, float]

    def to(self, device: torch.device) -> Self:
        """The same part with its tensors on a device."""
        moved: dict[str, Any] = {
            each.name: value.to(device, non_blocking=True)
            for each in dataclasses.fields(self)
            if isinstance(value := getattr(self, each.name), Tensor)
        }
        return dataclasses.replace(self, **moved)

    def share(self, name: str, totals: Mapping[str, float]) -> float:
        """How much of the batch's things of a kind this part holds, 0 where there are none."""
        return self.counts[name] / totals[name] if totals[name] else 0.0


class Lesson(Protocol):
    """A module that holds the networks it teaches; its parameters are theirs."""

    def __call__(self, part: Any, totals: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:  # noqa: ANN401 - its own kind of part
        """Return (loss, figures) of a part, each weighed so that the sum over all parts is that of the batch."""
