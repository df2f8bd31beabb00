"""A request between the two worlds: the event loop that talks to clients, and the desk's thread that works.

Pieces cross here in one direction, the wish to stop in the other. What the models have made is kept until the client takes
it, so a slow client never holds up the models; the longest text bounds how much that can be.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator
from threading import Event
from typing import Any

from fastapi import Request, Response

from voxcommons.api.desk import Desk, Ended, Ticket
from voxcommons.api.events import Bare, Wire
from voxcommons.api.faults import Fault, fault_of
from voxcommons.api.guard import Receive, Scope, Send
from voxcommons.api.orders import Head, Tail
from voxcommons.api.sessions import client_of
from voxcommons.base.log import logger

_GONE = 499  # nobody reads it: the client has left
_log = logger(__name__)


class Errand:
    """A request's work at the desk, as the event loop sees it.

    Args:
        request: whose client may leave.
        desk: where the work is done.
        cancel: set when nobody wants the rest.
    """

    def __init__(self, request: Request, desk: Desk, cancel: Event) -> None:
        self._request, self._desk, self._cancel = request, desk, cancel
        self._loop = asyncio.get_running_loop()
        self._arrived: asyncio.Queue[Any] = asyncio.Queue()
        self._gone: asyncio.Task[None] | None = None

    def begin(self, work: Generator[Any, None, None]) -> bool:
        """Hand the work in; False when the desk has no room."""
        if not self._desk.hand_in(Ticket(work, self._deliver, self._cancel, client_of(self._request))):
            return False
        self._gone = asyncio.create_task(self._until_gone())
        return True

    async def next(self) -> Any:  # noqa: ANN401 - whatever the work yields
        """The next piece, or the `Ended` that closes the work; an `Ended` too when the client has left."""
        assert self._gone is not None, "begun"
        arriving = asyncio.create_task(self._arrived.get())
        try:
            await asyncio.wait({arriving, self._gone}, return_when=asyncio.FIRST_COMPLETED)
            if arriving.done():
                return arriving.result()
            return Ended(ConnectionError("the client has left"))
        finally:
            arriving.cancel()

    def end(self) -> None:
        """Nobody wants anything more; harmless when all is done."""
        self._cancel.set()
        if self._gone is not None:
            self._gone.cancel()

    @property
    def client_left(self) -> bool:
        """Whether nobody listens any more."""
        return self._gone is not None and self._gone.done()

    def _deliver(self, piece: Any) -> None:  # noqa: ANN401
        with contextlib.suppress(RuntimeError):  # the loop has closed, nobody is left to tell
            self._loop.call_soon_threadsafe(self._arrived.put_nowait, piece)

    async def _until_gone(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass


class SpeechResponse(Response):
    """Sends pieces as they come; stops the work when the client leaves.

    When the work fails the wire says so; where it cannot, the connection breaks off.

    Args:
        first: the piece that decided that there is something to send.
        errand: where the rest comes from.
        headers: of the answer.
        media_type: of the sound.
        wire: how a piece is written.
    """

    def __init__(self, first: bytes, errand: Errand, headers: dict[str, str], media_type: str, wire: Wire) -> None:
        super().__init__(None, 200, headers, media_type)
        del self.headers["content-length"]
        self._first, self._errand, self._wire = first, errand, wire

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            piece: bytes | Tail | Ended = self._first
            seconds = 0.0
            while not isinstance(piece, Ended):
                if isinstance(piece, Tail):
                    seconds = piece.seconds
                else:
                    await send({"type": "http.response.body", "body": self._wire.sound(piece), "more_body": True})
                piece = await self._errand.next()
            if piece.error is None:
                await send({"type": "http.response.body", "body": self._wire.end(seconds), "more_body": False})
            elif not self._errand.client_left:
                _log.error("a stream broke off: %s", piece.error, exc_info=piece.error)
                if last := self._wire.failed(piece.error):
                    await send({"type": "http.response.body", "body": last, "more_body": False})
        finally:
            self._errand.end()


async def speech(
    request: Request, desk: Desk, work: Generator[Any, None, None], cancel: Event, *, media_type: str, whole: bool, wire: Wire | None = None
) -> Response:
    """The answer to a request that wants sound.

    Args:
        request: the request.
        desk: where the work is done.
        work: from `orders.spoken`.
        cancel: ends it.
        media_type: of the sound.
        whole: whether to send it with its length, once all of it is there.
        wire: how the pieces of a stream are written; None for sound alone.
    """
    errand = Errand(request, desk, cancel)
    if not errand.begin(work):
        return busy(desk).response(request.url.path)
    handed_over = False
    try:
        head = await errand.next()
        first = await errand.next() if isinstance(head, Head) else head
        if isinstance(first, Ended):
            return _ended(first, errand, request, "tts failed")
        headers = {
            "X-AIGC": head.label, "X-Release-Id": head.release_id, "X-Seed": str(head.seed), "X-Sample-Rate": str(head.sample_rate),
            "Cache-Control": "no-store",
        }  # fmt: skip
        if whole:
            return Response(first, 200, headers, media_type)
        headers["X-Accel-Buffering"] = "no"  # a reverse proxy that knows it sends pieces on at once
        handed_over = True
        return SpeechResponse(first, errand, headers, media_type, wire or Bare())
    finally:
        if not handed_over:
            errand.end()


async def collected(request: Request, desk: Desk, work: Generator[Any, None, None], cancel: Event) -> tuple[Head, bytes, Tail] | Response:
    """All that the work of `orders.spoken` yields for a whole sound, or the answer that says why there is none."""
    errand = Errand(request, desk, cancel)
    if not errand.begin(work):
        return busy(desk).response(request.url.path)
    try:
        head = await errand.next()
        content = await errand.next() if isinstance(head, Head) else head
        tail = await errand.next() if isinstance(content, bytes) else content
    finally:
        errand.end()
    return _ended(tail, errand, request, "tts failed") if isinstance(tail, Ended) else (head, content, tail)


async def errand_done(request: Request, desk: Desk, work: Generator[Any, None, None], cancel: Event, failed: str) -> Response | None:
    """Wait for work that yields nothing; None when it went well, else the answer that says why not."""
    errand = Errand(request, desk, cancel)
    if not errand.begin(work):
        return busy(desk).response(request.url.path)
    try:
        ended = await errand.next()
    finally:
        errand.end()
    return None if ended.error is None else _ended(ended, errand, request, failed)


def busy(desk: Desk) -> Fault:
    """The answer when the queue is full."""
    wait_s = str(desk.retry_after_s)
    return Fault(429, "the queue is full", f"try again in {wait_s} s", "rate_limit_exceeded", headers={"Retry-After": wait_s})


def _ended(ended: Ended, errand: Errand, request: Request, failed: str) -> Response:
    if errand.client_left:
        return Response(status_code=_GONE)
    error = ended.error if ended.error is not None else RuntimeError("the work ended without a sound")
    return fault_of(error, failed).response(request.url.path)
