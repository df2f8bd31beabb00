"""The part that every training loop shares: resume, learning rate, parts of a batch, averages, figures, checkpoints.

It is apart so that each loop shows only what is its own: what a batch is and what the loss is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from voxcommons.train.dice import seed_of
from voxcommons.train.lesson import Part
from voxcommons.train.recipe_files import keep_recipe
from voxcommons.train.recipes import StageRecipe
from voxcommons.train.schedule import rate_at
from voxcommons.train.state import Checkpoints, MovingAverage
from voxcommons.train.workplace import Workplace

# No buffer changes in training, so none is sent around; torch 2.13 calls that option by another name than 2.5 does.
_KNOWN = signature(DistributedDataParallel).parameters
_BUFFERS_STAY: dict[str, Any] = {"forward_sync_buffers" if "forward_sync_buffers" in _KNOWN else "broadcast_buffers": False}


class Stage:
    """One stage in one folder, resumed from its newest checkpoint.

    The first network is the one that is trained for; its optimiser follows the recipe's rate and its weights are averaged.

    Args:
        folder: checkpoints and curves; its name is the stage's name for the progress.
        networks: every network with weights to keep, already on the workplace's device.
        optimizers: under the same names.
        lesson: a `Lesson` that holds the networks.
        recipe: how long, how fast, how often.
        place: where it runs.
        clip: largest gradient norm of the first network.
        compiled: modules to translate when the recipe says so.
        partly: whether a part may leave some of the networks unused, so that processes must ask which gradients to wait for.
    """

    def __init__(  # noqa: PLR0913 - a stage is these things
        self, folder: Path, networks: Mapping[str, nn.Module], optimizers: Mapping[str, torch.optim.Optimizer],
        lesson: nn.Module, recipe: StageRecipe, place: Workplace, *, clip: float, compiled: Sequence[nn.Module] = (), partly: bool = False,
    ) -> None:
        self.networks, self.optimizers, self.recipe, self.place, self.clip = networks, optimizers, recipe, place, clip
        self.name = next(iter(networks))
        self.main, self.optimizer = networks[self.name], optimizers[self.name]
        self.average = MovingAverage(self.main)
        self.checkpoints = Checkpoints(folder)
        self.lesson = lesson
        if place.team.size > 1:
            self.lesson = DistributedDataParallel(lesson, find_unused_parameters=partly, **_BUFFERS_STAY)
        for module in compiled if recipe.compile else ():
            module.compile(dynamic=True)
        self._sums: dict[str, float | Tensor] = {}

    def steps(self) -> Iterator[int]:
        """Yield the numbers of the steps still to run; the caller ends each one with `learn` and `finish`."""
        team, progress, steps = self.place.team, self.place.progress, self.recipe.steps
        if team.leads:
            self.checkpoints.tidy()
        team.wait()
        first, sums = self.checkpoints.resume(self.networks, self.optimizers, {self.name: self.average})
        if team.leads:
            self._sums = dict(sums)
            keep_recipe(self.recipe, self.checkpoints.folder, first, progress)
        progress.start(steps - first, f"training: {self.checkpoints.folder.name}")
        for step in range(first, steps):
            for group in self.optimizer.param_groups:
                group["lr"] = rate_at(step, steps, self.recipe.peak_rate, self.recipe.warmup_steps)
            self.main.train()
            yield step
            progress.advance()
        team.wait()  # nobody reads the last checkpoint before it is there
        progress.finish()

    def learn(self, step: int, items: int, make: Callable[[Sequence[int]], Part]) -> None:
        """Take one optimiser step on a batch.

        Args:
            step: its number.
            items: how many items the batch has, over all processes.
            make: turns places in the batch into a part.
        """
        team, device = self.place.team, self.place.device
        shares = team.shares(items, self.recipe.accumulate)
        parts = [make(share.places) for share in shares]
        counted = [part.counts for part, share in zip(parts, shares, strict=True) if not share.idle]
        totals = team.total({name: sum(counts[name] for counts in counted) for name in parts[0].counts}, device)
        for optimizer in self.optimizers.values():
            optimizer.zero_grad(set_to_none=True)
        for share, part in zip(shares, parts, strict=True):
            # So dropout depends on the step alone, and no random state needs to be kept.
            torch.manual_seed(seed_of(self.recipe.seed, step, share.number))
            with self._exchanging(share is shares[-1]):
                loss, figures = self.lesson(part.to(device), totals)
                (loss * (0.0 if share.idle else float(team.size))).backward()  # processes take the mean of gradients
            if not share.idle:
                self._note(figures)
        norm = torch.nn.utils.clip_grad_norm_(self.main.parameters(), self.clip)
        for optimizer in self.optimizers.values():
            optimizer.step()
        self.average.update(self.main)
        if team.leads:
            self._note({"gradient": norm})

    def finish(self, step: int, test: Callable[[], Mapping[str, float]]) -> None:
        """Record means of the figures, test and save whenever it is time."""
        done, last, leads = step + 1, step + 1 == self.recipe.steps, self.place.team.leads
        every = self.recipe.record_every
        saving = done % self.recipe.save_every == 0 or last
        if done % every == 0 or saving:
            sums = self.place.team.collected({name: float(value) for name, value in self._sums.items()})
            self._sums = dict(sums) if leads else {}
            if done % every == 0:
                self._sums = {}
                if leads:
                    self.checkpoints.record(done, **{name: total / every for name, total in sums.items()})
        if leads and (done % self.recipe.test_every == 0 or last):
            self.main.eval()
            self.checkpoints.record(done, **test())
        # Last, so that a run killed before this line records those figures again, and one killed after it has them all.
        if leads and saving:
            sums = {name: float(value) for name, value in self._sums.items()}
            self.checkpoints.save(done, self.networks, self.optimizers, {self.name: self.average}, sums)

    def _note(self, figures: Mapping[str, Tensor]) -> None:
        for name, value in figures.items():  # in double precision, and without waiting for a GPU
            self._sums[name] = self._sums.get(name, 0.0) + value.detach().double()

    def _exchanging(self, now: bool) -> AbstractContextManager[object]:
        """The block in which gradients are averaged over the processes, or only added up in this one."""
        return nullcontext() if now or not isinstance(self.lesson, DistributedDataParallel) else self.lesson.no_sync()
