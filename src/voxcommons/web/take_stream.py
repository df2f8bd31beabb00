"""A take on its way to the page: lines of JSON, the label first, then sound as it is made, then where every word is.

Apart from the interfaces for programs, which send either sound or words: a person wants to hear at once and to point at words afterwards.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Generator, Mapping
from threading import Event
from typing import Any, Final

from fastapi import Request, Response

from voxcommons.api.desk import Desk, Ended
from voxcommons.api.guard import Receive, Scope, Send
from voxcommons.api.orders import Head, Tail
from voxcommons.api.tickets import Errand, busy
from voxcommons.base.log import logger
from voxcommons.web.answers import failed

LINES: Final = "application/x-ndjson"

_log = logger(__name__)


class TakeResponse(Response):
    """Sends a take; stops the work when the visitor leaves.

    Args:
        head: what is known before the first sound.
        errand: where the rest comes from.
        request: whose language mistakes are told in.
    """

    def __init__(self, head: Head, errand: Errand, request: Request) -> None:
        headers = {"X-AIGC": head.label, "X-Release-Id": head.release_id, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(None, 200, headers, LINES)
        del self.headers["content-length"]
        self._head, self._errand, self._request = head, errand, request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        head = self._head
        lines = {"kind": "head", "rate": head.sample_rate, "seed": head.seed, "release_id": head.release_id, "label": head.label}
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send(_line(lines))
            while not isinstance(piece := await self._errand.next(), Ended):
                if isinstance(piece, bytes):
                    await send(_line({"kind": "sound", "pcm": base64.b64encode(piece).decode("ascii")}))
                elif isinstance(piece, Tail):
                    await send(_line({"kind": "tail", **tail_facts(piece)}))
            if piece.error is not None and not self._errand.client_left:
                _log.error("a take broke off: %s", piece.error)
                await send(_line({"kind": "error", **json.loads(bytes(failed(piece.error, self._request).body))}))
            if not self._errand.client_left:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._errand.end()


async def take(request: Request, desk: Desk, work: Generator[Any, None, None], cancel: Event) -> Response:
    """The answer to a page that wants to hear a take; `work` is that of `orders.spoken`."""
    errand = Errand(request, desk, cancel)
    if not errand.begin(work):
        return busy(desk).response(request.url.path)
    handed_over = False
    try:
        head = await errand.next()
        if isinstance(head, Ended):
            return failed(head.error or RuntimeError("the work ended without a sound"), request)
        handed_over = True
        return TakeResponse(head, errand, request)
    finally:
        if not handed_over:
            errand.end()


def tail_facts(tail: Tail) -> dict[str, Any]:
    """Where every sentence and word is, and what is not heard as it was written."""
    sentences = []
    for begun_s, chunk in tail.sentences:
        words = [{"text": word.text, "start": word.start, "end": word.end, "start_s": round(word.start_s, 3), "end_s": round(word.end_s, 3)}
                 for word in chunk.words]  # fmt: skip
        sentences.append({"number": chunk.sentence, "text": chunk.text, "start_s": round(begun_s, 3), "words": words})
    warnings = [{"kind": one.kind, "message": one.message, "start": one.start, "end": one.end} for one in tail.warnings]
    return {"seconds": round(tail.seconds, 3), "sentences": sentences, "warnings": warnings}


def _line(content: Mapping[str, Any]) -> dict[str, Any]:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"
    return {"type": "http.response.body", "body": body, "more_body": True}
