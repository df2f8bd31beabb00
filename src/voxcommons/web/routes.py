"""All of the studio on an application: its pages, its files, and the interface behind them."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from voxcommons.api.config import ServeConfig
from voxcommons.api.desk import Desk
from voxcommons.api.studio import Studio
from voxcommons.base.database import Database
from voxcommons.jobs.durable import DurableQueue
from voxcommons.trust.audit import ReleaseLog
from voxcommons.voices.second_opinion import SecondOpinion
from voxcommons.voices.sittings import Sittings
from voxcommons.web.answers import sent_by_our_page
from voxcommons.web.growing import Growing
from voxcommons.web.job_list import JobList
from voxcommons.web.link import Link
from voxcommons.web.once import Once
from voxcommons.web.pages import PREFIX, Pages
from voxcommons.web.recording import Recording
from voxcommons.web.speaking import Speaking
from voxcommons.web.voice_shelf import VoiceShelf


def add_studio(  # noqa: PLR0913 - the parts of a server
    api: FastAPI, config: ServeConfig, studio: Studio, desk: Desk, log: ReleaseLog, database: Database, *, local: bool
) -> None:
    """Put the studio on an application.

    Args:
        api: the application.
        config: what the operator decided.
        studio: models and voices.
        desk: where models work.
        log: the record of releases.
        database: where jobs, catalogue and history are.
        local: whether only this machine is listened to.
    """
    queue, sittings = DurableQueue(database), Sittings(config.home, opinions=Once(SecondOpinion))
    router = APIRouter(prefix=f"{PREFIX}/api", include_in_schema=False, dependencies=[Depends(sent_by_our_page)])
    Speaking(config, studio, desk, log, database).add_to(router)
    Recording(config, sittings, queue).add_to(router)
    VoiceShelf(config, studio, desk, database).add_to(router)
    Growing(config, sittings, queue).add_to(router)
    JobList(queue).add_to(router)
    Link(local).add_to(router)
    api.include_router(router)
    api.include_router(Pages(config.max_text, config.max_upload_bytes, bool(config.tokens)).router())
    folder = Path(str(importlib.resources.files("voxcommons.web"))) / "static"
    api.mount(f"{PREFIX}/static", StaticFiles(directory=folder))
