"""What the page "Speak" asks for: takes of a text with single sentences or words spoken again, as sound now or as a file to keep.

A take is described whole by every request (text, voice, manner, seeds), so nothing of it lives on the server: another visitor cannot
meet it, and a reload of the page loses nothing but the wait.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from threading import Event
from typing import Any, Final, Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from voxcommons.api.config import ServeConfig
from voxcommons.api.desk import Desk
from voxcommons.api.orders import Order, spoken
from voxcommons.api.prosody import ProsodyFields, script_of
from voxcommons.api.studio import Studio
from voxcommons.api.tickets import speech
from voxcommons.base.database import Database
from voxcommons.base.errors import InputError, VoxError
from voxcommons.synth.retakes import MOST_WORDS, Retakes, WordRetake
from voxcommons.text.script import Script
from voxcommons.text.segment import MODES
from voxcommons.trust.audit import ReleaseLog
from voxcommons.voices.history import History
from voxcommons.web.answers import failed, told
from voxcommons.web.kept_sentences import KeptSentences
from voxcommons.web.take_stream import take

MEDIA_TYPES: Final = {"wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "opus": "audio/ogg"}
_SEED: Final = 2**53


class AskedWord(BaseModel):
    """A word that is to come from another speaking of its sentence."""

    model_config = ConfigDict(extra="forbid")

    sentence: int = Field(ge=0, le=1_000_000)
    word: int = Field(ge=0, le=100_000)
    seed: int = Field(ge=0, le=_SEED)


class _TakeFields(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str
    voice: str
    language: str = "auto"
    speed: float = Field(1.0, ge=0.5, le=2.0, allow_inf_nan=False)
    pause: float | None = Field(None, ge=0, le=10, allow_inf_nan=False)
    seed: int | None = Field(None, ge=0, le=_SEED)
    sentences: dict[int, int] = Field(default_factory=dict, max_length=1000)
    words: list[AskedWord] = Field(default_factory=list, max_length=MOST_WORDS)


class AskedTake(ProsodyFields, _TakeFields):
    """A take; without a format it is streamed to be heard, with one it is a file."""

    format: Literal["wav", "flac", "mp3", "opus"] | None = None


@dataclass(frozen=True)
class Speaking:
    """The routes of the page and what they work with.

    Attributes:
        config: limits.
        studio: models and voices.
        desk: where work is done.
        log: the record of releases.
        database: where the history is.
    """

    config: ServeConfig
    studio: Studio
    desk: Desk
    log: ReleaseLog
    database: Database
    kept: KeptSentences = field(default_factory=KeptSentences)

    def add_to(self, router: APIRouter) -> None:
        """Put the routes on a router."""
        router.add_api_route("/take", self.take, methods=["POST"], response_class=Response)
        router.add_api_route("/history", self.history, methods=["GET"], response_class=Response)
        router.add_api_route("/history", self.forget, methods=["DELETE"], response_class=Response)

    async def take(self, request: Request, asked: AskedTake) -> Response:
        """Speak a take."""
        try:
            script = self._script(asked)
        except VoxError as error:
            return failed(error, request)
        cancel = Event()
        work = self._work(asked, script, cancel)
        if asked.format is None:
            return await take(request, self.desk, work, cancel)
        return await speech(request, self.desk, work, cancel, media_type=MEDIA_TYPES[asked.format], whole=True)

    async def history(self, request: Request, voice: str = "", words: str = "") -> Response:
        """What was spoken, the newest first; each text of a voice once."""
        try:
            found = await run_in_threadpool(self._history().list, voice=voice, words=words, most=200)
        except VoxError as error:
            return failed(error, request)
        once = {(one.voice, one.style, one.text): one for one in reversed(found)}
        entries = [{key: asdict(one)[key] for key in ("voice", "style", "text", "language", "seconds", "at")} for one in once.values()]
        return told({"history": sorted(entries, key=lambda one: -one["at"])[:50]})

    async def forget(self, request: Request, voice: str = "") -> Response:
        """Delete what is remembered of a voice, or everything, for good."""
        try:
            return told({"forgotten": await run_in_threadpool(self._history().forget, voice=voice)})
        except VoxError as error:
            return failed(error, request)

    def _history(self) -> History:
        return History(self.database, self.config.home)

    def _script(self, asked: AskedTake) -> Script:
        if not asked.text.strip():
            raise InputError("there is no text to speak", expected="words", found="an empty text", do="give words", key="no_text")
        if len(asked.text) > self.config.max_text:
            expected, found = f"at most {self.config.max_text} characters", str(len(asked.text))
            raise InputError("the text is too long", expected=expected, found=found, do="speak it in parts", key="text_too_long")
        if asked.language not in MODES:
            raise InputError("unknown language", expected=", ".join(MODES), found=repr(asked.language), key="no_such_language")
        return script_of(asked.text, asked.language, ssml=asked.ssml)

    def _work(self, asked: AskedTake, script: Script, cancel: Event) -> Generator[Any, None, None]:
        """What the desk does; the voice is looked at there, as everything that loads is."""
        voice = self.studio.voice(asked.voice)
        manner = {"language": asked.language, "speed": asked.speed, "pause_s": asked.pause, **asked.prosody()}
        files = {name: facts.sha256 for name, facts in voice.manifest.files.items()}
        decided = manner | {"text": asked.text, "ssml": asked.ssml, "style": voice.style, "files": files}
        swaps: dict[int, tuple[WordRetake, ...]] = {}
        for one in asked.words:
            swaps[one.sentence] = (*swaps.get(one.sentence, ()), WordRetake(one.word, one.seed))
        retakes = Retakes(asked.sentences, swaps, self.kept.of(decided))
        order = Order(
            asked.text, (script,), asked.format or "pcm", None, streaming="sentence" if asked.format is None else None, voice=asked.voice,
            timed=True, delivery=manner | {"seed": asked.seed if asked.seed is not None else secrets.randbelow(2**32), "retakes": retakes},
        )  # fmt: skip
        yield from spoken(order, self.studio, self.log, cancel)
