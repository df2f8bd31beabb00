"""`vox evaluate`: measure a base model, beside natural speech and espeak-ng.

Thin: brings the model, the cloning and the one door for sound together with the meters, which must not know them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voxcommons.base.errors import InputError, MissingExtraError
from voxcommons.base.files import atomic_path
from voxcommons.cli.console import RichProgress, settings_of

if TYPE_CHECKING:
    from voxcommons.evaluate.base_figures import Plan

LANGUAGES = ("en", "zh")


@click.group()
def evaluate() -> None:
    """Measure how well speech is understood, whose voice it is, how clean it sounds and what it costs."""


@evaluate.command("base")
@click.option("--base", "base_name", default="starter", show_default=True, help="Base model: a name or a folder with base.json.")
@click.option("--data", type=click.Path(path_type=Path), help="Corpus folder with manifest.tsv, archives and references/.")
@click.option("--sentences", default=50, show_default=True, type=click.IntRange(1, 1000), help="Sentences per language.")
@click.option("--limit-speakers", type=click.IntRange(1), help="Use so many people per language at most.")
@click.option("--language", "languages", multiple=True, type=click.Choice(LANGUAGES), help="Only this language; may be repeated.")
@click.option("--yardsticks-only", is_flag=True, help="Natural speech and espeak-ng only, no cloning.")
@click.option(
    "--out", default="evaluation", show_default=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder for sounds, pictures and scores; a second run goes on from there.",
)
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write every figure and score here as JSON.")
@click.pass_context
def base_command(
    context: click.Context, base_name: str, data: Path | None, sentences: int, limit_speakers: int | None,
    languages: tuple[str, ...], yardsticks_only: bool, out: Path, json_path: Path | None,
) -> None:
    """Clone unseen people, let the clones speak, and print the figures of a base model."""
    from voxcommons.cli.figures_run import meters_of, speak_plan
    from voxcommons.evaluate.base_figures import make_plan, measure_plan
    from voxcommons.evaluate.findings import findings

    plan = make_plan(_corpus(data), languages or LANGUAGES, sentences, limit_speakers)
    facts: dict[str, object] = {"people": [person.name for person in plan.people], "sentences": len(plan.pool)}
    with RichProgress() as progress:
        spoken = None
        if not yardsticks_only:
            spoken, told = speak_plan(settings_of(context), base_name, plan, out, progress)
            facts |= told
        scores = measure_plan(plan, meters_of(base_name, progress.note), out / "scores", spoken, progress)
        if spoken is not None:
            _draw(plan, spoken[1], out / "pictures", progress)
    found = findings(scores, {person.name: person.gender for person in plan.people})
    text = found.markdown()
    record = json.dumps(found.json(facts), ensure_ascii=False, indent=1)
    for path, content_text in ((out / "figures.md", text), (out / "figures.json", record), (json_path, record)):
        if path is not None:
            with atomic_path(path) as unfinished:
                unfinished.write_text(content_text, encoding="utf-8")
    click.echo(text)
    for name, value in facts.items():
        click.echo(f"{name.replace('_', ' ')}: {value}")
    click.echo(f"kept in {out}")


def _corpus(data: Path | None) -> Path:
    from voxcommons.evaluate.dev_speakers import corpus_beside_checkout

    found = data or corpus_beside_checkout()
    if found is None:
        raise InputError(
            "there is no corpus to judge by", expected="a folder with manifest.tsv and references/",
            found="none beside the checkout", do="give one with --data",
        )
    return found


def _draw(plan: Plan, folder: Path, pictures: Path, progress: RichProgress) -> None:
    """One picture per person: the first sentences its clone spoke, the reference on top."""
    from voxcommons.audio.files import load
    from voxcommons.evaluate.base_figures import wav_path
    from voxcommons.evaluate.picture import Panel, draw_spectrograms

    progress.start(len(plan.people), "drawing spectrograms")
    for person in plan.people:
        own = [sentence for sentence in plan.sentences if sentence.person == person][:4]
        paths = [("reference", person.reference), *((f"clone, {s.clip.item}", wav_path(folder, s)) for s in own)]
        try:
            panels = [Panel(f"{person.name}: {title}", (sound := load(path)).samples, sound.rate) for title, path in paths]
            draw_spectrograms(panels, pictures / f"{folder.name}-{person.name}.png")
        except MissingExtraError as error:
            progress.note(str(error))
            break
        progress.advance()
    progress.finish()
