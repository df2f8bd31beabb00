"""`vox batch`: a script of lines in, a folder of sounds out, taken up again where it was left."""

from __future__ import annotations

import functools
import threading
import time
from pathlib import Path

import click

from voxcommons.base.database import Database
from voxcommons.base.errors import VoxError
from voxcommons.base.settings import Settings
from voxcommons.cli.console import BASE_HELP, RichProgress, settings_of
from voxcommons.jobs.durable import DurableQueue
from voxcommons.jobs.job import State
from voxcommons.jobs.processes import keep_working, quit_on_signals
from voxcommons.jobs.worker import Worker
from voxcommons.voices.batch import Batch, order_missing, read_script, states, write_manifest
from voxcommons.voices.library import Library
from voxcommons.voices.speak_job import KIND, Line, SpeakHandler

_LOOK_S = 1.0
_LOOK_SHARE = 20  # looking at a long batch takes a while itself
_SHOWN = 10


@click.command()
@click.argument("script", type=click.Path(path_type=Path))
@click.option("--out", "-o", "folder", type=click.Path(path_type=Path), required=True, help="Folder for the sounds and manifest.csv.")
@click.option("--loudness", type=click.FloatRange(-40, -9), default=-23.0, show_default=True,
              help="Of every file, in LUFS, as near as its peaks allow.")  # fmt: skip
@click.option("--subtitles", multiple=True, type=click.Choice(["srt", "vtt"]), help="Also write these beside each sound; may be repeated.")
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True, help="Lines spoken at the same time.")
@click.option("--takes", type=click.IntRange(1, 16), default=4, show_default=True, help="Times a sentence is tried, the clearest is kept.")
@click.option("--lang", default="auto", show_default=True, help="Language of lines that name none.")
@click.option("--base", "base_name", default="", metavar="NAME|FOLDER", help=BASE_HELP + " Left out: what each voice was made for.")
@click.option("--queue-only", is_flag=True, help="Only put the lines on the queue, for `vox worker` to speak.")
@click.pass_context
def batch(
    context: click.Context,
    script: Path,
    folder: Path,
    loudness: float,
    subtitles: tuple[str, ...],
    processes: int,
    takes: int,
    lang: str,
    base_name: str,
    queue_only: bool,
) -> None:
    """Speak every line of SCRIPT to a file: CSV with the columns voice and text, and perhaps style, file, language, speed, seed.

    All lines are checked before the first is spoken. The same call goes on where it was stopped, and speaks again only lines that were
    changed, that failed, or whose files are gone. Exit code 2 when a line failed.

    \b
        vox batch script.csv -o sounds
        vox batch script.csv -o sounds --processes 4 --loudness -16 --subtitles srt
    """
    settings = settings_of(context)
    like = Line("", "", "", language=lang, takes=takes, loudness=loudness, subtitles=tuple(sorted(set(subtitles))), base=base_name)
    read = read_script(script, folder, Library(settings.home), like)
    database = Database.of(settings)
    try:
        queue = DurableQueue(database)
        ordered = order_missing(read, queue)
        if queue_only:
            click.echo(f"{ordered} lines ordered; speak them: vox worker (jobs: vox jobs list --batch {read.name})")
            return
        leave = threading.Event()
        quit_on_signals(leave)
        with RichProgress() as progress:
            progress.start(len(read.lines), f"speaking {len(read.lines)} lines")
            over = threading.Event()
            watch = threading.Thread(target=_watch, args=(read, queue, progress, over), daemon=True)
            watch.start()
            try:
                _speak(settings, queue, processes, leave)
            finally:
                over.set()
                watch.join()
        _close(read, queue, stopped=leave.is_set())
    finally:
        database.close()


def work(settings: Settings, leave: threading.Event) -> None:
    """A worker that speaks lines until none waits."""
    database = Database.of(settings)
    try:
        Worker(DurableQueue(database), {KIND: SpeakHandler(settings)}, quit=leave).run(until_empty=True)
    finally:
        database.close()


def _speak(settings: Settings, queue: DurableQueue, processes: int, leave: threading.Event) -> None:
    if processes == 1:
        Worker(queue, {KIND: SpeakHandler(settings)}, quit=leave).run(until_empty=True)
    else:
        keep_working(functools.partial(work, settings), processes, leave)


def _watch(read: Batch, queue: DurableQueue, progress: RichProgress, over: threading.Event) -> None:
    """Move the bar by what the queue says, whoever does the work."""
    shown, cost_s = 0, 0.0
    while not over.wait(max(_LOOK_S, _LOOK_SHARE * cost_s)):
        begun = time.monotonic()
        done = sum(job is not None and job.state == State.DONE for job in states(read, queue))
        progress.advance(done - shown)
        shown, cost_s = done, time.monotonic() - begun


def _close(read: Batch, queue: DurableQueue, *, stopped: bool) -> None:
    jobs = states(read, queue)
    manifest = write_manifest(read, jobs)
    done = [job for job in jobs if job is not None and job.state == State.DONE]
    seconds = sum(float((job.result or {}).get("seconds", 0.0)) for job in done)
    click.echo(f"{len(done)} of {len(jobs)} lines spoken, {seconds:.1f} s of speech; {manifest}")
    failed = [(number, job) for number, job in enumerate(jobs, 1) if job is not None and job.state in (State.FAILED, State.CANCELLED)]
    for number, job in failed[:_SHOWN]:
        click.echo(f"line {number}: {job.error or job.state.value}", err=True)
    if stopped:
        raise click.Abort
    if failed:
        found = f"{len(failed)} of {len(jobs)}"
        raise VoxError("some lines could not be spoken", found=found, do="see manifest.csv; the same call tries them again")
