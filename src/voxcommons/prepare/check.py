"""The first gate of cloning: can anything be made of this recording, and how good is it?

Only what makes cloning impossible is an error (too short, silent, nobody speaks); everything else is advice. It is
apart from ``audio.quality``, which measures any sound and refuses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from voxcommons.audio.activity import Mask, speech_frames
from voxcommons.audio.advice import Advice
from voxcommons.audio.files import Audio
from voxcommons.audio.quality import Gate, QualityReport, judge
from voxcommons.base.errors import InputError
from voxcommons.prepare.gate import Ruling, rule

SHORTEST_S: Final = 5.0
LEAST_SPEECH_S: Final = 2.5
_SILENT_PEAK: Final = 10.0 ** (-60.0 / 20.0)


@dataclass(frozen=True)
class CheckedRecording:
    """A recording that a voice can be made from.

    Attributes:
        audio: the recording.
        speech: True at the 10 ms frames that hold speech [F].
        report: figures and verdict.
        advice: everything a person should know, from reading and from measuring.
    """

    audio: Audio
    speech: Mask
    report: QualityReport
    advice: tuple[Advice, ...]

    @property
    def ruling(self) -> Ruling:
        """The class it belongs to."""
        return rule(self.report, self.advice)


def check(audio: Audio, *, gate: Gate | None = None) -> CheckedRecording:
    """Refuse what cannot be cloned and measure the rest.

    Args:
        audio: a recording as loaded.
        gate: limits of the verdicts.

    Raises:
        InputError: it is shorter than 5 s, silent, or holds less than 2.5 s of speech.
    """
    duration_s = len(audio.samples) / audio.rate
    if duration_s < SHORTEST_S - 0.01:
        raise InputError(
            "the recording is too short",
            expected=f"at least {SHORTEST_S:.0f} s",
            found=f"{duration_s:.1f} s",
            do="record again; a minute is best",
            key="recording_too_short",
        )
    peak = float(np.max(np.abs(audio.samples)))
    if peak < _SILENT_PEAK:
        level = f"a highest peak of {20.0 * np.log10(peak):.0f} dBFS" if peak > 0.0 else "only zeros"
        raise InputError(
            "the recording is silent",
            expected="somebody speaking",
            found=level,
            do="check the microphone and record again",
            key="recording_silent",
        )
    speech = speech_frames(audio.samples, audio.rate)
    report = judge(audio.samples, audio.rate, speech=speech, clipped_ratio=audio.clipped_ratio, gate=gate)
    if report.speech_s < LEAST_SPEECH_S:
        raise InputError(
            "hardly any speech in the recording",
            expected=f"at least {LEAST_SPEECH_S:.1f} s of somebody speaking",
            found=f"{report.speech_s:.1f} s in {duration_s:.1f} s",
            do="record again, closer to the microphone",
            key="recording_silent",
        )
    return CheckedRecording(audio=audio, speech=speech, report=report, advice=audio.warnings + report.advice)
