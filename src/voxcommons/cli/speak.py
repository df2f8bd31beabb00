"""`vox speak`: a text and a voice in, a labelled sound file out."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from voxcommons.base.errors import InputError
from voxcommons.base.messages import say
from voxcommons.base.progress import Progress
from voxcommons.base.settings import Settings
from voxcommons.cli.console import BASE_HELP, RichProgress, echo_json, settings_of
from voxcommons.synth.options import MAX_CHARACTERS, SpeakOptions
from voxcommons.voices.polyphones import CHOICES, DICTIONARY
from voxcommons.voices.polyphones import polyphones as polyphones_of

if TYPE_CHECKING:
    from voxcommons.models.build import BaseModel
    from voxcommons.synth.chunks import AudioChunk
    from voxcommons.synth.engine import SpeakingVoice
    from voxcommons.synth.subtitles import Subtitles
    from voxcommons.text.lexicon import Lexicon
    from voxcommons.text.script import Script
    from voxcommons.voices.library import Voice

STDIN = STDOUT = "-"
_MOST_BYTES = 4 * MAX_CHARACTERS  # UTF-8 takes up to four bytes a character
_OPTION_NAMES = {"pause": "pause_s", "stream": "streaming"}


@click.command()
@click.argument("text", required=False)
@click.option("--file", "source", metavar="FILE", help="Read the text from a UTF-8 file; '-' is standard input.")
@click.option("--voice", "-v", "voice_name", metavar="NAME", help="Who speaks; see `vox voices`. By default a voice of the package.")
@click.option(
    "--output", "-o", metavar="FILE", help="Sound file: wav, flac, ogg, opus, mp3 or aac by its ending; '-' is raw PCM to standard output."
)
@click.option("--format", "file_format", metavar="NAME", help="Format of the sound file, whatever its ending.")
@click.option("--ssml", is_flag=True, help="The text is SSML: <speak>...</speak>.")
@click.option("--lang", default="auto", show_default=True, help="Language of the text: auto, en, zh, ja ...; vox phonemes lists them.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="Tempo; 2 is twice as fast.")
@click.option("--pitch", type=float, default=0.0, show_default=True, help="Semitones higher or lower; the timbre stays.")
@click.option("--pitch-range", type=float, default=1.0, show_default=True, help="How wide the intonation moves; 0 is a monotone.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same speech.")
@click.option("--temperature", type=float, default=0.8, show_default=True, help="Liveliness of delivery; 0 takes the likeliest.")
@click.option("--top-k", type=int, default=8, show_default=True, help="Choices kept at each step; 0 keeps all.")
@click.option("--top-p", type=float, default=1.0, show_default=True, help="Probability kept at each step.")
@click.option("--repetition-penalty", type=float, default=1.35, show_default=True, help="Above 1 avoids what was said before.")
@click.option("--noise-scale", type=float, default=0.5, show_default=True, help="Liveliness of the sound; 0 is flat.")
@click.option("--pause", type=float, default=0.3, show_default=True, help="Seconds of silence after a sentence.")
@click.option("--takes", type=int, help="Times a sentence is tried, the clearest is kept; by default 4, with --stream 1.")
@click.option("--stream", is_flag=True, help="Hand out sound while a sentence is still being made; for use with -o -.")
@click.option("--subtitles", metavar="FILE", help="Also write subtitles, .srt or .vtt; .vtt has the time of every word.")
@click.option("--lexicon", metavar="FILE", help="Own readings of words: lines of 'word TAB reading', or JSON.")
@click.option("--polyphones", type=click.Choice(CHOICES), default=DICTIONARY, show_default=True,
              help="Who decides Mandarin characters with several readings; g2pw is a network: vox models pull g2pw.")  # fmt: skip
@click.option("--base", "base_name", metavar="NAME|FOLDER", help=BASE_HELP + " Left out: what the voice was made for, if it is installed.")
@click.option("--no-history", is_flag=True, help="Do not keep the text for `vox voices history`; VOX_HISTORY=off does so always.")
@click.option("--json", "as_json", is_flag=True, help="Print the closing facts as JSON.")
@click.pass_context
def speak(
    context: click.Context,
    /,
    text: str | None,
    source: str | None,
    voice_name: str | None,
    output: str | None,
    file_format: str | None,
    ssml: bool,
    lang: str,
    subtitles: str | None,
    lexicon: str | None,
    polyphones: str,
    base_name: str | None,
    no_history: bool,
    as_json: bool,
    **delivery: Any,  # noqa: ANN401 - the numbers of SpeakOptions
) -> None:
    """Speak TEXT ('-' reads standard input) to a sound file.

    Example: vox speak "Well [pause 0.5s] here we are." --pitch 2 --speed 0.9 -o out.wav

    Warnings about what could not be read, with their positions, go to standard error.
    """
    settings = settings_of(context)
    settings = replace(settings, history=settings.history and not no_history)
    options = SpeakOptions(language=lang, lexicon=_lexicon(lexicon), **_renamed(delivery))
    words = _text(text, source)
    target = _target(output, file_format)
    beside = _subtitles_path(subtitles)
    script = _script(words, lang, ssml=ssml)
    job = _prepare(settings, script, voice_name, base_name, options, polyphones, beside)
    with RichProgress() as progress:
        if output == STDOUT:
            facts = _to_stdout(job, progress)
        else:
            facts = _to_file(job, target, file_format, progress)
    if beside is not None and job.subtitles is not None:
        job.subtitles.write(beside)
        facts["subtitles"] = str(beside)
    aside = output == STDOUT  # standard output carries the sound then
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False), err=True) if aside else echo_json(facts)
    else:
        click.echo(say("spoken", settings.language_of_messages, **facts), err=aside)


@dataclass
class _Job:
    """Everything one run of the verb has loaded, and what it saw on the way."""

    settings: Settings
    text: Script
    voice: SpeakingVoice
    base: BaseModel
    options: SpeakOptions
    chunks: Iterator[AudioChunk]
    subtitles: Subtitles | None = None
    warnings: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    work_s: float = 0.0
    first_sound_s: float | None = None

    def watched(self, progress: Progress) -> Iterator[AudioChunk]:
        """The chunks, with progress, warnings and times noted; time spent by who takes them is not counted."""
        started = False
        begun = time.perf_counter()
        for chunk in self.chunks:
            self.work_s += time.perf_counter() - begun
            if not started:
                progress.start(chunk.sentences, f"speaking with {self.voice.manifest.name}")
                started = True
            if len(chunk.samples) and self.first_sound_s is None:
                self.first_sound_s = self.work_s
            self.seconds += chunk.seconds
            for warning in chunk.warnings:
                self.warnings.append({"kind": warning.kind, "message": warning.message, "start": warning.start, "end": warning.end})
                progress.note(f"warning: characters {warning.start}-{warning.end}: {warning.message}")
            if chunk.final:
                progress.advance()
            yield chunk
            begun = time.perf_counter()
        self.work_s += time.perf_counter() - begun

    def facts(self) -> dict[str, Any]:
        """The closing facts."""
        return {
            "voice": self.voice.manifest.name,
            "base": self.base.name,
            "sample_rate": self.base.sample_rate,
            "seconds": round(self.seconds, 3),
            "work_s": round(self.work_s, 3),
            "real_time_factor": round(self.work_s / self.seconds, 4),
            "first_sound_s": round(self.first_sound_s or 0.0, 3),
            "seed": self.options.seed,
            "warnings": self.warnings,
        }


def _prepare(
    settings: Settings, text: Script, voice_name: str | None, base_name: str | None, options: SpeakOptions, asked: str, beside: Path | None
) -> _Job:
    """Find the voice before the models are loaded: a typing mistake should not cost the wait."""
    from voxcommons.voices.library import Library  # the rooms below load numpy or torch

    library = Library(settings.home)
    voice = library.get(voice_name) if voice_name else None
    options = replace(options, polyphones=polyphones_of(asked, settings.home, threads=settings.threads))
    from voxcommons.models.base_file import read_facts
    from voxcommons.models.build import STARTER, load_base
    from voxcommons.synth.engine import Engine
    from voxcommons.voices.base_models import base_of_voice, find_base
    from voxcommons.voices.editing import lexicon_of
    from voxcommons.voices.own_weights import own_weights
    from voxcommons.voices.public_networks import equipped

    fallback = STARTER if voice is None else base_of_voice(voice.manifest.base.name, settings.home)
    place = find_base(base_name or fallback, settings.home)
    if voice is None:
        voice = _default_voice(library.list(), text.text, read_facts(place)[1])
    options = replace(options, lexicon=lexicon_of(voice, options.lexicon))
    base = equipped(load_base(place, own_weights=own_weights(voice)), settings.home)
    engine = Engine(base, threads=settings.threads)
    if beside is None:
        return _Job(settings, text, voice, base, options, engine.speak(text, voice, options))
    from voxcommons.synth.subtitles import Subtitles

    watcher = Subtitles()
    options = replace(options, word_times=engine.tells_words)
    return _Job(settings, text, voice, base, options, watcher.watched(engine.speak(text, voice, options)), watcher)


def _to_file(job: _Job, target: Path, file_format: str | None, progress: Progress) -> dict[str, Any]:
    from voxcommons.synth.engine import provenance
    from voxcommons.trust.audit import ReleaseLog
    from voxcommons.trust.release import release_to_file

    made_from = provenance(job.text.given, job.voice, job.base, job.options)
    log = ReleaseLog(job.settings.home)
    released = release_to_file(job.watched(progress), target, provenance=made_from, log=log, file_format=file_format)
    _remember(job, path=str(released.path.absolute()), release_id=released.release_id)
    return {"path": str(released.path), "format": released.file_format, "release_id": released.release_id} | job.facts()


def _to_stdout(job: _Job, progress: Progress) -> dict[str, Any]:
    from voxcommons.synth.engine import provenance
    from voxcommons.trust.audit import ReleaseLog
    from voxcommons.trust.release import release_stream

    made_from = provenance(job.text.given, job.voice, job.base, job.options)
    stream = release_stream(job.watched(progress), provenance=made_from, log=ReleaseLog(job.settings.home))
    out = sys.stdout.buffer
    try:
        for piece in stream:
            out.write(piece)
            out.flush()
    finally:
        stream.close()
    _remember(job)
    return {"path": STDOUT, "format": "pcm_s16le"} | job.facts()


def _remember(job: _Job, *, path: str = "", release_id: str = "") -> None:
    """Note down what was spoken, for `vox voices history`, unless nobody wants that."""
    if not job.settings.history:
        return
    from voxcommons.voices.notes import Spoken, note

    made, style = job.voice.manifest, getattr(job.voice, "style", "")
    spoken = Spoken(made.name, made.id, job.text.given, round(job.seconds, 3), style, job.options.language, path, release_id)
    note(job.settings.home, spoken)


def _default_voice(voices: Sequence[Voice], text: str, base_sha256: str) -> Voice:
    """A voice for those who name none: one that fits the base model, of the package and of the text's language if there is one."""
    fitting = [voice for voice in voices if voice.manifest.base.sha256 == base_sha256]
    if not fitting:
        raise InputError(
            "there is no voice for this base model",
            expected="a voice in the library",
            found=f"{len(voices)} of other base models",
            do="make one: vox clone --help",
        )
    language = "zh" if any("\u3400" <= character <= "\u9fff" for character in text) else "en"
    return min(fitting, key=lambda voice: (not voice.bundled, voice.manifest.language != language))


