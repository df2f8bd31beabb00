"""`vox voices`: what is in the library, and putting voices in and out of it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from voxcommons.base.errors import InputError, one_line
from voxcommons.cli.console import echo_json, settings_of
from voxcommons.cli.voices_edit import describe_voice, lexicon_of_voice, style
from voxcommons.cli.voices_find import history, search
from voxcommons.voicefile.archive import SUFFIX
from voxcommons.voicefile.check import check
from voxcommons.voicefile.manifest import TRANSCRIPT_FILE
from voxcommons.voices.editing import facts_of
from voxcommons.voices.library import Damaged, Library, Voice


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of a table.")
@click.pass_context
def voices(context: click.Context, as_json: bool) -> None:
    """List the voices of this machine; with a command, find, describe, show, check, remove, export or import one."""
    if context.invoked_subcommand is not None:
        return
    library = Library(settings_of(context).home)
    found, damaged = library.list(), library.damaged()
    if as_json:
        echo_json([_facts(voice) for voice in found] + [_damage(entry) for entry in damaged], indent=2)
        return
    if not found and not damaged:
        click.echo("no voices yet; make one: vox clone RECORDING --name NAME")
        return
    table = Table(box=None, pad_edge=False)
    for title in ("name", "language", "base", "recording", "made", "from"):
        table.add_column(title, overflow="fold")
    for voice in found:
        made = voice.manifest
        kept = "kept" if voice.has_recording else "-"
        table.add_row(voice.name, made.language, made.base.name, kept, made.created[:10], "package" if voice.bundled else "you")
    for entry in damaged:
        table.add_row(entry.name, "", "", "", "", "DAMAGED")
    Console(file=sys.stdout, markup=False, highlight=False).print(table)
    for entry in damaged:
        click.echo(f"{entry.name}: {'; '.join(map(str, entry.faults))}", err=True)


@voices.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
@click.pass_context
def show(context: click.Context, name: str, as_json: bool) -> None:
    """Show everything about the voice NAME."""
    voice = Library(settings_of(context).home).get(name)
    if as_json:
        echo_json({**asdict(voice.manifest), "folder": str(voice.folder), "bundled": voice.bundled}, indent=2)
        return
    made = voice.manifest
    lines = {
        "name": made.name,
        "id": made.id,
        "language": made.language,
        "base": f"{made.base.name} ({made.base.sha256[:12]})",
        "sample rate": f"{made.sample_rate} Hz",
        "made": made.created,
        **{f"speaker's {fact}": one_line(value) for fact, value in facts_of(made).items()},
        "tags": ", ".join(made.tags) or "-",
        "styles": ", ".join(sorted(made.styles)) or "-",
        "licence": made.licence or "none given: not to be shared",
        "consent": one_line(made.consent.note) or "nothing noted",
        "folder": str(voice.folder),
        "files": ", ".join(f"{file} ({facts.bytes} bytes)" for file, facts in sorted(made.files.items())),
    }
    if made.prompt is not None:
        said = f", {made.prompt.text!r}" if made.prompt.text else ""
        lines["prompt"] = f"{made.prompt.start_s:.1f} to {made.prompt.end_s:.1f} s{said}, phones {made.prompt.phones_from}"
    if made.recording is not None:
        had = made.recording
        lines["recording"] = (
            f"{had.seconds:.0f} s, {had.speech_s:.0f} s of speech, {had.snr_db:.0f} dB SNR, {had.bandwidth_hz:.0f} Hz, {had.verdict}"
        )
    if TRANSCRIPT_FILE in made.files:
        lines["transcript"] = str(voice.folder / TRANSCRIPT_FILE)
    width = max(map(len, lines))
    for key, value in lines.items():
        click.echo(f"{key:<{width}}  {value}")


@voices.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def remove(context: click.Context, name: str, yes: bool) -> None:
    """Delete the voice NAME."""
    library = Library(settings_of(context).home)
    if not yes:
        if not sys.stdin.isatty():
            raise InputError(
                "deleting a voice needs your word", expected="--yes where nobody can be asked", found="no terminal", do="add --yes"
            )
        click.confirm(f"Delete the voice {name} for good?", abort=True)
    click.echo(f"removed: {library.remove(name)}")


@voices.command("check")
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list of faults.")
@click.pass_context
def check_voice(context: click.Context, path: str, as_json: bool) -> None:
    """List every fault of a voice: a folder, a .voice file, or a name in the library. Exit code 2 if there are any."""
    place = Path(path)
    if not place.exists():
        library = Library(settings_of(context).home)
        damaged = {entry.name: entry.folder for entry in library.damaged()}
        place = damaged[path] if path in damaged else library.get(path).folder
    faults = check(place)
    if as_json:
        echo_json([asdict(fault) for fault in faults])
    elif not faults:
        click.echo(f"no faults: {place}")
    for fault in faults if not as_json else ():
        click.echo(one_line(str(fault)))
    if faults:
        context.exit(2)


@voices.command("export")
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help=f"The file to write; NAME{SUFFIX} by default.")
@click.pass_context
def export_voice(context: click.Context, name: str, output: Path | None) -> None:
    """Write the voice NAME as one .voice file."""
    library = Library(settings_of(context).home)
    target = output if output is not None else Path(f"{library.get(name).name}{SUFFIX}")
    library.export(name, target)
    click.echo(f"written: {target}")


@voices.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", help="Another name for it here.")
@click.option("--replace", is_flag=True, help="Replace a voice of that name.")
@click.pass_context
def import_voice(context: click.Context, path: Path, name: str | None, replace: bool) -> None:
    """Take in a .voice file after checking everything in it."""
    voice = Library(settings_of(context).home).add(path, name=name, replace=replace)
    click.echo(f"voice {voice.name} is ready")


voices.add_command(search)
voices.add_command(history)
voices.add_command(describe_voice)
voices.add_command(lexicon_of_voice)
voices.add_command(style)


def _facts(voice: Voice) -> dict[str, Any]:
    made = voice.manifest
    return {
        "name": made.name,
        "id": made.id,
        "language": made.language,
        "base": asdict(made.base),
        "created": made.created,
        "bundled": voice.bundled,
        "recording": voice.has_recording,
        "folder": str(voice.folder),
        "faults": [],
    }


def _damage(entry: Damaged) -> dict[str, Any]:
    return {"name": entry.name, "folder": str(entry.folder), "faults": [str(fault) for fault in entry.faults]}
