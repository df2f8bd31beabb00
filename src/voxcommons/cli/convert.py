"""`vox convert`: weights of the public program become a base model of ours, and back."""

from __future__ import annotations

from pathlib import Path

import click

from voxcommons.base.errors import InputError
from voxcommons.models.build import tensor_shapes
from voxcommons.voices import public_weights


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The folder to make.")
@click.option(
    "--to",
    type=click.Choice(["base", "gpt-sovits"]),
    default="base",
    show_default=True,
    help="What to make: a base model of two public files, or two public files of a base model.",
)
@click.option("--name", help="Name of the base model; by default that of the .pth file.")
@click.option("--for-training", is_flag=True, help="Keep the posterior encoder, which only training needs.")
@click.option("--replace", is_flag=True, help="Replace an existing folder.")
def convert(sources: tuple[Path, ...], output: Path, to: str, name: str | None, for_training: bool, replace: bool) -> None:
    """Turn GPT-SoVITS weights (v1, v2, v2Pro, v2ProPlus) into a base model, or a base model into files that GPT-SoVITS loads.

    Give the .ckpt and the .pth file in any order; which is which, and the version, are found from the tensors. Files are read
    as `vox scan` reads them: nothing in them is executed.

    \b
        vox convert voice-e15.ckpt voice_e8_s200.pth -o my-voice-base
        vox convert --to gpt-sovits my-voice-base -o for-the-public-program
    """
    if to == "gpt-sovits":
        if len(sources) != 1 or name or for_training:
            expected = "one folder, without --name and --for-training"
            raise InputError("one base model at a time", expected=expected, found=f"{len(sources)} sources")
        for made in public_weights.export(sources[0], output, replace=replace):
            click.echo(f"written: {made}")
        return
    done = public_weights.convert(sources, output, tensor_shapes, name=name, keep_posterior=for_training, replace=replace)
    click.echo(f"base model {done.facts.name} ({done.version}, {done.facts.sample_rate} Hz): {done.folder}")
    posterior = sum(key.startswith("enc_q.") for key in done.left_out)
    if others := [key for key in done.left_out if not key.startswith("enc_q.")]:
        click.echo(f"left out, of no network here: {', '.join(others[:5])}{' ...' if len(others) > 5 else ''}", err=True)
    if posterior:
        click.echo(f"left out, for training only: {posterior} tensors of the posterior encoder", err=True)
