"""Changing what a voice says about itself, how it reads words, and in which styles it speaks.

Apart from the library, which puts whole folders in place: each function here makes a changed copy and lets the library
swap it in, so a voice is never half changed, and what is changed travels with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voxcommons.base.errors import InputError
from voxcommons.text.lexicon import Lexicon
from voxcommons.voicefile.archive import write_manifest
from voxcommons.voicefile.features import Features, write_features
from voxcommons.voicefile.manifest import (
    CARD_FILE,
    LEXICON_FILE,
    MANIFEST_FILE,
    MOST_STYLES,
    MOST_TAGS,
    Consent,
    StyleFacts,
    VoiceManifest,
    is_tag,
)
from voxcommons.voicefile.names import same_place, voice_name
from voxcommons.voices.card import voice_card
from voxcommons.voices.library import Library, Voice

if TYPE_CHECKING:
    from voxcommons.audio.files import Samples

FACTS: Final = ("gender", "age", "dialect", "region")
"""What a person may say about the speaker, in the speaker's own words; other facts are kept too."""
_LONGEST_FACT_CHARS: Final = 200
_MOST_FACTS: Final = 20


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Description:
    """What is to be changed in how a voice is described. None and empty lists leave things as they are.

    Attributes:
        speaker: facts to set; an empty text takes one away.
        add_tags, remove_tags: words to find it by.
        language: a language tag such as ``zh`` or ``yue-HK``.
        licence: under which it may be shared.
        consent: a note on the speaker's consent.
    """

    speaker: Mapping[str, str] = field(default_factory=dict)
    add_tags: Iterable[str] = ()
    remove_tags: Iterable[str] = ()
    language: str | None = None
    licence: str | None = None
    consent: str | None = None


@dataclass(frozen=True)
class Style:
    """A way of speaking that a voice is to have.

    Attributes:
        features: timbre and prompt of the clip.
        text: what the prompt says, when that is known.
        phones_from: ``text`` or ``recognised``.
        clip: the clip's samples [T] and their rate in Hz, to be kept with the voice; None leaves it out.
    """

    features: Features
    text: str = ""
    phones_from: str = "recognised"
    clip: tuple[Samples, int] | None = None


def describe(library: Library, name: str, changes: Description, *, clock: Callable[[], datetime] = now) -> Voice:
    """Change how a voice is described.

    Raises:
        InputError: a tag or fact cannot be one, or the voice belongs to the package.
        UnknownVoiceError: there is no such voice.
        StorageError: the disk is full or the place cannot be written.
    """
    with library.changing(name) as (voice, folder):
        made = voice.manifest
        consent = made.consent
        if changes.consent is not None:
            noted = clock().isoformat(timespec="seconds") if changes.consent else ""
            consent = Consent(changes.consent, noted)
        _rewrite(
            voice, folder,
            speaker=_facts(made.speaker, changes.speaker), tags=_tags(made.tags, changes.add_tags, changes.remove_tags), consent=consent,
            language=made.language if changes.language is None else changes.language,
            licence=made.licence if changes.licence is None else changes.licence,
        )  # fmt: skip
    return library.get(name)


def set_lexicon(library: Library, name: str, lexicon: Path | None) -> Voice:
    """Give a voice its own readings of words, from a file as `text.lexicon` reads it; None takes them away.

    Raises:
        InputError: the file holds entries that cannot be used, or the voice belongs to the package.
        UnknownVoiceError: there is no such voice.
        StorageError: the disk is full or the place cannot be written.
    """
    content = None
    if lexicon is not None:
        Lexicon.from_file(lexicon)  # every fault is told here, and not when the voice next speaks
        if lexicon.suffix.lower() == ".json":
            raise InputError("a voice keeps its lexicon as lines", expected="a file of 'word TAB reading' lines", found=str(lexicon))
        content = lexicon.read_text(encoding="utf-8-sig")
    with library.changing(name) as (voice, folder):
        (folder / LEXICON_FILE).unlink(missing_ok=True)
        if content is not None:
            (folder / LEXICON_FILE).write_text(content, encoding="utf-8")
        _rewrite(voice, folder)
    return library.get(name)


