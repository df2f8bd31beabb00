"""A script of lines, spoken by jobs: read and checked whole, ordered, taken up again, and summed up in a manifest.

A batch is its output folder: the same script into the same folder is the same batch, and only lines that are not there yet
are ordered. Lines are told apart by all that decides their sound, so a line that was changed is spoken anew.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final

from voxcommons.base.errors import ConfigError, InputError, VoxError
from voxcommons.base.files import atomic_path
from voxcommons.base.hashing import sha256_file
from voxcommons.jobs.job import Job, Order, State
from voxcommons.jobs.queue import Desk
from voxcommons.voices.library import STYLE_MARK, Library
from voxcommons.voices.speak_job import KIND, Line

MANIFEST: Final = "manifest.csv"
COLUMNS: Final = ("voice", "text", "style", "file", "language", "speed", "seed")
_REQUIRED: Final = ("voice", "text")
_MOST_LINES: Final = 100_000
_MOST_TEXT_CHARS: Final = 20_000
_MOST_BYTES: Final = 256 << 20
_FAULTS_SHOWN: Final = 10


@dataclass(frozen=True)
class Batch:
    """A script that was read.

    Attributes:
        name: of the batch, the same for the same folder.
        folder: where the sounds go.
        lines: in order.
        row_ids: what tells each line from all others.
    """

    name: str
    folder: Path
    lines: tuple[Line, ...]
    row_ids: tuple[str, ...]


def read_script(path: Path, folder: Path, library: Library, like: Line) -> Batch:
    """Read a script and check every line of it.

    Args:
        path: CSV with a head line naming its columns, tabs between them if it ends in .tsv; ``voice`` and ``text`` are needed, ``style``,
            ``file``, ``language``, ``speed`` and ``seed`` may be there.
        folder: where the sounds go; file names are inside it.
        library: where the voices are.
        like: the line that gives what the script leaves open.

    Raises:
        InputError: it is not such a file, or holds too much.
        ConfigError: lines are wrong; `faults` names every one, with its number.
    """
    rows = _rows(path)
    name = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]
    like, width = replace(like, batch=name), max(3, len(str(len(rows))))
    lines, faults, seen, ids = [], [], dict[str, int](), dict[str, str]()
    for number, row in enumerate(rows, 1):
        try:
            line = _line(row, f"{number:0{width}}.wav", folder.absolute(), like)
            ids[f"{line.voice}{STYLE_MARK}{line.style}"] = _voice_id(library, line, ids)
            if line.file in seen:
                raise InputError(f"{row.get('file') or Path(line.file).name} is the file of line {seen[line.file]} too")
            seen[line.file] = number
            lines.append(line)
        except VoxError as fault:
            faults.append(f"line {number}: {fault}")
    if faults:
        more = f"; and {len(faults) - _FAULTS_SHOWN} more" if len(faults) > _FAULTS_SHOWN else ""
        found = "; ".join(faults[:_FAULTS_SHOWN]) + more
        raise ConfigError("the script has faults", faults=tuple(faults), found=found, do="correct these lines")
    row_ids = tuple(_row_id(line, ids[f"{line.voice}{STYLE_MARK}{line.style}"]) for line in lines)
    return Batch(name, folder.absolute(), tuple(lines), row_ids)


def order_missing(batch: Batch, desk: Desk) -> int:
    """Order every line that is neither done nor waiting; how many were ordered or retried."""
    known = _jobs(batch, desk)
    for row_id in set(known) - set(batch.row_ids):  # of an older script: they would write the same files
        for job in known[row_id]:
            if not job.ended:
                desk.cancel(job.id)
    orders, again = [], 0
    for line, row_id in zip(batch.lines, batch.row_ids, strict=True):
        earlier = known.get(row_id, [])
        last = earlier[-1] if earlier else None
        if last is not None and (not last.ended or (last.state == State.DONE and _is_there(last))):
            continue
        if last is not None and last.state in (State.FAILED, State.CANCELLED):
            desk.retry(last.id)
            again += 1
            continue
        key = f"{batch.name}:{row_id}:{len(earlier)}"
        orders.append(Order(KIND, line.payload() | {"row": row_id, "name": Path(line.file).name}, key=key, batch=batch.name))
    desk.submit(orders)
    return len(orders) + again


def states(batch: Batch, desk: Desk) -> Sequence[Job | None]:
    """The newest job of each line, in the order of the script."""
    known = _jobs(batch, desk)
    return [known[row_id][-1] if row_id in known else None for row_id in batch.row_ids]


def write_manifest(batch: Batch, jobs: Sequence[Job | None]) -> Path:
    """Write what became of each line to ``manifest.csv`` in the batch's folder.

    Raises:
        StorageError: the disk is full or the place cannot be written.
    """
    path = batch.folder / MANIFEST
    head = ("file", "state", "voice", "style", "text", "seconds", "lufs", "sha256", "release_id", "warnings", "error")
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for line, job in zip(batch.lines, jobs, strict=True):
            made: Mapping[str, Any] = (job.result if job is not None else None) or {}
            writer.writerow([
                Path(line.file).relative_to(batch.folder).as_posix(), job.state.value if job is not None else "not ordered", line.voice,
                line.style, line.text, *(made.get(name, "") for name in ("seconds", "lufs", "sha256", "release_id")),
                "; ".join(made.get("warnings", ())), job.error if job is not None else "",
            ])  # fmt: skip
    return path


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise InputError("no such file", expected="a script in CSV", found=str(path), key="no_such_file")
    if path.stat().st_size > _MOST_BYTES:
        raise InputError("the script is too long", expected=f"at most {_MOST_BYTES >> 20} MB", found=str(path))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
            head = [name.strip().lower() for name in reader.fieldnames or ()]
            reader.fieldnames = head
            rows = [row for row in reader if any(value for value in row.values())]
    except (UnicodeDecodeError, csv.Error) as cause:
        raise InputError("the script cannot be read", expected="CSV in UTF-8", found=f"{path}: {cause}") from cause
    missing, odd = [name for name in _REQUIRED if name not in head], sorted(set(head) - set(COLUMNS))
    if missing or odd or len(set(head)) != len(head):
        expected = f"voice and text, perhaps {', '.join(COLUMNS[2:])}"
        raise InputError("the script has other columns", expected=expected, found=", ".join(head) or "none")
    if not 0 < len(rows) <= _MOST_LINES:
        raise InputError("the script has no lines or too many", expected=f"1 to {_MOST_LINES} lines", found=str(len(rows)))
    return rows


def _line(row: Mapping[Any, Any], default_file: str, folder: Path, like: Line) -> Line:
    if None in row or None in row.values():
        raise InputError("more or fewer columns than the head", do="put texts with commas into quotes")
    given = {name: str(value).strip() for name, value in row.items() if str(value).strip()}
    for name in _REQUIRED:
        if name not in given:
            raise InputError(f"no {name}")
    if len(given["text"]) > _MOST_TEXT_CHARS:
        raise InputError("the text is too long", expected=f"at most {_MOST_TEXT_CHARS} characters", found=str(len(given["text"])))
    name, mark, style = given["voice"].partition(STYLE_MARK)
    if mark and given.get("style", style) != style:
        raise InputError("two styles", found=f"{style} and {given['style']}")
    file = str(_inside(given.get("file", default_file), folder))
    line = replace(like, voice=name, text=given["text"], style=given.get("style", style), file=file)
    line = replace(line, language=given.get("language", like.language))
    try:
        line = replace(line, speed=float(given.get("speed", like.speed)), seed=int(given.get("seed", like.seed)))
    except ValueError as cause:
        raise InputError("speed or seed is no number", found=str(cause)) from cause
    _check_manner(line)
    return line


def _check_manner(line: Line) -> None:
    """What the engine and the door would refuse, refused before anything is ordered."""
    from voxcommons.synth.options import SpeakOptions
    from voxcommons.trust.sinks import format_of

    SpeakOptions(language=line.language, speed=line.speed, seed=line.seed, takes=line.takes)
    format_of(Path(line.file), None)


def _inside(name: str, folder: Path) -> Path:
    """The path of a file in the folder; a script never writes elsewhere."""
    parts = PurePosixPath(name).parts
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or "\\" in name or ".." in parts or "\0" in name:
        raise InputError("the file lies outside the folder", expected="a name like hall/001.wav", found=repr(name))
    path = folder.joinpath(*parts)
    if path.name == MANIFEST or not path.suffix:
        raise InputError("this is no name for a sound", expected="a name like hall/001.wav", found=repr(name))
    return path


def _voice_id(library: Library, line: Line, known: Mapping[str, str]) -> str:
    """What of a voice decides its sound, found once per voice and style."""
    key = f"{line.voice}{STYLE_MARK}{line.style}"
    if key in known:
        return known[key]
    voice = library.get(key)
    files = {name: facts.sha256 for name, facts in voice.manifest.files.items() if name.endswith((".safetensors", ".tsv"))}
    return json.dumps([voice.manifest.id, files], sort_keys=True)


def _row_id(line: Line, voice_id: str) -> str:
    return hashlib.sha256(json.dumps([line.payload(), voice_id], sort_keys=True).encode()).hexdigest()[:32]


def _jobs(batch: Batch, desk: Desk) -> dict[str, list[Job]]:
    """All jobs of the batch by line, the oldest first."""
    found: dict[str, list[Job]] = {}
    for job in reversed(desk.list(batch=batch.name, most=10 * _MOST_LINES)):
        found.setdefault(str(job.payload.get("row")), []).append(job)
    return found


def _is_there(job: Job) -> bool:
    """Whether what the job made still lies where it put it, as it made it."""
    path = Path(str(job.payload["file"]))
    if not all(path.with_suffix(ending).is_file() for ending in _endings(job)):
        return False
    return sha256_file(path) == (job.result or {}).get("sha256")


def _endings(job: Job) -> list[str]:
    return [Path(str(job.payload["file"])).suffix, *(f".{ending}" for ending in job.payload.get("subtitles", ()))]
