"""The voices on this machine: those in the package and those the user made or fetched.

A library is a folder of voice folders, nothing else: no index that could disagree with it. Every change is a whole
folder put in place or taken away, so a library is right after a crash too. It knows no model.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import importlib.resources
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from filelock import FileLock

from voxcommons.base.errors import CorruptFileError, InputError, StorageError, UnknownVoiceError
from voxcommons.base.files import atomic_folder, storage_error
from voxcommons.text.lexicon import Lexicon
from voxcommons.voicefile.archive import copy_or_link, pack, peek, read_manifest_file, read_style, read_voice, unpack, write_manifest
from voxcommons.voicefile.check import Fault, check
from voxcommons.voicefile.features import Features
from voxcommons.voicefile.manifest import LEXICON_FILE, REFERENCE_FILE, VoiceManifest
from voxcommons.voicefile.names import same_place, voice_name

FOLDER: Final = "voices"
STYLE_MARK: Final = "/"
"""Between the name of a voice and that of a style; no name may hold it."""
_LOCK: Final = ".lock"
BUNDLED_FOLDER: Final = "voices_bundled"


# Folders that may be voices: (where, whether it belongs to the package).
_Places = list[tuple[Path, bool]]


@dataclass(frozen=True)
class Voice:
    """A voice that can be spoken with.

    Attributes:
        manifest: what it says about itself.
        folder: where it lies.
        bundled: whether it came with the package and cannot be removed.
        style: the style it speaks in; empty for its plain self.
    """

    manifest: VoiceManifest
    folder: Path
    bundled: bool = False
    style: str = ""

    @cached_property
    def features(self) -> Features:
        """Style and prompt, read and checked on first use.

        Raises:
            CorruptFileError: a file of the voice is missing or changed.
        """
        if self.style:
            return read_style(self.folder, self.manifest, self.style)
        return read_voice(self.folder)[1]

    def in_style(self, style: str) -> Voice:
        """The same voice speaking in one of its styles; the empty name is its plain self.

        Raises:
            InputError: it has no such style; the message names those it has.
        """
        known = {same_place(name): name for name in self.manifest.styles}
        if style and same_place(style) not in known:
            there = ", ".join(sorted(known.values())) or "none yet"
            do = f"see: vox voices show {self.name}"
            raise InputError("the voice has no such style", expected=f"one of: {there}", found=repr(style), do=do, key="no_such_style")
        return dataclasses.replace(self, style=known[same_place(style)] if style else "")

    @cached_property
    def lexicon(self) -> Lexicon | None:
        """How this voice reads certain words; None when it has no lexicon of its own.

        Raises:
            InputError: it holds readings that cannot be used.
        """
        return Lexicon.from_file(self.folder / LEXICON_FILE) if LEXICON_FILE in self.manifest.files else None

    @property
    def name(self) -> str:
        """Its name."""
        return self.manifest.name

    @property
    def has_recording(self) -> bool:
        """Whether the recording it was made from is kept with it."""
        return REFERENCE_FILE in self.manifest.files


@dataclass(frozen=True)
class Damaged:
    """A folder in the library that is no usable voice.

    Attributes:
        name: of the folder.
        folder: where it lies.
        faults: everything wrong with it.
    """

    name: str
    folder: Path
    faults: tuple[Fault, ...]


class Library:
    """All voices of one user.

    Args:
        home: the one folder for all user data; voices lie in ``home/voices``.
        bundled: the folder of voices that came with the package; None takes the package's own.
    """

    def __init__(self, home: Path, bundled: Path | None = None) -> None:
        self.folder = home / FOLDER
        self._bundled = bundled if bundled is not None else Path(str(importlib.resources.files("voxcommons"))) / BUNDLED_FOLDER

    def list(self) -> Sequence[Voice]:
        """Every readable voice by name, the user's own first; the damaged ones are in :meth:`damaged`."""
        voices = []
        for folder, bundled in self._folders():
            with contextlib.suppress(CorruptFileError):
                manifest, _ = read_voice(folder)
                voices.append(Voice(manifest, folder, bundled))
        return voices

    def damaged(self) -> Sequence[Damaged]:
        """Every folder that is no usable voice, with all its faults."""
        found = []
        for folder, _ in self._folders():
            try:
                read_voice(folder)
            except CorruptFileError:
                found.append(Damaged(folder.name, folder, tuple(check(folder))))
        return found

    def places(self) -> Sequence[Path]:
        """The folders of all voices, damaged ones included; of two with one name only the one that is spoken with."""
        return list({folder.name: folder for folder, _ in reversed(self._folders())}.values())

    def is_bundled(self, folder: Path) -> bool:
        """Whether a folder belongs to the package."""
        return folder.parent == self._bundled

    def names(self) -> Sequence[str]:
        """The folder names of all voices, damaged ones included."""
        return [folder.name for folder, _ in self._folders()]

    def get(self, name: str) -> Voice:
        """A voice by its name, or as ``NAME/STYLE`` speaking in one of its styles.

        Raises:
            UnknownVoiceError: there is none; the message names similar ones.
            InputError: it has no such style.
            CorruptFileError: it is there but damaged; the message names every file at fault.
        """
        name, _, style = name.partition(STYLE_MARK)
        folder, bundled = self._find(name)
        try:
            manifest, _ = read_voice(folder)
        except CorruptFileError as cause:
            faults = check(folder)
            raise CorruptFileError(
                f"the voice {folder.name} is damaged",
                expected="a whole voice",
                found="; ".join(map(str, faults)) or cause.found,
                do=f"clone or import it again, or remove it: vox voices remove {folder.name}",
                key="voice_damaged",
                faults=tuple(faults),
            ) from cause
        return Voice(manifest, folder, bundled).in_style(style)

    @contextlib.contextmanager
    def changing(self, name: str) -> Iterator[tuple[Voice, Path]]:
        """A voice of the user, and a copy of its folder to change; the copy takes its place when the block ends well.

        One at a time, also among processes. The block writes the manifest of the copy last, with `write_manifest`.

        Raises:
            UnknownVoiceError: there is no such voice.
            InputError: it belongs to the package.
            CorruptFileError: it is damaged, or the block left it so.
            StorageError: the disk is full or the place cannot be written.
        """
        folder, bundled = self._find(name)
        if bundled:
            do = "export it and import it under another name, then change that"
            raise InputError("this voice belongs to the package", found=folder.name, do=do, name=name)
        with FileLock(self.folder / _LOCK):
            voice = self.get(folder.name)
            with atomic_folder(folder, replace=True) as temporary:
                for file in folder.iterdir():
                    copy_or_link(file, temporary / file.name)
                yield voice, temporary
                faults = check(temporary)
                if faults:
                    raise CorruptFileError("the change would damage the voice", found="; ".join(map(str, faults)))

    @contextlib.contextmanager
    def writing(self, name: str, *, replace: bool = False) -> Iterator[Path]:
        """A folder to build a new voice in; it stands in the library when the block ends well and never before.

        Args:
            name: of the voice.
            replace: whether a voice of the user with that name gives way.

        Raises:
            InputError: the name cannot be a voice's, or is taken.
            StorageError: the disk is full or the place cannot be written.
        """
        folder = self.reserve(name, replace=replace)
        with atomic_folder(folder, replace=replace) as temporary:
            yield temporary

    def reserve(self, name: str, *, replace: bool = False) -> Path:
        """Where a new voice would lie, once its name is known to be good and free.

        Raises:
            InputError: the name cannot be a voice's, or is taken.
        """
        normal = voice_name(name)
        for folder, bundled in self._folders():
            if same_place(folder.name) != same_place(normal) or (replace and not bundled and folder.name == normal):
                continue
            raise InputError(
                "a voice of that name is already there",
                found=f"{folder.name}{' among the voices of the package' if bundled else ''}",
                do="choose another name" if bundled or folder.name != normal else "choose another name or pass --replace",
                key="voice_exists",
                name=normal,
            )
        return self.folder / normal

    def add(self, path: Path, *, name: str | None = None, replace: bool = False) -> Voice:
        """Take in a ``.voice`` archive after checking everything in it.

        Args:
            path: the archive.
            name: another name for it here; None keeps its own.
            replace: whether a voice of the user with that name gives way.

        Raises:
            InputError: there is no such file, or the name is taken.
            CorruptFileError: the archive has faults; all are named.
            StorageError: the disk is full or the place cannot be written.
        """
        manifest = peek(path)
        wanted = voice_name(name) if name is not None else manifest.name
        folder = self.reserve(wanted, replace=replace)
        if wanted == manifest.name:
            unpack(path, folder, replace=replace)
            return self.get(wanted)
        with atomic_folder(folder, replace=replace) as temporary:
            inner = temporary / ".unpacked"
            unpack(path, inner)
            for file in inner.iterdir():
                file.replace(temporary / file.name)
            inner.rmdir()
            write_manifest(temporary, dataclasses.replace(read_manifest_file(temporary), name=wanted))
        return self.get(wanted)

    def move_in(self, folder: Path, *, replace: bool = False) -> Voice:
        """Put a finished voice folder into the library by moving it; it must lie on the same disk.

        Raises:
            InputError: its name is taken.
            CorruptFileError: it is no whole voice.
            StorageError: the place cannot be written.
        """
        name = read_voice(folder)[0].name
        with atomic_folder(self.reserve(name, replace=replace), replace=replace) as temporary:
            temporary.rmdir()
            folder.replace(temporary)
        return self.get(name)

    def export(self, name: str, path: Path) -> None:
        """Write a voice as a ``.voice`` archive.

        Raises:
            UnknownVoiceError: there is no such voice.
            CorruptFileError: it is damaged.
            StorageError: the disk is full or the place cannot be written.
        """
        pack(self.get(name).folder, path)

    def remove(self, name: str) -> Path:
        """Delete a voice, damaged or not, and return where it was.

        Raises:
            UnknownVoiceError: there is no such voice.
            InputError: it belongs to the package.
            StorageError: it cannot be deleted.
        """
        folder, bundled = self._find(name)
        if bundled:
            raise InputError("this voice belongs to the package", found=folder.name, do="leave it; it takes little room", name=name)
        # Renamed first, so that a deletion that is interrupted never leaves half a voice under its name.
        doomed = folder.with_name(f".{folder.name}.removed")
        try:
            shutil.rmtree(doomed, ignore_errors=True)
            folder.replace(doomed)
            shutil.rmtree(doomed)
        except OSError as cause:
            raise storage_error(cause, folder) or StorageError("the voice cannot be removed", found=str(cause)) from cause
        return folder

    def _find(self, name: str) -> tuple[Path, bool]:
        found = {folder.name: (folder, bundled) for folder, bundled in reversed(self._folders())}
        try:
            normal = voice_name(name)
        except InputError:
            normal = name
        if normal in found:
            return found[normal]
        by_place = {same_place(known): place for known, place in found.items()}
        if same_place(normal) in by_place:
            return by_place[same_place(normal)]
        near = difflib.get_close_matches(same_place(normal), by_place, n=3, cutoff=0.5)
        similar = ", ".join(by_place[key][0].name for key in near)
        known = ", ".join(sorted(found)[:8]) + (", ..." if len(found) > 8 else "")
        raise UnknownVoiceError(
            "no such voice",
            expected=f"one of {known}" if found else "a voice in the library, which is empty",
            found=repr(name),
            do=f"did you mean {similar}?" if similar else "see: vox voices",
            key="no_such_voice",
            name=name,
            similar=tuple(by_place[key][0].name for key in near),
        )

    def _folders(self) -> _Places:
        """(folder, bundled) of everything that may be a voice: the user's by name, then the package's."""
        found: _Places = []
        for place, bundled in ((self.folder, False), (self._bundled, True)):
            if place.is_dir():
                # A dot marks a voice that is being written or removed.
                folders = sorted(entry for entry in place.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__")))
                found += [(folder, bundled) for folder in folders]
        return found
