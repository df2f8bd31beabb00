"""Writing that is whole or not there.

Every file the program makes goes through here, so that a full disk, a crash or Ctrl-C never leaves half a voice or half a
WAV under its final name, and so that what the operating system says about it reaches the user as one clear line.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from voxcommons.base.errors import InputError, StorageError

# Errors of the place written to, not of what is written. EFBIG: over a quota set as a file-size limit.
_STORAGE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.ENAMETOOLONG, errno.EIO}

# Most file systems hold names of 255 bytes; the temporary name adds a dot, a token and ".part".
_LONGEST_STEM_BYTES = 200


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """A temporary path beside `path` that becomes `path` when the block ends well, and is removed when it does not.

    The temporary name keeps the suffix, since encoders choose the format by it. Missing parent folders are made.

    Args:
        path: the final file; an existing regular file is replaced, a link keeps pointing where it points.

    Yields:
        The path to write; the caller creates it.

    Raises:
        InputError: if `path` is a folder or a device.
        StorageError: if the place is full, read-only or forbidden.
    """
    final = Path(os.path.realpath(path))
    if final.exists() and not final.is_file():
        raise InputError("cannot write there", expected="the path of a file", found=f"{path} is a folder or a device", path=final)
    with _storage_errors(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = _sibling(final)
        try:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(final)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path | str, *, replace: bool = False) -> Iterator[Path]:
    """A temporary folder beside `path` that becomes `path` when the block ends well, and is removed when it does not.

    Args:
        path: the final folder.
        replace: whether an existing folder gives way; it stays untouched until the new one is complete.

    Yields:
        The empty folder to fill.

    Raises:
        InputError: if something stands at `path` and `replace` is false, or what stands there is not a folder.
        StorageError: if the place is full, read-only or forbidden.
    """
    final = Path(os.path.realpath(path))
    if final.exists() and not (replace and final.is_dir()):
        raise InputError(
            "something of that name is already there", found=str(final), do="choose another name or remove it first", path=final
        )
    with _storage_errors(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = _sibling(final)
        temporary.mkdir()
        try:
            yield temporary
            _swap(temporary, final)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def storage_error(cause: OSError, path: Path | str) -> StorageError | None:
    """The StorageError that says what `cause` means for `path`, or None if `cause` is not about storage."""
    if cause.errno not in _STORAGE_ERRNOS:
        return None
    reason = os.strerror(cause.errno or 0)
    full = cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return StorageError(
        "the disk is full" if full else "cannot write",
        found=f"{reason} at {path}",
        do="free some space or choose another place" if full else "choose another place or change its permissions",
        path=Path(path),
        key="disk_full" if full else "cannot_write",
    )


def _swap(temporary: Path, final: Path) -> None:
    """Puts `temporary` in the place of `final`; an older folder there is set aside first and removed last."""
    if not final.exists():
        temporary.replace(final)
        return
    aside = _sibling(final)
    final.replace(aside)
    try:
        temporary.replace(final)
    except BaseException:
        aside.replace(final)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _sibling(final: Path) -> Path:
    """An unused name in the same folder, with the same suffix, hidden and marked as a part."""
    stem = os.fsencode(final.stem)[:_LONGEST_STEM_BYTES].decode("utf-8", "ignore")
    suffix = final.suffix if len(os.fsencode(final.suffix)) <= 20 else ""
    return final.with_name(f".{stem}.{secrets.token_hex(4)}.part{suffix}")


@contextlib.contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        elsewhere = isinstance(cause.filename, str | Path) and not Path(cause.filename).is_relative_to(path.parent)
        meant = None if elsewhere else storage_error(cause, path)
        if meant is None:
            raise
        raise meant from cause