def add_style(library: Library, name: str, style: str, made: Style, *, replace: bool = False, clock: Callable[[], datetime] = now) -> Voice:
    """Give a voice a further style.

    Args:
        library: where the voice is.
        name: of the voice.
        style: its name for people; letters of any script.
        made: what it is.
        replace: whether a style of that name gives way.
        clock: the clock.

    Raises:
        InputError: the style's name cannot be one or is taken, there is no room for more, or the voice belongs to the package.
        UnknownVoiceError: there is no such voice.
        StorageError: the disk is full or the place cannot be written.
    """
    wanted = voice_name(style)
    with library.changing(name) as (voice, folder):
        styles = dict(voice.manifest.styles)
        taken = next((known for known in styles if same_place(known) == same_place(wanted)), None)
        if taken is not None and not replace:
            raise InputError("the voice has that style already", found=taken, do="choose another name or pass --replace")
        if taken is not None:
            _drop_files(folder, styles.pop(taken))
        free = sorted(set(range(1, MOST_STYLES + 1)) - {one.slot for one in styles.values()})
        if not free:
            raise InputError("the voice has no room for more styles", expected=f"at most {MOST_STYLES}", found=str(len(styles)))
        facts = StyleFacts(free[0], made.text, made.phones_from, clock().isoformat(timespec="seconds"))
        write_features(folder / facts.features_file, made.features)
        if made.clip is not None:
            from voxcommons.audio.files import save_flac  # needs more libraries than listing voices does

            save_flac(folder / facts.recording_file, *made.clip)
        _rewrite(voice, folder, styles=styles | {wanted: facts})
    return library.get(name)


def remove_style(library: Library, name: str, style: str) -> Voice:
    """Take a style away from a voice.

    Raises:
        InputError: it has no such style, or belongs to the package.
        UnknownVoiceError: there is no such voice.
        StorageError: the place cannot be written.
    """
    with library.changing(name) as (voice, folder):
        known = voice.in_style(style).style
        styles = dict(voice.manifest.styles)
        _drop_files(folder, styles.pop(known))
        _rewrite(voice, folder, styles=styles)
    return library.get(name)


def lexicon_of(voice: Voice, given: Lexicon | None) -> Lexicon | None:
    """The readings to speak a voice with: its own, and over them those given for this text."""
    return voice.lexicon.merged(given) if voice.lexicon is not None else given


def _drop_files(folder: Path, style: StyleFacts) -> None:
    for file in (style.features_file, style.recording_file):
        (folder / file).unlink(missing_ok=True)


def _rewrite(voice: Voice, folder: Path, **changes: object) -> None:
    """Write the manifest of a changed copy, and its card where nobody wrote one by hand."""
    before, after = voice.manifest, dataclasses.replace(voice.manifest, **changes)  # type: ignore[arg-type]
    card = folder / CARD_FILE
    if card.is_file() and card.read_text(encoding="utf-8", errors="replace") == voice_card(before):
        card.unlink()
        card.write_text(voice_card(after), encoding="utf-8")
    (folder / MANIFEST_FILE).unlink()
    write_manifest(folder, after)


def _facts(known: Mapping[str, str], changed: Mapping[str, str]) -> dict[str, str]:
    facts = {name: value for name, value in {**known, **changed}.items() if value}
    long = [name for name, value in facts.items() if len(value) > _LONGEST_FACT_CHARS or not 0 < len(name) <= _LONGEST_FACT_CHARS]
    if long or len(facts) > _MOST_FACTS:
        raise InputError(
            "too much about the speaker", expected=f"at most {_MOST_FACTS} facts of {_LONGEST_FACT_CHARS} characters",
            found=f"{len(facts)} facts{f', {long[0][:40]} too long' if long else ''}",
        )  # fmt: skip
    return facts


def _tags(known: Iterable[str], added: Iterable[str], removed: Iterable[str]) -> tuple[str, ...]:
    gone = {_tag(tag) for tag in removed}
    tags = tuple(sorted(({*known} | {_tag(tag) for tag in added}) - gone))
    if len(tags) > MOST_TAGS:
        raise InputError("too many tags", expected=f"at most {MOST_TAGS}", found=str(len(tags)))
    return tags


def _tag(word: str) -> str:
    tag = " ".join(word.split()).casefold()
    if not is_tag(tag):
        raise InputError("this cannot be a tag", expected="a short word or two without commas", found=repr(word))
    return tag


def facts_of(manifest: VoiceManifest) -> dict[str, str]:
    """What is known about the speaker, the usual facts first."""
    return {name: manifest.speaker[name] for name in (*FACTS, *sorted(set(manifest.speaker) - set(FACTS))) if name in manifest.speaker}
