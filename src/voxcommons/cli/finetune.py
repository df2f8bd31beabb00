"""`vox finetune`: a voice of the library in, the same voice closer to its person out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from voxcommons.base.errors import InputError
from voxcommons.cli.console import BASE_HELP, RichProgress, echo_json, settings_of

if TYPE_CHECKING:
    from voxcommons.base.settings import Settings
    from voxcommons.models.build import BaseModel
    from voxcommons.voices.cloning import Preview
    from voxcommons.voices.tuning import Finetuned, TuneOptions
    from voxcommons.voices.tuning_phrases import Source

WAYS: Final = ("adapters", "last", "full")
PARTS: Final = ("sound", "words")
_SOUND_ENDINGS: Final = frozenset(".wav .flac .ogg .opus .mp3 .m4a .aac .aiff .aif .wma .mp4 .mkv .webm .mov".split())
_ENDED: Final = {"no better": "it got no better", "steps": "all steps were done", "time": "its time was up", "you": "you stopped it"}


@click.command()
@click.argument("voice_name", metavar="VOICE")
@click.option("--add", "added", multiple=True, type=click.Path(path_type=Path), metavar="REC",
              help="A further recording of the person, or a folder of them; words may stand beside NAME.wav in NAME.txt. May be repeated.")
@click.option("--text", help="What is said in the one recording of --add, or @FILE.")
@click.option("--lang", "language", help="Language of the added recordings; found by itself when left out.")
@click.option("--domain", type=click.Path(path_type=Path), metavar="FILE",
              help="About 20 recorded sentences with terms or a manner to learn: lines of recording, tab, words.")
@click.option("--way", type=click.Choice(WAYS), default="adapters", show_default=True,
              help="What may move: thin adapters, the last layers, or everything.")
@click.option("--rank", default=8, show_default=True, type=click.IntRange(1, 128),
              help="Width of the adapters; more learn more, and by heart.")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS),
              help="Tune only the sound or only how words are said; may be repeated. By default the sound, with --domain both.")
@click.option("--steps", type=click.IntRange(1, 100_000), help="Most steps of each part; it ends by itself before it learns by heart.")
@click.option("--minutes", default=30.0, show_default=True, type=click.FloatRange(0.01, 10_000), help="Most minutes of each part.")
@click.option("--batch-seconds", default=30.0, show_default=True, type=click.FloatRange(1, 600),
              help="Speech in a step; less needs less memory.")
@click.option("--device", default="cpu", show_default=True, type=click.Choice(["auto", "cpu", "cuda"]), help="Where to train.")
@click.option("--name", "into", metavar="NAME", help="Put the result into a new voice and leave VOICE as it is.")
@click.option("--fresh", is_flag=True, help="Start again from the base model instead of from what the voice has learnt.")
@click.option("--forget-recordings", is_flag=True, help="Do not put added recordings into the voice; it cannot go on from them later.")
@click.option("--no-check", is_flag=True, help="Keep the result without listening to it before and after.")
@click.option("--base", "base_name", metavar="NAME|FOLDER", help=BASE_HELP + " By default the one the voice was made for.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the closing lines.")
@click.pass_context
def finetune(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - what click read
    """Tune VOICE to its person: on the recording it keeps, and on what you add.

    Some phrases are kept back and never learnt from; the step that tells them best is kept, and tuning ends when they get no better.
    Ctrl-C ends it sooner and keeps the best step so far. What did harm is refused and the voice left as it was.

    \b
        vox finetune anna
        vox finetune anna --add more.m4a --add evening/
        vox finetune anna --domain medicine.tsv --name anna-doctor
    """
    from voxcommons.voices.base_models import base_of_voice, find_base
    from voxcommons.voices.domain import domain_sources
    from voxcommons.voices.library import Library

    settings = settings_of(context)
    library = Library(settings.home)
    voice = library.get(given["voice_name"])
    place = find_base(given["base_name"] or base_of_voice(voice.manifest.base.name, settings.home), settings.home)
    if given["domain"] is not None and given["added"]:
        raise InputError("a domain is tuned by itself", expected="--domain or --add", found="both", do="add the recordings first")
    added = domain_sources(given["domain"]) if given["domain"] is not None else _sources(given["added"], given["text"], given["language"])
    options = _options(given, settings)
    with RichProgress() as progress:
        from voxcommons.models.build import use_threads
        from voxcommons.voices.tuning import finetune as tune

        use_threads(settings.threads or 1)
        made = tune(library, voice.name, added, base_place=place, home=settings.home, options=options, progress=progress)
    if given["as_json"]:
        echo_json(_facts(made))
        return
    for line in _lines(made):
        click.echo(line)


def _options(given: dict[str, Any], settings: Settings) -> TuneOptions:
    from voxcommons.train.few_shot import FewShotRecipe
    from voxcommons.voices.tuning import TuneOptions

    domain = given["domain"] is not None
    parts = tuple(part for part in PARTS if part in given["parts"]) or (PARTS if domain else PARTS[:1])
    recipe = FewShotRecipe(parts=parts, **{name: given[name] for name in ("way", "rank", "steps", "minutes", "batch_seconds")})

    def preview(base: BaseModel) -> Preview:
        from voxcommons.voices.preview import preview_with

        return preview_with(base, settings)

    return TuneOptions(
        recipe, fresh=given["fresh"], keep_recordings=not given["forget_recordings"] and not domain, into=given["into"],
        device=given["device"], checked=not given["no_check"], domain=domain, preview=preview,
    )  # fmt: skip


def _sources(paths: Sequence[Path], text: str | None, language: str | None) -> list[Source]:
    """The recordings to add, each with its words where they are known."""
    from voxcommons.cli.clone import text_of
    from voxcommons.voices.tuning_phrases import Source

    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.iterdir() if file.suffix.lower() in _SOUND_ENDINGS and file.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise InputError("no such file", expected="a recording or a folder of them", found=str(path), key="no_such_file")
    if paths and not found:
        raise InputError("there are no recordings", expected="sound files", found=f"none in {', '.join(map(str, paths))}")
    if text is not None and len(found) != 1:
        do = "put the words of each beside it in a .txt file of its name"
        raise InputError("--text is for one recording", expected="one --add", found=f"{len(found)} recordings", do=do)
    given = text_of(text)
    return [Source(path, given if given is not None else _beside(path), language) for path in found]


def _beside(path: Path) -> str | None:
    words = path.with_suffix(".txt")
    return words.read_text(encoding="utf-8-sig", errors="replace").strip() or None if words.is_file() else None


def _facts(made: Finetuned) -> dict[str, object]:
    return {
        "name": made.voice.name, "folder": str(made.voice.folder), "changed": made.changed, "weights_bytes": made.weights_bytes,
        "seconds_of_speech": round(made.seconds_of_speech, 1), "seconds": round(made.seconds, 1), "peak_bytes": made.peak_bytes,
        "before": None if made.before is None else made.before.facts(), "after": None if made.after is None else made.after.facts(),
        "courses": [course.facts() for course in made.courses],
    }  # fmt: skip


def _lines(made: Finetuned) -> list[str]:
    from voxcommons.voicefile.manifest import CURVE_FILE

    lines = []
    for course in made.courses:
        before, best = course.points[0].held_out, course.at(course.best_step).held_out
        kept = f"kept step {course.best_step}" if course.best_step else "no step was better than none"
        lines.append(f"{course.name}: {before:.4f} -> {best:.4f} on phrases kept back; {kept}; {_ENDED.get(course.ended, course.ended)}")
    if not made.changed:
        return [*lines, f"{made.voice.name} is left as it was: nothing better was found"]
    if made.before is not None and made.after is not None:
        pairs = (("likeness", made.before.likeness, made.after.likeness), ("surprise at words", made.before.surprise, made.after.surprise))
        told = [f"{what} {one:.3f} -> {other:.3f}" for what, one, other in pairs if one is not None and other is not None]
        lines += [f"heard: {'; '.join(told)}"] if told else []
    lines.append(
        f"{made.voice.name}: {made.seconds_of_speech:.0f} s of speech, weights of {made.weights_bytes / 1000:.0f} kB, "
        f"{made.seconds / 60:.1f} min, {made.peak_bytes / 1e6:.0f} MB at most; curve in {made.voice.folder / CURVE_FILE}"
    )
    return lines
