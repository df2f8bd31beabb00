"""Getting blocks of samples out of any file that holds sound.

Two libraries do it: libsndfile for what it knows (WAV, FLAC, Ogg, AIFF), FFmpeg through PyAV for the rest (MP3, m4a,
AAC, WebM, WMA, AMR, the sound of videos). This file is the only one that knows either. It yields blocks, so that
a recording of hours never lies in memory whole, and it tells the difference between "not sound" and "damaged sound".
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import av
import numpy as np
import numpy.typing as npt
import soundfile

from voxcommons.base.errors import CorruptFileError, InputError

Block = npt.NDArray[np.float32]

LOWEST_RATE: Final = 8_000
HIGHEST_RATE: Final = 768_000
MOST_CHANNELS: Final = 32
_BLOCK_S: Final = 1.0  # what is lost at most where a FLAC file breaks off
# Formats that are sound or carry it. Playlists and "concat" are left out on purpose: they name other files and hosts.
_DEMUXERS: Final = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dts,eac3,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,"
    "mpc,mpc8,mpeg,mpegts,ogg,rm,tta,voc,w64,wav,wv"
)
_SIGNATURES: Final = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)


@dataclass(frozen=True)
class Source:
    """What a file says about its sound.

    Attributes:
        rate: in Hz.
        channels: how many.
        codec: for example ``wav/pcm_16`` or ``aac``.
        declared_s: the duration the file promises, or None when it does not.
    """

    rate: int
    channels: int
    codec: str
    declared_s: float | None


class Decoder(Protocol):
    """An opened file: its facts, and its sound in blocks [T, channels] of about a second."""

    source: Source

    def blocks(self) -> Iterator[Block]:
        """Yield the sound in order; raise :class:`Damaged` where it can be read no further."""

    def close(self) -> None:
        """Close the file."""


class Damaged(Exception):  # noqa: N818 - it names a state of the file and never leaves this room
    """The file cannot be read beyond this point."""


def open_decoder(path: Path) -> Decoder:
    """Open a recording with whichever library reads it.

    Raises:
        InputError: there is no such file, it is a folder or a device, it is empty, it is not sound, or its sound has
            a rate or a number of channels that no recording of speech has.
        CorruptFileError: it looks like sound but its header cannot be read.
    """
    _check_file(path)
    decoder: Decoder | None = None if _is_mpeg(path) else _open_sndfile(path)
    if decoder is None:
        try:
            decoder = _AvDecoder(path)
        except _NoSound as cause:
            raise InputError(
                "the recording has no sound",
                expected="a file with an audio track",
                found=f"{path.name} without one",
                do="choose another file",
                key="not_a_recording",
            ) from cause
        except (av.error.FFmpegError, ValueError, OSError) as cause:
            raise _unreadable(path) from cause
    source = decoder.source
    if not (LOWEST_RATE <= source.rate <= HIGHEST_RATE and 1 <= source.channels <= MOST_CHANNELS):
        decoder.close()
        raise InputError(
            "the recording cannot be used",
            expected=f"{LOWEST_RATE} to {HIGHEST_RATE} Hz and 1 to {MOST_CHANNELS} channels",
            found=f"{source.rate} Hz and {source.channels} channels",
            do="record with an ordinary microphone at 16000 Hz or more",
            key="not_a_recording",
        )
    return decoder


def _is_mpeg(path: Path) -> bool:
    """Whether a file begins like MP3 or AAC. libsndfile's MP3 reader writes its complaints straight to the terminal."""
    with path.open("rb") as file:
        head = file.read(3)
    return head == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def _open_sndfile(path: Path) -> Decoder | None:
    try:
        return _SndfileDecoder(path)
    except (soundfile.SoundFileError, TypeError):  # TypeError: ".raw", whose samples have no description
        return None


def _check_file(path: Path) -> None:
    if not path.exists():
        raise InputError("no such recording", found=str(path), do="check the path", key="no_such_file", path=path)
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "something that is not a file"
        raise InputError("cannot read the recording", expected="an audio file", found=f"{path}, {kind}", key="not_a_recording", path=path)
    if path.stat().st_size == 0:
        raise InputError(
            "the recording is empty", expected="an audio file", found=f"{path.name} with 0 bytes", do="record again", key="recording_empty"
        )
    if not os.access(path, os.R_OK):
        raise InputError("cannot read the recording", found=f"no permission to read {path}", key="cannot_read", path=path)


