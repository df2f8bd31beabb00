"""A voice as a folder and as one ``.voice`` file, and the way between them.

The archive is a ZIP without compression, in a fixed order and without times: packing the same voice twice gives the same
bytes. Unpacking checks everything first; see ``check`` for the rules.
"""

from __future__ import annotations

import contextlib
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.base.files import atomic_folder, atomic_path
from voxcommons.base.hashing import sha256_file
from voxcommons.voicefile.check import ALL_LIMITS, check, check_archive, open_archive
from voxcommons.voicefile.features import Features, read_features
from voxcommons.voicefile.manifest import (
    MANIFEST_FILE,
    MOST_BYTES,
    PROMPT_FILE,
    REFERENCE_FILE,
    WEIGHTS_FILE,
    FileFacts,
    VoiceManifest,
    parse_manifest,
)

SUFFIX: Final = ".voice"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time a ZIP can hold
_LARGE_FILES: Final = frozenset({WEIGHTS_FILE, REFERENCE_FILE})
_REGULAR_FILE: Final = 0o100644 << 16


def file_facts(folder: Path) -> Mapping[str, FileFacts]:
    """Size and hash of every file of a voice that lies in a folder, but the manifest."""
    return {
        name: FileFacts(bytes=(folder / name).stat().st_size, sha256=sha256_file(folder / name))
        for name in sorted(ALL_LIMITS)
        if name != MANIFEST_FILE and (folder / name).is_file()
    }


def write_manifest(folder: Path, manifest: VoiceManifest) -> VoiceManifest:
    """Write ``voice.json`` over the files that lie in a folder, and return it with their facts filled in."""
    complete = replace(manifest, files=file_facts(folder))
    (folder / MANIFEST_FILE).write_text(complete.to_json(), encoding="utf-8")
    return complete


def read_manifest_file(folder: Path) -> VoiceManifest:
    """The manifest of a voice folder.

    Raises:
        CorruptFileError: it is missing or has faults.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise _damaged(folder, f"no {MANIFEST_FILE}")
    with path.open("rb") as file:
        return parse_manifest(file.read(MOST_BYTES + 1))


def read_voice(folder: Path) -> tuple[VoiceManifest, Features]:
    """The manifest and the features of a voice folder, enough to speak with it.

    Sizes of all files and the hash of the features are checked; the hashes of large files are left to ``check``.

    Raises:
        CorruptFileError: naming every file that is missing or changed.
    """
    manifest = read_manifest_file(folder)
    faults = []
    for name, facts in manifest.files.items():
        path = folder / name
        if not path.is_file():
            faults.append(f"{name} is missing")
        elif path.stat().st_size != facts.bytes or (name == PROMPT_FILE and sha256_file(path) != facts.sha256):
            faults.append(f"{name} has changed")
    if faults:
        raise _damaged(folder, ", ".join(faults))
    return manifest, read_features(folder / PROMPT_FILE)


def read_style(folder: Path, manifest: VoiceManifest, style: str) -> Features:
    """The features of one of a voice's styles.

    Args:
        folder: of the voice.
        manifest: of the voice.
        style: a name among its styles.

    Raises:
        CorruptFileError: its file is missing or changed.
    """
    name = manifest.styles[style].features_file
    path = folder / name
    if not path.is_file() or sha256_file(path) != manifest.files[name].sha256:
        raise _damaged(folder, f"{name} {'has changed' if path.is_file() else 'is missing'}")
    return read_features(path)


def copy_or_link(source: Path, target: Path) -> None:
    """Give a file of a voice a second place: the large ones, which are never changed in place, by a link where the system has links."""
    if source.name in _LARGE_FILES:
        with contextlib.suppress(OSError):
            target.hardlink_to(source)
            return
    shutil.copyfile(source, target)


def pack(folder: Path, path: Path) -> None:
    """Write a voice folder as a ``.voice`` archive, whole or not at all.

    Raises:
        CorruptFileError: the voice has faults.
        StorageError: the disk is full or the place cannot be written.
    """
    faults = check(folder)
    if faults:
        raise _damaged(folder, "; ".join(map(str, faults)))
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name in ALL_LIMITS:
            if (folder / name).is_file():
                member = zipfile.ZipInfo(name, _EPOCH)
                member.external_attr = _REGULAR_FILE
                member.file_size = (folder / name).stat().st_size
                with (folder / name).open("rb") as source, archive.open(member, "w") as target:
                    shutil.copyfileobj(source, target, 1 << 20)


def peek(path: Path) -> VoiceManifest:
    """The manifest inside a ``.voice`` archive.

    Raises:
        InputError: there is no such file.
        CorruptFileError: the archive breaks the rules or its manifest has faults.
    """
    if not path.is_file():
        raise InputError("no such voice archive", expected="a .voice file", found=str(path), do="check the path", key="no_such_file")
    with open_archive(path) as archive:
        if MANIFEST_FILE not in archive.namelist():
            raise _damaged(path, f"no {MANIFEST_FILE}")
        return parse_manifest(archive.read(MANIFEST_FILE))


def unpack(path: Path, folder: Path, *, replace: bool = False) -> None:
    """Turn a ``.voice`` archive into a voice folder, whole or not at all, after checking every file in it.

    Args:
        path: the archive.
        folder: the folder to make.
        replace: whether an existing folder gives way.

    Raises:
        InputError: there is no such archive, or the folder is already there.
        CorruptFileError: the archive or the voice in it has faults; all are named.
        StorageError: the disk is full or the place cannot be written.
    """
    peek(path)
    faults = check_archive(path)
    if faults:
        raise _damaged(path, "; ".join(map(str, faults)))
    with atomic_folder(folder, replace=replace) as temporary, open_archive(path) as archive:
        for member in archive.infolist():
            with archive.open(member) as source, (temporary / member.filename).open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        again = check(temporary)  # the archive could have been exchanged since it was checked
        if again:
            raise _damaged(path, "; ".join(map(str, again)))


def _damaged(path: Path, found: str) -> CorruptFileError:
    return CorruptFileError(
        "the voice is damaged", expected="a whole voice", found=f"{found} in {path.name}", do="make or fetch it again", key="voice_damaged"
    )
