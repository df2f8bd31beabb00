"""Noting down what was spoken: one line appended to a file in the user's folder.

Apart from history.py, which reads: whoever speaks must not wait for a database, nor fail because there is none.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from filelock import FileLock

from voxcommons.base.log import logger

FOLDER: Final = "history"
FILE: Final = "notes.jsonl"
LOCK: Final = "notes.lock"

_log = logger(__name__)


def _entry() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Spoken:
    """Something that was spoken.

    Attributes:
        voice: its name at the time.
        voice_id: which stays when a voice is renamed.
        text: the words.
        seconds: of sound.
        style: the style it was spoken in; empty for the voice's plain self.
        language: as asked for.
        path: where the sound went; empty when it was streamed.
        release_id: names the record of the release.
        batch: the batch it belonged to.
        at: seconds since 1970.
        entry: 32 hexadecimal digits; the same entry is kept once.
    """

    voice: str
    voice_id: str
    text: str
    seconds: float
    style: str = ""
    language: str = ""
    path: str = ""
    release_id: str = ""
    batch: str = ""
    at: float = field(default_factory=time.time)
    entry: str = field(default_factory=_entry)


def note(home: Path, spoken: Spoken) -> None:
    """Append a line. Speech is never refused because it could not be noted: that is a line in the log."""
    folder = home / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = json.dumps(asdict(spoken)) + "\n"  # ASCII: also a broken character is kept
        with FileLock(folder / LOCK), (folder / FILE).open("a", encoding="ascii") as file:
            file.write(line)
    except OSError as cause:
        _log.warning("what was spoken was not noted down: %s", cause)
