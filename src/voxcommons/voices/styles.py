"""A style for a voice out of another recording of the same person: calm, angry, whispering.

Apart from editing.py because it needs a base model, which listening to a recording takes and changing a folder does not.
"""

from __future__ import annotations

from pathlib import Path

from voxcommons.audio.loudness import normalise_loudness
from voxcommons.base.errors import InputError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.build import BaseModel
from voxcommons.prepare.recording import PreparedRecording, prepare_recording
from voxcommons.voices.cloning import read_transcript, speaking_features
from voxcommons.voices.editing import Style
from voxcommons.voices.library import Voice


def style_of_recording(
    recording: Path | PreparedRecording,
    voice: Voice,
    base: BaseModel,
    *,
    text: str | None = None,
    keep_recording: bool = True,
    progress: Progress | None = None,
) -> Style:
    """What a recording in another mood makes of a voice.

    Args:
        recording: at least 5 s of the person the voice is of, or such a recording prepared.
        voice: that is to have the style.
        base: the base model the voice was made for, with its content encoder.
        text: what is said in the whole recording.
        keep_recording: keep the prompt's clip and its words.
        progress: told about each stage.

    Raises:
        InputError: the recording or the text cannot be used, or the base model is another one.
        CorruptFileError: the recording is damaged beyond reading.
    """
    progress = progress or NullProgress()
    if voice.manifest.base.sha256 != base.sha256:
        raise InputError(
            f"the voice {voice.name} was made for another base model", expected=voice.manifest.base.name, found=base.name,
            do="use that base model (--base)",
        )  # fmt: skip
    prepared = recording if isinstance(recording, PreparedRecording) else prepare_recording(recording, progress)
    transcript = read_transcript(text, voice.manifest.language if text is not None else None, table=base.table)
    features, piece, phones = speaking_features(prepared, transcript, base, progress)
    audio = prepared.checked.audio
    clip = (normalise_loudness(piece.of(audio.samples, audio.rate), audio.rate), audio.rate) if keep_recording else None
    return Style(features, phones.text if keep_recording else "", "text" if phones.from_text else "recognised", clip)
