"""Several workers on one machine: a process each, watched, and begun again when one dies.

Apart from the worker because it only starts and stops processes. A worker process that loses its parent ends too, as soon
as its job can be given back.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Final

from voxcommons.base.errors import VoxError
from voxcommons.base.log import logger

_RESTART_WAIT_S: Final = 2.0  # a worker that cannot even start must not burn the processor
_LOOK_S: Final = 1.0

_log = logger(__name__)

Body = Callable[[threading.Event], None]
"""What a worker process does until the event is set; importable by name, since it is sent to another process."""


def quit_on_signals(leave: threading.Event) -> None:
    """Let SIGTERM and the first Ctrl-C set an event; the second Ctrl-C stops at once."""

    def asked(signum: int, frame: FrameType | None) -> None:
        leave.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)


def keep_working(body: Body, count: int, leave: threading.Event) -> int:
    """Run a body in `count` processes until told to quit or until all have ended by themselves.

    Args:
        body: the work; a process in which it returns is not begun again, one that dies is.
        count: of processes.
        leave: set it to end them.

    Returns:
        How many processes died.
    """
    context = multiprocessing.get_context("spawn")  # a forked process would share the database connections

    def begin() -> SpawnProcess:
        process = context.Process(target=_run, args=(body,), name="vox-worker")
        process.start()
        return process

    running, died = [begin() for _ in range(count)], 0
    try:
        while running and not leave.is_set():
            wait([process.sentinel for process in running], timeout=_LOOK_S)
            for process in [one for one in running if not one.is_alive()]:
                running.remove(process)
                process.join()
                if process.exitcode:
                    died += 1
                    _log.warning("a worker died (exit code %s) and is begun again", process.exitcode)
                    leave.wait(_RESTART_WAIT_S)
                    if not leave.is_set():
                        running.append(begin())
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.join()
    return died


def _run(body: Body) -> None:
    leave = threading.Event()
    quit_on_signals(leave)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel, leave), daemon=True).start()
    try:
        body(leave)
    except VoxError as cause:  # a full disk, a server that is away: one line is enough, and the parent tries again
        _log.error("%s", cause)  # noqa: TRY400
        sys.exit(cause.exit_code)


def _watch(parent: int, leave: threading.Event) -> None:
    """Quit when the parent is gone, however it went."""
    wait([parent])
    leave.set()
