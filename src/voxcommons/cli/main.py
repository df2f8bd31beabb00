"""The command `vox`: start, and the one place where an error becomes a line and an exit code.

Exit codes: 0 done, 1 a fault of the program (with its trace), 2 a mistake or mishap the user can mend (one line), 130
stopped with Ctrl-C, 141 nobody reads our output any more.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from voxcommons import __version__
from voxcommons.base import log
from voxcommons.base.errors import InputError, VoxError, one_line
from voxcommons.base.files import storage_error
from voxcommons.base.messages import error_line, say
from voxcommons.base.settings import MessageLanguage, Settings
from voxcommons.cli.verbs import LazyVerbs, missing_module

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
EXIT_TERMINATED = 143


@click.group(cls=LazyVerbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vox")
def vox() -> None:
    """Clone a voice from a minute of recording and speak any text with it, on your own machine."""


def main(arguments: Sequence[str], settings: Settings | None = None) -> int:
    """Runs one command line and returns its exit code.

    Args:
        arguments: the words after `vox`.
        settings: the settings to run under; by default those of the environment.
    """
    language: MessageLanguage = "en"
    try:
        settings = settings if settings is not None else Settings.from_environment()
        language = settings.language_of_messages
        log.configure(settings.log_level, sys.stderr)
        # Not vox.main(): click would answer Ctrl-C and a closed pipe in its own way.
        with vox.make_context("vox", list(arguments), obj=settings) as context:
            vox.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as wanted:
        return wanted.exit_code
    except BrokenPipeError:
        _abandon_stdout()
        return EXIT_BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        _tell(say("stopped", language))
        return EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as cause:
        cause.show()
        return EXIT_USER_ERROR
    except click.ClickException as cause:
        _tell(_usage_line(cause, language))
        return EXIT_USER_ERROR
    except VoxError as cause:
        _tell(error_line(cause, language))
        return cause.exit_code
    except (ModuleNotFoundError, OSError, MemoryError) as cause:
        meant = _error_of_system(cause)
        if meant is None:
            raise
        _tell(error_line(meant, language))
        return meant.exit_code
    return 0


def run() -> NoReturn:
    """The entry point of the script `vox`."""
    _prepare_process()
    sys.exit(main(sys.argv[1:]))


def _prepare_process() -> None:
    """Lets any text be printed to any terminal, and lets SIGTERM clean up like Ctrl-C does."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(EXIT_TERMINATED)


def _tell(line: str) -> None:
    """One line on stderr, whatever became of stderr."""
    try:
        click.echo(line, err=True)
    except BrokenPipeError:
        _abandon_stdout()


def _usage_line(cause: click.ClickException, language: MessageLanguage) -> str:
    context = getattr(cause, "ctx", None)
    hint = say("help_hint", language, command=context.command_path if context is not None else "vox")
    problem = one_line(cause.format_message()).rstrip(".。") or one_line(type(cause).__name__)
    return f"{say('heading.usage', language)}: {problem}; {hint}"


def _error_of_system(cause: ModuleNotFoundError | OSError | MemoryError) -> VoxError | None:
    """The VoxError an error of the system amounts to, or None if it is a fault of the program."""
    if isinstance(cause, ModuleNotFoundError):
        return missing_module(cause)
    if isinstance(cause, MemoryError):
        return VoxError("not enough memory", do="close other programs or give less input", key="out_of_memory")
    path = cause.filename if cause.filename is not None else "an unnamed file"
    if isinstance(cause, FileNotFoundError):
        return InputError("no such file", found=str(path), key="no_such_file")
    if isinstance(cause, IsADirectoryError | NotADirectoryError):
        return InputError("cannot read", expected="a file", found=f"{path} ({os.strerror(cause.errno or 0)})", key="cannot_read")
    return storage_error(cause, path)


def _abandon_stdout() -> None:
    """Points stdout at nothing, so that the interpreter's last flush does not complain about a closed pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
