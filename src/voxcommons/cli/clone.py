"""`vox clone`: a recording in, a voice in the library out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from voxcommons.base.errors import InputError
from voxcommons.base.messages import say
from voxcommons.base.settings import MessageLanguage
from voxcommons.cli.console import BASE_HELP, RichProgress, echo_json, settings_of
from voxcommons.prepare.gate import GATES
from voxcommons.prepare.transcribe import ENGINES, open_transcriber
from voxcommons.voices.intake import IntakeOptions, take_in
from voxcommons.voices.library import Library

if TYPE_CHECKING:
    from voxcommons.prepare.transcribe import Transcriber

_MOST_TEXT_BYTES: Final = 4 << 20


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the new voice; letters of any script.")
@click.option("--text", help="What is said in the recording, or @FILE; the prompt's part is found by itself.")
@click.option("--lang", "language", help="Language of the recording: en, zh, ... ; found by itself when left out.")
@click.option("--transcribe", "engine", metavar="ENGINE:FOLDER",
              help=f"Have the words written down by {' or '.join(ENGINES)} with the model in FOLDER, when there is no --text.")
@click.option("--gate", type=click.Choice(["none", *GATES]), default="none", show_default=True,
              help="Refuse a recording that `vox check` would reject.")
@click.option("--denoise", is_flag=True, help="Lower the noise before cloning; it takes a little of the voice with it.")
@click.option("--cache", is_flag=True, help="Keep computed features, so that cloning again is quicker; they tell what was said.")
@click.option("--base", "base_name", default="starter", show_default=True, metavar="NAME|FOLDER", help=BASE_HELP)
@click.option("--no-recording", is_flag=True, help="Keep only what was computed, not the recording or its text.")
@click.option("--no-preview", is_flag=True, help="Make no spoken sample of the voice (preview.flac).")
@click.option("--replace", is_flag=True, help="Replace a voice of that name.")
@click.option("--consent", default="", help="A note on the speaker's consent, kept with the voice.")
@click.option("--licence", default="", help="Licence under which the voice may be shared.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the closing line.")
@click.pass_context
def clone(
    context: click.Context,
    recording: Path,
    name: str,
    text: str | None,
    language: str | None,
    engine: str | None,
    gate: str,
    denoise: bool,
    cache: bool,
    base_name: str,
    no_recording: bool,
    no_preview: bool,
    replace: bool,
    consent: str,
    licence: str,
    as_json: bool,
) -> None:
    """Make a voice from RECORDING: 5 seconds or more of one person, any common format; a minute is best.

    Only the best three minutes of a longer recording are used. The prompt, 3 to 10 seconds, is chosen by itself; all clean
    speech gives the timbre.
    """
    settings = settings_of(context)
    begun = time.monotonic()
    library = Library(settings.home)
    library.reserve(name, replace=replace)
    words = text_of(text)
    asked = IntakeOptions(GATES.get(gate, GATES["normal"]), take_rejected=gate == "none", denoise=denoise)
    with RichProgress() as progress:
        intake = take_in(recording, asked, progress)
        transcriber = _transcriber(engine, settings.threads) if engine is not None and words is None else None
        progress.start(None, "loading the base model")
        # Here and not above: a recording that cannot be used is refused before torch is loaded.
        from voxcommons.models.build import load_base, use_threads
        from voxcommons.prepare.feature_cache import FeatureCache
        from voxcommons.voices.base_models import find_base
        from voxcommons.voices.cloning import CloneOptions
        from voxcommons.voices.enrolment import CACHE_FOLDER, EnrolOptions, enrol_taken
        from voxcommons.voices.preview import preview_with
        from voxcommons.voices.public_networks import equipped

        use_threads(settings.threads)
        parts = ("content", "semantic_to_wave") if no_preview else ("content", "semantic_to_wave", "text_to_semantic")
        base = equipped(load_base(find_base(base_name, settings.home), parts=parts), settings.home, cloning=True)
        preview = None if no_preview else preview_with(base, settings, progress)
        about = CloneOptions(keep_recording=not no_recording, consent=consent, licence=licence, preview=preview)
        kept = FeatureCache(settings.home / CACHE_FOLDER) if cache else None
        options = EnrolOptions(transcriber=transcriber, cache=kept, clone=about)
        made = enrol_taken(intake, name, text=words, language=language, base=base, library=library, progress=progress, replace=replace,
                           options=options)  # fmt: skip
        for note in made.advice:
            progress.note(f"{_note(settings.language_of_messages)}{note.text(settings.language_of_messages)}")
    voice, report, prompt = made.voice, intake.checked.report, made.voice.manifest.prompt
    prompt_s = prompt.end_s - prompt.start_s if prompt is not None else 0.0
    seconds = time.monotonic() - begun
    if as_json:
        echo_json(
            {
                "name": voice.name,
                "folder": str(voice.folder),
                "id": voice.manifest.id,
                "language": voice.manifest.language,
                "decision": intake.ruling.decision,
                "verdict": report.verdict,
                "snr_db": round(report.snr_db, 1),
                "speech_s": round(report.speech_s, 2),
                "prompt_s": round(prompt_s, 2),
                "prompt_text": prompt.text if prompt is not None else "",
                "phones_from": prompt.phones_from if prompt is not None else "",
                "text_from": made.text_from,
                "advice": [note.kind for note in made.advice],
                "seconds": round(seconds, 2),
            }
        )
        return
    click.echo(
        _figures(settings.language_of_messages).format(
            folder=voice.folder, speech=report.speech_s, verdict=report.verdict, prompt=prompt_s, seconds=seconds
        )
    )
    click.echo(say("cloned", settings.language_of_messages, name=_quoted(voice.name)))


def _transcriber(engine: str, threads: int | None) -> Transcriber:
    """The speech recogniser that `ENGINE:FOLDER` names."""
    name, _, folder = engine.partition(":")
    return open_transcriber(name, Path(folder), threads or 1)


def text_of(text: str | None) -> str | None:
    """The text itself, or the contents of the file it names with @."""
    if text is None or not text.startswith("@"):
        return text
    path = Path(text[1:])
    if not path.is_file():
        raise InputError("no such text file", expected="--text WORDS or --text @FILE", found=str(path), key="no_such_file", path=path)
    if path.stat().st_size > _MOST_TEXT_BYTES:
        raise InputError("the text is too long", expected=f"at most {_MOST_TEXT_BYTES} bytes", found=str(path), key="text_too_long")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as cause:
        raise InputError(
            "cannot read the text", expected="a text file in UTF-8", found=f"{path}, which is not", key="cannot_read"
        ) from cause


def _quoted(name: str) -> str:
    """A name as it must be typed: in quotes when a shell would split it."""
    return name if all(c.isalnum() or c in "-_." for c in name) else f"'{name}'" if "'" not in name else f'"{name}"'


def _note(language: MessageLanguage) -> str:
    return "注意：" if language == "zh" else "note: "


def _figures(language: MessageLanguage) -> str:
    if language == "zh":
        return "语音 {speech:.0f} 秒，质量 {verdict}；提示音 {prompt:.1f} 秒；用时 {seconds:.1f} 秒；保存在 {folder}"
    return "{speech:.0f} s of speech, quality {verdict}; prompt {prompt:.1f} s; took {seconds:.1f} s; kept in {folder}"
