"""`vox phonemes`: how a text is read, for people and for programs. No reading is decided here."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from voxcommons.base.errors import InputError, VoxError
from voxcommons.cli.console import settings_of
from voxcommons.text.lexicon import Lexicon
from voxcommons.text.phonemes import Utterance
from voxcommons.text.reader import read
from voxcommons.text.segment import MODES
from voxcommons.text.symbols import TABLES
from voxcommons.voices.polyphones import CHOICES, DICTIONARY, polyphones

EXIT_BAD_LINES = 2


@click.command(short_help="Show how a text is read.")
@click.argument("text", required=False)
@click.option("--lang", default="auto", show_default=True, help="Language, one of: " + ", ".join(MODES) + ".")
@click.option("--table", type=click.Choice(TABLES), default="v2", show_default=True, help="Symbol table of the base model.")
@click.option("--lexicon", type=click.Path(path_type=Path), help="Readings of your own: a TSV of word TAB reading, or a JSON object.")
@click.option("--compat", is_flag=True, help="Read as the public program does, accidents included.")
@click.option("--polyphones", "asked", type=click.Choice(CHOICES), default=DICTIONARY, show_default=True,
              help="Who decides Mandarin characters with several readings; g2pw is a network: vox models pull g2pw.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--jsonl", is_flag=True, help="One text or JSON object per line of standard input, one JSON object per line out.")
@click.pass_context
def phonemes(
    context: click.Context,
    /,
    text: str | None,
    lang: str,
    table: str,
    lexicon: Path | None,
    compat: bool,
    asked: str,
    as_json: bool,
    jsonl: bool,
) -> None:
    """Show the normalised text, phonemes, ids, positions and warnings of TEXT (or of standard input).

    A word is read your way with a reading behind it: live{L AY1 V}, 长{zhang3}, 橋{は'し}, 평가{평까}, 行{yue:hang4}.

    \b
        vox phonemes "Hello! 私は学生です。" --lang auto
        vox phonemes "행복은 3가지" --lang ko
        vox phonemes "他背着背包" --polyphones g2pw

    auto tells the languages of a text apart; zh, ja, yue and ko read everything but Latin words in that language, all_zh and so on
    the figures beside them too. Japanese, Korean and Cantonese each need an extra: pip install "voxcommons[ja,ko,yue]".
    """
    if jsonl and text is not None:
        raise InputError("--jsonl reads standard input", found="a TEXT argument", do="leave out TEXT or --jsonl")
    words = Lexicon.from_file(lexicon) if lexicon else None
    settings = settings_of(context)
    reads = partial(read, lexicon=words, polyphones=polyphones(asked, settings.home, threads=settings.threads))
    if jsonl:
        if not _lines(reads, lang, table, compat=compat):
            context.exit(EXIT_BAD_LINES)
        return
    utterance = reads(_decoded(sys.stdin.buffer.read()) if text is None else text, lang, table=table, compat=compat)
    if as_json:
        click.echo(json.dumps(utterance.as_json(), ensure_ascii=False))
    else:
        click.echo("\n".join(_for_people(utterance)))


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("the text is not UTF-8", found=f"byte {content[error.start]:#04x} at position {error.start}") from error


def _for_people(utterance: Utterance) -> Iterator[str]:
    for run in utterance.runs:
        if run.phone_end > run.phone_start:
            yield f"{run.language}  {run.normalized}"
            yield f"    {' '.join(utterance.phones[run.phone_start : run.phone_end])}"
    for warning in utterance.warnings:
        yield f"warning: {warning.message} (characters {warning.start} to {warning.end})"
    if not utterance.phones:
        yield "nothing to read"


def _lines(reads: Callable[..., Utterance], lang: str, table: str, *, compat: bool) -> bool:
    """Read every line of standard input; a bad one becomes an error object, and the answer is then False."""
    good = True
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            request = _request(_decoded(line).rstrip("\r\n"), {"text": "", "lang": lang, "table": table, "compat": compat})
            utterance = reads(request["text"], request["lang"], table=request["table"], compat=request["compat"])
        except VoxError as error:
            good = False
            click.echo(json.dumps({"line": number, "error": str(error)}, ensure_ascii=False))
        else:
            click.echo(json.dumps({"line": number, **utterance.as_json()}, ensure_ascii=False))
    return good


def _request(line: str, usual: dict[str, Any]) -> dict[str, Any]:
    """What a line asks for: plain text, or an object that may set lang, table and compat itself."""
    if not line.lstrip().startswith("{"):
        return {**usual, "text": line}
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError("the line is not JSON", found=str(error)) from error
    kinds = {key: bool if key == "compat" else str for key in usual}
    wrong = [key for key, value in asked.items() if key not in kinds or not isinstance(value, kinds[key])]
    if wrong or "text" not in asked:
        found = "no text" if "text" not in asked else "unknown or of the wrong type: " + ", ".join(map(repr, wrong))
        raise InputError("the line cannot be used", expected='{"text": "...", "lang"?, "table"?, "compat"?}', found=found)
    return {**usual, **asked}
