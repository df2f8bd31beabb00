"""What a released file says about itself: that a machine made it, who made it, and under which id.

The label travels in the metadata of every format the program writes. The key ``AIGC`` and its JSON follow
GB 45438-2025 (chunk, frame and comment names: TC260-PG-202510A); the digital source type is IPTC's term, which
C2PA uses too. Apart from `release` so that a reader of labels needs no encoder.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from voxcommons.base.errors import CorruptFileError

AIGC = "AIGC"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
STATEMENT = "AI-generated speech / 人工智能合成语音"

_IS_AI = "1"
_INFO_IDS = {"comment": b"ICMT", "software": b"ISFT", "date": b"ICRD"}
_LONGEST_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Label:
    """The facts of one release that its file carries.

    Attributes:
        release_id: unique id; the release log holds the record under it.
        time: when it was made, ISO 8601 in UTC.
        producer: who offers the program ("VoxCommons").
        system: program version and model, for example "VoxCommons 0.1.0 (starter)".
    """

    release_id: str
    time: str
    producer: str
    system: str

    def aigc_json(self) -> str:
        """The implicit label of GB 45438-2025: plain JSON, keys in the order of the standard."""
        return json.dumps(
            {
                "Label": _IS_AI,
                "ContentProducer": self.producer,
                "ProduceID": self.release_id,
                "ReservedCode1": "",
                "ContentPropagator": "",
                "PropagateID": "",
                "ReservedCode2": "",
            },
            ensure_ascii=False,
        )

    def tags(self) -> dict[str, str]:
        """Tag name -> value for formats with free tags (Vorbis comments, ID3 TXXX)."""
        return {
            AIGC: self.aigc_json(),
            "comment": STATEMENT,
            "software": self.system,
            "date": self.time,
            "digital_source_type": SOURCE_TYPE,
        }

    def riff_chunks(self) -> bytes:
        """The chunks that follow the samples in a WAV file: LIST INFO, then AIGC."""
        tags = self.tags()
        info = b"".join(_riff_chunk(chunk_id, tags[name].encode() + b"\0") for name, chunk_id in _INFO_IDS.items())
        return _riff_chunk(b"LIST", b"INFO" + info) + _riff_chunk(AIGC.encode(), self.aigc_json().encode())


def read_label(path: Path) -> dict[str, str] | None:
    """The AIGC label of a sound file.

    Returns:
        The label's keys and values, or None when the file carries no label that can be understood.

    Raises:
        CorruptFileError: the file is not a sound file.
    """
    with path.open("rb") as file:
        head = file.read(12)
        text = _aigc_of_riff(file) if head[:4] == b"RIFF" and head[8:] == b"WAVE" else _aigc_of_tags(path)
    try:
        label = json.loads(text) if text else None
    except ValueError:
        return None
    if not isinstance(label, dict) or not all(isinstance(value, str) for value in label.values()):
        return None
    return label


def _riff_chunk(chunk_id: bytes, content: bytes) -> bytes:
    return chunk_id + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _aigc_of_riff(file: BinaryIO) -> str:
    """Walk the chunks behind the RIFF header; sizes are the file's claim, so they are only used to seek."""
    while len(header := file.read(8)) == 8:
        chunk_id, size = header[:4], struct.unpack("<I", header[4:])[0]
        if chunk_id == AIGC.encode():
            return file.read(min(size, _LONGEST_CHUNK_BYTES)).decode("utf-8", "replace")
        file.seek(size + size % 2, 1)
    return ""


def _aigc_of_tags(path: Path) -> str:
    import av  # only compressed formats need the codec library, which takes time and memory to load

    try:
        with av.open(str(path), metadata_errors="replace") as container:
            tags: dict[str, str] = dict(container.metadata)
            for stream in container.streams:
                tags.update(stream.metadata)
    except (av.FFmpegError, ValueError) as error:
        raise CorruptFileError("this is not a sound file that can be read", found=f"{path}: {error}") from error
    return _without_case(tags).get(AIGC.lower(), "")


def _without_case(tags: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in tags.items()}
