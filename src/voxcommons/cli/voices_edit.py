"""`vox voices describe`, `lexicon` and `style`: what is known about a voice, how it reads words, in which moods it speaks."""

from __future__ import annotations

from pathlib import Path

import click

from voxcommons.base.errors import InputError
from voxcommons.cli.console import BASE_HELP, RichProgress, settings_of
from voxcommons.voicefile.manifest import LEXICON_FILE
from voxcommons.voices.editing import Description, add_style, describe, facts_of, remove_style, set_lexicon
from voxcommons.voices.library import Library


@click.command("describe")
@click.argument("name")
@click.option("--gender", help="As the speaker states it, in any words.")
@click.option("--age", help="Age or age range, such as 30s.")
@click.option("--dialect", help="Dialect or accent.")
@click.option("--region", help="Where the speaker is from.")
@click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", help="Anything else about the speaker; may be repeated.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by; may be repeated.")
@click.option("--untag", "untags", multiple=True, help="Take a tag away; may be repeated.")
@click.option("--language", help="Language tag: en, zh, yue-HK ...")
@click.option("--licence", help="Licence under which the voice may be shared.")
@click.option("--consent", help="A note on the speaker's consent.")
@click.pass_context
def describe_voice(
    context: click.Context,
    /,
    name: str,
    facts: tuple[str, ...],
    tags: tuple[str, ...],
    untags: tuple[str, ...],
    language: str | None,
    licence: str | None,
    consent: str | None,
    **speaker: str | None,
) -> None:
    """Say what is known about the voice NAME. What you leave out stays; an empty value takes a fact away.

    Write only what the speaker wants to be written: it travels with the voice.

    \b
        vox voices describe anna --gender female --age 30s --dialect Yorkshire --tag warm --tag narrator
    """
    known = {fact: value for fact, value in speaker.items() if value is not None} | dict(_pair(fact) for fact in facts)
    changes = Description(known, tags, untags, language, licence, consent)
    voice = describe(Library(settings_of(context).home), name, changes)
    made = voice.manifest
    parts = [f"{fact} {value}" for fact, value in facts_of(made).items()] + [f"tags {', '.join(made.tags)}"] * bool(made.tags)
    click.echo(f"{voice.name}: {'; '.join([made.language, *parts])}")


@click.command("lexicon")
@click.argument("name")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--remove", is_flag=True, help="Take the voice's lexicon away.")
@click.pass_context
def lexicon_of_voice(context: click.Context, name: str, file: Path | None, remove: bool) -> None:
    """Show how the voice NAME reads certain words, or give it a FILE of 'word TAB reading' lines.

    The words travel with the voice. A lexicon given for one text wins over them.

    \b
        vox voices lexicon anna names.tsv
    """
    library = Library(settings_of(context).home)
    if file is not None and remove:
        raise InputError("set or remove, not both", found=f"{file} and --remove", do="give one of them")
    if file is None and not remove:
        voice = library.get(name)
        own = LEXICON_FILE in voice.manifest.files
        click.echo((voice.folder / LEXICON_FILE).read_text("utf-8").rstrip("\n") if own else f"{voice.name} has no lexicon of its own")
        return
    voice = set_lexicon(library, name, file)
    click.echo(f"{voice.name} reads words {'by its lexicon' if file is not None else 'as every voice does'} now")


@click.group()
def style() -> None:
    """Give a voice further ways of speaking, from other clips of the same person: calm, angry, whispering.

    \b
        vox voices style add anna angry angry-clip.wav
        vox speak "Get out!" --voice anna/angry
    """


@style.command("add")
@click.argument("name")
@click.argument("style_name", metavar="STYLE")
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--text", help="What is said in the recording.")
@click.option("--base", "base_name", metavar="NAME|FOLDER", help=BASE_HELP + " By default the one the voice was made for.")
@click.option("--no-recording", is_flag=True, help="Keep only what was computed, not the clip or its words.")
@click.option("--replace", is_flag=True, help="Replace a style of that name.")
@click.pass_context
def add(
    context: click.Context,
    name: str,
    style_name: str,
    recording: Path,
    text: str | None,
    base_name: str | None,
    no_recording: bool,
    replace: bool,
) -> None:
    """Make STYLE of the voice NAME from RECORDING: 5 seconds or more of the same person in that mood."""
    settings = settings_of(context)
    library = Library(settings.home)
    voice = library.get(name)
    with RichProgress() as progress:
        from voxcommons.prepare.recording import prepare_recording  # a poor recording is refused before torch is loaded

        prepared = prepare_recording(recording, progress)
        progress.start(None, "loading the base model")
        from voxcommons.models.build import load_base, use_threads
        from voxcommons.voices.base_models import base_of_voice, find_base
        from voxcommons.voices.public_networks import equipped
        from voxcommons.voices.styles import style_of_recording

        use_threads(settings.threads)
        place = find_base(base_name or base_of_voice(voice.manifest.base.name, settings.home), settings.home)
        base = equipped(load_base(place, parts=("content", "semantic_to_wave")), settings.home, cloning=True)
        made = style_of_recording(prepared, voice, base, text=text, keep_recording=not no_recording, progress=progress)
    voice = add_style(library, name, style_name, made, replace=replace)
    click.echo(f'try: vox speak "Hello" --voice "{voice.name}/{style_name}" -o hello.wav')


@style.command("remove")
@click.argument("name")
@click.argument("style_name", metavar="STYLE")
@click.pass_context
def remove_one(context: click.Context, name: str, style_name: str) -> None:
    """Take STYLE away from the voice NAME."""
    voice = remove_style(Library(settings_of(context).home), name, style_name)
    click.echo(f"{voice.name} speaks in: {', '.join(['its plain self', *sorted(voice.manifest.styles)])}")


def _pair(fact: str) -> tuple[str, str]:
    name, equals, value = fact.partition("=")
    if not equals or not name:
        raise InputError("this says nothing about the speaker", expected="NAME=VALUE", found=repr(fact))
    return name, value
