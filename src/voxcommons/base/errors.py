"""The one tree of errors a user may meet.

Apart from everything else because every room raises them and one place (cli/main.py, later the HTTP services) turns them
into a line or a status. An error carries facts, not prose: what went wrong, what was expected, what was found, what to do.
"""

from __future__ import annotations

from typing import ClassVar

# A clipped part still names the thing; a megabyte of pasted text in an error line helps nobody.
_LONGEST_PART_CHARS = 400


def one_line(text: str, *, longest_chars: int = _LONGEST_PART_CHARS) -> str:
    """Text without line breaks, control characters or undecodable bytes, clipped in the middle to `longest_chars`."""
    flat = " ".join(text.encode("utf-8", "backslashreplace").decode("utf-8").split())
    clean = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in flat)
    if len(clean) <= longest_chars:
        return clean
    kept = (longest_chars - 3) // 2
    return f"{clean[:kept]}...{clean[-kept:]}"


class VoxError(Exception):
    """A mistake or mishap the user can do something about.

    Args:
        problem: what went wrong, without a final full stop.
        expected: what would have been right.
        found: what was there instead.
        do: what the user can do now.
        **fields: further facts (paths, names, limits) for a caller that answers in another form than a line. The field
            `key` names a line of base/messages.py that says the problem in the user's language.
    """

    exit_code: ClassVar[int] = 2
    heading: ClassVar[str] = "error"

    def __init__(self, problem: str, *, expected: str = "", found: str = "", do: str = "", **fields: object) -> None:
        super().__init__(problem)
        self.problem = problem
        self.expected = expected
        self.found = found
        self.do = do
        self.fields = fields

    def __str__(self) -> str:
        """One line: `problem: expected X; found Y; do Z`, empty parts left out."""
        parts = [
            f"{word}{one_line(value)}"
            for word, value in (("expected ", self.expected), ("found ", self.found), ("", self.do))
            if value
        ]
        problem = one_line(self.problem)
        return f"{problem}: {'; '.join(parts)}" if parts else problem


class InputError(VoxError):
    """What the user gave (text, option, recording, path) cannot be used as it is."""

    heading = "input"


class CorruptFileError(VoxError):
    """A file is damaged, cut short, or not what its name says."""

    heading = "corrupt"


class RefusedFileError(VoxError):
    """A foreign file is not read because it asks for more than data, breaks its format, or is of a kind not supported.

    The message says the first reason; nothing the file names was imported or called.
    """

    exit_code = 3
    heading = "refused"


class UnknownVoiceError(InputError):
    """No voice of that name is in the library or in the package."""

    heading = "unknown_voice"


class MissingExtraError(VoxError):
    """A part of the program needs a library that is not installed.

    Args:
        problem: what could not be done.
        extra: the name of the installation extra that brings the library.
        expected: as in VoxError.
        found: as in VoxError.
        do: as in VoxError; by default the pip command that installs the extra.
        **fields: as in VoxError.
    """

    heading = "missing_extra"

    def __init__(
        self, problem: str, *, extra: str, expected: str = "", found: str = "", do: str = "", **fields: object
    ) -> None:
        super().__init__(problem, expected=expected, found=found, do=do or f"run: {install_command(extra)}", **fields)
        self.extra = extra

    def __reduce__(self) -> tuple[object, ...]:
        """Keeps the error whole when a worker process hands it back."""
        return _rebuild_missing_extra, (self.problem, self.extra), self.__dict__


class StorageError(VoxError):
    """The disk is full, read-only, or forbids what had to be written."""

    heading = "storage"


class ConfigError(VoxError):
    """Settings or a configuration file contain faults; `faults` lists every one of them.

    Args:
        problem: what could not be read.
        faults: one sentence per fault.
        expected: as in VoxError.
        found: as in VoxError; by default all faults, joined.
        do: as in VoxError.
        **fields: as in VoxError.
    """

    heading = "config"

    def __init__(
        self,
        problem: str,
        *,
        faults: tuple[str, ...] = (),
        expected: str = "",
        found: str = "",
        do: str = "",
        **fields: object,
    ) -> None:
        super().__init__(problem, expected=expected, found=found or ", ".join(faults), do=do, **fields)
        self.faults = faults


class Cancelled(VoxError):
    """The user stopped the work; nothing half-written was left."""

    exit_code = 130
    heading = "cancelled"


def install_command(extra: str) -> str:
    """The pip command that installs one extra of this package."""
    return f'pip install "voxcommons[{extra}]"'


def _rebuild_missing_extra(problem: str, extra: str) -> MissingExtraError:
    return MissingExtraError(problem, extra=extra)
