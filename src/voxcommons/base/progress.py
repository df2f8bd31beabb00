"""How long work tells that it advances, without knowing who listens.

A Protocol, so that a room below the command line can report to a terminal, a web page or nobody. The one that draws on a
terminal is cli/console.py.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A listener to one piece of work at a time."""

    def start(self, total: int | None, label: str) -> None:
        """Work begins: `total` steps (None if unknown), named `label`. Ends a piece of work begun before."""

    def advance(self, n: int = 1) -> None:
        """`n` more steps are done."""

    def note(self, text: str) -> None:
        """A line the user should see beside the progress."""

    def finish(self) -> None:
        """The work is done. Harmless when nothing was begun."""


class NullProgress:
    """Listens to nothing; the default wherever a Progress is taken."""

    def start(self, total: int | None, label: str) -> None:
        """Does nothing."""

    def advance(self, n: int = 1) -> None:
        """Does nothing."""

    def note(self, text: str) -> None:
        """Does nothing."""

    def finish(self) -> None:
        """Does nothing."""
