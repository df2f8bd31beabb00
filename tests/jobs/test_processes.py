"""Worker processes are begun again when they die, and end when they are told to."""

import functools
import os
import signal
import threading

from voxcommons.jobs.processes import keep_working


def die_once(folder, leave):
    """Dies as the system would kill it, the first time; then ends well."""
    try:
        os.close(os.open(folder / "died", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        (folder / f"ended-{os.getpid()}").touch()
        return
    os.kill(os.getpid(), signal.SIGKILL)


def work_on(folder, leave):
    """Works until told to quit, and says that it did."""
    (folder / f"began-{os.getpid()}").touch()
    os.kill(os.getppid(), signal.SIGUSR1)
    leave.wait()
    (folder / f"quit-{os.getpid()}").touch()


def test_a_process_that_dies_is_begun_again(tmp_path):
    assert keep_working(functools.partial(die_once, tmp_path), 2, threading.Event()) == 1
    assert len(list(tmp_path.glob("ended-*"))) == 2


def test_all_processes_quit_when_told_to(tmp_path):
    leave, begun = threading.Event(), []

    def heard(*_):
        begun.append(1)
        if len(list(tmp_path.glob("began-*"))) == 2:
            leave.set()

    before = signal.signal(signal.SIGUSR1, heard)
    try:
        assert keep_working(functools.partial(work_on, tmp_path), 2, leave) == 0
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(list(tmp_path.glob("quit-*"))) == 2
