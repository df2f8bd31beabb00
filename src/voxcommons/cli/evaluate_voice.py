"""`vox evaluate voice`: the figures of one voice, alone or against another.

Thin, and apart from `vox evaluate base`, which needs a corpus of people where this needs a voice.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voxcommons.base.errors import InputError
from voxcommons.cli.console import BASE_HELP, RichProgress, settings_of
from voxcommons.cli.figures_report import report

if TYPE_CHECKING:
    from voxcommons.base.settings import Settings
    from voxcommons.cli.figures_run import Spoken
    from voxcommons.evaluate.base_figures import Plan
    from voxcommons.evaluate.dev_speakers import DevSpeaker
    from voxcommons.evaluate.findings import Findings
    from voxcommons.evaluate.objective import Meters, Score
    from voxcommons.evaluate.voice_figures import Natural
    from voxcommons.voices.library import Voice

LANGUAGES = ("en", "zh")
_LEAD = (
    "The voice spoke sentences of the recordings it is held against, where their words are known, and sentences of the package. "
    "Likeness and pitch are measured against natural recordings of its speaker, where there are any; when those are the recording the "
    "voice was made from, they flatter it.",
    "Ranges are 95 % intervals of a bootstrap over sentences. Sounds marked so are AI-generated; natural recordings belong to whoever "
    "speaks in them, so ask before you hand this page on.",
)
_SEXES = {"f": "F", "female": "F", "woman": "F", "m": "M", "male": "M", "man": "M"}


@click.command("voice")
@click.argument("voice_name", metavar="VOICE")
@click.option("--against", metavar="VOICE", help="Another voice, to speak the same sentences; differences are told with intervals.")
@click.option(
    "--references", multiple=True, type=click.Path(path_type=Path), metavar="DIR|FILE",
    help="Natural recordings of the speaker, best such that the voice was not made from; what is said may stand beside NAME.wav in "
    "NAME.txt. May be repeated. By default the recording that the voice keeps.",
)
@click.option("--sentences", default=20, show_default=True, type=click.IntRange(1, 100), help="Sentences per language; the package has 30.")
@click.option("--language", "languages", multiple=True, type=click.Choice(LANGUAGES), help="Only this language; may be repeated.")
@click.option(
    "--base", "base_name", metavar="NAME|FOLDER", help=BASE_HELP + " By default the one the voice was made for, if it is installed."
)
@click.option("--data", type=click.Path(path_type=Path), help="Corpus folder whose people the voice is to be told apart from.")
@click.option(
    "--out", default="evaluation", show_default=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder for sounds and scores; a second run goes on from there.",
)
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write every figure and score here as JSON.")
@click.option("--html", "html_path", type=click.Path(path_type=Path, dir_okay=False), help="Write one page with tables, plots and players.")
@click.pass_context
def voice_command(
    context: click.Context, voice_name: str, against: str | None, references: tuple[Path, ...], sentences: int,
    languages: tuple[str, ...], base_name: str | None, data: Path | None, out: Path, json_path: Path | None, html_path: Path | None,
) -> None:
    """Measure VOICE, by name or folder, beside natural recordings of its speaker and espeak-ng.

    \b
    vox evaluate voice mine --references held-out --html mine.html
    vox evaluate voice tuned --against mine --sentences 30
    """
    settings = settings_of(context)
    voices = _voices(settings, [voice_name, against] if against is not None else [voice_name])
    from voxcommons.cli.figures_run import meters_of, speak_plan, voice_speech
    from voxcommons.evaluate.findings import findings
    from voxcommons.evaluate.voice_figures import measure_voice, natural_speech, voice_plan

    recordings = _recordings(voices[0], references)
    with RichProgress() as progress:
        speech, folder = voice_speech(settings, voices[0], base_name, out, progress)
        person = _person(voices[0], recordings)
        learned = [name for name in LANGUAGES if name in (speech.languages or LANGUAGES)]
        # Sentences come from short recordings whose words are known as they stand, so that no meter is loaded before the voice
        # has spoken: its peak memory is measured.
        plan = voice_plan(person, languages or learned, sentences, natural_speech(recordings, person.name, person.language, None))
        spoken = [speak_plan(speech, plan, folder, settings, progress)]
        for other in voices[1:]:  # loaded now, so that the memory of the first is its own
            speech, folder = voice_speech(settings, other, base_name, out, progress)
            spoken.append(speak_plan(speech, plan, folder, settings, progress))
        # The starter listens to everybody, so that voices of different base models have the same judge.
        meters = meters_of(settings, "starter", progress.note)
        natural = natural_speech(recordings, person.name, person.language, meters.english)
        if not natural:
            progress.note("the voice keeps no recording: likeness is not measured; give natural recordings with --references")
        scores = measure_voice(plan, natural, meters, out / "scores", [(one.label, one.folder) for one in spoken], progress)
        others = _others(data, meters, out, progress)
        labels = [one.label for one in spoken]
        sexes = {person.name: person.gender} if person.gender else {}
        found = findings(scores, sexes, others, (labels[0], labels[1]) if len(labels) > 1 else None)
        facts: dict[str, object] = {
            "voice": labels[0], "against": labels[1] if len(labels) > 1 else "nobody", "natural_recordings": len(natural),
            "natural_from": "given recordings" if references else "the voice's own recording" if natural else "none",
            "other_people": len({score.speaker for score in others}), "sentences": len(plan.pool), **spoken[0].facts,
            "meters": list(meters.names),
        }  # fmt: skip
        if html_path is not None:
            _page(html_path, found, facts, natural, plan, spoken)
    report(found, facts, out, f"figures-{'-against-'.join(labels)}", json_path, html_path)


def _voices(settings: Settings, names: Sequence[str]) -> list[Voice]:
    """Voices by name or folder; found before any model is loaded."""
    from voxcommons.voicefile.archive import read_voice
    from voxcommons.voicefile.manifest import MANIFEST_FILE
    from voxcommons.voices.library import Library, Voice

    found = []
    for name in names:
        folder = Path(name)
        if (folder / MANIFEST_FILE).is_file():
            found.append(Voice(read_voice(folder)[0], folder))
        else:
            found.append(Library(settings.home).get(name))
    if len({voice.folder.resolve() for voice in found}) < len(found):
        raise InputError("a voice cannot be compared with itself", expected="another voice behind --against", found=found[0].name)
    return found


def _recordings(voice: Voice, references: Sequence[Path]) -> list[Path]:
    """The natural recordings that were given, else the one the voice keeps, else none."""
    from voxcommons.evaluate.voice_figures import recordings_of
    from voxcommons.voicefile.manifest import REFERENCE_FILE

    if references:
        return recordings_of(references)
    return [voice.folder / REFERENCE_FILE] if voice.has_recording else []


def _person(voice: Voice, recordings: Sequence[Path]) -> DevSpeaker:
    """The voice's speaker, as the evaluation knows people."""
    from voxcommons.evaluate.dev_speakers import DevSpeaker

    spoken = voice.manifest.language.split("-")[0]
    sex = _SEXES.get(voice.manifest.speaker.get("gender", "").lower(), "")
    reference = recordings[0] if recordings else Path()
    return DevSpeaker(voice.name, spoken if spoken in LANGUAGES else "en", sex, reference, "", ())


def _others(data: Path | None, meters: Meters, out: Path, progress: RichProgress) -> list[Score]:
    """Natural speech of the unseen people of a corpus."""
    if data is None:
        return []
    from voxcommons.evaluate.base_figures import ScoreBook, make_plan, measure_natural

    plan = make_plan(data, LANGUAGES, 24)
    progress.start(len(plan.pool), "measuring other people")
    scores = []
    for score in measure_natural(plan.people, plan.pool, ScoreBook(out / "scores", meters)):
        scores.append(score)
        progress.advance()
    progress.finish()
    return scores


def _page(
    path: Path, found: Findings, facts: dict[str, object], natural: Sequence[Natural], plan: Plan, spoken: Sequence[Spoken]
) -> None:
    from voxcommons.cli.figures_page import write_page
    from voxcommons.evaluate.page import Subject

    sounds = {one.clip.item: (one.utterance.samples, one.utterance.rate) for one in natural}
    title = f"Figures of the voice {spoken[0].label}" + (f" against {spoken[1].label}" if len(spoken) > 1 else "")
    subject = Subject(title, _LEAD, [one.label for one in spoken], facts)
    write_page(path, subject, found, lambda _, item: sounds.get(item), plan, spoken)
