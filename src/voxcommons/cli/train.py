"""`vox train`: make a base model from recordings. Thin: options in, one call, one closing line."""

from __future__ import annotations

import time
from pathlib import Path

import click

from voxcommons.cli.console import RichProgress, settings_of

STAGE_NAMES = ("content", "autoencoder", "acoustic", "semantic")


@click.group()
def train() -> None:
    """Train models from recordings with transcripts."""


@train.command("base")
@click.option(
    "--data", required=True, type=click.Path(path_type=Path), help="Folder with manifest.tsv and the archives it names."
)
@click.option(
    "--out", default="base-training", show_default=True, type=click.Path(path_type=Path, file_okay=False),
    help="Working folder: packed corpus, checkpoints, curves (PNG). The same call goes on from there.",
)
@click.option(
    "--recipe", type=click.Path(path_type=Path), help="TOML file with sections content, autoencoder, acoustic, semantic."
)
@click.option("--stage", "stages", multiple=True, type=click.Choice(STAGE_NAMES), help="Only this stage; may be repeated.")
@click.option("--export", "target", type=click.Path(path_type=Path), help="Then write the base model to this folder.")
@click.option("--threads", type=click.IntRange(1), help="Processor threads.")
@click.pass_context
def base_command(
    context: click.Context, data: Path, out: Path, recipe: Path | None, stages: tuple[str, ...], target: Path | None,
    threads: int | None,
) -> None:
    """Train the starter base model: content encoder, then sound, then text to codes.

    Ctrl-C loses a few minutes at most: the same call goes on from the newest checkpoint.
    """
    from voxcommons.models.build import use_threads
    from voxcommons.train.base_model import BaseTraining
    from voxcommons.train.base_recipe import BaseRecipe, read_recipe

    started = time.monotonic()
    use_threads(threads or settings_of(context).threads)
    with RichProgress() as progress:
        run = BaseTraining(data, out, read_recipe(recipe) if recipe else BaseRecipe(), progress=progress)
        run.run(stages or STAGE_NAMES)
        digest = run.export(target) if target else None
    click.echo(f"trained in {out} ({time.monotonic() - started:.0f} s); curves: {out}/*.png")
    if digest:
        click.echo(f"base model {digest[:12]} in {target}")
