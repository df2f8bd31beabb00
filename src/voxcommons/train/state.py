"""What a training run leaves on disk: weights, averages, optimiser moments and curves.

It is apart from the loops so that every stage resumes by the same rule: all files are written whole, tensors as
safetensors and numbers as JSON, nothing pickled, and the newest complete checkpoint wins. There is no random state in it:
what is drawn in a step depends on the step (train/dice.py).
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from voxcommons.base.errors import CorruptFileError
from voxcommons.base.files import atomic_folder, atomic_path


class MovingAverage:
    """Exponential moving average of a module's floating tensors, warmed up so that early steps do not linger.

    Args:
        module: whose parameters are averaged.
        decay: weight of the past once warm.
    """

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.updates = 0
        self.tensors = {name: tensor.detach().clone().float() for name, tensor in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the module's present values."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, tensor in module.state_dict().items():
            self.tensors[name].lerp_(tensor.float(), 1 - decay)


class Checkpoints:
    """Numbered checkpoint folders of one stage plus its curve file.

    Args:
        folder: made when missing.
        keep: newest checkpoints that stay.
    """

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder, self.keep = folder, keep
        folder.mkdir(parents=True, exist_ok=True)
        self.curve = folder / "curves.jsonl"

    def newest(self) -> Path | None:
        """Return the newest complete checkpoint folder, or None."""
        found = sorted(path for path in self.folder.glob("step-*") if (path / "state.json").is_file())
        return found[-1] if found else None

    def save(
        self, step: int, modules: Mapping[str, nn.Module], optimizers: Mapping[str, torch.optim.Optimizer],
        averages: Mapping[str, MovingAverage], totals: Mapping[str, float],
    ) -> Path:
        """Write everything needed to go on from ``step`` and drop older checkpoints.

        Args:
            step: steps that are done.
            modules: networks by name.
            optimizers: under the same names.
            averages: likewise.
            totals: sums of the figures since the last line of the curve.
        """
        target = self.folder / f"step-{step:08d}"
        with atomic_folder(target, replace=True) as temporary:
            for name, module in modules.items():
                save_file(_plain(module.state_dict()), temporary / f"{name}.safetensors")
            for name, average in averages.items():
                save_file(_plain(average.tensors), temporary / f"{name}.average.safetensors")
            groups = {}
            for name, optimizer in optimizers.items():
                tensors, groups[name] = _flatten_optimizer(optimizer)
                save_file(tensors, temporary / f"{name}.optimizer.safetensors")
            state = {
                "step": step, "groups": groups, "totals": dict(totals),
                "updates": {name: average.updates for name, average in averages.items()},
            }
            (temporary / "state.json").write_text(json.dumps(state), encoding="utf-8")
        for old in sorted(self.folder.glob("step-*"))[: -self.keep]:
            for file in old.iterdir():
                file.unlink()
            old.rmdir()
        return target

    def resume(
        self, modules: Mapping[str, nn.Module], optimizers: Mapping[str, torch.optim.Optimizer],
        averages: Mapping[str, MovingAverage],
    ) -> tuple[int, dict[str, float]]:
        """Load the newest checkpoint into the given objects.

        Returns:
            (its step, the sums of figures it kept); (0, none) when there is no checkpoint.

        Raises:
            CorruptFileError: the checkpoint does not fit these models.
        """
        newest = self.newest()
        if newest is None:
            return 0, {}
        state = json.loads((newest / "state.json").read_text(encoding="utf-8"))
        try:
            for name, module in modules.items():
                module.load_state_dict(load_file(newest / f"{name}.safetensors"))
            for name, average in averages.items():
                kept = load_file(newest / f"{name}.average.safetensors")
                average.tensors = {key: kept[key].to(tensor.device) for key, tensor in average.tensors.items()}
                average.updates = state["updates"][name]
            for name, optimizer in optimizers.items():
                _restore_optimizer(optimizer, load_file(newest / f"{name}.optimizer.safetensors"), state["groups"][name])
        except (RuntimeError, KeyError, OSError) as error:
            raise CorruptFileError(
                "the checkpoint does not fit this recipe", expected="a checkpoint of the same model sizes",
                found=f"{newest}: {error}", do="use another --out folder or delete this one",
            ) from error
        return int(state["step"]), dict(state.get("totals", {}))

    def record(self, step: int, **figures: float) -> None:
        """Append one line of figures to ``curves.jsonl``."""
        line = {"step": step, "time": round(time.time(), 1)} | {name: round(float(v), 5) for name, v in figures.items()}
        with self.curve.open("a", encoding="utf-8") as curve:
            curve.write(json.dumps(line) + "\n")

    def curves(self) -> list[dict[str, float]]:
        """Return the recorded lines; one that was cut short by a kill ends them."""
        lines: list[dict[str, float]] = []
        if self.curve.is_file():
            for line in self.curve.read_text(encoding="utf-8").splitlines(keepends=True):
                if not line.endswith("\n"):
                    break
                lines.append(json.loads(line))
        return lines

    def tidy(self) -> None:
        """Forget what a killed run left behind: half a checkpoint, and figures of steps that will be run again."""
        newest = self.newest()
        for half in self.folder.glob(".step-*.part"):
            shutil.rmtree(half)
        step = int(newest.name.removeprefix("step-")) if newest else 0
        kept = [json.dumps(line) + "\n" for line in self.curves() if line["step"] <= step]
        if self.curve.is_file():
            with atomic_path(self.curve) as temporary:
                temporary.write_text("".join(kept), encoding="utf-8")


def _plain(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}


def _flatten_optimizer(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], list[dict[str, object]]]:
    state = optimizer.state_dict()
    tensors = {
        f"{index}.{key}": torch.as_tensor(value).detach().cpu().contiguous().clone()
        for index, values in state["state"].items()
        for key, value in values.items()
    }
    return tensors, state["param_groups"]


def _restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], groups: list[dict[str, object]]
) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": groups})
