"""Making a voice from a recording that was read, checked and cut: its features are computed and a voice folder is written.

The one door is ``enrolment``, which takes recordings in and decides about their words. The two are apart so that everything that
can be wrong with a recording is found before a model is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from voxcommons.audio.advice import Advice, advice
from voxcommons.audio.files import Audio, save_flac
from voxcommons.audio.loudness import normalise_loudness
from voxcommons.base.errors import InputError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.build import BaseModel
from voxcommons.prepare.feature_cache import Hearing
from voxcommons.prepare.features import PromptPhones
from voxcommons.prepare.language import spoken_language
from voxcommons.prepare.recording import PreparedRecording
from voxcommons.prepare.slice import Slice
from voxcommons.text.phonemes import Utterance
from voxcommons.text.reader import read
from voxcommons.voicefile.archive import write_manifest
from voxcommons.voicefile.features import Features, write_features
from voxcommons.voicefile.manifest import (
    CARD_FILE,
    PREVIEW_FILE,
    PROMPT_FILE,
    REFERENCE_FILE,
    TRANSCRIPT_FILE,
    BaseFacts,
    Consent,
    PromptFacts,
    RecordingFacts,
    VoiceManifest,
)
from voxcommons.voicefile.names import voice_name
from voxcommons.voices.card import voice_card
from voxcommons.voices.library import Library, Voice

Preview = Callable[[Voice, Path], None]

MOST_TEXT_CHARACTERS: Final = 200_000  # what is said in ten hours
AUTO: Final = "auto"
_CLEAR_AGREEMENT: Final = 0.5  # the words are heard beyond doubt; a better phrase is not looked for
_ALL_OF_IT: Final = 0.95  # of the speech of a recording: nothing else was said
UNKNOWN_LANGUAGE: Final = "und"
_LANGUAGE_TAG: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class CloneOptions:
    """What a person decides about the new voice besides its name.

    Attributes:
        keep_recording: keep the recording and what is said in it; False leaves only features.
        consent: a note on the speaker's consent.
        licence: under which the voice may be shared.
        speaker: facts the speaker chose to give.
        preview: writes a spoken sample of the finished voice to a path (through the release door); None leaves it out.
        now: the clock.
    """

    keep_recording: bool = True
    consent: str = ""
    licence: str = ""
    speaker: Mapping[str, str] = field(default_factory=dict)
    preview: Preview | None = None
    now: Callable[[], datetime] = _now


@dataclass(frozen=True)
class Transcript:
    """What the person says about the words of the recording.

    Attributes:
        utterance: the text, read; None when there is none.
        language: as given; None or ``auto`` when it is to be found.
    """

    utterance: Utterance | None = None
    language: str | None = None


@dataclass(frozen=True)
class Cloned:
    """A finished voice, and what there is to say about how it came about."""

    voice: Voice
    prepared: PreparedRecording
    advice: tuple[Advice, ...]


def read_transcript(text: str | None, language: str | None, *, table: str) -> Transcript:
    """Read what is said in a recording.

    Args:
        text: None when the person gave none.
        language: None or ``auto`` when it is to be found.
        table: symbol table of the base model.

    Raises:
        InputError: the text is too long, or the language is not one that can be read.
    """
    if text is None:
        if language not in (None, AUTO) and not _LANGUAGE_TAG.match(language or ""):
            raise InputError("unknown language", expected="a tag like en, zh or yue", found=repr(language), key="no_such_language")
        return Transcript(None, language)
    if len(text) > MOST_TEXT_CHARACTERS:
        raise InputError(
            "the text is too long",
            expected=f"what is said in the recording, at most {MOST_TEXT_CHARACTERS} characters",
            found=f"{len(text)} characters",
            do="leave --text away; the sounds are then recognised",
            key="text_too_long",
        )
    return Transcript(read(text, language or AUTO, table=table), language)


def build_voice(  # noqa: PLR0913 - most arguments have a default
    prepared: PreparedRecording,
    name: str,
    transcript: Transcript,
    base: BaseModel,
    library: Library,
    progress: Progress | None = None,
    *,
    replace: bool = False,
    options: CloneOptions | None = None,
    hearing: Hearing | None = None,
) -> Cloned:
    """Compute the features of a prepared recording and write the voice.

    Args:
        prepared: the recording; see ``prepare.recording``.
        name: of the new voice.
        transcript: from :func:`read_transcript`.
        base: the base model.
        library: where the voice goes.
        progress: told about each stage.
        replace: whether a voice of that name gives way.
        options: privacy, consent, licence, clock.
        hearing: computes the features of this base model; None computes all of them anew.

    Raises:
        InputError: the name is taken, or the base model cannot clone.
        StorageError: the disk is full or the place cannot be written.
    """
    progress = progress or NullProgress()
    options = options or CloneOptions()
    audio = prepared.checked.audio
    features, piece, phones = speaking_features(prepared, transcript, base, progress, hearing=hearing)
    facts = PromptFacts(
        start_s=round(piece.start_s, 3),
        end_s=round(piece.end_s, 3),
        text=phones.text if options.keep_recording else "",
        phones_from="text" if phones.from_text else "recognised",
    )
    language, asked = _language(transcript, prepared, base)
    manifest = VoiceManifest(
        name=voice_name(name),
        language=language,
        prompt=facts,
        **_origin(prepared, base, features, options),
    )
    progress.start(None, f"writing the voice {manifest.name}")
    with library.writing(manifest.name, replace=replace) as folder:
        _write(folder, manifest, features, audio, transcript, options)
    progress.finish()
    notes = prepared.advice + _text_advice(transcript.utterance, phones) + asked
    return Cloned(voice=library.get(manifest.name), prepared=prepared, advice=notes)


def speaking_features(
    prepared: PreparedRecording, transcript: Transcript, base: BaseModel, progress: Progress, *, hearing: Hearing | None = None
) -> tuple[Features, Slice, PromptPhones]:
    """What a base model needs to speak like a recording: the timbre of all its slices, and the prompt.

    Returns:
        The features, the piece of the recording that is the prompt, and its phones.

    Raises:
        InputError: the base model cannot clone.
    """
    audio = prepared.checked.audio
    hearing = hearing or Hearing(base)
    piece, phones = _prompt(prepared, transcript, hearing)
    features = Features(
        style=hearing.style([one.of(audio.samples, audio.rate) for one in prepared.references], audio.rate, progress),
        prompt_codes=hearing.codes(piece.of(audio.samples, audio.rate), audio.rate),
        prompt_phones=np.asarray(phones.ids, np.int64),
    )
    return features, piece, phones


def _prompt(prepared: PreparedRecording, transcript: Transcript, hearing: Hearing) -> tuple[Slice, PromptPhones]:
    """The best phrase; where there is a text, the best one in which the text is clearly heard."""
    audio = prepared.checked.audio
    best: tuple[Slice, PromptPhones] | None = None
    for piece in prepared.prompts:
        all_said = piece.end_s - piece.start_s >= _ALL_OF_IT * prepared.checked.report.speech_s
        phones = hearing.phones(piece.of(audio.samples, audio.rate), audio.rate, transcript.utterance, all_said=all_said)
        if best is None or (piece.whole and phones.from_text and phones.agreement > best[1].agreement):
            best = piece, phones
        if transcript.utterance is None or not transcript.utterance.phones or phones.agreement >= _CLEAR_AGREEMENT:
            break
    assert best is not None, "a prepared recording has a prompt"
    return best


def _origin(prepared: PreparedRecording, base: BaseModel, features: Features, options: CloneOptions) -> dict[str, Any]:
    """What a manifest says about where the voice comes from."""
    report, now = prepared.checked.report, options.now().isoformat(timespec="seconds")
    return {
        "id": features.voice_id,
        "base": BaseFacts(name=base.name, sha256=base.sha256),
        "sample_rate": base.sample_rate,
        "files": {},
        "created": now,
        "licence": options.licence,
        "speaker": options.speaker,
        "consent": Consent(note=options.consent, noted=now if options.consent else ""),
        "recording": RecordingFacts(
            seconds=round(prepared.checked.audio.seconds, 2),
            speech_s=round(report.speech_s, 2),
            snr_db=round(report.snr_db, 1),
            bandwidth_hz=round(report.bandwidth_hz),
            verdict=report.verdict,
        ),
    }


def _write(folder: Path, manifest: VoiceManifest, features: Features, audio: Audio, transcript: Transcript, options: CloneOptions) -> None:
    """Fill a voice folder; the card and the final manifest come last, because they speak of the other files."""
    write_features(folder / PROMPT_FILE, features)
    if options.keep_recording:
        save_flac(folder / REFERENCE_FILE, normalise_loudness(audio.samples, audio.rate), audio.rate)
        if transcript.utterance is not None and transcript.utterance.text.strip():
            (folder / TRANSCRIPT_FILE).write_text(transcript.utterance.text, encoding="utf-8", errors="replace")
    manifest = write_manifest(folder, manifest)
    if options.preview is not None:
        options.preview(Voice(manifest, folder), folder / PREVIEW_FILE)
    (folder / CARD_FILE).write_text(voice_card(manifest), encoding="utf-8")
    write_manifest(folder, manifest)


def _language(transcript: Transcript, prepared: PreparedRecording, base: BaseModel) -> tuple[str, tuple[Advice, ...]]:
    """The language given, else the one most of the text is in, else what it sounds like; and what to ask the person then."""
    language, utterance = transcript.language, transcript.utterance
    if language and language != AUTO:
        return "zh" if language == "all_zh" else language, ()
    if utterance is not None and utterance.runs:
        sizes: dict[str, int] = {}
        for run in utterance.runs:
            sizes[run.language] = sizes.get(run.language, 0) + run.phone_end - run.phone_start
        return max(sizes, key=lambda key: sizes[key]), ()
    audio = prepared.checked.audio
    heard = spoken_language(base, [piece.of(audio.samples, audio.rate) for piece in prepared.references], audio.rate).language
    return heard or UNKNOWN_LANGUAGE, (advice(f"sounds_{heard}" if heard else "language_unclear"),)


def _text_advice(utterance: Utterance | None, phones: PromptPhones) -> tuple[Advice, ...]:
    if utterance is None or phones.from_text:
        return ()
    return (advice("text_mismatch" if utterance.phones else "text_unreadable"),)
