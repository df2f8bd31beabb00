"""Sound files and streams in the making: samples go in piece by piece, a labelled file or its bytes come out.

Only `release` opens a sink. A sink holds no more than one piece in memory, so a book needs as much as a sentence.
WAV is written here in plain bytes, because encoders drop the label's chunk and because the common case shall
not load a codec library; the other formats go through FFmpeg's encoders. What is streamed has no way back to its
beginning, so nothing in a stream may depend on its length.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
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
        return _riff_head(36 + self._data_bytes + trailing_bytes, self._rate) + struct.pack("<4sI", b"data", self._data_bytes)


def _riff_head(size: int, rate: int) -> bytes:
    """The first 36 bytes of 16-bit mono WAV: everything before the chunk that follows the format."""
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    return struct.pack("<4sI8sI16s", b"RIFF", size, b"WAVEfmt ", 16, form)


@dataclass(frozen=True)
class Encoding:
    """How FFmpeg makes one format.

    Attributes:
        container: muxer name.
        codec: encoder name.
        sample_format: what the encoder takes.
        rates: rates the encoder knows, empty if it takes any.
        bit_rate: bits per second, None for lossless.
        options: of the muxer.
    """

    container: str
    codec: str
    sample_format: str
    rates: tuple[int, ...] = ()
    bit_rate: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)


_MP3_RATES = (16000, 22050, 24000, 32000, 44100, 48000)
_OPUS_RATES = (16000, 24000, 48000)
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_AAC_BITS_PER_SAMPLE = 6  # the standard allows 6144 bits in a frame of 1024 samples
ENCODINGS: Mapping[str, Encoding] = {
    "flac": Encoding("flac", "flac", "s16"),
    "ogg": Encoding("ogg", "libopus", "flt", _OPUS_RATES, 48_000),
    "opus": Encoding("ogg", "libopus", "flt", _OPUS_RATES, 48_000),
    "mp3": Encoding("mp3", "libmp3lame", "fltp", _MP3_RATES, 96_000),
    # ADTS frames have no place for tags; an ID3 tag in front is what broadcasters use.
    "aac": Encoding("adts", "aac", "fltp", _AAC_RATES, 192_000, {"write_id3v2": "1"}),
}
# What a muxer must know when its bytes leave at once: no look back, no second of sound held for one page.
_STREAMED: Mapping[str, Mapping[str, str]] = {"ogg": {"page_duration": "100000"}, "mp3": {"write_xing": "0"}}
FORMATS = ("wav", *ENCODINGS)
STREAM_FORMATS = ("pcm", "wav", "wav_bare", *ENCODINGS)


class Outbox:
    """Bytes an encoder has written and nobody has taken yet; it can be written to and nothing else."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, content: bytes) -> int:
        """Take bytes in."""
        self._waiting.append(bytes(content))
        return len(content)

    def take(self) -> bytes:
        """Hand out everything that is waiting."""
        content = b"".join(self._waiting)
        self._waiting.clear()
        return content


class EncodedSink:
    """A file or stream made by one of FFmpeg's encoders.

    Args:
        target: file to create, or what takes the bytes of a stream.
        rate: samples per second of what will be written; resampled where the encoder does not take it.
        label: written as tags of the container.
        encoding: the format.
    """

    def __init__(self, target: Path | Outbox, rate: int, label: Label, encoding: Encoding) -> None:
        import av  # loaded for these formats only: see the opening lines

        coded = next((known for known in encoding.rates if known >= rate), encoding.rates[-1] if encoding.rates else rate)
        options = {"fflags": "+bitexact", **encoding.options}
        if isinstance(target, Outbox):
            options |= {"fflags": "+bitexact+flush_packets", **_STREAMED.get(encoding.container, {})}
        self._av: Any = av
        self._rate = rate
        place = target if isinstance(target, Outbox) else str(target)
        self._container = self._av.open(place, "w", format=encoding.container, options=options)
        self._stream = self._container.add_stream(encoding.codec, rate=coded, layout="mono", format=encoding.sample_format)
        if encoding.bit_rate:
            self._stream.bit_rate = min(encoding.bit_rate, _AAC_BITS_PER_SAMPLE * coded) if encoding.codec == "aac" else encoding.bit_rate
        # Ogg takes its comments from the stream, FLAC and MP3 from the container.
        self._container.metadata.update(label.tags())
        if encoding.container == "ogg":
            self._stream.metadata.update(label.tags())
        self._resampler = self._av.AudioResampler(format=encoding.sample_format, layout="mono", rate=coded)
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


class StreamSink(Protocol):
    """A sound whose bytes leave as it is made."""

    def write(self, samples: Samples) -> bytes:
        """Take in [T] samples in [-1, 1]; what is ready to leave, perhaps nothing."""

    def close(self) -> bytes:
        """The last bytes."""

    def abandon(self) -> None:
        """Let go of it if it was not closed."""


class PlainStream:
    """16-bit mono PCM behind a head of bytes.

    Args:
        head: what leaves before the first sample.
    """

    def __init__(self, head: bytes = b"") -> None:
        self._head = head

    def write(self, samples: Samples) -> bytes:
        """[T] samples in [-1, 1] as PCM."""
        content, self._head = self._head + pcm16(samples), b""
        return content

    def close(self) -> bytes:
        """Nothing follows."""
        return b""

    def abandon(self) -> None:
        """Nothing to let go of."""


class EncodedStream:
    """The bytes of one of FFmpeg's encoders.

    Args:
        rate: samples per second of what will be written.
        label: written as tags in front.
        encoding: the format.
    """

    def __init__(self, rate: int, label: Label, encoding: Encoding) -> None:
        self._outbox = Outbox()
        self._sink = EncodedSink(self._outbox, rate, label, encoding)

    def write(self, samples: Samples) -> bytes:
        """Encode [T] samples in [-1, 1]."""
        self._sink.write(samples)
        return self._outbox.take()

    def close(self) -> bytes:
        """Flush the encoder."""
        self._sink.close()
        return self._outbox.take()

    def abandon(self) -> None:
        """Let go of the encoder."""
        self._sink.abandon()


def open_stream(file_format: str, rate: int, label: Label) -> StreamSink:
    """A stream in one of `STREAM_FORMATS`.

    "pcm" is bare samples; "wav" puts the label's chunks in front of samples of unknown length; "wav_bare" begins with the
    44 bytes that many clients of the public program skip unread, so it has no room for a label. Whoever sends a stream
    without room for the label sends it beside the stream.
    """
    if file_format == "pcm":
        return PlainStream()
    if file_format == "wav":
        unknown = 0xFFFFFFFF
        return PlainStream(_riff_head(unknown, rate) + label.riff_chunks() + struct.pack("<4sI", b"data", unknown))
    if file_format == "wav_bare":
        return PlainStream(_riff_head(36, rate) + struct.pack("<4sI", b"data", 0))
    return EncodedStream(rate, label, ENCODINGS[file_format])


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
