"""What the page "Voices" asks for when a voice is to grow: tuning it to its person, with what was recorded since if there is any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from voxcommons.api.config import ServeConfig
from voxcommons.base.errors import VoxError
from voxcommons.base.settings import Settings
from voxcommons.jobs.queue import Desk
from voxcommons.voices.finetune_job import finetune_order
from voxcommons.voices.sittings import Sittings
from voxcommons.web.answers import failed, told

MOST_MINUTES: Final = 24 * 60


class AskedTuning(BaseModel):
    """A tuning to be ordered."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field("", max_length=40, description="Resume code of recordings to add; empty for none.")
    minutes: float = Field(30, gt=0, le=MOST_MINUTES, allow_inf_nan=False)


@dataclass(frozen=True)
class Growing:
    """The route and what it works with.

    Attributes:
        config: places.
        sittings: what was recorded.
        queue: where tunings are ordered.
    """

    config: ServeConfig
    sittings: Sittings
    queue: Desk

    def add_to(self, router: APIRouter) -> None:
        """Put the route on a router."""
        router.add_api_route("/voices/{name}/tuning", self.tune, methods=["POST"], response_class=Response)

    def tune(self, request: Request, name: str, asked: AskedTuning) -> Response:
        """Order a tuning of a voice."""
        try:
            given: dict[str, Any] = {"voice": name, "minutes": str(asked.minutes)}
            if asked.code.strip():
                sitting = self.sittings.get(asked.code)
                given |= {"recording": str(self.sittings.joined(sitting.code)), "text": sitting.text, "language": sitting.reading}
            (job,) = self.queue.submit([finetune_order(given, Settings(home=self.config.home))])
        except VoxError as error:
            return failed(error, request)
        return told({"job": job.id}, 202)
