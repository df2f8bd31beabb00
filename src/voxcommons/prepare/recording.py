"""A person's recording, from the file to the pieces a voice is made of.

The part of cloning that needs no model, so that a command can refuse a bad recording before it loads one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voxcommons.audio.advice import Advice, advice
from voxcommons.audio.files import Audio, load
from voxcommons.audio.quality import Gate, clipping_ratio
from voxcommons.base.progress import Progress
from voxcommons.prepare.check import CheckedRecording, check
from voxcommons.prepare.slice import Slice, choose_prompts, slices

MOST_SECONDS: Final = 180.0  # more recording makes no closer timbre, only a longer wait
MOST_PROMPTS: Final = 5  # the words given may fit one phrase better than another
_LEAST_REFERENCE_SPEECH_S: Final = 0.5
_ENOUGH_CLEAN_S: Final = 8.0  # of speech, before a clipped piece is left out


@dataclass(frozen=True)
class PreparedRecording:
    """A recording that was read, checked and cut, ready for a base model.

    Attributes:
        checked: the recording and what was measured.
        prompts: pieces that may become the prompt, best first; at least one.
        references: the pieces that the timbre is taken from, in order of time.
        advice: everything the person should be told.
    """

    checked: CheckedRecording
    prompts: tuple[Slice, ...]
    references: tuple[Slice, ...]
    advice: tuple[Advice, ...]


def prepare_recording(recording: Path | str, progress: Progress | None = None, *, gate: Gate | None = None) -> PreparedRecording:
    """Read, check and cut a recording. Of one longer than three minutes only the best three are used.

    Args:
        recording: an audio or video file.
        progress: told about the seconds read.
        gate: limits of the verdicts.

    Raises:
        InputError: it is not a recording, or too short, silent or without speech.
        CorruptFileError: it is damaged beyond reading.
    """
    return cut(check(load(recording, max_seconds=MOST_SECONDS, progress=progress), gate=gate))


def cut(checked: CheckedRecording) -> PreparedRecording:
    """Cut a checked recording at its pauses and choose what a voice is made of."""
    audio = checked.audio
    prompts = tuple(choose_prompts(audio.samples, audio.rate, checked.speech, MOST_PROMPTS))
    found = slices(audio.samples, audio.rate, checked.speech)
    pieces = tuple(piece for piece in found if piece.speech_s >= _LEAST_REFERENCE_SPEECH_S)
    notes = checked.advice if prompts[0].whole else (*checked.advice, advice("no_pause"))
    return PreparedRecording(checked=checked, prompts=prompts, references=_unclipped(pieces, audio) or prompts[:1], advice=notes)


def _unclipped(pieces: tuple[Slice, ...], audio: Audio) -> tuple[Slice, ...]:
    """The pieces without flat tops, if they hold enough speech; else all."""
    clean = tuple(piece for piece in pieces if not clipping_ratio(piece.of(audio.samples, audio.rate), ceiling=1.0))
    return clean if sum(piece.speech_s for piece in clean) >= _ENOUGH_CLEAN_S else pieces