def _unreadable(path: Path) -> InputError | CorruptFileError:
    with path.open("rb") as file:
        head = file.read(512)
    looks_like_sound = head[:4] in (b"RIFF", b"fLaC", b"OggS", b"FORM", b"RF64", b"caff", b"\x1aE\xdf\xa3") or b"ftyp" in head[4:12]
    if looks_like_sound or head[:3] == b"ID3":
        return CorruptFileError(
            "the recording is damaged",
            expected="a whole audio file",
            found=f"{path.name}, whose contents cannot be read",
            do="copy or record it again",
            key="not_a_recording",
        )
    return InputError(
        "this is not a recording",
        expected="an audio file (wav, flac, mp3, m4a, ogg, webm, ...)",
        found=f"{path.name}, {_kind_of(head)}",
        do="choose another file",
        key="not_a_recording",
    )


def _kind_of(head: bytes) -> str:
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    try:
        text = head.decode("utf-8", "strict" if len(head) < 512 else "ignore")
    except UnicodeDecodeError:
        return "whose contents are unknown"
    return "a text file" if text.strip() and all(c.isprintable() or c.isspace() for c in text) else "whose contents are unknown"


class _SndfileDecoder:
    """Reading through libsndfile."""

    def __init__(self, path: Path) -> None:
        self._file = soundfile.SoundFile(path)
        frames = self._file.frames
        promised = _promised_frames(path) or frames
        rate = self._file.samplerate
        self.source = Source(
            rate=rate,
            channels=self._file.channels,
            codec=f"{self._file.format}/{self._file.subtype}".lower(),
            declared_s=promised / rate if 0 < promised < 2**62 and rate else None,
        )

    def blocks(self) -> Iterator[Block]:
        size = max(1, int(self.source.rate * _BLOCK_S))
        while True:
            try:
                block: Block = self._file.read(size, dtype="float32", always_2d=True)
            except soundfile.SoundFileError as cause:
                raise Damaged from cause
            if not len(block):
                return
            yield block

    def close(self) -> None:
        self._file.close()


def _promised_frames(path: Path) -> int | None:
    """The length a RIFF header promises; libsndfile tells only the length that is there. None for streams and others."""
    with path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return None
        file.seek(12)
        align = 0
        for _ in range(64):
            header = file.read(8)
            if len(header) < 8:
                return None
            name, size = struct.unpack("<4sI", header)
            if name == b"fmt ":
                align = struct.unpack("<H", file.read(16)[12:14])[0]
                size -= 16
            elif name == b"data":
                streamed = size in (0, 0xFFFFFFFF, 0x7FFFFFFF)
                return None if streamed or not align else int(size // align)
            file.seek(size + (size & 1), os.SEEK_CUR)
    return None


class _NoSound(Exception):  # noqa: N818 - private to this file
    """A container without an audio track."""


class _AvDecoder:
    """Reading through FFmpeg; the file is opened here and handed over, so that no name is taken for an address."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            self._container = av.open(self._file, mode="r", container_options={"format_whitelist": _DEMUXERS})
        except BaseException:
            self._file.close()
            raise
        if not self._container.streams.audio:
            self.close()
            raise _NoSound
        self._stream = self._container.streams.audio[0]
        self._stream.codec_context.thread_type = "NONE"
        context = self._stream.codec_context
        declared = self._container.duration / av.time_base if self._container.duration else None
        self.source = Source(rate=context.sample_rate or 0, channels=context.channels or 0, codec=context.name, declared_s=declared)

    def blocks(self) -> Iterator[Block]:
        """Yield blocks; single bad packets are passed over, a stream that yields nothing more is damaged."""
        converter = av.AudioResampler(format="flt", layout=self._stream.layout, rate=self.source.rate)
        waiting: list[Block] = []
        held = 0
        bad_packets = 0
        for frame in self._frames():
            if frame is None:
                bad_packets += 1
                continue
            for piece in converter.resample(frame):
                samples = np.asarray(piece.to_ndarray(), np.float32).reshape(-1, self.source.channels)
                waiting.append(samples)
                held += len(samples)
            if held >= self.source.rate * _BLOCK_S:
                yield np.concatenate(waiting)
                waiting, held = [], 0
        if waiting:
            yield np.concatenate(waiting)
        if bad_packets > 2:  # AAC and MP3 often begin with a packet that has no predecessor
            raise Damaged

    def _frames(self) -> Iterator[av.AudioFrame | None]:
        try:
            for packet in self._container.demux(self._stream):
                try:
                    yield from packet.decode()
                except av.error.FFmpegError:
                    yield None
        except av.error.FFmpegError as cause:
            raise Damaged from cause

    def close(self) -> None:
        self._container.close()
        self._file.close()
