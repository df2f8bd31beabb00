"""How many requests are in the house at once, from the first byte of a request to the last of its answer.

Apart from the desk, which counts only what waits to be spoken: a client that asks and then does not read keeps its whole answer
in memory, and any number of those would fill it. Plain ASGI, between the guard and the application.
"""

from __future__ import annotations

from typing import Final

from voxcommons.api.faults import Fault
from voxcommons.api.guard import OPEN_PATHS, App, Receive, Scope, Send

READERS: Final = 64
"""Answers that may be on their way besides all requests that wait."""

_AGAIN_S: Final = "5"


class Crowd:
    """Lets in so many requests at a time, and answers 503 to the next.

    Args:
        app: what is behind it.
        most: requests inside at the same time.
    """

    def __init__(self, app: App, most: int) -> None:
        self._app, self._most = app, most
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        if self._inside >= self._most:
            fault = Fault(503, "the server is full", f"try again in {_AGAIN_S} s", "server_full", headers={"Retry-After": _AGAIN_S})
            await fault.response(scope["path"])(scope, receive, send)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1
