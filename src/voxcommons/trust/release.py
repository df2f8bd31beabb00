"""The one door through which synthetic sound leaves the program.

Every file and every stream passes here and nowhere else: it is labelled as made by AI, recorded in the release
log, and stands under its final name only when all of that succeeded. A watermark will go in front of the encoder,
proofs behind the log, without a change for the callers.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Generator, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from voxcommons import __version__
from voxcommons.base.errors import InputError, VoxError
from voxcommons.base.files import atomic_path
from voxcommons.base.hashing import sha256_file
from voxcommons.trust.audit import ReleaseLog
from voxcommons.trust.labels import Label, read_label
from voxcommons.trust.sinks import Samples, Sink, StreamSink, format_of, open_sink, open_stream

PRODUCER = "VoxCommons"


class Sound(Protocol):
    """A piece of synthetic sound; `synth.chunks.AudioChunk` is one."""

    @property
    def samples(self) -> Samples:
        """[T] in [-1, 1]."""

    @property
    def rate(self) -> int:
        """Samples per second; the same for all pieces of a release."""


@dataclass(frozen=True)
class Provenance:
    """What a release was made from.

    Attributes:
        voice: the voice's name.
        voice_id: the voice's own id.
        voice_sha256: hash of the features that were spoken with.
        base: the base model's name.
        base_sha256: hash of its weights.
        text_sha256: hash of the text; the text itself is not kept.
        seed: of the sampling.
        options: further values that decided the samples.
    """

    voice: str
    voice_id: str
    voice_sha256: str
    base: str
    base_sha256: str
    text_sha256: str
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Released:
    """A finished file.

    Attributes:
        path: where it is.
        file_format: one of `sinks.FORMATS`.
        rate: samples per second of the speech that went in.
        seconds: its duration.
        sha256: of the file's bytes.
        release_id: names its record in the log.
    """

    path: Path
    file_format: str
    rate: int
    seconds: float
    sha256: str
    release_id: str


def text_sha256(text: str) -> str:
    """The hash under which a text is recorded."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def release_to_file(
    chunks: Iterable[Sound],
    path: Path,
    *,
    provenance: Provenance,
    log: ReleaseLog,
    file_format: str | None = None,
    label: Label | None = None,
) -> Released:
    """Write speech to a labelled file and record it.

    Args:
        chunks: pieces in order; taken one at a time, none is kept.
        path: the file; its ending chooses the format (wav, flac, ogg, opus, mp3, aac).
        provenance: what the sound was made from.
        log: where the release is recorded.
        file_format: overrides the ending.
        label: from `new_label`, for a caller who tells it elsewhere too.

    Returns:
        Facts about the finished file.

    Raises:
        InputError: the format is unknown, the folder does not exist, or there was no sound at all.
        StorageError: the disk is full or forbids it.
        VoxError: the label could not be read back.
        Whatever `chunks` raises; no file is left then.
    """
    chosen = format_of(path, file_format)
    if not path.parent.is_dir():
        raise InputError("the folder does not exist", expected="an existing folder", found=str(path.parent), do="create it first")
    label = label if label is not None else new_label(provenance, log)
    with atomic_path(path) as temporary:
        seconds, rate = _write(chunks, temporary, chosen, label)
        if (read_label(temporary) or {}).get("ProduceID") != label.release_id:
            raise VoxError("the AI-content label could not be read back", found=f"no label in {path}", do="choose another format")
        digest = sha256_file(temporary)
        output = {"format": chosen, "sha256": digest, "bytes": temporary.stat().st_size, "seconds": round(seconds, 3), "rate": rate}
        # The record comes first: a crash now leaves a record without a file, never a file without a record.
        log.append(_record("release", label, provenance) | {"output": output})
    return Released(path, chosen, rate, seconds, digest, label.release_id)


def release_stream(
    chunks: Iterable[Sound], *, provenance: Provenance, log: ReleaseLog, file_format: str = "pcm", label: Label | None = None
) -> Generator[bytes, None, None]:
    """Hand out speech as it is made, for a pipe or a socket.

    Raw PCM and the bare WAV have no place for a label, so whoever sends them must say beside them that they are
    AI-generated. The opening is recorded before the first byte, the end with the hash of what left, also when the
    listener hangs up.

    Args:
        chunks: pieces in order; taken one at a time, none is kept.
        provenance: what the sound was made from.
        log: where the release is recorded.
        file_format: one of `sinks.STREAM_FORMATS`; "pcm" is 16-bit little-endian mono.
        label: from `new_label`, for a sender who must tell it before the first byte.

    Yields:
        Bytes, never empty; of PCM one piece per chunk.

    Raises:
        InputError: there was no sound at all.
        Whatever `chunks` raises.
    """
    label = label if label is not None else new_label(provenance, log)
    digest, length, samples, rate = hashlib.sha256(), 0, 0, 0
    complete = False
    sink: StreamSink | None = None
    try:
        for chunk in chunks:
            if not len(chunk.samples):
                continue
            if sink is None:
                log.append(_record("open", label, provenance))
                rate = chunk.rate
                sink = open_stream(file_format, rate, label)
            samples += len(chunk.samples)
            if content := sink.write(chunk.samples):
                digest.update(content)
                length += len(content)
                yield content
        if sink is None:
            raise silent_speech()
        if content := sink.close():
            digest.update(content)
            length += len(content)
            yield content
        complete = True
    finally:
        if sink is not None:
            if not complete:
                sink.abandon()
            name = "pcm_s16le" if file_format == "pcm" else file_format
            output = {"format": name, "sha256": digest.hexdigest(), "bytes": length, "seconds": round(samples / rate, 3), "rate": rate}
            log.append({"event": "close", "id": label.release_id, "time": log.now(), "complete": complete, "output": output})


def new_label(provenance: Provenance, log: ReleaseLog) -> Label:
    """The label of a release that is about to begin."""
    return Label(log.make_id(), log.now(), PRODUCER, f"{PRODUCER} {__version__} ({provenance.base})")


def silent_speech() -> InputError:
    """The error for words that were spoken and gave no sound: the fault of a model, not of the text."""
    return InputError("the speech came out silent", found="no sound at all", do="try another seed or voice", key="silent_speech")


def _record(event: str, label: Label, provenance: Provenance) -> dict[str, Any]:
    return {"event": event, "id": label.release_id, "time": label.time, "system": label.system, **asdict(provenance)}


def _write(chunks: Iterable[Sound], path: Path, file_format: str, label: Label) -> tuple[float, int]:
    """Pour the pieces into a file; (seconds, rate)."""
    sink: Sink | None = None
    written, rate = 0, 0
    with contextlib.ExitStack() as cleanup:
        for chunk in chunks:
            if not len(chunk.samples):
                continue
            if sink is None:
                rate = chunk.rate
                sink = open_sink(path, file_format, rate, label)
                cleanup.callback(sink.abandon)
            sink.write(chunk.samples)
            written += len(chunk.samples)
        if sink is None:
            raise silent_speech()
        sink.close()
    return written / rate, rate
