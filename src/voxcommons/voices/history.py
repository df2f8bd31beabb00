"""What was spoken: which words, with which voice, when, and where the sound went.

The record of releases (trust/audit.py) is proof and holds no text; this is memory, for the people at this machine, and may be
forgotten. notes.py appends lines to a file; they are taken into the database here, each once, when somebody looks.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from filelock import FileLock
from sqlalchemy import ColumnElement, delete, func, select

from voxcommons.base.database import Database
from voxcommons.base.log import logger
from voxcommons.voices.notes import FILE, FOLDER, LOCK, Spoken
from voxcommons.voices.tables import SpokenRow

_FIELDS: Final = tuple(one.name for one in fields(Spoken))
_WIDTHS: Final = {"voice": 64, "voice_id": 32, "style": 64, "language": 40, "release_id": 64, "batch": 64, "entry": 32}
_AT_ONCE: Final = 500  # entries a statement asks about

_log = logger(__name__)


@dataclass(frozen=True)
class History:
    """The history of one installation.

    Attributes:
        database: where it is kept.
        home: the folder for all user data, where new notes lie.
    """

    database: Database
    home: Path

    def list(self, *, voice: str = "", words: str = "", batch: str = "", most: int = 50) -> Sequence[Spoken]:
        """What was spoken, the newest first.

        Args:
            voice: name or id of a voice; empty for all.
            words: a part of the text, in any case of Latin letters.
            batch: only what was spoken for this batch.
            most: so many at most.

        Raises:
            StorageError: the database cannot be used.
        """
        self.collect()
        asked = select(SpokenRow).where(*_conditions(voice, words, batch)).order_by(SpokenRow.at.desc(), SpokenRow.id.desc()).limit(most)
        with self.database.reading() as session:
            return [Spoken(**{name: getattr(row, name) for name in _FIELDS}) for row in session.scalars(asked)]

    def forget(self, *, voice: str = "", before: float | None = None) -> int:
        """Delete entries for good, and say how many.

        Args:
            voice: name or id of a voice; empty for all.
            before: only those older than this time, in seconds since 1970.

        Raises:
            StorageError: the database cannot be used.
        """
        self.collect()
        doomed = _conditions(voice, "", "") + ([SpokenRow.at < before] if before is not None else [])
        with self.database.writing() as session:
            count = session.scalar(select(func.count()).select_from(SpokenRow).where(*doomed)) or 0
            session.execute(delete(SpokenRow).where(*doomed))
            return count

    def collect(self) -> int:
        """Take new notes into the database, each once, and say how many there were."""
        folder = self.home / FOLDER
        if not folder.is_dir():
            return 0
        taken = 0
        with FileLock(folder / LOCK):
            if (folder / FILE).is_file():
                # A name of its own first: should this process die now, the next one finds the file and takes it then.
                (folder / FILE).rename(folder / f"taken-{uuid.uuid4().hex}.jsonl")
            for file in sorted(folder.glob("taken-*.jsonl")):
                taken += self._insert(_read(file))
                file.unlink()
        return taken

    def _insert(self, rows: Sequence[dict[str, Any]]) -> int:
        new = 0
        with self.database.writing() as session:
            for start in range(0, len(rows), _AT_ONCE):
                some = {row["entry"]: row for row in rows[start : start + _AT_ONCE]}
                known = set(session.scalars(select(SpokenRow.entry).where(SpokenRow.entry.in_(list(some)))))
                fresh = [row for entry, row in some.items() if entry not in known]
                session.add_all(SpokenRow(**row) for row in fresh)
                session.flush()
                new += len(fresh)
        return new


def row_of(spoken: Spoken) -> dict[str, Any]:
    """A row of the table `spoken`, cut to what its columns hold; for the outcome of a job too."""
    values = {name: getattr(spoken, name) for name in _FIELDS}
    return {name: _kept(value, _WIDTHS.get(name)) if isinstance(value, str) else value for name, value in values.items()}


def _kept(text: str, most: int | None) -> str:
    """A text that every database takes: no NUL, no half characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:most]


def _read(file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with file.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            try:
                rows.append(row_of(Spoken(**json.loads(line))))
            except (ValueError, TypeError):  # a line that a full disk or a power cut left half
                _log.warning("line %d of %s is no note and is left out", number, file.name)
    return rows


def _conditions(voice: str, words: str, batch: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if voice:
        found.append((SpokenRow.voice == voice) | (SpokenRow.voice_id == voice))
    if words:
        found.append(SpokenRow.text.icontains(words, autoescape=True))
    if batch:
        found.append(SpokenRow.batch == batch)
    return found
