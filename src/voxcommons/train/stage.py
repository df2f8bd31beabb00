"""The part that every training loop shares: resume, learning rate, averages, figures, checkpoints.

It is apart so that each loop shows only what is its own: what a batch is and what the loss is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from voxcommons.base.progress import NullProgress, Progress
from voxcommons.train.schedule import rate_at
from voxcommons.train.state import Checkpoints, MovingAverage

@dataclass(frozen=True)
class Pace:
    """When things happen in a stage.

    Attributes:
        steps: optimiser steps in all.
        peak_rate: highest learning rate.
        warmup_steps: steps until it is reached.
        save_every: steps between checkpoints.
        test_every: steps between figures on unseen speakers.
        record_every: steps whose figures are averaged into one line of the curve.
    """

    steps: int
    peak_rate: float
    warmup_steps: int
    save_every: int
    test_every: int
    record_every: int = 50


class Stage:
    """One stage in one folder, resumed from its newest checkpoint.

    The first network is the one that is trained for; its optimiser follows the pace and its weights are averaged.

    Args:
        folder: checkpoints and curves; its name is the stage's name for the progress.
        networks: every network with weights to keep.
        optimizers: under the same names.
        pace: when things happen.
        clip: largest gradient norm of the first network.
        progress: told once per step.
    """

    def __init__(  # noqa: PLR0913 - a stage is these six things
        self, folder: Path, networks: Mapping[str, nn.Module], optimizers: Mapping[str, torch.optim.Optimizer],
        pace: Pace, clip: float, progress: Progress | None = None,
    ) -> None:
        self.networks, self.optimizers, self.pace, self.clip = networks, optimizers, pace, clip
        self.name = next(iter(networks))
        self.main, self.optimizer = networks[self.name], optimizers[self.name]
        self.average = MovingAverage(self.main)
        self.checkpoints = Checkpoints(folder)
        self.progress = progress or NullProgress()
        self._totals: dict[str, float] = {}

    def steps(self) -> Iterator[int]:
        """Yield the numbers of the steps still to run; the caller ends each one with `learn` and `finish`."""
        first, self._totals = self.checkpoints.resume(self.networks, self.optimizers, {self.name: self.average})
        self.progress.start(self.pace.steps - first, f"training: {self.checkpoints.folder.name}")
        for step in range(first, self.pace.steps):
            for group in self.optimizer.param_groups:
                group["lr"] = rate_at(step, self.pace.steps, self.pace.peak_rate, self.pace.warmup_steps)
            self.main.train()
            yield step
            self.progress.advance()
        self.progress.finish()

    def learn(self, loss: Tensor) -> Tensor:
        """Take one optimiser step of the first network and return the gradient's norm before clipping."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.main.parameters(), self.clip)
        self.optimizer.step()
        self.average.update(self.main)
        return norm

    def finish(self, step: int, figures: Mapping[str, Tensor], test: Callable[[], Mapping[str, float]]) -> None:
        """Record means of ``figures``, save and test whenever it is time."""
        for name, value in figures.items():
            self._totals[name] = self._totals.get(name, 0.0) + float(value.detach())
        done, last = step + 1, step + 1 == self.pace.steps
        every = self.pace.record_every
        if done % every == 0:
            self.checkpoints.record(done, **{name: total / every for name, total in self._totals.items()})
            self._totals = {}
        if done % self.pace.test_every == 0 or last:
            self.checkpoints.record(done, **test())
        # Last, so that a run killed before this line records those figures again, and one killed after it has them all.
        if done % self.pace.save_every == 0 or last:
            self.checkpoints.save(done, self.networks, self.optimizers, {self.name: self.average}, self._totals)
