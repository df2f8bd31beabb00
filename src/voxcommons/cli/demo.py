"""`vox demo`: the whole way in one go, a recording in and three spoken sentences out.

For somebody who has just installed the program: it says what it does, shows progress, and ends with where the files are
and what they cost.
"""

from __future__ import annotations

import importlib.resources
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voxcommons.base.errors import InputError, MissingExtraError
from voxcommons.cli.console import BASE_HELP, RichProgress, settings_of

if TYPE_CHECKING:
    from voxcommons.base.settings import Settings
    from voxcommons.cli.spoken import SpokenFile
    from voxcommons.voices.library import Voice

VOICE = "demo"
SENTENCES = (
    ("english", "Good morning! This voice was copied from a single minute of recording, on this very machine."),
    ("mandarin", "今天天气很好，我们一起去公园散步，顺便听听春天的声音。"),
    ("mixed", "我们用 open source 的工具，让每个人都能留下自己的 voice，分享给 friends 和家人。"),
)
# People the base model was not trained on, if the shared data folder lies beside the checkout.
_REAL = ("en_libri_5652", "en-GB_vctk_p225")


@dataclass(frozen=True)
class Source:
    """The recording to be cloned: where, what is said in it if that is known, and what to tell the user about it."""

    recording: Path
    text: str | None
    story: str


@click.command()
@click.option("--rec", "recording", type=click.Path(path_type=Path), help="Your own recording, a minute of one person; any common format.")
@click.option(
    "--out", default="demo-output", show_default=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the sounds and the picture.",
)
@click.option("--base", "base_name", default="starter", show_default=True, metavar="NAME|FOLDER", help=BASE_HELP)
@click.pass_context
def demo(context: click.Context, recording: Path | None, out: Path, base_name: str) -> None:
    """Clone a voice from a recording and let it speak English, Mandarin and both mixed."""
    settings = settings_of(context)
    begun = time.monotonic()
    source = _source(recording)
    click.echo(f"recording: {source.recording} ({source.story})")
    with RichProgress() as progress:
        voice, spoken = _clone_and_speak(settings, source, base_name, out, progress)
        picture = _draw(source, spoken, out / "spectrograms.png", progress)
    _tell(voice, spoken, picture, out, time.monotonic() - begun)


def _source(recording: Path | None) -> Source:
    if recording is not None:
        if not recording.is_file():
            raise InputError("no such file", expected="a recording", found=str(recording), key="no_such_file")
        told = recording.with_suffix(".txt")
        known = told if _known_folder(recording.parent) and told.is_file() else None
        text = known.read_text(encoding="utf-8") if known else None
        return Source(recording, text, "real speech of the shared data folder" if known else "your recording")
    from voxcommons.evaluate.dev_speakers import corpus_beside_checkout

    corpus = corpus_beside_checkout()
    for name in _REAL if corpus is not None else ():
        assert corpus is not None
        path = corpus / "references" / f"{name}.flac"
        if path.is_file():
            return Source(path, path.with_suffix(".txt").read_text(encoding="utf-8"), "real speech of the shared data folder")
    folder = Path(str(importlib.resources.files("voxcommons"))) / "cli" / "data"
    text = (folder / "demo_sample.txt").read_text(encoding="utf-8")
    story = "the project's own sample: a machine voice made with espeak-ng, for want of a real one"
    return Source(folder / "demo_sample.flac", text, story)


def _known_folder(folder: Path) -> bool:
    """Whether a recording lies among references whose transcript stands beside it."""
    return (folder / "references.tsv").is_file()


def _clone_and_speak(
    settings: Settings, source: Source, base_name: str, out: Path, progress: RichProgress
) -> tuple[Voice, list[SpokenFile]]:
    progress.start(None, "loading the base model")
    from voxcommons.cli.spoken import speak_to_file
    from voxcommons.models.build import load_base
    from voxcommons.synth.engine import Engine
    from voxcommons.synth.options import SpeakOptions
    from voxcommons.voices.base_models import find_base
    from voxcommons.voices.enrolment import EnrolOptions, enrol
    from voxcommons.voices.library import Library
    from voxcommons.voices.public_networks import equipped

    base = equipped(load_base(find_base(base_name, settings.home)), settings.home, cloning=True)
    engine = Engine(base, threads=settings.threads)
    voice = enrol(
        source.recording, VOICE, text=source.text, base=base, library=Library(settings.home), progress=progress, replace=True,
        options=EnrolOptions(take_rejected=True),
    ).voice  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    progress.start(len(SENTENCES), "speaking")
    spoken = []
    for name, text in SENTENCES:
        done = speak_to_file(engine, text, voice, SpeakOptions(), out / f"{name}.wav", settings.home)
        for warning in done.warnings:
            progress.note(f"{name}: {warning.message}")
        spoken.append(done)
        progress.advance()
    progress.finish()
    return voice, spoken


def _draw(source: Source, spoken: list[SpokenFile], path: Path, progress: RichProgress) -> Path | None:
    """The picture, or None with a note where the library for it is missing."""
    progress.start(None, "drawing the spectrograms")
    from voxcommons.audio.files import load
    from voxcommons.evaluate.picture import Panel, draw_spectrograms

    titled = [("the recording", source.recording), *((done.path.stem, done.path) for done in spoken)]
    sounds = [(title, load(place)) for title, place in titled]
    try:
        draw_spectrograms([Panel(title, sound.samples, sound.rate) for title, sound in sounds], path)
    except MissingExtraError as error:
        progress.note(f"no picture: {error}")
        return None
    return path


def _tell(voice: Voice, spoken: list[SpokenFile], picture: Path | None, out: Path, took_s: float) -> None:
    for (_, text), done in zip(SENTENCES, spoken, strict=True):
        click.echo(f"  {done.path}  {done.seconds:.1f} s  {text}")
    if picture is not None:
        click.echo(f"  {picture}")
    seconds = sum(done.seconds for done in spoken)
    factor = sum(done.work_s for done in spoken) / seconds
    click.echo(f'the voice is kept as "{voice.name}"; try: vox speak "Hello" --voice {voice.name} -o hello.wav')
    click.echo(
        f"done: {len(spoken)} sentences, {seconds:.1f} s of speech in {out.resolve()}; the whole demonstration took {took_s:.1f} s; "
        f"real-time factor {factor:.3f}"
    )
