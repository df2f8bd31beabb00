"""How a stream of sound is written on the wire: as it is, or as the server-sent events that OpenAI's clients know.

Apart from the response that sends it, because the two differ in one thing only: what stands around a piece of sound, and how a
client learns that there is no more or that something went wrong.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from voxcommons.api.faults import fault_of

EVENTS: Final = "text/event-stream"
TOKENS_PER_S: Final = 25
"""What a second of sound counts in `usage`: the rate of the models' own codes."""

_PIECE_BYTES: Final = 24_576
"""Longest sound in one event. Many readers hold a line of 64 KiB at most, and a multiple of six keeps samples and base64 whole."""


class Wire(Protocol):
    """What stands around the pieces of a stream."""

    def sound(self, content: bytes) -> bytes:
        """A piece of sound as it is sent."""

    def end(self, seconds: float) -> bytes:
        """What closes a stream of so many seconds; empty where its end says enough."""

    def failed(self, error: BaseException) -> bytes:
        """What tells that the rest will not come; empty where only breaking off can tell it."""


class Bare:
    """Sound and nothing else."""

    def sound(self, content: bytes) -> bytes:
        """The piece itself."""
        return content

    def end(self, seconds: float) -> bytes:
        """Nothing."""
        return b""

    def failed(self, error: BaseException) -> bytes:
        """Nothing: a body without its end is the only way left to say that this is not all."""
        return b""


class SpeechEvents:
    """The events `speech.audio.delta`, `speech.audio.done` and `error`.

    Args:
        characters: length of the text, which counts as the tokens that went in.
    """

    def __init__(self, characters: int) -> None:
        self._characters = characters

    def sound(self, content: bytes) -> bytes:
        """A piece as one event, a long one as several."""
        pieces = (content[start : start + _PIECE_BYTES] for start in range(0, len(content), _PIECE_BYTES))
        return b"".join(_event({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()}) for piece in pieces)

    def end(self, seconds: float) -> bytes:
        """The event after the last piece, with what was used."""
        given, made = self._characters, round(TOKENS_PER_S * seconds)
        usage = {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}
        return _event({"type": "speech.audio.done", "usage": usage})

    def failed(self, error: BaseException) -> bytes:
        """The event that ends a stream in place of the last one; its body is that of an answer with an error."""
        return b"event: error\n" + _event({"type": "error", **fault_of(error).openai_body()})


def _event(content: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
