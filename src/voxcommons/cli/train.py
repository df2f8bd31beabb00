"""`vox train`: make a base model from recordings, and take data sets in and out. Thin: options in, one call, one closing line."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voxcommons.cli.console import RichProgress, echo_json, settings_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxcommons.evaluate.similarity import SpeakerEncoder

STAGE_NAMES = ("content", "timbre", "vocoder", "acoustic", "finish", "semantic")


class SpeakerTeacher:
    """The speaker encoder of the evaluation as the teacher of stage timbre; it is looked for when it is asked, not before."""

    name = "ge2e"

    def __init__(self) -> None:
        self._encoder: SpeakerEncoder | None = None

    def __call__(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """The vector [256] of whoever speaks in samples [T]."""
        if self._encoder is None:
            from voxcommons.evaluate.similarity import SpeakerEncoder

            self._encoder = SpeakerEncoder()
        return self._encoder.embed(samples, rate)


@click.group()
def train() -> None:
    """Train models from recordings with transcripts."""


@train.command("base")
@click.option("--data", type=click.Path(path_type=Path), help="Folder with manifest.tsv and the archives it names.")
@click.option(
    "--out", default="base-training", show_default=True, type=click.Path(path_type=Path, file_okay=False),
    help="Working folder: packed corpus, checkpoints, recipes, curves and samples (PNG). The same call goes on from there.",
)
@click.option(
    "--recipe", "recipes", multiple=True, type=click.Path(path_type=Path),
    help="TOML file named after its stage (content.toml), or a folder of such files; may be repeated.",
)
@click.option(
    "--write-recipes", "written", type=click.Path(path_type=Path, file_okay=False),
    help="Only write the recipes to a new folder, with explanations.",
)
@click.option("--stage", "stages", multiple=True, type=click.Choice(STAGE_NAMES), help="Only this stage; may be repeated.")
@click.option("--device", default="auto", show_default=True, type=click.Choice(("auto", "cpu", "cuda")), help="Where to train.")
@click.option(
    "--processes", default=1, show_default=True, type=click.IntRange(1),
    help="Processes of this machine that share each batch, with a GPU each where there are GPUs. torchrun starts them too.",
)
@click.option(
    "--ray", "address", metavar="ADDRESS", help="Start the processes on a Ray cluster (its address, auto, or local); needs the extra ray."
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes on the Ray cluster.")
@click.option("--export", "target", type=click.Path(path_type=Path), help="Then write the base model to this folder.")
@click.option("--threads", type=click.IntRange(1), help="Processor threads.")
@click.pass_context
def base_command(
    context: click.Context, data: Path | None, out: Path, recipes: tuple[Path, ...], written: Path | None, stages: tuple[str, ...],
    device: str, processes: int, address: str | None, workers: int, target: Path | None, threads: int | None,
) -> None:
    """Train the starter base model: content encoder, then who speaks, sound of mel frames, mel frames of codes, a finish, text to codes.

    \b
        vox train base --write-recipes my-recipes
        vox train base --data corpus --recipe my-recipes --out base-training --export my-base

    A run that is stopped, by Ctrl-C or by a power cut, loses a few minutes at most: the same call goes on from the newest
    checkpoint, to the same numbers as if it had never been stopped.
    """
    from voxcommons.train.base_model import BaseTraining
    from voxcommons.train.base_recipe import read_recipes, write_recipes
    from voxcommons.train.launch import Job, start

    if written:
        click.echo("\n".join(str(path) for path in write_recipes(written)))
        return
    if data is None:
        raise click.UsageError("Missing option '--data'.")
    started = time.monotonic()
    threads = threads or settings_of(context).threads
    job = Job(data, out, read_recipes(recipes), stages or STAGE_NAMES, device, threads, RichProgress, teacher=SpeakerTeacher())
    if address is not None:
        from voxcommons.train.ray_launch import start_on_ray

        start_on_ray(job, address=address, workers=workers)
    elif not start(job, processes=processes, device=device, threads=threads):
        return
    digest = BaseTraining(data, out, job.recipe).export(target) if target else None
    click.echo(f"trained in {out} ({time.monotonic() - started:.0f} s); curves: {out}/*.png")
    if digest:
        click.echo(f"base model {digest[:12]} in {target}")


@train.group("dataset")
def dataset() -> None:
    """Data sets of GPT-SoVITS (.list files and experiment folders): read them, write them."""


@dataset.command("read")
@click.argument("lists", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LIST...")
@click.option(
    "--sounds", type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the sound files; nothing outside it is read. Without it, the folder of each list.",
)
@click.option(
    "--prepared", type=click.Path(path_type=Path, file_okay=False),
    help="Experiment folder with 2-name2text.txt, 3-bert and so on.",
)
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Make a corpus folder for `vox train base`.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every clip and every fault.")
def read_command(lists: tuple[Path, ...], sounds: Path | None, prepared: Path | None, out: Path | None, as_json: bool) -> None:
    """Check .list files (path|speaker|language|text), and make a corpus of them.

    \b
        vox train dataset read mine.list --sounds wavs
        vox train dataset read mine.list --sounds wavs --prepared logs/mine --json
        vox train dataset read *.list --sounds wavs -o corpus

    Each fault is one line with its line number; the other lines are used.
    """
    from voxcommons.prepare.public_dataset import read_dataset, write_corpus

    found = read_dataset(lists, sounds=sounds, prepared=prepared)
    if not as_json:
        for fault in found.faults:
            click.echo(f"warning: {fault}", err=True)
    if out:
        with RichProgress() as progress:
            write_corpus(found, out, name=lists[0].stem, progress=progress)
    if as_json:
        faults = [asdict(fault) for fault in found.faults]
        echo_json({"clips": [clip.as_json() for clip in found.clips], "seconds": round(found.seconds, 3), "faults": faults})
        return
    speakers = {clip.listed.speaker for clip in found.clips}
    languages = ", ".join(sorted({clip.listed.language for clip in found.clips})) or "none"
    lost = sum(not fault.kept for fault in found.faults)
    click.echo(
        f"{len(found.clips)} clips, {found.seconds / 60:.1f} minutes, {len(speakers)} speakers, languages: {languages}; "
        f"{lost} lines left out, {len(found.faults) - lost} mended"
    )
    if out:
        click.echo(f"corpus in {out}")


@dataset.command("write")
@click.argument("corpus", type=click.Path(path_type=Path, file_okay=False))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to make.")
@click.option("--prepared", is_flag=True, help="Also write 2-name2text.txt and 5-wav32k, as the public program would.")
def write_command(corpus: Path, out: Path, prepared: bool) -> None:
    """Write a corpus folder as a data set that GPT-SoVITS reads: dataset.list and the sounds beside it.

    \b
        vox train dataset write corpus -o for-gpt-sovits
    """
    from voxcommons.prepare.public_dataset import LIST_FILE, write_dataset

    with RichProgress() as progress:
        count, faults = write_dataset(corpus, out, prepared=prepared, progress=progress)
    for fault in faults:
        click.echo(f"warning: {fault}", err=True)
    click.echo(f"{count} clips in {out / LIST_FILE}")
