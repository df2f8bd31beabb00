"""`vox models`: the public base sets, what they are, and getting them."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from voxcommons.base.errors import InputError, VoxError
from voxcommons.cli.console import RichProgress, echo_json, settings_of
from voxcommons.models.build import STARTER, read_facts
from voxcommons.models.set_files import read_set, sets_folder
from voxcommons.voices.base_models import installed_bases
from voxcommons.voices.public_sets import SETS, PublicSet, files_of
from voxcommons.voices.set_install import find_set, pull
from voxcommons.voices.set_sources import FolderSource, HubSource, Source

_PARTIAL = ".downloads"
_OWN = PublicSet("base", "a base model of your own", "", "", ())


@click.group()
def models() -> None:
    """List and get the networks that others published and that public GPT-SoVITS voices need."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of a table.")
@click.option("--check", is_flag=True, help="Compare installed files with their hashes, not only with their sizes.")
@click.pass_context
def list_models(context: click.Context, as_json: bool, check: bool) -> None:
    """List the sets that can be pulled, with licence and size, and whether they are installed; then base models of your own.

    The name of an installed base model can be given to --base.
    """
    home = settings_of(context).home
    sets = {**SETS, **{name: _OWN for name in installed_bases(home) if name not in (*SETS, STARTER)}}
    states = {name: _state(sets_folder(home) / name, one, hashes=check) for name, one in sets.items()}
    if as_json:
        echo_json([_facts(name, one, states[name], home) for name, one in sets.items()], indent=1)
        return
    table = Table(box=None, pad_edge=False)
    for title in ("name", "what", "licence", "MB", "installed"):
        table.add_column(title, overflow="fold", no_wrap=title == "name")
    for name, one in sets.items():
        table.add_row(name, one.what, one.licence, _megabytes(one), states[name])
    Console(file=sys.stdout, markup=False, highlight=False).print(table)


@models.command("pull")
@click.argument("names", nargs=-1, required=True)
@click.option("--endpoint", help="Address of another model host or mirror with the same interface.")
@click.option(
    "--from", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take the files from this folder instead of downloading them; nothing is sent over the network.",
)  # fmt: skip
@click.option("--for-training", is_flag=True, help="Also get what only training needs: critics and posterior encoder.")
@click.option("--replace", is_flag=True, help="Make an installed set anew.")
@click.pass_context
def pull_models(
    context: click.Context, names: tuple[str, ...], endpoint: str | None, folder: Path | None, for_training: bool, replace: bool
) -> None:
    """Get the sets NAMES and install them in VOX_HOME/models.

    Every file is compared with the hash of the published one, read by an interpreter that can neither import nor call, and kept as
    plain data. A download that was stopped goes on where it was when the same command is run again.

    \b
        vox models pull gpt-sovits-v2 chinese-hubert-base
        vox models pull eres2netv2 --endpoint https://models.example.org
        vox models pull chinese-hubert-base --from ~/GPT-SoVITS/GPT_SoVITS/pretrained_models
    """
    if folder is not None and endpoint is not None:
        raise InputError("two sources at once", expected="--from or --endpoint", found="both")
    home = settings_of(context).home
    chosen = {name: find_set(name) for name in names}  # all names are right before anything is fetched
    source: Source = FolderSource(folder) if folder is not None else HubSource(sets_folder(home) / _PARTIAL, endpoint)
    with RichProgress() as progress:
        for name, one in chosen.items():
            click.echo(f"{name}: {one.what}; licence {one.licence}; published in {one.repository}; {_megabytes(one)} MB", err=True)
            done = pull(name, source, home, for_training=for_training, replace=replace, progress=progress)
            for path in done.unpublished:
                click.echo(f"note: {path} is not the published file; it is installed because you chose the folder", err=True)
            source.forget()
            click.echo(f"{'already installed' if done.already else 'installed'}: {done.folder}")


def _megabytes(one: PublicSet) -> str:
    files = files_of(one)
    known = sum(file.size for file in files) / 1e6
    return f"{known:.0f}" + ("+" if known and not all(file.size for file in files) else "") if known else "?"


def _state(folder: Path, one: PublicSet, *, hashes: bool) -> str:
    if not folder.is_dir():
        return "-"
    try:
        if one is not _OWN:
            read_set(folder, hashes=hashes)
        elif hashes:
            read_facts(folder)
    except VoxError:
        return "DAMAGED"
    return "yes"


def _facts(name: str, one: PublicSet, state: str, home: Path) -> dict[str, object]:
    return {
        "name": name, "what": one.what, "licence": one.licence, "repository": one.repository, "installed": state,
        "folder": str(sets_folder(home) / name), "files": [asdict(file) for file in one.files],
    }  # fmt: skip
