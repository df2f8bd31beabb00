"""Every fault of a voice, folder or archive, before anything in it is used.

A list and not an exception, so that a person sees all there is to mend and a hub can refuse with reasons. What a voice
may hold is a closed list of files; a voice from a stranger is read by these rules and no others.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from voxcommons.base.errors import CorruptFileError, VoxError
from voxcommons.voicefile.features import features_of
from voxcommons.voicefile.manifest import (
    CURVE_FILE,
    FILE_LIMITS,
    LEXICON_FILE,
    MANIFEST_FILE,
    MOST_BYTES,
    PREVIEW_FILE,
    PROMPT_FILE,
    REFERENCE_FILE,
    TUNING_FILE,
    WEIGHTS_FILE,
    VoiceManifest,
    read_manifest,
)
from voxcommons.voicefile.tensors import TensorFile

ALL_LIMITS: Final[Mapping[str, int]] = {MANIFEST_FILE: MOST_BYTES, **FILE_LIMITS}
_END_BYTES: Final = 22  # the end record of a ZIP without a comment
_MOST_DIRECTORY_BYTES: Final = 4096
_BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        file: the file it is about, or the empty string for the voice as a whole.
        problem: in words.
    """

    file: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}: {self.problem}" if self.file else self.problem


@dataclass(frozen=True)
class _Contents:
    """The files of a voice wherever they lie: sizes, and how to open one."""

    sizes: Mapping[str, int]
    opened: Callable[[str], BinaryIO]


def check(path: Path | str) -> list[Fault]:
    """List every fault of a voice.

    Args:
        path: a voice folder or a ``.voice`` archive.

    Returns:
        Faults in reading order; empty when the voice can be used.
    """
    path = Path(path)
    if path.is_symlink() or not path.exists():
        return [Fault("", f"there is no voice at {path}" if not path.exists() else "the voice is a link to somewhere else")]
    if path.is_dir():
        contents, faults = _folder(path)
        return faults + _check_contents(contents)
    return check_archive(path)


def check_archive(path: Path) -> list[Fault]:
    """List every fault of a ``.voice`` archive; its members are opened only when the archive itself is sound."""
    try:
        with open_archive(path) as archive:
            members = {member.filename: member.file_size for member in archive.infolist()}
            # ZipFile hands out streams that are binary readers without saying so in its types.
            return _check_contents(_Contents(members, lambda name: archive.open(name)))  # type: ignore[arg-type, return-value]
    except CorruptFileError as fault:
        return [Fault("", str(fault))]


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """A ``.voice`` archive opened by strict rules.

    It must hold nothing but the files of a voice, each once, stored without compression (so that nothing can unfold to
    more than it weighs), none a link, none larger than its kind may be, and nothing before, between or behind them.

    Yields:
        The archive; reading a member checks its checksum.

    Raises:
        CorruptFileError: naming the first rule that is broken, also while members are read.
    """
    _check_end(path)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive)
            yield archive
    # NotImplementedError and ValueError: versions, flags and offsets that zipfile will not have.
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as cause:
        raise _refused(path, f"a broken directory or member ({cause})") from cause


