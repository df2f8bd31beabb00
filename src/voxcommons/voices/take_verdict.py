"""Is this one sentence good enough, or should it be read again? Asked while the person still stands at the microphone.

Apart from ``prepare.check``, which judges a whole recording: a take is a sentence of a few seconds, and what goes wrong with takes is
different (cut off at the edges, half the sentence missing, nothing said). Unless a second opinion is wanted it asks no network, so the
answer is there at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from voxcommons.audio.activity import speech_frames
from voxcommons.audio.advice import Advice, advice
from voxcommons.audio.files import load
from voxcommons.audio.quality import Gate, judge
from voxcommons.prepare.gate import REJECT, Decision, rule
from voxcommons.voices.second_opinion import Opinion, SecondOpinion

MOST_SECONDS: Final = 60.0  # of one take; a person reads one sentence
_GATE: Final = Gate(enough_speech_s=0.0)
_LEAST_SPEECH_S: Final = 0.4
_SILENT_PEAK: Final = 10.0 ** (-60.0 / 20.0)
# Characters a second of people who read aloud slowly, and quickly; twice that much is another text.
_LATIN_PER_S: Final = (7.0, 26.0)
_HAN_PER_S: Final = (2.0, 9.0)
_FRAME_S: Final = 0.05
_EDGE_FRAMES: Final = 5  # of 10 ms

RoomVerdict = Literal["quiet", "usable", "loud"]
_QUIET_ROOM_DBFS: Final = -50.0
_LOUD_ROOM_DBFS: Final = -40.0


@dataclass(frozen=True)
class TakeVerdict:
    """What is to be done with a take.

    Attributes:
        decision: accept, accept_with_fixes, or reject (read it again).
        advice: what to tell the person, most important first.
        seconds: of the take.
        speech_s: of speech in it.
        snr_db: speech over noise.
        level_dbfs: of the speech; None where there is none.
        peak_dbfs: highest sample; None for digital silence.
        clipped_percent: of the samples.
        dnsmos: how listeners would judge it, 1 to 5; None where nobody was asked.
    """

    decision: Decision
    advice: tuple[Advice, ...]
    seconds: float
    speech_s: float
    snr_db: float
    level_dbfs: float | None
    peak_dbfs: float | None
    clipped_percent: float
    dnsmos: float | None = None


@dataclass(frozen=True)
class RoomTone:
    """How quiet a room is while nobody speaks.

    Attributes:
        level_dbfs: of the noise; None where the device wrote zeros.
        verdict: quiet, usable, or loud (better look for another place).
        advice: what to tell the person.
    """

    level_dbfs: float | None
    verdict: RoomVerdict
    advice: tuple[Advice, ...]


def judge_take(recording: Path, text: str, opinions: SecondOpinion | None = None) -> TakeVerdict:
    """Judge one sentence that was read aloud.

    Args:
        recording: a file of any common format.
        text: what was to be read; empty when nobody knows.
        opinions: networks to ask besides; they need about a second for a minute of sound.

    Raises:
        InputError: it is no recording.
        CorruptFileError: it is damaged beyond reading.
    """
    audio = load(recording, max_seconds=MOST_SECONDS)
    speech = speech_frames(audio.samples, audio.rate)
    report = judge(audio.samples, audio.rate, speech=speech, clipped_ratio=audio.clipped_ratio, gate=_GATE)
    peak = float(np.max(np.abs(audio.samples), initial=0.0))
    opinion = opinions.ask(audio, speech) if opinions is not None else Opinion()
    notes = audio.warnings + report.advice + opinion.advice
    decision = rule(report, notes).decision
    if peak < _SILENT_PEAK or report.speech_s < _LEAST_SPEECH_S:
        decision, notes = REJECT, (advice("take_silent"),)
    else:
        spoilt, said = _about_length(report.speech_s, text)
        said += (advice("take_cut"),) if _touches_an_edge(speech) else ()
        notes = said + notes
        decision = REJECT if spoilt else "accept_with_fixes" if said and decision == "accept" else decision
    return TakeVerdict(
        decision, notes, round(audio.seconds, 2), round(report.speech_s, 2), round(report.snr_db, 1), _finite(report.level_dbfs),
        _finite(report.peak_dbfs), round(100 * report.clipping_ratio, 3),
        None if opinion.quality is None else round(opinion.quality.ovrl, 2),
    )  # fmt: skip


def judge_room(recording: Path) -> RoomTone:
    """Judge two seconds in which nobody spoke; raises as `judge_take`."""
    audio = load(recording, max_seconds=MOST_SECONDS)
    frames = max(1, round(len(audio.samples) / (_FRAME_S * audio.rate)))
    # The spread of each frame and not its power: some devices add a constant. The usual frame: somebody may cough.
    power = float(np.median([float(np.var(part, dtype=np.float64)) for part in np.array_split(audio.samples, frames)]))
    if power <= 0.0:
        return RoomTone(None, "usable", (advice("noise_suppression", seconds=audio.seconds),))
    level = float(10 * np.log10(power))
    if level > _LOUD_ROOM_DBFS:
        return RoomTone(round(level, 1), "loud", (advice("room_loud", level_dbfs=level),))
    return RoomTone(round(level, 1), "quiet" if level < _QUIET_ROOM_DBFS else "usable", ())


def _about_length(speech_s: float, text: str) -> tuple[bool, tuple[Advice, ...]]:
    """Whether the take cannot be that text, and what to say about it."""
    han = sum("\u3400" <= character <= "\u9fff" for character in text)
    latin = sum(character.isalnum() for character in text) - han
    if not han + latin:
        return False, ()
    longest_s = han / _HAN_PER_S[0] + latin / _LATIN_PER_S[0]
    shortest_s = han / _HAN_PER_S[1] + latin / _LATIN_PER_S[1]
    if speech_s < shortest_s:
        return speech_s < 0.6 * shortest_s, (advice("take_short", seconds=speech_s),)
    if speech_s > longest_s + 1.0:
        return False, (advice("take_long", seconds=speech_s),)
    return False, ()


def _touches_an_edge(speech: npt.NDArray[np.bool_]) -> bool:
    """Whether somebody speaks when the take begins or ends."""
    return bool(speech[:_EDGE_FRAMES].any() or speech[-_EDGE_FRAMES:].any())


def _finite(level: float) -> float | None:
    return round(level, 1) if np.isfinite(level) else None

