"""A recording taken in: read, measured, put into one of three classes, perhaps cleaned, and cut.

The half of an enrolment that needs no base model and loads no torch, so that a person who records hears the verdict at once
and a bad recording costs nothing. The other half is ``enrolment``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from voxcommons.audio.activity import speech_frames
from voxcommons.audio.advice import Advice, advice
from voxcommons.audio.files import load
from voxcommons.audio.quality import Gate
from voxcommons.base.errors import InputError
from voxcommons.base.progress import Progress
from voxcommons.prepare.check import CheckedRecording, check
from voxcommons.prepare.clean import denoise
from voxcommons.prepare.gate import REJECT, Ruling, rule
from voxcommons.prepare.recording import MOST_SECONDS, PreparedRecording, cut
from voxcommons.voices.second_opinion import Opinion, SecondOpinion


@dataclass(frozen=True)
class IntakeOptions:
    """What is decided before a recording is taken in.

    Attributes:
        gate: limits of the classes.
        take_rejected: take in a rejected recording too.
        denoise: lower the noise; never done by itself.
        opinions: networks to ask for a second opinion; None asks nobody.
    """

    gate: Gate = field(default_factory=Gate)
    take_rejected: bool = False
    denoise: bool = False
    opinions: SecondOpinion | None = None


@dataclass(frozen=True)
class Intake:
    """A recording that was read, judged and cut.

    Attributes:
        checked: the recording as it was brought, and what was measured.
        opinion: what the networks thought.
        ruling: the class it belongs to.
        prepared: what a voice is made of: the recording, cleaned if that was asked for, and its slices.
        advice: everything the person should be told.
    """

    checked: CheckedRecording
    opinion: Opinion
    ruling: Ruling
    prepared: PreparedRecording
    advice: tuple[Advice, ...]


def take_in(recording: Path | str, options: IntakeOptions | None = None, progress: Progress | None = None) -> Intake:
    """Read, judge, perhaps clean, and cut a recording.

    Raises:
        InputError: it is rejected (and `take_rejected` is not set), no recording, too short, silent or without speech.
        CorruptFileError: it is damaged beyond reading.
    """
    options = options or IntakeOptions()
    checked = check(load(recording, max_seconds=MOST_SECONDS, progress=progress), gate=options.gate)
    opinion = options.opinions.ask(checked.audio, checked.speech) if options.opinions is not None else Opinion()
    notes = (*checked.advice, *opinion.advice)
    ruling = rule(checked.report, notes)
    if ruling.decision == REJECT and not options.take_rejected:
        raise InputError(
            "the recording is not good enough",
            expected="a recording a voice can be made from",
            found="; ".join(note.text() for note in ruling.reasons),
            do="record again",
            key="recording_rejected",
            advice=ruling.reasons,
        )
    used, cleaning = _cleaned(checked) if options.denoise else (checked, ())
    prepared = cut(used)
    more = tuple(note for note in prepared.advice if note not in used.advice)
    return Intake(checked, opinion, ruling, prepared, (*notes, *cleaning, *more))


def _cleaned(checked: CheckedRecording) -> tuple[CheckedRecording, tuple[Advice, ...]]:
    """The recording with less noise; its figures stay those of the recording as it was brought."""
    audio = checked.audio
    made = denoise(audio.samples, audio.rate, checked.speech)
    cleaned = replace(audio, samples=made.samples)
    speech = speech_frames(made.samples, audio.rate)
    return replace(checked, audio=cleaned, speech=speech), (advice("denoised", gain_db=made.noise_lowered_db),)
