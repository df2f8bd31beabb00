"""What the page "Voices" asks for: finding voices, hearing them, saying what is known of them, styles, and taking voices in and out."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Annotated, Any, Final

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from voxcommons.api.config import ServeConfig
from voxcommons.api.desk import Desk
from voxcommons.api.studio import Studio
from voxcommons.api.tickets import errand_done
from voxcommons.base.database import Database
from voxcommons.base.errors import InputError, VoxError
from voxcommons.prepare.recording import PreparedRecording, prepare_recording
from voxcommons.voicefile.manifest import PREVIEW_FILE, WEIGHTS_FILE
from voxcommons.voices import catalogue
from voxcommons.voices.editing import FACTS, Description, add_style, describe, facts_of, remove_style
from voxcommons.voices.library import Voice
from voxcommons.voices.styles import style_of_recording
from voxcommons.web.answers import failed, told
from voxcommons.web.growth import growth_of
from voxcommons.web.uploads import arriving

_ARRIVING: Final = ".arriving"


class AskedDescription(BaseModel):
    """What is to be changed in how a voice is described; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    speaker: dict[str, str] = Field(default_factory=dict, max_length=20)
    add_tags: list[str] = Field(default_factory=list, max_length=32)
    remove_tags: list[str] = Field(default_factory=list, max_length=32)
    language: str | None = Field(None, max_length=40)
    licence: str | None = Field(None, max_length=200)
    consent: str | None = Field(None, max_length=2000)


@dataclass(frozen=True)
class VoiceShelf:
    """The routes of the page and what they work with.

    Attributes:
        config: limits and places.
        studio: models and voices.
        desk: where models work.
        database: where the catalogue is.
    """

    config: ServeConfig
    studio: Studio
    desk: Desk
    database: Database

    def add_to(self, router: APIRouter) -> None:
        """Put the routes on a router."""
        router.add_api_route("/voices", self.voices, methods=["GET"], response_class=Response)
        router.add_api_route("/voices/{name}", self.describe, methods=["PATCH"], response_class=Response)
        router.add_api_route("/voices/{name}", self.remove, methods=["DELETE"], response_class=Response)
        router.add_api_route("/voices/{name}/preview", self.preview, methods=["GET"], response_class=Response)
        router.add_api_route("/voices/{name}/archive", self.archive, methods=["GET"], response_class=Response)
        router.add_api_route("/voices/{name}/styles/{style}", self.remove_style, methods=["DELETE"], response_class=Response)
        router.add_api_route("/uploads/voices", self.take_in, methods=["POST"], response_class=Response)
        router.add_api_route("/uploads/voices/{name}/styles/{style}", self.add_style, methods=["POST"], response_class=Response)

    def voices(self, request: Request, words: str = "", language: str = "", tag: str = "") -> Response:
        """The voices that are as asked."""
        wanted = catalogue.Query(words=tuple(words.split()), language=language, tags=(tag,) if tag else ())
        try:
            found = catalogue.Catalogue(self.database, self.studio.library).search(wanted)
        except VoxError as error:
            return failed(error, request)
        return told({"voices": [_facts(voice) for voice in found]})

    def describe(self, request: Request, name: str, asked: AskedDescription) -> Response:
        """Change what is known of a voice."""
        changes = Description(asked.speaker, asked.add_tags, asked.remove_tags, asked.language, asked.licence, asked.consent)
        try:
            return told({"voice": _facts(describe(self.studio.library, name, changes))})
        except VoxError as error:
            return failed(error, request)

    def remove(self, request: Request, name: str) -> Response:
        """Delete a voice."""
        try:
            self.studio.library.remove(name)
        except VoxError as error:
            return failed(error, request)
        return told({"removed": name})

    def preview(self, request: Request, name: str) -> Response:
        """The sample that the voice speaks of itself; it was released, with its label in it, when the voice was made."""
        try:
            voice = self.studio.library.get(name)
            if PREVIEW_FILE not in voice.manifest.files:
                raise InputError("the voice has no sample of itself", found=voice.name, do="let it speak")
        except VoxError as error:
            return failed(error, request)
        return FileResponse(voice.folder / PREVIEW_FILE, media_type="audio/flac", headers={"Cache-Control": "no-store"})

    def archive(self, request: Request, name: str) -> Response:
        """The voice as one file."""
        folder = Path(tempfile.mkdtemp(prefix="vox-export-"))

        def clear() -> None:
            for file in folder.iterdir():
                file.unlink(missing_ok=True)
            folder.rmdir()

        try:
            voice = self.studio.library.get(name)
            self.studio.library.export(voice.name, folder / "voice.voice")
        except VoxError as error:
            clear()
            return failed(error, request)
        done, name = BackgroundTasks(), f"{voice.name}.voice"
        done.add_task(clear)
        return FileResponse(folder / "voice.voice", media_type="application/zip", filename=name, background=done)

    async def take_in(self, request: Request) -> Response:
        """Take in a `.voice` file; everything in it is checked first."""
        try:
            async with arriving(request, self.config.home / _ARRIVING) as file:
                voice = await run_in_threadpool(self.studio.library.add, file)
        except VoxError as error:
            return failed(error, request)
        return told({"voice": _facts(voice)}, 201)

    async def add_style(  # noqa: PLR0913 - what a page sends with a clip
        self, request: Request, name: str, style: str, text: Annotated[str, Query(max_length=2000)] = "", replace: bool = False
    ) -> Response:
        """Give a voice a style from a recording; the base model listens to it at the desk."""
        try:
            async with arriving(request, self.config.home / _ARRIVING) as file:
                prepared = await run_in_threadpool(prepare_recording, file)
                cancel = Event()
                work = self._styled(name, style, prepared, text, replace=replace)
                wrong = await errand_done(request, self.desk, work, cancel, "the style could not be made")
        except VoxError as error:
            return failed(error, request)
        if wrong is not None:
            return wrong
        return told({"voice": _facts(await run_in_threadpool(self.studio.library.get, name))}, 201)

    def remove_style(self, request: Request, name: str, style: str) -> Response:
        """Take a style away."""
        try:
            return told({"voice": _facts(remove_style(self.studio.library, name, style))})
        except VoxError as error:
            return failed(error, request)

    def _styled(self, name: str, style: str, prepared: PreparedRecording, text: str, *, replace: bool) -> Generator[None, None, None]:
        voice = self.studio.voice(name)
        base = self.studio.engine(self.studio.selection_of(voice)).base
        made = style_of_recording(prepared, voice, base, text=text or None)
        yield  # somebody else may have a turn
        add_style(self.studio.library, voice.name, style, made, replace=replace)


def _facts(voice: Voice) -> dict[str, Any]:
    """What a visitor may know about a voice."""
    made = voice.manifest
    recording = made.recording
    return {
        "name": voice.name, "language": made.language, "bundled": voice.bundled, "base": made.base.name, "created": made.created,
        "licence": made.licence, "consent": made.consent.note, "tags": made.tags, "styles": sorted(made.styles), "speaker": facts_of(made),
        "facts": FACTS, "preview": PREVIEW_FILE in made.files, "tuned": WEIGHTS_FILE in made.files, "growth": growth_of(voice),
        "recording": None if recording is None else {
            "seconds": round(recording.seconds, 1), "snr_db": round(recording.snr_db, 1), "verdict": recording.verdict,
        },
    }  # fmt: skip
