"""Where a training run happens: the device, the other processes, and who is told how it goes.

It is apart from the recipe because none of it may change what is learnt, beyond rounding. It is the one place that decides
which device is taken and when bf16 pays.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
import torch.distributed as dist

from voxcommons.base.errors import InputError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.train.team import Team

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Workplace:
    """One process's place in a run.

    Attributes:
        device: where the networks are.
        team: the processes that train together.
        progress: told about every step.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    team: Team = field(default_factory=Team)
    progress: Progress = field(default_factory=NullProgress)

    @classmethod
    def of(cls, device: str = "cpu", progress: Progress | None = None) -> Workplace:
        """The place of this process: the leader of a team tells its progress, the others are silent.

        Args:
            device: one of `DEVICES`; with several GPUs each process takes its own.
            progress: listener of the leader.

        Raises:
            InputError: a GPU is wanted and there is none.
        """
        team = Team.present()
        return cls(_device(device), team, progress if team.leads and progress is not None else NullProgress())

    def bf16(self, precision: str) -> bool:
        """Whether the networks compute in bf16 under a recipe's ``precision``."""
        return precision == "bf16" or (precision == "auto" and _profits(self.device))

    def autocast(self, precision: str) -> AbstractContextManager[object]:
        """The block in which the networks compute in the number type of a recipe's ``precision``."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.bf16(precision) else nullcontext()


def _device(name: str) -> torch.device:
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise InputError("no GPU to train on", expected="a CUDA device", found="none", do="use --device cpu")
    if name == "cpu" or not found:
        return torch.device("cpu")
    team = Team.present()
    number = dist.get_node_local_rank(fallback_rank=team.rank) if team.size > 1 else torch.cuda.current_device()
    device = torch.device("cuda", number % torch.cuda.device_count())
    torch.cuda.set_device(device)
    return device


def _profits(device: torch.device) -> bool:
    """Whether bf16 is faster than fp32: on GPUs that have it, and on processors with instructions for it."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16"))
