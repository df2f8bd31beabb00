"""The processes that train one model together, seen from one of them.

Every process holds the whole model, works on its share of each batch, and averages gradients with the others
(DistributedDataParallel does that). This file knows how work is shared and how small facts are exchanged; who started
the processes (`train/launch.py`, torchrun, Ray) it does not ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist

T = TypeVar("T")


@dataclass(frozen=True)
class Share:
    """A part of a batch.

    Attributes:
        number: which part of the batch; decides its dropout.
        places: places of its items in the batch.
        idle: it only keeps step with the other processes and must not count.
    """

    number: int
    places: tuple[int, ...]
    idle: bool = False


@dataclass(frozen=True)
class Team:
    """This process among those that train together.

    Attributes:
        rank: its number; 0 leads: it alone writes files.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def present(cls) -> Team:
        """The team that torch.distributed knows of, else this process alone."""
        if dist.is_available() and dist.is_initialized():
            return cls(dist.get_rank(), dist.get_world_size())
        return cls()

    @property
    def leads(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def shares(self, items: int, parts: int) -> list[Share]:
        """This process's parts of a batch of ``items``, each process having up to ``parts``; at least one.

        Items are dealt like cards, so that long and short ones spread evenly. Part 1 of one process with two parts is the
        same as the only part of the second of two processes.
        """
        total = self.size * parts
        numbers = range(self.rank, total, self.size)
        shares = [Share(number, tuple(range(number, items, total))) for number in numbers if number < items]
        return shares or [Share(self.rank, (0,), idle=True)]

    def total(self, values: Mapping[str, float], device: torch.device) -> dict[str, float]:
        """Sums over all processes, which name the same values."""
        if self.size == 1:
            return dict(values)
        sums = torch.tensor([values[name] for name in sorted(values)], dtype=torch.float64, device=device)
        dist.all_reduce(sums)
        return dict(zip(sorted(values), sums.tolist(), strict=True))

    def collected(self, values: Mapping[str, float]) -> dict[str, float]:
        """Sums over all processes of values that some of them may not have."""
        if self.size == 1:
            return dict(values)
        everyone: Sequence[dict[str, float]] = [{} for _ in range(self.size)]
        dist.all_gather_object(everyone, dict(values))
        sums: dict[str, float] = {}
        for one in everyone:
            for name, value in one.items():
                sums[name] = sums.get(name, 0.0) + value
        return sums

    def wait(self) -> None:
        """Go on when everybody is here."""
        if self.size > 1:
            dist.barrier()

    def leader_first(self, work: Callable[[], T]) -> T:
        """Do work that leaves a file on the shared disk: the leader makes it, the others find it there."""
        if self.size == 1:
            return work()
        if self.leads:
            result = work()
            dist.barrier()
            return result
        dist.barrier()
        return work()
