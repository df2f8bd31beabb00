"""The public program's `api_v2`: the same paths, parameters, media types, streaming modes and error bodies.

What differs is judged in docs/api.md: models are chosen per client and not for everybody, paths stay inside allowed
folders, nothing is read that could run code, and `/control` works only where the operator wants it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass
from threading import Event
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from voxcommons.api.config import ServeConfig
from voxcommons.api.desk import Desk
from voxcommons.api.faults import Fault, fault_of
from voxcommons.api.orders import Order, spoken
from voxcommons.api.prosody import ProsodyFields, public_lines, script_of
from voxcommons.api.sessions import Sessions
from voxcommons.api.studio import Selection, Studio
from voxcommons.api.tickets import errand_done, speech
from voxcommons.base.errors import VoxError
from voxcommons.synth.options import Streaming
from voxcommons.text.segment import MODES
from voxcommons.trust.audit import ReleaseLog
from voxcommons.voices.passing import MOST_OTHERS, Clips

VOICE_PREFIX: Final = "voice:"
"""In place of a path: a voice of the library."""

_MEDIA: Final = {"wav": ("wav", "wav_bare"), "raw": ("pcm", "pcm"), "ogg": ("ogg", "ogg"), "aac": ("aac", "aac")}
_MODES: Final[dict[Any, Streaming | None]] = {0: None, 1: "sentence", 2: "token", 3: "token"}
_MODE_WORDS: Final = {"false": 0, "true": 1, "0": 0, "1": 1, "2": 2, "3": 3}
_CUTS: Final = tuple(f"cut{number}" for number in range(6))
_SILENCE_S: Final = 1.0  # what the public program answers to a text without words


class _TtsFields(BaseModel):
    """What `/tts` takes at the public program, and the choice of models."""

    model_config = ConfigDict(extra="ignore")

    text: str | None = Field(None, description="What to say. Required.")
    text_lang: str | None = Field(None, description="Language of the text: " + ", ".join(MODES) + ". Required.")
    ref_audio_path: str | None = Field(
        None, description=f"Clip of 3 to 10 s in an allowed folder, or '{VOICE_PREFIX}NAME' for a voice of the library. Required."
    )
    aux_ref_audio_paths: list[str] | None = Field(None, max_length=MOST_OTHERS, description="Further clips, for the timbre alone.")
    prompt_lang: str | None = Field(None, description="Language of prompt_text. Required, except with a voice of the library.")
    prompt_text: str | None = Field("", description="What is said in the clip; empty to take the timbre alone.")
    top_k: int | None = Field(None, description="Choices kept at each step: 15 for public models; the starter has its own.")
    top_p: float | None = Field(None, allow_inf_nan=False, description="0 to 1: the share of likely codes that are drawn from; 1 for all.")
    temperature: float | None = Field(None, allow_inf_nan=False, description="Liveliness: 1 for public models; the starter has its own.")
    text_split_method: str = Field("cut5", description="cut0 to cut5.")
    batch_size: int = Field(1, description="Taken and without effect: sentences are made one after another.")
    batch_threshold: float = Field(0.75, allow_inf_nan=False, description="Taken and without effect.")
    split_bucket: bool = Field(True, description="Taken and without effect.")
    speed_factor: float = Field(1.0, allow_inf_nan=False, description="0.5 to 2; above 1 is faster.")
    fragment_interval: float = Field(0.3, allow_inf_nan=False, description="Seconds of silence after each piece of text.")
    seed: int = Field(-1, description="-1 for a new one each time; the header X-Seed says which.")
    media_type: str = Field("wav", description="wav, raw, ogg or aac.")
    streaming_mode: bool | int | str = Field(
        False, description="0 or false: whole. 1 or true: sentence by sentence. 2, 3: while a sentence is being made."
    )
    parallel_infer: bool = Field(True, description="Taken and without effect.")
    repetition_penalty: float = Field(1.35, allow_inf_nan=False, description="Above 1 avoids what was said before.")
    sample_steps: int = Field(32, description="Taken and without effect: only v3 and v4 have steps.")
    super_sampling: bool = Field(False, description="Taken and without effect: only v3 has it.")
    overlap_length: int = Field(2, description="Taken and without effect: pieces join exactly.")
    min_chunk_length: int = Field(16, description="Taken and without effect: pieces grow by themselves.")
    gpt_weights_path: str | None = Field(None, description="Ours: for this request, as /set_gpt_weights.")
    sovits_weights_path: str | None = Field(None, description="Ours: for this request, as /set_sovits_weights.")


class TtsRequest(ProsodyFields, _TtsFields):
    """Everything `/tts` takes. What is left out is as in the public program, or as it suits the model."""


class Message(BaseModel):
    """How the public program answers when there is no sound."""

    message: str
    Exception: str | None = None
    detail: list[dict[str, Any]] | None = None


class Command(BaseModel):
    """What `/control` takes in a body."""

    command: str | None = Field(None, description="restart or exit.")


_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Message, "description": words}
    for status, words in (
        (400, "The request cannot be done; the message says why."),
        (401, "A token is needed."),
        (403, "Not from here, or not allowed by the operator."),
        (413, "The request is too large."),
        (422, "The text is too long, or a field has the wrong type."),
        (429, "The queue is full; Retry-After says when to ask again."),
    )
}
_SOUND: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Sound.", "content": {f"audio/{name}": {"schema": {"type": "string", "format": "binary"}} for name in _MEDIA}},
}


@dataclass(frozen=True)
class PublicApi:
    """The endpoints and what they work with.

    Attributes:
        config: limits and permissions.
        studio: models and voices.
        desk: where work is done.
        log: the record of releases.
        sessions: who chose which models.
        stop: ends the server.
    """

    config: ServeConfig
    studio: Studio
    desk: Desk
    log: ReleaseLog
    sessions: Sessions
    stop: Callable[[], None]

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["api_v2"], responses=_ERRORS)
        sound: dict[str, Any] = {"responses": _SOUND, "response_class": Response}
        router.add_api_route("/tts", self.tts_get, methods=["GET"], summary="Speak a text", **sound)
        router.add_api_route("/tts", self.tts_post, methods=["POST"], summary="Speak a text", **sound)
        said: dict[str, Any] = {"responses": {200: {"model": Message}}, "response_model": None}
        router.add_api_route("/set_gpt_weights", self.set_gpt, methods=["GET"], summary="Choose the text-to-semantic model", **said)
        router.add_api_route("/set_sovits_weights", self.set_sovits, methods=["GET"], summary="Choose the semantic-to-wave model", **said)
        router.add_api_route("/set_refer_audio", self.set_refer, methods=["GET"], summary="Check a reference clip", **said)
        router.add_api_route("/control", self.control_get, methods=["GET"], summary="Stop or restart", **said)
        router.add_api_route("/control", self.control_post, methods=["POST"], summary="Stop or restart", **said)
        return router

    async def tts_get(self, request: Request, asked: Annotated[TtsRequest, Query()]) -> Response:
        """Speak a text; everything is in the query."""
        return await self._tts(request, asked)

    async def tts_post(self, request: Request, asked: TtsRequest) -> Response:
        """Speak a text; everything is in a JSON body."""
        return await self._tts(request, asked)

    async def set_gpt(self, request: Request, weights_path: str | None = None) -> Response:
        """Choose the text-to-semantic model for this client's next requests: a name of the server or a base-model folder."""
        return await self._set_weights(request, "gpt", weights_path)

    async def set_sovits(self, request: Request, weights_path: str | None = None) -> Response:
        """Choose the semantic-to-wave model for this client's next requests: a name of the server or a base-model folder."""
        return await self._set_weights(request, "sovits", weights_path)

    async def set_refer(self, request: Request, refer_audio_path: str | None = None) -> Response:
        """Check a reference clip and compute its voice ahead; requests still name their own, as in the public program."""
        failed, path, chosen = "set refer audio failed", refer_audio_path or "", self.sessions.get(request)

        def work() -> Generator[None, None, None]:
            if path.startswith(VOICE_PREFIX):
                self.studio.voice(path.removeprefix(VOICE_PREFIX))
            else:
                clips = Clips(self.studio.folders.file(path))
                self.studio.passing(self.studio.engine(chosen).base, clips)
            yield

        return await self._done(request, work(), failed) or _success()

    async def control_get(self, request: Request, command: str | None = None) -> Response:
        """Stop the server, or let it read everything anew."""
        return await self._control(request, command)

    async def control_post(self, request: Request, asked: Command) -> Response:
        """Stop the server, or let it read everything anew."""
        return await self._control(request, asked.command)

    async def _tts(self, request: Request, asked: TtsRequest) -> Response:
        fault = self._fault(asked, self._selection(request, asked))
        if fault is not None:
            return fault.response(request.url.path)
        streaming = _MODES[_mode(asked.streaming_mode)]
        try:
            order = self._order(asked, self._selection(request, asked), streaming)
        except VoxError as error:
            return fault_of(error).response(request.url.path)
        cancel = Event()
        work = spoken(order, self.studio, self.log, cancel)
        kind = f"audio/{asked.media_type.lower()}"
        return await speech(request, self.desk, work, cancel, media_type=kind, whole=streaming is None)

    def _fault(self, asked: TtsRequest, chosen: Selection) -> Fault | None:
        """What is wrong with a request, in the order and the words of the public program."""
        by_name = (asked.ref_audio_path or "").startswith(VOICE_PREFIX)
        version = chosen.sovits if chosen.sovits in self.studio.bases else "of these weights"
        text_lang, prompt_lang = (asked.text_lang or "").lower(), (asked.prompt_lang or "").lower()
        said = (
            (not asked.ref_audio_path, "ref_audio_path is required"),
            (not asked.text, "text is required"),
            (not text_lang, "text_lang is required"),
            (text_lang not in MODES, f"text_lang: {asked.text_lang} is not supported in version {version}"),
            (not prompt_lang and not by_name, "prompt_lang is required"),
            (bool(prompt_lang) and prompt_lang not in MODES, f"prompt_lang: {asked.prompt_lang} is not supported in version {version}"),
            (asked.media_type.lower() not in _MEDIA, f"media_type: {asked.media_type} is not supported"),
            (asked.text_split_method not in _CUTS, f"text_split_method:{asked.text_split_method} is not supported"),
            (_mode(asked.streaming_mode) is None, f"streaming_mode: {asked.streaming_mode} is not supported"),
        )
        wrong = next((message for is_wrong, message in said if is_wrong), None)
        if wrong is not None:
            return Fault(400, wrong[:500])
        longest = max(len(asked.text or ""), len(asked.prompt_text or ""))
        if longest > self.config.max_text:
            return Fault(422, "text is too long", f"at most {self.config.max_text} characters, found {longest}", "text_too_long")
        return None

    def _order(self, asked: TtsRequest, chosen: Selection, streaming: Streaming | None) -> Order:
        text, language = asked.text or "", (asked.text_lang or "").lower()
        lines = (script_of(text, language, ssml=True),) if asked.ssml else public_lines(text, language, asked.text_split_method)
        path = asked.ref_audio_path or ""
        voice, clips = None, None
        if path.startswith(VOICE_PREFIX):
            voice = path.removeprefix(VOICE_PREFIX)
        else:
            others = tuple(self.studio.folders.file(other) for other in asked.aux_ref_audio_paths or ())
            clips = Clips(self.studio.folders.file(path), others, (asked.prompt_text or "").strip(), (asked.prompt_lang or "").lower())
        delivery = {
            "language": language, "top_k": asked.top_k, "top_p": asked.top_p, "temperature": asked.temperature,
            "repetition_penalty": asked.repetition_penalty, "speed": asked.speed_factor, "pause_s": asked.fragment_interval,
            "seed": asked.seed if asked.seed != -1 else secrets.randbelow(2**32), **asked.prosody(),
        }  # fmt: skip
        return Order(
            text, lines, _MEDIA[asked.media_type.lower()][streaming is not None], None if voice is not None else chosen,
            streaming=streaming, voice=voice, clips=clips, delivery=delivery,
            line_pause_s=0.0 if asked.ssml else asked.fragment_interval, silent_s=_SILENCE_S,
        )  # fmt: skip

    def _selection(self, request: Request, asked: TtsRequest) -> Selection:
        chosen = self.sessions.get(request)
        return Selection(asked.gpt_weights_path or chosen.gpt, asked.sovits_weights_path or chosen.sovits)

    async def _set_weights(self, request: Request, part: str, path: str | None) -> Response:
        if not path:
            return Fault(400, f"{part} weight path is required").response(request.url.path)
        failed, chosen = f"change {part} weight failed", self.sessions.get(request)
        selection = Selection(path, chosen.sovits) if part == "gpt" else Selection(chosen.gpt, path)

        def work() -> Generator[None, None, None]:
            # Clients set one part after the other; until both are set they need not fit together.
            self.studio.engine(Selection(path, path))
            yield

        answer = await self._done(request, work(), failed)
        if answer is None:
            self.sessions.choose(request, gpt=selection.gpt, sovits=selection.sovits)
        return answer or _success()

    async def _control(self, request: Request, command: str | None) -> Response:
        if not command:
            return Fault(400, "command is required").response(request.url.path)
        if command not in ("restart", "exit"):
            return Fault(400, f"command: {command[:100]} is not supported").response(request.url.path)
        if not self.config.allow_control:
            return Fault(403, "control is off", "start the server with --allow-control").response(request.url.path)
        if command == "exit":
            self.stop()
            return _success()
        self.sessions.forget()

        def work() -> Generator[None, None, None]:
            self.studio.forget()
            yield

        return await self._done(request, work(), "restart failed") or _success()

    async def _done(self, request: Request, work: Generator[None, None, None], failed: str) -> Response | None:
        return await errand_done(request, self.desk, work, Event(), failed)


def _mode(value: bool | int | str) -> int | None:  # noqa: FBT001 - the public program takes all three
    """A streaming mode as 0 to 3; None for anything else."""
    number = _MODE_WORDS.get(value.lower()) if isinstance(value, str) else int(value)
    return number if number in _MODES else None


def _success() -> Response:
    return JSONResponse({"message": "success"})
