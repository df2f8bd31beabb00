"""espeak-ng as a yardstick: a synthesiser anybody knows, clear in its rules and far from natural.

Run as a separate program that hands its sound over in memory; it is not part of this project and none of its sound
is kept.
"""

from __future__ import annotations

import io
import shutil
import subprocess

import numpy as np
import soundfile
from numpy.typing import NDArray

from voxcommons.base.errors import MissingExtraError, VoxError

VOICES = {"en": "en-us", "zh": "cmn"}


def espeak_program() -> str:
    """Return the path of the program.

    Raises:
        MissingExtraError: when it is not installed.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise MissingExtraError(
            "comparing with espeak-ng needs that program", extra="evaluate", expected="espeak-ng on the PATH",
            found="nothing of that name", do="apt install espeak-ng (Debian, Ubuntu), brew install espeak-ng (macOS)",
        )
    return program


def espeak(text: str, language: str) -> tuple[NDArray[np.float32], int]:
    """Return a text as espeak-ng speaks it, at its default speed: (samples [T], rate).

    Raises:
        MissingExtraError: when the program is not installed.
        VoxError: when it fails.
    """
    command = [espeak_program(), "--stdout", "-v", VOICES[language], "--stdin"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)  # noqa: S603 - fixed program, text on stdin
    if done.returncode or not done.stdout:
        raise VoxError("espeak-ng failed", found=done.stderr.decode(errors="replace").strip() or "no sound")
    # Written to a pipe, the header cannot know its length, so the samples are read as what follows it.
    with soundfile.SoundFile(io.BytesIO(done.stdout)) as wave:
        return wave.read(dtype="float32"), int(wave.samplerate)
