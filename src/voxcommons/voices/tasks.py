"""Every kind of job of this program: how it is ordered, and who does it.

One table, so that ordering, working and listing agree on what there is. It loads no model; a handler does when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from voxcommons.base.settings import Settings
from voxcommons.jobs.job import Order
from voxcommons.jobs.worker import Handler
from voxcommons.voices import clone_job, finetune_job, speak_job


@dataclass(frozen=True)
class Task:
    """A kind of job.

    Attributes:
        promise: what it does, in one line.
        order: makes an order of what a person typed, and refuses at once what cannot be done; None for what a command of its own orders.
        handler: makes what does it, for a worker under these settings.
    """

    promise: str
    order: Callable[[Mapping[str, Any], Settings], Order] | None
    handler: Callable[[Settings], Handler]


TASKS: Final[Mapping[str, Task]] = {
    clone_job.KIND: Task("make a voice from a recording", clone_job.clone_order, clone_job.CloneHandler),
    finetune_job.KIND: Task("tune a voice to its person", finetune_job.finetune_order, finetune_job.FinetuneHandler),
    speak_job.KIND: Task("speak a line of a script (vox batch)", None, speak_job.SpeakHandler),
}


def handlers(settings: Settings) -> Mapping[str, Handler]:
    """What a worker of this installation can do."""
    return {kind: task.handler(settings) for kind, task in TASKS.items()}
