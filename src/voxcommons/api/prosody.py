"""What both interfaces take besides their own fields: how a text is delivered, and whether it is SSML.

One place, so that a client of either finds the same names with the same meaning.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from voxcommons.base.errors import VoxError
from voxcommons.synth.options import MOST_SEMITONES
from voxcommons.text.public_splitting import public_segments
from voxcommons.text.script import Script, pause_marks, plain_script
from voxcommons.text.ssml import ssml_script


class ProsodyFields(BaseModel):
    """Fields of ours, in every request that speaks."""

    ssml: bool = Field(False, description="Ours: the text is SSML, <speak>...</speak>.")
    pitch: float | None = Field(
        None, ge=-MOST_SEMITONES, le=MOST_SEMITONES, allow_inf_nan=False,
        description="Ours: semitones higher or lower, the timbre stays; the starter can, public models cannot.",
    )  # fmt: skip
    pitch_range: float | None = Field(
        None, ge=0, le=3, allow_inf_nan=False, description="Ours: how wide the intonation moves; 1 as it is, 0 a monotone."
    )
    noise_scale: float | None = Field(None, ge=0, le=2, allow_inf_nan=False, description="Ours: liveliness of the sound; 0 is flat.")

    def prosody(self) -> dict[str, Any]:
        """Fields of `SpeakOptions`."""
        return {"pitch": self.pitch, "pitch_range": self.pitch_range, "noise_scale": self.noise_scale}


def script_of(text: str, language: str, *, ssml: bool) -> Script:
    """A request's text as a script.

    Raises:
        InputError: the SSML, or a pause in plain text, is not understood.
    """
    return ssml_script(text, language) if ssml else plain_script(text)


def public_lines(text: str, language: str, method: str) -> tuple[Script, ...]:
    """A plain text as the public program cuts it; a pause stays with the line before it.

    Raises:
        InputError: a pause is not understood.
    """
    lines: list[str] = []
    waiting, done = "", 0
    for begin, end in [*pause_marks(text), (len(text), len(text))]:
        try:
            piece = text[done:begin]
            pieces = public_segments(piece.rstrip() if end > begin else piece, language, method)
        except VoxError:  # nothing but marks: the engine would say the same
            pieces = []
        lines += pieces
        if pieces and waiting:
            lines[-len(pieces)] = waiting + lines[-len(pieces)]
            waiting = ""
        if lines:
            lines[-1] += text[begin:end]
        else:
            waiting += text[begin:end]
        done = end
    return tuple(plain_script(line) for line in lines)