def _text(text: str | None, source: str | None) -> str:
    """The words to speak, from the argument, a file or standard input."""
    if (text is None) == (source is None):
        found = "neither" if text is None else "both"
        raise InputError("nothing to speak" if text is None else "two texts", expected="TEXT or --file", found=found, do="give one of them")
    if text == STDIN or source == STDIN:
        return _decoded(sys.stdin.buffer, "standard input")
    if source is not None:
        with Path(source).open("rb") as file:
            return _decoded(file, source)
    return text or ""


def _decoded(file: BinaryIO | io.BufferedReader, name: str) -> str:
    content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise InputError(
            "the text is too long",
            expected=f"at most {MAX_CHARACTERS} characters",
            found=f"{name}: more than {_MOST_BYTES} bytes",
            do="speak it in parts",
            key="text_too_long",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"{name}: {error.reason} at byte {error.start}"
        raise InputError("the text cannot be read", expected="UTF-8", found=found) from error


def _script(words: str, language: str, *, ssml: bool) -> Script:
    """What is to be said; mistakes in it are told before anything is loaded."""
    from voxcommons.text.script import plain_script
    from voxcommons.text.ssml import looks_like_ssml, ssml_script

    if ssml:
        return ssml_script(words, language)
    if looks_like_ssml(words):
        click.echo("note: this looks like SSML and is read as plain text; --ssml follows it", err=True)
    return plain_script(words)


def _target(output: str | None, file_format: str | None) -> Path:
    """Where to write; checked here already, so that nobody waits for speech that has no place to go."""
    from voxcommons.trust.sinks import format_of

    if output == STDOUT:
        if file_format is not None:
            found = f"--format {file_format}"
            raise InputError("standard output carries raw PCM only", found=found, do="give a file name or leave --format out")
        return Path(STDOUT)
    path = Path(output) if output is not None else _unused(Path(f"speech.{(file_format or 'wav').lower()}"))
    format_of(path, file_format)
    if path.is_dir():
        raise InputError("cannot write there", expected="the path of a file", found=f"{path} is a folder")
    if not path.parent.is_dir():
        raise InputError("the folder does not exist", expected="an existing folder", found=str(path.parent), do="create it first")
    return path


def _subtitles_path(name: str | None) -> Path | None:
    if name is None:
        return None
    from voxcommons.synth.subtitles import check_path

    check_path(path := Path(name))
    return path


def _unused(path: Path) -> Path:
    """The path itself, or with the first number that is free: a default name must not replace anything."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free


def _lexicon(path: str | None) -> Lexicon | None:
    if path is None:
        return None
    from voxcommons.text.lexicon import Lexicon

    return Lexicon.from_file(Path(path))


def _renamed(delivery: Mapping[str, Any]) -> dict[str, Any]:
    """Command-line options as fields of `SpeakOptions`."""
    fields = {_OPTION_NAMES.get(name, name): value for name, value in delivery.items()}
    return fields | {"streaming": "token" if fields["streaming"] else "sentence"}