def _check_end(path: Path) -> None:
    """Look at the end record before zipfile reads the directory: a forged one must not cost memory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END_BYTES))
        end = file.read(_END_BYTES)
    if len(end) < _END_BYTES or end[:4] != b"PK\x05\x06" or end[20:22] != b"\0\0":
        raise _refused(path, "no end record in its place")
    entries, directory_bytes = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if not 0 < entries <= len(ALL_LIMITS) or directory_bytes > _MOST_DIRECTORY_BYTES:
        raise _refused(path, f"{entries} members")


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    at = 0
    names: set[str] = set()
    for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
        name = member.orig_filename
        if name not in ALL_LIMITS or member.filename != name:
            raise _refused(path, f"a member {name[:80]!r} that is not a file of a voice")
        if name in names:
            raise _refused(path, f"{name} twice")
        names.add(name)
        mode = member.external_attr >> 16
        if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
            raise _refused(path, f"{name} as a link or a device")
        if member.flag_bits & 0x1:
            raise _refused(path, f"{name} encrypted")
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise _refused(path, f"{name} compressed")
        if member.file_size > ALL_LIMITS[name]:
            raise _refused(path, f"{name} with {member.file_size} bytes, more than {ALL_LIMITS[name]}")
        if member.header_offset != at or member.extra or member.comment:
            raise _refused(path, f"hidden bytes around {name}")
        at += 30 + len(name) + member.file_size
    if at != archive.start_dir:
        raise _refused(path, "hidden bytes behind the last file")


def _refused(path: Path, found: str) -> CorruptFileError:
    return CorruptFileError("the voice archive is refused", expected="a .voice archive", found=f"{path.name} with {found}", path=path)


def _folder(path: Path) -> tuple[_Contents, list[Fault]]:
    sizes: dict[str, int] = {}
    faults: list[Fault] = []
    for entry in sorted(path.iterdir()):
        if entry.name not in ALL_LIMITS:
            faults.append(Fault(entry.name, "is not a file of a voice"))
        elif entry.is_symlink() or not entry.is_file():
            faults.append(Fault(entry.name, "is not an ordinary file"))
        else:
            sizes[entry.name] = entry.stat().st_size
    return _Contents(sizes, lambda name: (path / name).open("rb")), faults


def _check_contents(contents: _Contents) -> list[Fault]:
    if MANIFEST_FILE not in contents.sizes:
        return [Fault(MANIFEST_FILE, "is missing")]
    if contents.sizes[MANIFEST_FILE] > MOST_BYTES:
        return [Fault(MANIFEST_FILE, f"has more than {MOST_BYTES} bytes")]
    with contents.opened(MANIFEST_FILE) as file:
        manifest, faults = read_manifest(file.read(MOST_BYTES + 1))
    if manifest is None:
        return [Fault(MANIFEST_FILE, fault) for fault in faults]
    found: list[Fault] = []
    for name in sorted(set(contents.sizes) - set(manifest.files) - {MANIFEST_FILE}):
        found.append(Fault(name, "is not listed in voice.json"))
    for name in sorted(manifest.files):
        problem = _check_file(contents, manifest, name)
        if problem:
            found.append(Fault(name, problem))
    return found


def _check_file(contents: _Contents, manifest: VoiceManifest, name: str) -> str:
    """The first thing wrong with one listed file, or the empty string."""
    facts = manifest.files[name]
    if name not in contents.sizes:
        return "is missing"
    if contents.sizes[name] != facts.bytes:
        return f"has {contents.sizes[name]} bytes, voice.json says {facts.bytes}"
    digest = hashlib.sha256()
    with contents.opened(name) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    if digest.hexdigest() != facts.sha256:
        return "does not have the hash that voice.json says"
    try:
        return _check_kind(contents, manifest, name)
    except VoxError as fault:
        return str(fault)


def _check_kind(contents: _Contents, manifest: VoiceManifest, name: str) -> str:
    """Whether a file is what its name says."""
    size = contents.sizes[name]
    if name == PROMPT_FILE:
        features = features_of(TensorFile(name, size, lambda: contents.opened(name)))
        return "" if features.voice_id == manifest.id else "holds other features than the id in voice.json says"
    if name == WEIGHTS_FILE:
        weights = TensorFile(name, size, lambda: contents.opened(name))
        same = weights.metadata.get("base_sha256") == manifest.base.sha256
        return "" if same else "belongs to another base model than voice.json says"
    if name.startswith("style-") and name.endswith(".safetensors"):
        features_of(TensorFile(name, size, lambda: contents.opened(name)))
        return ""
    if name in (REFERENCE_FILE, PREVIEW_FILE) or name.startswith("style-"):
        with contents.opened(name) as file:
            return "" if file.read(4) == b"fLaC" else "is not a FLAC file"
    if name == CURVE_FILE:
        with contents.opened(name) as file:
            return "" if file.read(8) == b"\x89PNG\r\n\x1a\n" else "is not a PNG file"
    if name == TUNING_FILE:
        with contents.opened(name) as file:
            return _check_tuning(file.read())
    if name == LEXICON_FILE:
        with contents.opened(name) as file:
            return _check_lexicon(file.read())
    return ""


def _check_tuning(content: bytes) -> str:
    """Whether a file is a JSON object; it is only ever shown."""
    try:
        return "" if isinstance(json.loads(content), dict) else "is not a JSON object"
    except (ValueError, RecursionError):
        return "is not JSON"


def _check_lexicon(content: bytes) -> str:
    """Whether a file is lines of a word, a tab and its reading; what the readings say is for the room of text to judge."""
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return "is not UTF-8"
    wrong = [number for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#" and line.count("\t") != 1]
    return f"line {wrong[0]} is not a word, a tab and a reading" if wrong else ""
