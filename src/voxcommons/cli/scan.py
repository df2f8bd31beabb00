"""`vox scan`: what a weight file is, what it names, and whether it is refused, without obeying it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from voxcommons.base.errors import RefusedFileError, one_line
from voxcommons.cli.console import echo_json
from voxcommons.voices.public_weights import Scan
from voxcommons.voices.public_weights import scan as scanned


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list with everything that was found.")
@click.pass_context
def scan(context: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Say what weight files (.pth, .ckpt, .pt, .bin) are, and refuse those that hold more than data.

    The file is read by an interpreter that can neither import nor call; nothing in it is executed.

    \b
        vox scan voice-e15.ckpt voice_e8_s200.pth
        vox scan --json downloads/*.pth

    Exit code 0: all of them only hold data. Exit code 3: at least one is refused.
    """
    found = [scanned(file) for file in files]
    if as_json:
        echo_json([asdict(one) | {"clean": not one.refused} for one in found], indent=1)
    else:
        for one in found:
            for line in _lines(one):
                click.echo(line)
    if any(one.refused for one in found):
        context.exit(RefusedFileError.exit_code)


def _lines(one: Scan) -> list[str]:
    """For people: one line with the verdict, then what was found."""
    verdict = f"REFUSED: {one.refused}" if one.refused else f"clean: {_what(one)}"
    lines = [f"{one_line(one.file)}: {one_line(verdict)}"]
    if one.unusable:
        lines.append(f"  not usable: {one_line(one.unusable)}")
    if not one.refused:
        types = ", ".join(f"{count} {kind}" for kind, count in one.types.items())
        mark = f", mark {one.mark}" if one.mark else ""
        size = f"{one.numbers / 1e6:.1f} million numbers, {one.size / 1e6:.1f} MB"
        lines.append(f"  {one.container}{mark}; {one.tensors} tensors ({types}), {size}")
    if one.info:
        lines.append(f"  note of its trainer: {one_line(one.info)}")
    if one.names:
        lines.append(f"  names: {one_line(', '.join(one.names))}")
    return lines


def _what(one: Scan) -> str:
    words = one.network.replace("_", " ") or "unknown"
    version = f", {one.version}" if one.version else ""
    because = f" (by its {one.evidence})" if one.evidence not in ("", "tensors") else ""
    return f"{words}{version}{because}{', LoRA' if one.lora else ''}"
