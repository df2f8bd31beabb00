"""What the page "Record" asks for: prompts, a sitting that can be gone on with, takes judged at once, and the voice in the end."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from voxcommons.api.config import ServeConfig
from voxcommons.base.errors import VoxError
from voxcommons.base.settings import MessageLanguage, Settings
from voxcommons.jobs.queue import Desk as Orders
from voxcommons.voices.clone_job import clone_order
from voxcommons.voices.sittings import FOLDER, MOST_PROMPTS, Sitting, Sittings, Take, shown
from voxcommons.voices.take_verdict import RoomTone, TakeVerdict
from voxcommons.web.answers import failed, told
from voxcommons.web.uploads import arriving
from voxcommons.web.words import LANGUAGES, language_of

ENOUGH_SPEECH_S: Final = 60.0  # a closer voice than a few sentences give
LEAST_SPEECH_S: Final = 8.0


class AskedSitting(BaseModel):
    """A sitting to be begun: with prompts of one's own, with ours, or without any for a recording that exists."""

    model_config = ConfigDict(extra="forbid")

    language: str = Field(max_length=20)
    prompts: list[str] | None = Field(None, max_length=MOST_PROMPTS)
    consent: str = Field("", max_length=2000)


class AskedVoice(BaseModel):
    """A voice to be made of a sitting."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=200)
    replace: bool = False
    keep_recording: bool = True


@dataclass(frozen=True)
class Recording:
    """The routes of the page and what they work with.

    Attributes:
        config: limits and places.
        sittings: what was recorded.
        queue: where voices are ordered.
    """

    config: ServeConfig
    sittings: Sittings
    queue: Orders

    def add_to(self, router: APIRouter) -> None:
        """Put the routes on a router."""
        router.add_api_route("/sittings", self.begin, methods=["POST"], response_class=Response)
        router.add_api_route("/sittings/{code}", self.sitting, methods=["GET"], response_class=Response)
        router.add_api_route("/sittings/{code}", self.remove, methods=["DELETE"], response_class=Response)
        router.add_api_route("/sittings/{code}/voice", self.voice, methods=["POST"], response_class=Response)
        router.add_api_route("/uploads/sittings/{code}/room", self.room, methods=["PUT"], response_class=Response)
        router.add_api_route("/uploads/sittings/{code}/takes/{take}", self.take, methods=["PUT"], response_class=Response)

    def begin(self, request: Request, asked: AskedSitting) -> Response:
        """Begin a sitting."""
        prompts = asked.prompts if asked.prompts is not None else list(prompts_of(asked.language))
        try:
            return told(_sitting_facts(self.sittings.begin(prompts, asked.language, asked.consent), language_of(request)), 201)
        except VoxError as error:
            return failed(error, request)

    def sitting(self, request: Request, code: str) -> Response:
        """Everything about a sitting, to go on with it."""
        try:
            return told(_sitting_facts(self.sittings.get(code), language_of(request)))
        except VoxError as error:
            return failed(error, request)

    def remove(self, request: Request, code: str) -> Response:
        """Delete a sitting with all its recordings."""
        try:
            self.sittings.remove(code)
        except VoxError as error:
            return failed(error, request)
        return told({"removed": True})

    async def room(self, request: Request, code: str) -> Response:
        """Two seconds in which nobody speaks."""
        try:
            async with arriving(request, self.config.home / FOLDER / ".arriving") as file:
                sitting = await run_in_threadpool(self.sittings.add_room, code, file)
        except VoxError as error:
            return failed(error, request)
        return told({"room": _room_facts(sitting.room, language_of(request))})

    async def take(
        self, request: Request, code: str, take: str, prompt: Annotated[int, Query(ge=0)],
        device: Annotated[str, Query(max_length=4000)] = "{}",
    ) -> Response:  # fmt: skip
        """A prompt that was read; the answer is its verdict."""
        try:
            async with arriving(request, self.config.home / FOLDER / ".arriving") as file:
                sitting, made = await run_in_threadpool(self.sittings.add, code, take, prompt, file, _device(device))
        except VoxError as error:
            return failed(error, request)
        return told({"take": _take_facts(made, language_of(request)), **_progress(sitting)})

    def voice(self, request: Request, code: str, asked: AskedVoice) -> Response:
        """Order a voice made of everything that was recorded."""
        try:
            sitting = self.sittings.get(code)
            given: dict[str, Any] = {
                "recording": str(self.sittings.joined(code)), "name": asked.name, "text": sitting.text, "consent": sitting.consent,
                "base": self.config.bases[self.config.default_base], "keep_recording": "yes" if asked.keep_recording else "no",
                "replace": "yes" if asked.replace else "no", "language": sitting.reading,
            }  # fmt: skip
            order = clone_order(given, Settings(home=self.config.home))
            (job,) = self.queue.submit([replace(order, batch=f"sitting {sitting.code}")])
        except VoxError as error:
            return failed(error, request)
        return told({"job": job.id, "name": order.payload["name"]}, 202)


def prompts_of(language: str) -> tuple[str, ...]:
    """Our own sentences to read in a language; those in English where there are none."""
    place = importlib.resources.files("voxcommons.web") / "prompts"
    known = language if language in LANGUAGES else "en"
    lines = (place / f"{known}.tsv").read_text("utf-8").splitlines()
    return tuple(line.partition("\t")[2] for line in lines if line.strip())


def _device(text: str) -> dict[str, Any]:
    try:
        made = json.loads(text)
    except ValueError:
        return {}
    return made if isinstance(made, dict) else {}


def _sitting_facts(sitting: Sitting, language: MessageLanguage) -> dict[str, Any]:
    takes = [_take_facts(take, language) for take in sitting.takes]
    return {
        "code": shown(sitting.code), "language": sitting.language, "prompts": sitting.prompts, "consent": sitting.consent,
        "room": _room_facts(sitting.room, language), "takes": takes, **_progress(sitting),
    }  # fmt: skip


def _progress(sitting: Sitting) -> dict[str, Any]:
    return {
        "good": [take.prompt for take in sitting.kept], "speech_s": round(sitting.speech_s, 1), "enough_s": ENOUGH_SPEECH_S,
        "least_s": LEAST_SPEECH_S,
    }  # fmt: skip


def _take_facts(take: Take, language: MessageLanguage) -> dict[str, Any]:
    return {"id": take.id, "prompt": take.prompt, "device": dict(take.device), **_verdict_facts(take.verdict, language)}


def _verdict_facts(verdict: TakeVerdict, language: MessageLanguage) -> dict[str, Any]:
    return {**asdict(verdict), "advice": [note.text(language) for note in verdict.advice], "kinds": [note.kind for note in verdict.advice]}


def _room_facts(room: RoomTone | None, language: Literal["en", "zh"]) -> dict[str, Any] | None:
    return None if room is None else {**asdict(room), "advice": [note.text(language) for note in room.advice]}
