"""The program's log: for whoever looks for a fault, not for the user's result.

Apart so that one call at the start of a program decides level and stream; every module only asks for its logger. Until
then (the package used as a library) the host program's own logging decides.
"""

from __future__ import annotations

import logging
from typing import TextIO

from voxcommons.base.settings import LogLevel

_ROOT = "voxcommons"


def logger(name: str) -> logging.Logger:
    """The logger of one module; pass `__name__`."""
    return logging.getLogger(name if name.startswith(_ROOT) else f"{_ROOT}.{name}")


def configure(level: LogLevel, stream: TextIO) -> None:
    """Sends the log of this package at `level` and above to `stream`; a second call replaces the first."""
    root = logging.getLogger(_ROOT)
    for old in list(root.handlers):
        root.removeHandler(old)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(level.upper())
    root.propagate = False
