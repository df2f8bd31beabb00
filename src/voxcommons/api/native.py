"""Our own way of speaking over HTTP: everything `vox speak` can do, and an answer that tells when each word is spoken.

The other interfaces speak to programs that were made for somebody else and cannot be told more than those expected. Errors have
OpenAI's shape.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, replace
from threading import Event
from typing import Any, Final, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from voxcommons.api.config import ServeConfig
from voxcommons.api.desk import Desk
from voxcommons.api.faults import Fault, fault_of
from voxcommons.api.openai_speech import ErrorBody
from voxcommons.api.orders import Order, spoken
from voxcommons.api.prosody import ProsodyFields, script_of
from voxcommons.api.studio import Selection, Studio
from voxcommons.api.tickets import collected, speech
from voxcommons.base.errors import VoxError
from voxcommons.synth.options import MOST_TAKES
from voxcommons.text.segment import MODES
from voxcommons.trust.audit import ReleaseLog

_MEDIA_TYPES: Final = {
    "wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "opus": "audio/ogg", "ogg": "audio/ogg", "aac": "audio/aac"
}  # fmt: skip


class _SpeakFields(BaseModel):
    """What else our own endpoint takes."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(description="What to say; [pause 0.5s] is silence.")
    voice: str = Field(description="A voice of GET /v1/audio/voices.")
    base: str | None = Field(None, description="A base model of GET /v1/models; left out: the one the voice was made for.")
    language: str = Field("auto", description="Language of the text: " + ", ".join(MODES) + ".")
    format: Literal["wav", "flac", "mp3", "opus", "ogg", "aac"] = Field("wav", description="Of the sound.")
    stream: Literal["sentence", "token"] | None = Field(None, description="Send sound as it is made; left out: whole. Not with words.")
    words: bool = Field(False, description="Answer with JSON: the sound as base64, and when each sentence and word is spoken.")
    speed: float = Field(1.0, ge=0.5, le=2.0, allow_inf_nan=False, description="Above 1 is faster.")
    pause: float | None = Field(None, ge=0, le=10, allow_inf_nan=False, description="Seconds of silence after a sentence.")
    seed: int | None = Field(None, ge=0, le=2**53, description="The same seed gives the same speech.")
    takes: int | None = Field(None, ge=1, le=MOST_TAKES, description="How often a sentence is tried; the clearest take is kept.")


class SpeakRequest(ProsodyFields, _SpeakFields):
    """Everything `/v1/speak` takes."""


class WordFacts(BaseModel):
    """A word and when it is spoken, in seconds."""

    text: str
    start_s: float
    end_s: float


class SentenceFacts(WordFacts):
    """A sentence, when it is spoken, and its words; a base model that cannot tell them leaves the list empty."""

    words: list[WordFacts]


class WarningFacts(BaseModel):
    """Something that is not heard as it was written; positions count in the text that was given."""

    kind: str
    message: str
    start: int
    end: int


class SpokenFacts(BaseModel):
    """Speech with its times."""

    audio: str = Field(description="The sound file as base64.")
    format: str
    sample_rate: int
    seconds: float
    seed: int
    release_id: str
    label: str = Field(description="The AI-content label, as in the header X-AIGC of other answers.")
    sentences: list[SentenceFacts]
    warnings: list[WarningFacts]


_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Sound, or with words JSON.", "model": SpokenFacts,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in dict.fromkeys(_MEDIA_TYPES.values())},
    },
    **{status: {"model": ErrorBody, "description": words} for status, words in (
        (400, "The request cannot be done; the message says why."), (401, "A token is needed."), (403, "Not from here."),
        (404, "No such base model."), (413, "The request is too large."), (422, "The text is too long, or a field is wrong."),
        (429, "The queue is full; Retry-After says when to ask again."),
    )},
}  # fmt: skip


@dataclass(frozen=True)
class NativeApi:
    """The endpoint and what it works with.

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
        """The route."""
        router = APIRouter(prefix="/v1", tags=["VoxCommons"])
        router.add_api_route(
            "/speak", self.speak, methods=["POST"], summary="Speak a text, with the time of every word", responses=_ANSWERS,
            response_class=Response,
        )  # fmt: skip
        return router

    async def speak(self, request: Request, asked: SpeakRequest) -> Response:
        """Speak a text with a voice of the library; everything `vox speak` can do."""
        fault = self._fault(asked)
        if fault is not None:
            return fault.response(request.url.path)
        try:
            script = script_of(asked.text, asked.language.lower(), ssml=asked.ssml)
        except VoxError as error:
            return replace(fault_of(error), param="text").response(request.url.path)
        order = Order(
            asked.text, (script,), asked.format, Selection(asked.base, asked.base) if asked.base is not None else None,
            streaming=asked.stream, voice=asked.voice, timed=asked.words,
            delivery={
                "language": asked.language.lower(), "speed": asked.speed, "pause_s": asked.pause, "takes": asked.takes,
                "seed": asked.seed if asked.seed is not None else secrets.randbelow(2**32), **asked.prosody(),
            },
        )  # fmt: skip
        cancel = Event()
        work = spoken(order, self.studio, self.log, cancel)
        if not asked.words:
            return await speech(request, self.desk, work, cancel, media_type=_MEDIA_TYPES[asked.format], whole=asked.stream is None)
        made = await collected(request, self.desk, work, cancel)
        if isinstance(made, Response):
            return made
        head, content, tail = made
        facts = SpokenFacts(
            audio=base64.b64encode(content).decode("ascii"), format=asked.format, sample_rate=head.sample_rate,
            seconds=round(tail.seconds, 3), seed=head.seed, release_id=head.release_id, label=head.label,
            sentences=[
                SentenceFacts(**_timed(cue.text, cue.start_s, cue.end_s), words=[
                    WordFacts(**_timed(word.text, word.start_s, word.end_s)) for word in cue.words
                ]) for cue in tail.subtitles.cues
            ],
            warnings=[WarningFacts(kind=w.kind, message=w.message, start=w.start, end=w.end) for w in tail.warnings],
        )  # fmt: skip
        return JSONResponse(facts.model_dump(), headers={"Cache-Control": "no-store"})

    def _fault(self, asked: SpeakRequest) -> Fault | None:
        if asked.base is not None and asked.base not in self.studio.bases:
            return Fault(404, f"there is no base model {asked.base[:100]!r}; see GET /v1/models", code="model_not_found", param="base")
        if not asked.text.strip():
            return Fault(400, "text is empty", code="no_text", param="text")
        if len(asked.text) > self.config.max_text:
            message = f"text is too long: at most {self.config.max_text} characters, found {len(asked.text)}"
            return Fault(422, message, code="string_above_max_length", param="text")
        if asked.language.lower() not in MODES:
            return Fault(400, f"language is not one of {', '.join(MODES)}", code="no_such_language", param="language")
        if asked.words and asked.stream is not None:
            return Fault(400, "words come with the whole sound; leave stream out", code="invalid_value", param="stream")
        return None


def _timed(text: str, start_s: float, end_s: float) -> dict[str, Any]:
    return {"text": text, "start_s": round(start_s, 3), "end_s": round(end_s, 3)}
