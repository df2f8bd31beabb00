"""From any recording to a voice, with every choice a campaign or a careful person has to make.

The one door to a new voice; `cloning` does the last part of it. A recording is taken in first (``intake``: judged, refused if it
is no use, cleaned only if asked, cut), then written down (the given words, an engine's, or what the base model hears), and its
features are computed once per content. A recording without words still makes a voice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from voxcommons.audio.advice import Advice, advice
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.build import BaseModel
from voxcommons.prepare.feature_cache import FeatureCache, Hearing
from voxcommons.prepare.recording import PreparedRecording
from voxcommons.prepare.slice import Slice
from voxcommons.prepare.transcribe import Transcriber, transcript_of
from voxcommons.voices.cloning import AUTO, CloneOptions, Transcript, build_voice, read_transcript
from voxcommons.voices.intake import Intake, IntakeOptions, take_in
from voxcommons.voices.library import Library, Voice

TextFrom = Literal["given", "engine", "recognised"]

CACHE_FOLDER: Final = Path("cache") / "features"


@dataclass(frozen=True)
class EnrolOptions(IntakeOptions):
    """What is decided about an enrolment besides the voice's name.

    Attributes:
        transcriber: writes down what is said when no text is given.
        cache: where features are kept from one enrolment to the next; not used for a voice that keeps no recording.
        pieces: also compute the features of every slice, as training wants them.
        clone: decisions about the voice itself.
    """

    transcriber: Transcriber | None = None
    cache: FeatureCache | None = None
    pieces: bool = False
    clone: CloneOptions = field(default_factory=CloneOptions)


@dataclass(frozen=True)
class Piece:
    """One slice of 2 to 12 s with what is said in it.

    Attributes:
        span: where it lies in the recording that was used.
        text: the part of the text spoken in it; empty where the phones were recognised.
        from_text: whether the phones were read from a text.
        agreement: how well the text fits the sound, 0 to 1.
        phones: phoneme ids [P].
        codes: semantic tokens [S].
    """

    span: Slice
    text: str
    from_text: bool
    agreement: float
    phones: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Enrolled:
    """A finished enrolment.

    Attributes:
        voice: as it stands in the library.
        intake: the recording and its verdict.
        text: the words of the recording, empty when nobody wrote them down.
        text_from: who did.
        pieces: the slices, when they were asked for.
        advice: everything the person should be told.
    """

    voice: Voice
    intake: Intake
    text: str
    text_from: TextFrom
    pieces: tuple[Piece, ...]
    advice: tuple[Advice, ...]


def enrol(  # noqa: PLR0913 - the door of the pipeline; most arguments have a default
    recording: Path | str,
    name: str,
    *,
    text: str | None = None,
    language: str | None = None,
    base: BaseModel,
    library: Library,
    progress: Progress | None = None,
    replace: bool = False,
    options: EnrolOptions | None = None,
) -> Enrolled:
    """Take in a recording and make a voice of it.

    Args:
        recording: an audio or video file, also what browsers and phones record.
        name: of the new voice.
        text: what is said in the whole recording, if somebody knows.
        language: of the recording; None finds it.
        base: the base model, with its content encoder.
        library: where the voice goes.
        progress: told about each stage.
        replace: whether a voice of that name gives way.
        options: everything else.

    Raises:
        InputError: the recording is rejected or no recording, or the name, text or language cannot be used.
        CorruptFileError: the recording is damaged beyond reading.
        StorageError: the disk is full or the place cannot be written.
    """
    library.reserve(name, replace=replace)
    options = options or EnrolOptions()
    intake = take_in(recording, options, progress)
    return enrol_taken(intake, name, text=text, language=language, base=base, library=library, progress=progress, replace=replace,
                       options=options)  # fmt: skip


def enrol_taken(  # noqa: PLR0913 - as `enrol`
    intake: Intake,
    name: str,
    *,
    text: str | None = None,
    language: str | None = None,
    base: BaseModel,
    library: Library,
    progress: Progress | None = None,
    replace: bool = False,
    options: EnrolOptions | None = None,
) -> Enrolled:
    """Make a voice of a recording that was taken in; the second half of :func:`enrol`, with the same arguments."""
    options = options or EnrolOptions()
    progress = progress or NullProgress()
    written, who = _words(intake.prepared, text, language, options.transcriber, progress)
    transcript = read_transcript(written, language, table=base.table)
    hearing = Hearing(base, options.cache if options.clone.keep_recording else None)
    made = build_voice(
        intake.prepared, name, transcript, base, library, progress, replace=replace, options=options.clone, hearing=hearing
    )
    pieces = _pieces(intake.prepared, transcript, hearing, progress) if options.pieces else ()
    said = tuple(note for note in made.advice if note not in intake.prepared.advice)
    if who == "engine" and options.transcriber is not None:
        said = (advice("transcribed", engine=options.transcriber.name), *said)
    return Enrolled(made.voice, intake, written or "", who, pieces, (*intake.advice, *said))


def _words(
    prepared: PreparedRecording, text: str | None, language: str | None, transcriber: Transcriber | None, progress: Progress
) -> tuple[str | None, TextFrom]:
    """The words of the recording and who wrote them down; None where nobody did."""
    if text is not None:
        return text, "given"
    if transcriber is None:
        return None, "recognised"
    audio = prepared.checked.audio
    progress.start(None, "writing down what is said")
    pieces = [(piece.of(audio.samples, audio.rate), audio.rate) for piece in prepared.references]
    whole, _ = transcript_of(transcriber, pieces, None if language == AUTO else language)
    progress.finish()
    return (whole, "engine") if whole else (None, "recognised")


def _pieces(prepared: PreparedRecording, transcript: Transcript, hearing: Hearing, progress: Progress) -> tuple[Piece, ...]:
    """Every slice with its part of the text and its features."""
    audio = prepared.checked.audio
    progress.start(len(prepared.references), "listening to every phrase")
    found: list[Piece] = []
    for span in prepared.references:
        clip = span.of(audio.samples, audio.rate)
        phones = hearing.phones(clip, audio.rate, transcript.utterance)
        codes = hearing.codes(clip, audio.rate)
        found.append(Piece(span, phones.text, phones.from_text, phones.agreement, np.asarray(phones.ids, np.int64), codes))
        progress.advance()
    progress.finish()
    return tuple(found)
