"""The record of every release: one line each, appended, never changed.

Each line holds the hash of the line before it, so an edit, a removal in the middle or a swap shows. A record
says what was made with what; it holds the hash of the text, not the text. What a chain alone cannot show is that
lines are missing at its end.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from filelock import FileLock

from voxcommons.base.files import storage_error

GENESIS = "0" * 64
_TAIL_BLOCK_BYTES = 4096


def utc_now() -> datetime:
    """The clock used unless another is handed in."""
    return datetime.now(UTC)


def new_id() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


@dataclass(frozen=True)
class ReleaseLog:
    """The log under one user-data folder.

    Attributes:
        home: the folder for all user data; the log is `audit/releases.jsonl` in it.
        clock: tells the time.
        make_id: gives ids for releases.
    """

    home: Path
    clock: Callable[[], datetime] = utc_now
    make_id: Callable[[], str] = new_id

    @property
    def path(self) -> Path:
        """The log file."""
        return self.home / "audit" / "releases.jsonl"

    def now(self) -> str:
        """The time in UTC, ISO 8601, whole seconds."""
        return self.clock().astimezone(UTC).isoformat(timespec="seconds")

    def append(self, record: Mapping[str, Any]) -> str:
        """Add a record, on disk before this returns.

        Args:
            record: JSON values; `seq`, `prev` and `hash` are added.

        Returns:
            The hash of the new line.

        Raises:
            StorageError: the disk is full or forbids it; the log is then as before.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path) as file:
                return _append(file, record)
        except OSError as error:
            if (meant := storage_error(error, self.path)) is not None:
                raise meant from error
            raise


@dataclass(frozen=True)
class LogCheck:
    """What `verify` found.

    Attributes:
        records: lines read.
        faults: one sentence per fault, with its line number; empty when the chain holds.
    """

    records: int
    faults: tuple[str, ...]


def verify(path: Path) -> LogCheck:
    """Check the chain of a release log from its first line; a missing log is an empty one."""
    if not path.exists():
        return LogCheck(0, ())
    faults: list[str] = []
    previous, number = GENESIS, 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            record = _parsed(line)
            if record is None:
                faults.append(f"line {number} is not a whole record")
                continue
            if record.get("seq") != number:
                faults.append(f"line {number} says it is number {record.get('seq')}")
            if record.get("prev") != previous:
                faults.append(f"line {number} does not follow the line before it")
            if record.get("hash") != _hash(record):
                faults.append(f"line {number} was changed")
            previous = str(record.get("hash"))
    return LogCheck(number, tuple(faults))


def _append(file: FileIO, record: Mapping[str, Any]) -> str:
    end, last = _last_line(file)
    file.truncate(end)  # a half line is left by a crash: its release never happened, the record comes first
    before = _parsed(last) or {}
    entry: dict[str, Any] = {"seq": int(before.get("seq", 0)) + 1, **record, "prev": before.get("hash", GENESIS)}
    entry["hash"] = _hash(entry)
    try:
        file.seek(end)
        rest = _canonical(entry) + b"\n"
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError:
        file.truncate(end)
        raise
    return str(entry["hash"])


def _last_line(file: FileIO) -> tuple[int, bytes]:
    """(offset behind the last whole line, that line) reading from the end."""
    position = file.seek(0, os.SEEK_END)
    tail = b""
    while position > 0 and tail.count(b"\n") < 2:
        step = min(_TAIL_BLOCK_BYTES, position)
        position -= step
        file.seek(position)
        tail = file.read(step) + tail
    whole = tail[: tail.rfind(b"\n") + 1]
    return position + len(whole), whole[whole.rstrip(b"\n").rfind(b"\n") + 1 :]


def _parsed(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _canonical(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _hash(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical({name: value for name, value in record.items() if name != "hash"})).hexdigest()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[FileIO]:
    """Open the log for one writer at a time, also across processes."""
    with FileLock(path.with_suffix(".lock")), FileIO(path, "r+" if path.exists() else "w+") as file:
        yield file
