"""A file on its way from a page to the disk: written as it arrives, never held in memory, gone when nobody keeps it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import Request

from voxcommons.base.errors import InputError
from voxcommons.base.files import storage_error

_ENDINGS: Final = {"audio/wav": ".wav", "audio/x-wav": ".wav", "audio/webm": ".webm", "audio/mp4": ".m4a", "audio/flac": ".flac",
                   "audio/ogg": ".ogg", "audio/mpeg": ".mp3", "application/zip": ".voice"}  # fmt: skip
_ENDING: Final = re.compile(r"\.[a-z0-9]{1,5}\Z")


@asynccontextmanager
async def arriving(request: Request, folder: Path) -> AsyncIterator[Path]:
    """The body of a request as a file in a folder; it is removed when the block ends, unless it was moved away.

    How long a body may be is the guard's business. What a file is called never comes from a client, only its ending does.

    Raises:
        InputError: the body is empty.
        StorageError: the disk is full or the place cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".arriving-", suffix=_ending(request), delete=False) as file:
            path, written = Path(file.name), 0
            try:
                async for block in request.stream():
                    written += file.write(block)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
    except OSError as cause:
        raise storage_error(cause, folder) or cause from cause
    try:
        if not written:
            raise InputError("the recording is empty", expected="sound", found="no bytes", do="record again", key="recording_empty")
        yield path
    finally:
        path.unlink(missing_ok=True)


def _ending(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    named = Path(request.query_params.get("file", "")).suffix.lower()
    return named if _ENDING.match(named) else _ENDINGS.get(kind, ".bin")
