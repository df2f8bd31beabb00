"""Finding voices by what is known about them.

The folders of the library say what a voice is; this is a copy of their manifests in the database, to search in. Before
every search it is compared with the folders, by the time and size of each voice.json, so it never says anything the library does not.
Several machines with libraries of their own may share a database: each library has an id of its own.
"""

from __future__ import annotations

import contextlib
import unicodedata
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, delete, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from voxcommons.base.database import Database
from voxcommons.base.errors import CorruptFileError
from voxcommons.base.files import atomic_path
from voxcommons.voicefile.archive import read_manifest_file
from voxcommons.voicefile.manifest import MANIFEST_FILE, VoiceManifest
from voxcommons.voices.library import Library, Voice
from voxcommons.voices.tables import VoiceRow

_ID_FILE: Final = ".library-id"
_LONGEST_NAME_CHARS, _LONGEST_FACT_CHARS, _LONGEST_TAG_CHARS = 64, 200, 40  # of the columns


@dataclass(frozen=True)
class Query:
    """What a voice must be like. Empty parts ask for nothing; case never matters.

    Attributes:
        words: each must occur in its name, tags, styles, licence, what is known of the speaker, or the note on consent.
        language: a tag; ``zh`` finds ``zh-HK`` too.
        gender: what the speaker said, or a whole word of it: ``male`` does not find ``female``.
        age, dialect, region: a part of what the speaker said of it.
        tags: it has all of them.
        style: it has this style.
        licence: a part of it.
        consent: True for those with a note on consent only.
    """

    words: tuple[str, ...] = ()
    language: str = ""
    gender: str = ""
    age: str = ""
    dialect: str = ""
    region: str = ""
    tags: tuple[str, ...] = ()
    style: str = ""
    licence: str = ""
    consent: bool = False


@dataclass(frozen=True)
class Catalogue:
    """What the voices of one library can be found by.

    Attributes:
        database: where the copy lies.
        library: what it is a copy of.
    """

    database: Database
    library: Library

    def search(self, query: Query | None = None) -> Sequence[Voice]:
        """The voices that are as asked, by name, the user's own first.

        Raises:
            StorageError: the database or the library cannot be used.
        """
        wanted = _conditions(query or Query())
        library_id = self.refresh()
        with self.database.reading() as session:
            asked = select(VoiceRow.name).where(VoiceRow.library == library_id, *wanted).order_by(VoiceRow.bundled, VoiceRow.name)
            names = list(session.scalars(asked))
        found = []
        for name in names:
            with contextlib.suppress(CorruptFileError):  # `vox voices` tells about those
                found.append(self.library.get(name))
        return found

    def refresh(self) -> str:
        """Make the copy agree with the folders; the library's id."""
        library_id = self._id()
        there = {place.name: place for place in self.library.places()}
        stamps = {name: stamp for name, place in there.items() if (stamp := _stamp(place)) is not None}
        with self.database.reading() as session:
            rows = session.execute(select(VoiceRow.name, VoiceRow.stamp).where(VoiceRow.library == library_id))
            known = {name: stamp for name, stamp in rows}
        stale = sorted(name for name in {*stamps, *known} if stamps.get(name) != known.get(name))
        if stale:
            made = [_row(library_id, there[name], stamps[name], self.library) for name in stale if name in stamps]
            with self.database.writing() as session:
                _exchange(session, library_id, stale, [row for row in made if row is not None])
        return library_id

    def _id(self) -> str:
        """Of the library; made and kept in its folder at the first search."""
        file = self.library.folder / _ID_FILE
        with contextlib.suppress(FileNotFoundError):
            return file.read_text("ascii").strip()
        with atomic_path(file) as temporary:
            temporary.write_text(uuid.uuid4().hex, encoding="ascii")
        return file.read_text("ascii").strip()  # of two who made one at once, the later won


def _exchange(session: Session, library_id: str, stale: Iterable[str], rows: Iterable[VoiceRow]) -> None:
    session.execute(delete(VoiceRow).where(VoiceRow.library == library_id, VoiceRow.name.in_(list(stale))))
    for row in rows:
        with contextlib.suppress(IntegrityError), session.begin_nested():  # somebody else saw the same change
            session.add(row)


def _stamp(place: Path) -> str | None:
    """Changes when a voice does: its manifest holds the hashes of its other files."""
    try:
        facts = (place / MANIFEST_FILE).stat()
    except OSError:
        return None
    return f"{facts.st_mtime_ns}:{facts.st_size}:{facts.st_ino}"


def _row(library_id: str, place: Path, stamp: str, library: Library) -> VoiceRow | None:
    try:
        made = read_manifest_file(place)
    except CorruptFileError:
        return None
    if len(place.name) > _LONGEST_NAME_CHARS:
        return None
    speaker = {name: _fold(made.speaker.get(name, ""))[:_LONGEST_FACT_CHARS] for name in ("gender", "age", "dialect", "region")}
    return VoiceRow(
        library=library_id, name=place.name, stamp=stamp, bundled=library.is_bundled(place), voice_id=made.id,
        language=made.language.lower()[:_LONGEST_TAG_CHARS], base=_fold(made.base.name)[:_LONGEST_FACT_CHARS],
        created=made.created[:_LONGEST_TAG_CHARS], licence=_fold(made.licence), consent=bool(made.consent.note), tags=_lines(made.tags),
        styles=_lines(made.styles), words=_words(made), **speaker,
    )  # fmt: skip


def _words(made: VoiceManifest) -> str:
    parts = (made.name, made.language, made.licence, made.consent.note, *made.tags, *made.styles, *made.speaker.values())
    return "\n".join(map(_fold, parts))


def _lines(names: Iterable[str]) -> str:
    return "".join(f"\n{_fold(name)}" for name in names) + "\n"


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    found = [VoiceRow.words.contains(_fold(word), autoescape=True) for word in query.words]
    if query.language:
        language = query.language.lower()
        found.append((VoiceRow.language == language) | VoiceRow.language.startswith(f"{language}-", autoescape=True))
    if gender := _fold(query.gender):
        found.append((literal(" ") + VoiceRow.gender + " ").contains(f" {gender} ", autoescape=True))
    for name in ("age", "dialect", "region", "licence"):
        if asked := _fold(getattr(query, name)):
            found.append(getattr(VoiceRow, name).contains(asked, autoescape=True))
    found += [VoiceRow.tags.contains(_lines([tag]), autoescape=True) for tag in query.tags]
    if query.style:
        found.append(VoiceRow.styles.contains(_lines([query.style]), autoescape=True))
    if query.consent:
        found.append(VoiceRow.consent.is_(True))
    return found


def _fold(text: str) -> str:
    """Texts that a reader takes for the same are the same; no database keeps NUL."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("\0", "").split())
