"""`vox doctor`: what is installed, what is missing, and how to get it.

Written for the moment something does not work: every line is a fact with the command that mends it. Exit code 0 means that
speaking works on this machine.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

from voxcommons import __version__
from voxcommons.base.errors import VoxError, install_command, one_line
from voxcommons.base.messages import say
from voxcommons.base.settings import Settings
from voxcommons.cli.console import echo_json, settings_of
from voxcommons.cli.verbs import LIBRARIES
from voxcommons.evaluate.extras import INSTALL

State = Literal["ok", "absent", "wrong"]

# A voice takes a few hundred kilobytes, a minute of speech two megabytes.
_LEAST_FREE_BYTES = 100_000_000
_MARKS: dict[State, str] = {"ok": "ok     ", "absent": "absent ", "wrong": "WRONG  "}


@dataclass(frozen=True)
class Finding:
    """One fact about this installation.

    Attributes:
        name: what was looked at.
        state: ok; absent (something optional); wrong (speaking does not work until it is mended).
        detail: the fact.
        do: what to do about it, if anything.
    """

    name: str
    state: State
    detail: str
    do: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Say what is installed, what is missing and how to get it.

    The exit code is 0 if speaking works and 2 if it does not.
    """
    settings = settings_of(context)
    findings = list(examine(settings))
    works = all(finding.state != "wrong" for finding in findings)
    if as_json:
        echo_json({"version": __version__, "speaks": works, "findings": [asdict(finding) for finding in findings]}, indent=2)
    else:
        for finding in findings:
            click.echo(f"{_MARKS[finding.state]}{finding.name}: {finding.detail}" + (f" -> {finding.do}" if finding.do else ""))
        click.echo(say("ready" if works else "not_ready", settings.language_of_messages))
    context.exit(0 if works else 2)


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, in the order a reader wants them: the program, its libraries, its data, its extras."""
    yield Finding("voxcommons", "ok", f"{__version__} at {Path(__file__).resolve().parents[1]}")
    yield Finding("python", "ok", f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}")
    core = [_library(module, package) for module, (extra, package) in LIBRARIES.items() if not extra]
    yield from core
    yield from _home(settings)
    if all(finding.state == "ok" for finding in core):
        yield _guarded("processor", lambda: _processor(settings))
        yield _guarded("base model", _base_model)
        yield _guarded("voices", lambda: _voices(settings))
    for module, (extra, package) in LIBRARIES.items():
        if extra:
            yield _library(module, package, extra=extra)
    for package, command in INSTALL.items():
        if package not in LIBRARIES:
            yield _library(package, package, extra="evaluate", command=command)


def _library(module: str, package: str, *, extra: str = "", command: str = "") -> Finding:
    """Whether a library is there, without importing it."""
    name = f"{package} (for {extra})" if extra else package
    if importlib.util.find_spec(module) is None:
        do = command or (install_command(extra) if extra else f"pip install {package}")
        return Finding(name, "absent" if extra else "wrong", "not installed", do)
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        version = "version unknown"
    return Finding(name, "ok", version)


def _home(settings: Settings) -> Iterator[Finding]:
    """Whether user data can be kept. The folder is not made: looking must not change anything."""
    home = settings.home
    standing = next(folder for folder in (home, *home.parents) if folder.exists())
    detail = str(home) if standing == home else f"{home} (will be made when needed)"
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        yield Finding("user data", "wrong", f"{detail}: cannot write in {standing}", "set VOX_HOME to a folder you may write in")
        return
    yield Finding("user data", "ok", detail)
    free_bytes = shutil.disk_usage(standing).free
    enough = free_bytes >= _LEAST_FREE_BYTES
    do = "" if enough else f"free {_LEAST_FREE_BYTES // 1_000_000} MB or set VOX_HOME elsewhere"
    yield Finding("free space", "ok" if enough else "wrong", f"{free_bytes / 1e9:.1f} GB", do)


def _processor(settings: Settings) -> Finding:
    import torch

    threads = settings.threads or torch.get_num_threads()
    graphics = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none found; the processor is used"
    return Finding("processor", "ok", f"{threads} threads of {os.cpu_count()}; graphics processor: {graphics}")


def _base_model() -> Finding:
    """Loads the bundled base model, which checks its files against their hashes."""
    from voxcommons.models.build import load_base

    base = load_base("starter")
    return Finding("base model", "ok", f"{base.name}, {base.sample_rate} Hz, sha256 {base.sha256[:16]} at {base.folder}")


def _voices(settings: Settings) -> Finding:
    from voxcommons.voices.library import Library

    count = len(list(Library(settings.home).list()))
    return Finding("voices", "ok", f"{count} (see: vox voices)")


def _guarded(name: str, look: Callable[[], Finding]) -> Finding:
    """A finding, or what kept it from being made."""
    try:
        return look()
    except VoxError as cause:
        return Finding(name, "wrong", str(cause))
    except (ImportError, OSError) as cause:  # a library that is there but does not load
        return Finding(name, "wrong", one_line(f"{type(cause).__name__}: {cause}"), "install voxcommons again")
