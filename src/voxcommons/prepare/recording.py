"""A person's recording, from the file to the pieces a voice is made of.

The part of cloning that needs no model, so that a command can refuse a bad recording before it loads one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voxcommons.audio.advice import Advice, advice
from voxcommons.audio.files import load
from voxcommons.base.progress import Progress
from voxcommons.prepare.check import CheckedRecording, check
from voxcommons.prepare.slice import Slice, choose_prompts, slices

MOST_SECONDS: Final = 180.0  # more recording makes no closer timbre, only a longer wait
MOST_PROMPTS: Final = 5  # the words given may fit one phrase better than another
_LEAST_REFERENCE_SPEECH_S: Final = 0.5


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


def prepare_recording(recording: Path | str, progress: Progress | None = None) -> PreparedRecording:
    """Read, check and cut a recording. Of one longer than three minutes only the best three are used.

    Args:
        recording: an audio or video file.
        progress: told about the seconds read.

    Raises:
        InputError: it is not a recording, or too short, silent or without speech.
        CorruptFileError: it is damaged beyond reading.
    """
    audio = load(recording, max_seconds=MOST_SECONDS, progress=progress)
    checked = check(audio)
    prompts = tuple(choose_prompts(audio.samples, audio.rate, checked.speech, MOST_PROMPTS))
    found = slices(audio.samples, audio.rate, checked.speech)
    pieces = tuple(piece for piece in found if piece.speech_s >= _LEAST_REFERENCE_SPEECH_S)
    notes = checked.advice if prompts[0].whole else (*checked.advice, advice("no_pause"))
    return PreparedRecording(checked=checked, prompts=prompts, references=pieces or prompts[:1], advice=notes)
