"""The application: both interfaces, the page that describes them, and the guard in front.

The one place that knows all parts of this room. What it makes has no state outside of itself, so a test may run many.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from threading import Event
from typing import Literal

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from voxcommons import __version__
from voxcommons.api.config import ServeConfig
from voxcommons.api.crowd import READERS, Crowd
from voxcommons.api.desk import Desk, Ended, Ticket
from voxcommons.api.faults import Fault, fault_of, unreadable
from voxcommons.api.folders import AllowedFolders
from voxcommons.api.guard import TOO_LARGE, Guard, too_large
from voxcommons.api.native import NativeApi
from voxcommons.api.openai_speech import OpenAiApi
from voxcommons.api.page import EXAMPLE_ADDRESS, api_page
from voxcommons.api.public import PublicApi
from voxcommons.api.sessions import Sessions
from voxcommons.api.studio import Studio
from voxcommons.base.database import FILE as DATABASE_FILE
from voxcommons.base.database import Database
from voxcommons.base.log import logger
from voxcommons.trust.audit import ReleaseLog
from voxcommons.voices.polyphones import polyphones
from voxcommons.web.routes import add_studio

_log = logger(__name__)
_CODES = {400: "unreadable_request", 404: "not_found", 405: "method_not_allowed"}
_DESCRIPTION = f"""Voices of this machine for programs written for OpenAI's speech endpoint or for GPT-SoVITS api_v2.

Every sound is labelled as made by AI (in the file where its format has room, and in the header X-AIGC) and recorded.

curl "{EXAMPLE_ADDRESS}/v1/audio/speech" -H "Content-Type: application/json" \\
     -d '{{"model": "starter", "voice": "kathleen", "input": "Hello."}}' -o hello.mp3

curl "{EXAMPLE_ADDRESS}/tts?text=Hello&text_lang=en&ref_audio_path=voice:kathleen" -o hello.wav"""


class Health(BaseModel):
    """Whether the server works, and how much."""

    status: Literal["ok"] = "ok"
    version: str
    speaking: int
    waiting: int


@dataclass(frozen=True)
class Service:
    """A server's application and what it works with.

    Attributes:
        app: ASGI, with the guard in front.
        api: the application without the guard, which describes itself.
        studio: models and voices.
        desk: where work is done.
    """

    app: Guard
    api: FastAPI
    studio: Studio
    desk: Desk


def build(config: ServeConfig, stop: Callable[[], None], *, local: bool = True) -> Service:
    """Put a server together; nothing is loaded before it runs.

    Args:
        config: what the operator decided.
        stop: ends the server; `/control` may call it.
        local: whether it listens to its own machine alone.

    Raises:
        InputError: a base model or an allowed folder is not there.
        CorruptFileError: a base model is damaged.
    """
    readings = polyphones(config.polyphones, config.home, threads=config.threads)
    folders = AllowedFolders.of(config.folders)
    studio = Studio(config.home, dict(config.bases), folders, config.threads, config.tuned_kept, readings, history=config.history)
    desk, log, sessions = Desk(config.queue), ReleaseLog(config.home), Sessions(studio.default)
    database = Database(config.database or f"sqlite:///{config.home / DATABASE_FILE}")

    def warm() -> Generator[None, None, None]:
        studio.engine(studio.default)  # so that the first request does not wait for it
        yield

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        desk.open()
        desk.hand_in(Ticket(warm(), _tell, Event()))
        yield
        desk.close()
        database.close()

    api = FastAPI(
        title="VoxCommons", version=__version__, description=_DESCRIPTION, lifespan=running, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    api.include_router(NativeApi(config, studio, desk, log).router())
    api.include_router(OpenAiApi(config, studio, desk, log).router())
    api.include_router(PublicApi(config, studio, desk, log, sessions, stop).router())
    add_studio(api, config, studio, desk, log, database, local=local)
    _add_pages(api, desk)
    _add_answers_to_errors(api, config)
    return Service(Guard(Crowd(api, config.queue + READERS), config, local=local), api, studio, desk)


def _tell(piece: object) -> None:
    if isinstance(piece, Ended) and piece.error is not None:
        _log.error("the base model could not be loaded: %s", piece.error)


def _add_pages(api: FastAPI, desk: Desk) -> None:
    def page(request: Request) -> str:
        return api_page(api.openapi(), str(request.base_url).rstrip("/"))

    async def healthz() -> Health:
        """Whether the server works, and how much; needs no token."""
        return Health(version=__version__, speaking=desk.speaking, waiting=desk.waiting)

    for path in ("/", "/docs"):
        api.add_api_route(path, page, methods=["GET"], response_class=HTMLResponse, include_in_schema=False)
    api.add_api_route("/healthz", healthz, methods=["GET"], tags=["server"], summary="Health", response_model=Health)


def _add_answers_to_errors(api: FastAPI, config: ServeConfig) -> None:
    async def unreadable_request(request: Request, error: Exception) -> Response:
        errors = error.errors() if isinstance(error, RequestValidationError) else ()
        return unreadable(errors).response(request.url.path)

    async def refused(request: Request, error: Exception) -> Response:
        status = int(getattr(error, "status_code", 500))
        if status == TOO_LARGE:
            return too_large(config, request.url.path).response(request.url.path)
        message, headers = str(getattr(error, "detail", "")), dict(getattr(error, "headers", None) or {})
        return Fault(status, message, code=_CODES.get(status), headers=headers).response(request.url.path)

    async def broken(request: Request, error: Exception) -> Response:
        return fault_of(error).response(request.url.path)

    api.add_exception_handler(RequestValidationError, unreadable_request)
    for status in (*_CODES, TOO_LARGE):
        api.add_exception_handler(status, refused)
    api.add_exception_handler(Exception, broken)
