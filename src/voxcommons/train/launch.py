"""Starting a training run: in this process, in several processes of this machine, or as one of those torchrun started.

Apart from the training because it only decides how many processes do the same work; what they share is in train/team.py.
More than one machine is train/ray_launch.py.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException, spawn

from voxcommons.base.errors import InputError, VoxError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.build import use_threads
from voxcommons.train.base_model import STAGES, BaseSizes, BaseTraining
from voxcommons.train.base_recipe import BaseRecipe
from voxcommons.train.team import Team
from voxcommons.train.vectors import Teacher
from voxcommons.train.workplace import Workplace

PATIENCE = timedelta(hours=12)  # the others wait while the leader packs a corpus or takes figures


@dataclass(frozen=True)
class Job:
    """What every process of a run does; it can be sent to another process.

    Attributes:
        data: folder with ``manifest.tsv`` and archives.
        folder: of the run; every process must see it.
        recipe: how.
        stages: which.
        device: "auto", "cpu" or "cuda".
        threads: processor threads of each process; None leaves it to the library.
        listener: makes the progress of the leader.
        sizes: of the networks.
        teacher: tells speakers apart for stage timbre; it is sent to other processes, so what it weighs is better read late.
    """

    data: Path
    folder: Path
    recipe: BaseRecipe
    stages: Sequence[str] = STAGES
    device: str = "auto"
    threads: int | None = None
    listener: Callable[[], AbstractContextManager[Progress]] = nullcontext  # type: ignore[assignment]
    sizes: BaseSizes = field(default_factory=BaseSizes)
    teacher: Teacher | None = None

    def __call__(self) -> None:
        """Run or resume the stages in this process."""
        use_threads(self.threads)
        with self.listener() if Team.present().leads else nullcontext() as progress:
            place = Workplace.of(self.device, progress or NullProgress())
            BaseTraining(self.data, self.folder, self.recipe, self.sizes, place, self.teacher).run(self.stages)


def start(work: Callable[[], None], *, processes: int = 1, device: str = "auto", threads: int | None = None) -> bool:
    """Do the same work in some processes of this machine and come back when all are done.

    Args:
        work: what each does; with several it must be importable by name.
        processes: how many. With 1 the work is done in this process, as a member of torchrun's team if that started it.
        device: where the networks will be; chooses how the processes talk.
        threads: processor threads of each; by default they share the cores.

    Returns:
        Whether this process leads and should go on with what one process does; among those of torchrun only one does.

    Raises:
        VoxError: what the work raised, whichever process met it.
        InputError: torchrun started this process and more are asked for.
    """
    launched = dist.is_available() and dist.is_torchelastic_launched()
    if processes == 1 and not launched:
        work()
        return True
    if processes > 1 and launched:
        raise InputError("torchrun has started the processes already", expected="no --processes", found=f"--processes {processes}")
    if launched:
        return _in_team(work, device, {})
    shared = threads or max(1, (os.cpu_count() or 1) // processes)
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        faults = multiprocessing.get_context("spawn").SimpleQueue()
        try:
            spawn(_process, (processes, meeting.as_uri(), work, device, shared, faults), processes)
        except (ProcessExitedException, ProcessRaisedException):
            if faults.empty():
                raise
            raise faults.get() from None
    return True


def _process(rank: int, size: int, meeting: str, work: Callable[[], None], device: str, threads: int, faults: Any) -> None:  # noqa: ANN401, PLR0913
    use_threads(threads)
    try:
        _in_team(work, device, {"init_method": meeting, "rank": rank, "world_size": size})
    except VoxError as error:
        faults.put(error)
        os._exit(error.exit_code)  # the others are waiting for this process; its starter ends them
    except KeyboardInterrupt:
        os._exit(130)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the work is done; threads of the libraries that still run may abort a process that ends by itself


def _in_team(work: Callable[[], None], device: str, where: dict[str, Any]) -> bool:
    """Meet the other processes, work, and part; returns whether this process led."""
    on_gpu = device != "cpu" and torch.cuda.is_available()
    dist.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo", timeout=PATIENCE, **where)
    work()
    leads = Team.present().leads
    dist.barrier()  # nobody leaves while another still talks
    dist.destroy_process_group()
    return leads
