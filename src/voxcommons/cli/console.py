"""What the command line draws: progress, notes and results.

The one place that knows terminals, so that verbs say what to show and not how. Results go to stdout, everything else to
stderr, so that a pipe carries only results.
"""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichBars

from voxcommons.base.settings import Settings

BASE_HELP = "Base model: starter, one that is installed (vox models list), or a folder with base.json."


def settings_of(context: click.Context) -> Settings:
    """The settings the program was started with; a verb run alone (in a test) reads them itself."""
    held = context.find_object(Settings)
    return held if held is not None else Settings.from_environment()


def stderr_console() -> Console:
    """A console on stderr, plain where stderr is no terminal."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def echo_json(value: object, *, indent: int | None = None) -> None:
    """Writes one JSON value and a line end to stdout, as ASCII where stdout cannot carry more."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    click.echo(json.dumps(value, ensure_ascii=encoding != "utf8", indent=indent, sort_keys=False))


class RichProgress:
    """A bar on a terminal, one plain line per piece of work elsewhere.

    A context manager: leaving it, also by an error or Ctrl-C, gives the terminal back.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console if console is not None else stderr_console()
        self._bars: RichBars | None = None
        self._task: TaskID | None = None

    def start(self, total: int | None, label: str) -> None:
        """Shows a new bar for `total` steps, or a spinner if the number is unknown."""
        self.finish()
        if not self._console.is_terminal:
            self._console.print(label, markup=False)
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = RichBars(*columns, console=self._console, transient=True)
        self._bars.start()
        self._task = self._bars.add_task(label, total=total)

    def advance(self, n: int = 1) -> None:
        """Moves the bar by `n` steps."""
        if self._bars is not None and self._task is not None:
            self._bars.advance(self._task, n)

    def note(self, text: str) -> None:
        """Prints a line above the bar."""
        self._console.print(text, markup=False)

    def finish(self) -> None:
        """Takes the bar away."""
        if self._bars is not None:
            self._bars.stop()
        self._bars = None
        self._task = None

    def __enter__(self) -> RichProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()
