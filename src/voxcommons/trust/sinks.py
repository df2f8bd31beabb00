"""Sound files in the making: samples go in piece by piece, a labelled file comes out.

Only `release` opens a sink. A sink holds no more than one piece in memory, so a book needs as much as a sentence.
WAV is written here in plain bytes, because encoders drop the label's chunk and because the common case shall
not load a codec library; the other formats go through FFmpeg's encoders.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from voxcommons.base.errors import InputError
from voxcommons.trust.labels import Label

Samples = npt.NDArray[np.float32]

_WAV_LIMIT_BYTES = 0xFFFFFFFF - (1 << 20)  # sizes in RIFF are 32-bit; room for the chunks behind the samples


class Sink(Protocol):
    """A file that takes samples until it is closed."""

    def write(self, samples: Samples) -> None:
        """Append [T] samples in [-1, 1]."""

    def close(self) -> None:
        """Finish the file."""

    def abandon(self) -> None:
        """Let go of the file if it was not closed; its content does not matter any more."""


def pcm16(samples: Samples) -> bytes:
    """[T] samples in [-1, 1] as 16-bit little-endian PCM."""
    return np.round(np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()


class WavSink:
    """16-bit mono WAV: fmt, data, then the label's chunks.

    Args:
        path: file to create.
        rate: samples per second.
        label: written behind the samples.
    """

    def __init__(self, path: Path, rate: int, label: Label) -> None:
        self._file = path.open("wb")
        self._rate, self._label = rate, label
        self._data_bytes = 0
        self._file.write(self._header(0))

    def write(self, samples: Samples) -> None:
        """Append [T] samples in [-1, 1]."""
        self._data_bytes += self._file.write(pcm16(samples))
        if self._data_bytes > _WAV_LIMIT_BYTES:
            raise InputError("the sound is too long for a WAV file", expected="under 4 GB", do="choose flac or opus")

    def close(self) -> None:
        """Write the label and put the final sizes into the header."""
        chunks = self._label.riff_chunks()
        self._file.write(chunks)
        self._file.seek(0)
        self._file.write(self._header(len(chunks)))
        self._file.close()

    def abandon(self) -> None:
        """Close the handle and leave the bytes as they are."""
        self._file.close()

    def _header(self, trailing_bytes: int) -> bytes:
        form = struct.pack("<HHIIHH", 1, 1, self._rate, 2 * self._rate, 2, 16)
        size = 36 + self._data_bytes + trailing_bytes
        return struct.pack("<4sI8sI16s4sI", b"RIFF", size, b"WAVEfmt ", 16, form, b"data", self._data_bytes)


@dataclass(frozen=True)
class Encoding:
    """How FFmpeg makes one format.

    Attributes:
        container: muxer name.
        codec: encoder name.
        sample_format: what the encoder takes.
        rates: rates the encoder knows, empty if it takes any.
        bit_rate: bits per second, None for lossless.
    """

    container: str
    codec: str
    sample_format: str
    rates: tuple[int, ...] = ()
    bit_rate: int | None = None


_MP3_RATES = (16000, 22050, 24000, 32000, 44100, 48000)
_OPUS_RATES = (16000, 24000, 48000)
ENCODINGS: Mapping[str, Encoding] = {
    "flac": Encoding("flac", "flac", "s16"),
    "ogg": Encoding("ogg", "libopus", "flt", _OPUS_RATES, 48_000),
    "opus": Encoding("ogg", "libopus", "flt", _OPUS_RATES, 48_000),
    "mp3": Encoding("mp3", "libmp3lame", "fltp", _MP3_RATES, 96_000),
}
FORMATS = ("wav", *ENCODINGS)


class EncodedSink:
    """A file made by one of FFmpeg's encoders.

    Args:
        path: file to create.
        rate: samples per second of what will be written; resampled where the encoder does not take it.
        label: written as tags of the container.
        encoding: the format.
    """

    def __init__(self, path: Path, rate: int, label: Label, encoding: Encoding) -> None:
        import av  # loaded for these formats only: see the opening lines

        target = next((known for known in encoding.rates if known >= rate), encoding.rates[-1] if encoding.rates else rate)
        self._av: Any = av
        self._rate = rate
        self._container = self._av.open(str(path), "w", format=encoding.container, options={"fflags": "+bitexact"})
        self._stream = self._container.add_stream(encoding.codec, rate=target, layout="mono", format=encoding.sample_format)
        if encoding.bit_rate:
            self._stream.bit_rate = encoding.bit_rate
        # Ogg takes its comments from the stream, FLAC and MP3 from the container.
        self._container.metadata.update(label.tags())
        if encoding.container == "ogg":
            self._stream.metadata.update(label.tags())
        self._resampler = self._av.AudioResampler(format=encoding.sample_format, layout="mono", rate=target)
        self._written = 0

    def write(self, samples: Samples) -> None:
        """Append [T] samples in [-1, 1]."""
        if not len(samples):
            return
        # 16-bit on the way in, so that every format holds the samples that WAV would hold.
        frame = self._av.AudioFrame.from_ndarray(np.frombuffer(pcm16(samples), "<i2").reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self._rate
        frame.pts = self._written
        self._written += len(samples)
        self._encode(frame)

    def close(self) -> None:
        """Flush resampler and encoder, write the trailer."""
        self._encode(None)
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def abandon(self) -> None:
        """Close the handle and leave the bytes as they are."""
        try:
            self._container.close()
        except (OSError, ValueError):  # a full disk or an unfinished header; the caller is already failing
            return

    def _encode(self, frame: Any) -> None:  # noqa: ANN401 - the codec library has no types
        for resampled in self._resampler.resample(frame):
            self._container.mux(self._stream.encode(resampled))


def open_sink(path: Path, file_format: str, rate: int, label: Label) -> Sink:
    """A sink for one of `FORMATS`."""
    if file_format == "wav":
        return WavSink(path, rate, label)
    return EncodedSink(path, rate, label, ENCODINGS[file_format])


def format_of(path: Path, file_format: str | None = None) -> str:
    """The format to write: the one asked for, else the one the file's name says.

    Raises:
        InputError: it is not one of `FORMATS`.
    """
    name = (file_format or path.suffix.removeprefix(".")).lower()
    if name in FORMATS:
        return name
    raise InputError(
        "unknown sound format",
        expected=", ".join(FORMATS),
        found=f"'{name}'" if name else f"no ending in '{path.name}'",
        do="give the file one of these endings",
    )
