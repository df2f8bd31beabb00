"""OpenAI's speech endpoint: the voices of the library behind `POST /v1/audio/speech`, with its error bodies.

A client written for OpenAI works when its base address is this server's. `model` names a base model; the names of OpenAI's
own models stand for whatever fits the voice, because clients come with them filled in.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from voxcommons.api.config import ServeConfig
from voxcommons.api.desk import Desk
from voxcommons.api.events import EVENTS, SpeechEvents
from voxcommons.api.faults import Fault, fault_of
from voxcommons.api.orders import Order, spoken
from voxcommons.api.prosody import ProsodyFields, script_of
from voxcommons.api.studio import Selection, Studio
from voxcommons.api.tickets import speech
from voxcommons.base.errors import VoxError
from voxcommons.synth.options import Streaming
from voxcommons.text.segment import MODES
from voxcommons.trust.audit import ReleaseLog
from voxcommons.voices.library import Voice

THEIR_MODELS: Final = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15")
THEIR_PCM_RATE: Final = 24_000
"""What a client made for OpenAI plays bare samples at, since nothing in them says how fast they are."""

_OWNER: Final = "voxcommons"
Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
_MEDIA_TYPES: Final[dict[str, str]] = {
    "mp3": "audio/mpeg", "opus": "audio/ogg", "aac": "audio/aac", "flac": "audio/flac", "wav": "audio/wav", "pcm": "audio/pcm"
}  # fmt: skip


class VoiceId(BaseModel):
    """A voice named by an object, as newer clients do."""

    id: str


class _SpeechFields(BaseModel):
    """What `/v1/audio/speech` takes at OpenAI, and what it has here besides."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(description="A base model of GET /v1/models, or one of " + ", ".join(THEIR_MODELS) + " for what fits the voice.")
    input: str = Field(description="What to say.")
    voice: str | VoiceId = Field(description="A voice of GET /v1/audio/voices.")
    response_format: Format = Field("mp3", description="pcm is 16-bit little-endian mono, 24 kHz unless sample_rate says otherwise.")
    speed: float = Field(1.0, ge=0.5, le=2.0, allow_inf_nan=False, description="Above 1 is faster.")
    stream: bool | None = Field(
        None,
        description="Left out: sentence by sentence; wav and flac whole. True: while a sentence is being made, sooner and tried once "
        "instead of several times. False: whole.",
    )
    stream_format: Literal["audio", "sse"] = Field(
        "audio",
        description="audio: the sound itself. sse: events, speech.audio.delta with base64 and at last speech.audio.done with usage, or "
        "error; every format is then streamed unless stream is false.",
    )
    instructions: str | None = Field(None, description="Taken and without effect: these models follow none.")
    sample_rate: Literal["model", 8000, 16000, 22050, 24000, 32000, 44100, 48000] | None = Field(
        None, description="Ours: samples per second. Left out: 24000 for pcm, as at OpenAI, and the model's own for the rest."
    )
    language: str = Field("auto", description="Ours: language of the input: " + ", ".join(MODES) + ".")
    seed: int | None = Field(None, ge=0, le=2**53, description="Ours: the same seed gives the same speech.")
    pause: float | None = Field(None, ge=0, le=10, allow_inf_nan=False, description="Ours: seconds of silence after a sentence.")


class SpeechRequest(ProsodyFields, _SpeechFields):
    """Everything `/v1/audio/speech` takes."""


