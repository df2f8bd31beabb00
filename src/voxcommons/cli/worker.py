"""`vox worker`: does the jobs that wait in the queue."""

from __future__ import annotations

import functools
import threading

import click

from voxcommons.base.database import Database
from voxcommons.base.settings import Settings
from voxcommons.cli.console import settings_of
from voxcommons.jobs.durable import DurableQueue
from voxcommons.jobs.processes import keep_working, quit_on_signals
from voxcommons.jobs.ray_workers import Crew, work_on_ray
from voxcommons.jobs.worker import KEPT_S, LEASE_S, Worker
from voxcommons.voices.tasks import handlers


@click.command()
@click.option("--processes", type=click.IntRange(1, 4096),
              help="Jobs done at the same time; by default one, on a cluster one for each processor.")
@click.option("--ray", "address", metavar="ADDRESS",
              help="Work on the machines of the Ray cluster at HOST:PORT; auto is the one this machine belongs to.")
@click.option("--until-empty", is_flag=True, help="End when no job waits or runs; by default it waits for more.")
@click.option("--lease", "lease_s", type=click.FloatRange(1, 86_400), default=LEASE_S, show_default=True,
              help="Seconds after which the job of a worker that died is given to another.")  # fmt: skip
@click.option("--keep-days", type=click.FloatRange(0, 36_500), default=KEPT_S / 86_400, show_default=True,
              help="Days after which jobs that ended are deleted from the list; what they made stays. 0 keeps all.")  # fmt: skip
@click.pass_context
def worker(
    context: click.Context, processes: int | None, address: str | None, until_empty: bool, lease_s: float, keep_days: float
) -> None:
    """Do the jobs of the queue until Ctrl-C.

    Start as many as you like, on one machine or, with PostgreSQL, on several. Ctrl-C and SIGTERM give the job at hand back to the
    queue; a second Ctrl-C stops at once. A worker that is killed loses nothing: another begins its job anew.

    \b
        vox worker
        vox worker --processes 4 --until-empty
        vox worker --ray auto
    """
    settings = settings_of(context)
    leave = threading.Event()
    kept_s = keep_days * 86_400 or None
    if address is not None:
        _work_on_cluster(Crew(settings, functools.partial(handlers, settings), address, processes, lease_s, kept_s), leave, until_empty)
        return
    processes = processes or 1
    quit_on_signals(leave)
    body = functools.partial(work, settings, until_empty, lease_s, kept_s=kept_s)
    click.echo(f"{'one worker' if processes == 1 else f'{processes} workers'} at {Database.of(settings).shown}; Ctrl-C stops", err=True)
    if processes == 1:
        body(leave)
    else:
        keep_working(body, processes, leave)


def _work_on_cluster(crew: Crew, leave: threading.Event, until_empty: bool) -> None:
    """Work elsewhere; this process watches."""

    def ready(count: int) -> None:
        quit_on_signals(leave)  # here, because Ray sets its own when it connects
        shown = Database.of(crew.settings).shown
        click.echo(f"{'one worker' if count == 1 else f'{count} workers'} on Ray at {crew.address} for {shown}; Ctrl-C stops", err=True)

    work_on_ray(crew, leave, until_empty=until_empty, ready=ready)


def work(settings: Settings, until_empty: bool, lease_s: float, leave: threading.Event, *, kept_s: float | None = KEPT_S) -> None:
    """One worker, in this process, until it is told to quit."""
    database = Database.of(settings)
    try:
        Worker(DurableQueue(database), handlers(settings), lease_s=lease_s, kept_s=kept_s, quit=leave).run(until_empty=until_empty)
    finally:
        database.close()
