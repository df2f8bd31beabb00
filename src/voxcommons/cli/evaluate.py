"""`vox evaluate`: measure a base model or a voice, beside natural speech and espeak-ng.

Thin: brings the model, the cloning and the one door for sound together with the meters, which must not know them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from voxcommons.base.errors import InputError, MissingExtraError
from voxcommons.cli.console import BASE_HELP, RichProgress, settings_of
from voxcommons.cli.evaluate_voice import voice_command
from voxcommons.cli.figures_report import report

if TYPE_CHECKING:
    from voxcommons.evaluate.base_figures import Plan

LANGUAGES = ("en", "zh")
_LEAD = (
    "People the model has not heard were cloned from one recording each; the clones spoke sentences that nobody reads in a recording. "
    "Natural speech and espeak-ng were measured on the same sentences.",
    "Ranges are 95 % intervals of a bootstrap that draws people first, then their sentences; with few people they are wide. "
    "Sounds marked so are AI-generated. The natural recordings belong to the people in them and keep the licences of their corpus.",
)


@click.group()
def evaluate() -> None:
    """Measure how well speech is understood, whose voice it is, how clean it sounds and what it costs."""


@evaluate.command("base")
@click.option("--base", "base_name", metavar="NAME|FOLDER", default="starter", show_default=True, help=BASE_HELP)
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
@click.option("--html", "html_path", type=click.Path(path_type=Path, dir_okay=False), help="Write one page with tables, plots and players.")
@click.pass_context
def base_command(
    context: click.Context, base_name: str, data: Path | None, sentences: int, limit_speakers: int | None,
    languages: tuple[str, ...], yardsticks_only: bool, out: Path, json_path: Path | None, html_path: Path | None,
) -> None:
    """Clone unseen people, let the clones speak, and print the figures of a base model.

    \b
    vox evaluate base --sentences 10 --html figures.html
    """
    from voxcommons.cli.figures_page import CorpusSound, write_page
    from voxcommons.cli.figures_run import clones_of, meters_of, speak_plan
    from voxcommons.evaluate.base_figures import make_plan, measure_plan
    from voxcommons.evaluate.findings import findings
    from voxcommons.evaluate.page import Subject

    settings = settings_of(context)
    plan = make_plan(_corpus(data), languages or LANGUAGES, sentences, limit_speakers)
    facts: dict[str, object] = {"people": [person.name for person in plan.people], "sentences": len(plan.pool)}
    with RichProgress() as progress:
        spoken = None
        if not yardsticks_only:
            speech, folder = clones_of(settings, base_name, out, progress)
            spoken = speak_plan(speech, plan, folder, settings, progress)
            facts |= spoken.facts
        meters = meters_of(settings, base_name, progress.note)
        facts["meters"] = list(meters.names)
        scores = measure_plan(plan, meters, out / "scores", (spoken.label, spoken.folder) if spoken else None, progress)
        found = findings(scores, {person.name: person.gender for person in plan.people})
        if spoken is not None:
            _draw(plan, spoken.folder, out / "pictures", progress)
        if html_path is not None:
            title = f"Figures of the base model {spoken.label}" if spoken is not None else "Figures of the yardsticks"
            systems = [spoken.label] if spoken is not None else ["natural"]
            subject = Subject(title, _LEAD, systems, facts, targets=True)
            write_page(html_path, subject, found, CorpusSound(plan), plan, [spoken] if spoken is not None else [])
    report(found, facts, out, "figures", json_path, html_path)


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


evaluate.add_command(voice_command)
