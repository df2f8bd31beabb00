"""`vox voices search` and `vox voices history`: what the database knows about voices.

Apart from cli/voices.py, which needs no database.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from voxcommons.base.errors import InputError, one_line
from voxcommons.cli.console import echo_json, settings_of
from voxcommons.voices.library import Library

if TYPE_CHECKING:
    from voxcommons.voices.notes import Spoken

_SHOWN_CHARS = 60


@click.command()
@click.argument("words", nargs=-1)
@click.option("--language", default="", help="Language tag; zh finds zh-HK too.")
@click.option("--gender", default="", help="As the speaker said it, or a whole word of that.")
@click.option("--age", default="", help="A part of what was said about the age.")
@click.option("--dialect", default="", help="A part of what was said about the dialect.")
@click.option("--region", default="", help="A part of what was said about the region.")
@click.option("--tag", "tags", multiple=True, help="Has this tag; may be repeated.")
@click.option("--style", default="", help="Has this style.")
@click.option("--licence", default="", help="A part of the licence.")
@click.option("--consent", is_flag=True, help="Only voices with a note on consent.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def search(
    context: click.Context,
    words: tuple[str, ...],
    language: str,
    gender: str,
    age: str,
    dialect: str,
    region: str,
    tags: tuple[str, ...],
    style: str,
    licence: str,
    consent: bool,
    as_json: bool,
) -> None:
    """Find voices by all WORDS, in names, tags, styles and descriptions, and by what is known about them.

    \b
        vox voices search warm --language zh --gender female
        vox voices search --style angry --consent
    """
    from voxcommons.base.database import Database  # takes a quarter of a second, which `vox voices` need not
    from voxcommons.voices.catalogue import Catalogue, Query

    settings = settings_of(context)
    database = Database.of(settings)
    try:
        query = Query(words, language, gender, age, dialect, region, tags, style, licence, consent)
        found = Catalogue(database, Library(settings.home)).search(query)
    finally:
        database.close()
    if as_json:
        echo_json([{**asdict(voice.manifest), "folder": str(voice.folder), "bundled": voice.bundled} for voice in found], indent=2)
        return
    if not found:
        click.echo("no voice is like that; all: vox voices")
        return
    table = Table(box=None, pad_edge=False)
    for title in ("name", "language", "speaker", "tags", "styles", "licence"):
        table.add_column(title, overflow="fold")
    for voice in found:
        made = voice.manifest
        speaker = ", ".join(made.speaker.values())
        table.add_row(voice.name, made.language, speaker, ", ".join(made.tags), ", ".join(sorted(made.styles)), made.licence)
    Console(file=sys.stdout, markup=False, highlight=False).print(table)


@click.command()
@click.argument("name", required=False)
@click.option("--words", default="", help="Only texts with these words in them.")
@click.option("--batch", default="", help="Only what was spoken for this batch.")
@click.option("--most", type=click.IntRange(1, 1_000_000), default=20, show_default=True, help="The newest so many.")
@click.option("--forget", is_flag=True, help="Delete instead of show: everything, or everything of NAME.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def history(
    context: click.Context, name: str | None, words: str, batch: str, most: int, forget: bool, yes: bool, as_json: bool
) -> None:
    """Show what was spoken, with the voice NAME or with all, the newest first.

    It is kept in the database in VOX_HOME, for you alone.

    \b
        vox voices history anna --words weather
        vox voices history anna --forget
    """
    from voxcommons.base.database import Database
    from voxcommons.voices.history import History

    if forget and (words or batch):
        raise InputError("only all of a voice is forgotten", found="--words or --batch beside --forget", do="leave them out")
    if forget and not yes:
        if not sys.stdin.isatty():
            raise InputError("forgetting needs your word", expected="--yes where nobody can be asked", found="no terminal", do="add --yes")
        click.confirm(f"Forget everything spoken{f' with {name}' if name else ''}?", abort=True)
    settings = settings_of(context)
    database = Database.of(settings)
    try:
        kept = History(database, settings.home)
        if forget:
            click.echo(f"forgotten: {kept.forget(voice=name or '')}")
            return
        found = kept.list(voice=name or "", words=words, batch=batch, most=most)
    finally:
        database.close()
    if as_json:
        echo_json([asdict(entry) for entry in found], indent=2)
        return
    for entry in found:
        click.echo(_line(entry))
    if not found:
        click.echo("nothing was spoken yet" if not (name or words or batch) else "nothing like that was spoken")


def _line(entry: Spoken) -> str:
    when = datetime.fromtimestamp(entry.at, UTC).astimezone().isoformat(" ", timespec="seconds")
    who = f"{entry.voice}/{entry.style}" if entry.style else entry.voice
    return f"{when}  {who}  {entry.seconds:.1f} s  {one_line(entry.text, longest_chars=_SHOWN_CHARS)}  {entry.path}".rstrip()