class ErrorFacts(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """How OpenAI answers when there is no sound."""

    error: ErrorFacts


class ModelFacts(BaseModel):
    """A base model."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = _OWNER


class ModelList(BaseModel):
    """All base models."""

    object: Literal["list"] = "list"
    data: list[ModelFacts]


class VoiceFacts(BaseModel):
    """A voice of the library."""

    id: str
    name: str
    object: Literal["voice"] = "voice"
    language: str = Field(description="Of the recording the voice was made from.")
    languages: list[str] = Field(description="What its base model was trained to speak; empty where that is not known.")
    styles: list[str] = Field(description="Its styles: ask for NAME/STYLE.")
    model: str | None = Field(description="The base model it was made for, null when this server has not loaded it.")
    licence: str


class VoiceList(BaseModel):
    """All voices."""

    object: Literal["list"] = "list"
    data: list[VoiceFacts]


_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ErrorBody, "description": words}
    for status, words in (
        (400, "The request cannot be done: no such voice, nothing to say."),
        (401, "A token is needed."),
        (403, "Not from here."),
        (404, "No such model."),
        (413, "The request is too large."),
        (422, "The input is too long, or a field has the wrong type."),
        (429, "The queue is full; Retry-After says when to ask again."),
    )
}
_SOUND: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Sound.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in dict.fromkeys(_MEDIA_TYPES.values())}
        | {EVENTS: {"schema": {"type": "string"}}},
    },
}


@dataclass(frozen=True)
class OpenAiApi:
    """The endpoints and what they work with.

    Attributes:
        config: limits.
        studio: models and voices.
        desk: where work is done.
        log: the record of releases.
    """

    config: ServeConfig
    studio: Studio
    desk: Desk
    log: ReleaseLog

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/v1", tags=["OpenAI"])
        sound, listed = _ERRORS | _SOUND, {status: _ERRORS[status] for status in (401, 403, 413)}
        facts = {**listed, 404: _ERRORS[404]}
        router.add_api_route(
            "/audio/speech", self.speech, methods=["POST"], summary="Speak a text", responses=sound, response_class=Response
        )
        told: dict[str, Any] = {"methods": ["GET"], "response_description": "The list.", "responses": listed}
        router.add_api_route("/audio/voices", self.voices, summary="List the voices", response_model=VoiceList, **told)
        router.add_api_route("/models", self.models, summary="List the base models", response_model=ModelList, **told)
        told |= {"response_description": "What it is.", "responses": facts}
        router.add_api_route("/models/{model}", self.model, summary="One base model", response_model=ModelFacts, **told)
        return router

    async def speech(self, request: Request, asked: SpeechRequest) -> Response:
        """Speak a text with a voice of the library."""
        voice = asked.voice.id if isinstance(asked.voice, VoiceId) else asked.voice
        fault = self._fault(asked, voice)
        if fault is not None:
            return fault.response(request.url.path)
        streaming = _streaming(asked)
        try:
            script = script_of(asked.input, asked.language.lower(), ssml=asked.ssml)
        except VoxError as error:
            return replace(fault_of(error), param="input").response(request.url.path)
        order = Order(
            text=asked.input,
            lines=(script,),
            file_format=asked.response_format,
            selection=None if asked.model in THEIR_MODELS else Selection(asked.model, asked.model),
            streaming=streaming,
            voice=voice,
            sample_rate=_rate(asked),
            delivery={
                "language": asked.language.lower(), "speed": asked.speed,
                "seed": asked.seed if asked.seed is not None else secrets.randbelow(2**32), "pause_s": asked.pause, **asked.prosody(),
            },
        )  # fmt: skip
        cancel = Event()
        work = spoken(order, self.studio, self.log, cancel)
        if asked.stream_format == "sse":
            wire = SpeechEvents(len(asked.input))
            return await speech(request, self.desk, work, cancel, media_type=EVENTS, whole=False, wire=wire)
        kind = _MEDIA_TYPES[asked.response_format]
        return await speech(request, self.desk, work, cancel, media_type=kind, whole=streaming is None)

    async def models(self) -> ModelList:
        """The base models of this server, the default first."""
        return ModelList(data=[ModelFacts(id=name) for name in self.studio.bases])

    async def model(self, request: Request, model: Annotated[str, Path(description="A name of GET /v1/models.")]) -> Any:  # noqa: ANN401 - facts, or a response with the error
        """One base model."""
        if model not in self.studio.bases:
            return _no_model(model).response(request.url.path)
        return ModelFacts(id=model)

    async def voices(self) -> VoiceList:
        """The voices of the library, the user's own first."""
        found: Sequence[Voice] = await run_in_threadpool(self.studio.library.list)
        return VoiceList(data=[self._facts(voice) for voice in found])

    def _facts(self, voice: Voice) -> VoiceFacts:
        manifest = voice.manifest
        return VoiceFacts(
            id=voice.name, name=voice.name, language=manifest.language, languages=list(self.studio.languages_of(voice)),
            styles=list(manifest.styles), model=self.studio.base_named(voice), licence=manifest.licence,
        )  # fmt: skip

    def _fault(self, asked: SpeechRequest, voice: str) -> Fault | None:
        if asked.model not in (*self.studio.bases, *THEIR_MODELS):
            return _no_model(asked.model)
        if not asked.input.strip():
            return Fault(400, "input is empty", code="no_text", param="input")
        if len(asked.input) > self.config.max_text:
            message = f"input is too long: at most {self.config.max_text} characters, found {len(asked.input)}"
            return Fault(422, message, code="string_above_max_length", param="input")
        if asked.language.lower() not in MODES:
            message = f"language {asked.language[:40]!r} is not one of {', '.join(MODES)}"
            return Fault(400, message, code="no_such_language", param="language")
        if not voice.strip():
            return Fault(400, "voice is empty", code="no_such_voice", param="voice")
        return None


def _streaming(asked: SpeechRequest) -> Streaming | None:
    if asked.stream is None:
        # Programs that read these two by the length in their head cannot read a stream, which has none. Events are asked for by a
        # program that wants a stream.
        return None if asked.response_format in ("wav", "flac") and asked.stream_format == "audio" else "sentence"
    return "token" if asked.stream else None


def _rate(asked: SpeechRequest) -> int | None:
    if asked.sample_rate is None:
        return THEIR_PCM_RATE if asked.response_format == "pcm" else None
    return None if asked.sample_rate == "model" else asked.sample_rate


def _no_model(name: str) -> Fault:
    return Fault(404, f"The model {name[:100]!r} does not exist; see GET /v1/models", code="model_not_found", param="model")
