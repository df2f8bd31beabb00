"""What stands in front of every request: who may ask, from where, and how much they may send.

Plain ASGI and not a framework's middleware, because it has to judge before a body is read and must not stand between a
stream and its socket.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

from fastapi import HTTPException

from voxcommons.api.config import ServeConfig, is_loopback
from voxcommons.api.faults import Fault

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOO_LARGE: Final = 413
STUDIO_PAGES: Final = frozenset({"/studio", "/studio/record", "/studio/voices", "/studio/jobs", "/studio/phone"})
OPEN_PATHS: Final = frozenset({"/", "/docs", "/openapi.json", "/healthz"}) | STUDIO_PAGES
"""What can be read without a token: nothing there is a secret. A page of the studio fetches what it shows with the token."""
OPEN_BELOW: Final = "/studio/static/"
UPLOADS: Final = "/studio/api/uploads/"
"""Where a body may be as large as a recording."""

_UNAUTHORISED = Fault(
    401, "a token is needed", "send the header: Authorization: Bearer TOKEN", "invalid_api_key", headers={"WWW-Authenticate": "Bearer"}
)
_WRONG_PLACE = Fault(
    403,
    "this server serves programs on its own machine",
    "the request came from a web page or under another host name; start the server with --token-file to allow that",
    "forbidden_origin",
)


class Guard:
    """Lets through what may pass.

    Args:
        app: what it guards.
        config: tokens and limits.
        local: whether the server listens to its own machine alone. Without a token a web page in a browser on that machine
            could still reach it, so requests that a browser marks as another site's, or that name another host, are refused.
    """

    def __init__(self, app: App, config: ServeConfig, *, local: bool) -> None:
        self._app, self._config = app, config
        self._only_local = local and not config.tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        fault = self._refusal(scope["path"], headers)
        if fault is not None:
            await fault.response(scope["path"])(scope, receive, send)
            return
        await self._app(scope, self._measured(receive, most_bytes(self._config, scope["path"])), send)

    def _refusal(self, path: str, headers: MutableMapping[str, str]) -> Fault | None:
        if self._only_local and not _from_here(headers):
            return _WRONG_PLACE
        if self._config.tokens and not is_open(path) and not _known(headers.get("authorization", ""), self._config.tokens):
            return _UNAUTHORISED
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > most_bytes(self._config, path):
            return too_large(self._config, path)
        return None

    def _measured(self, receive: Receive, most: int) -> Receive:
        """Counts a body that did not say how long it is."""
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(TOO_LARGE)  # what reads the body lets this one pass as it is
            return message

        return counted


def is_open(path: str) -> bool:
    """Whether a path can be read without a token."""
    return path in OPEN_PATHS or path.startswith(OPEN_BELOW)


def most_bytes(config: ServeConfig, path: str) -> int:
    """The longest body of a request to a path."""
    return config.max_upload_bytes if path.startswith(UPLOADS) else config.max_body_bytes


def too_large(config: ServeConfig, path: str) -> Fault:
    """The answer to a body beyond the limit."""
    return Fault(TOO_LARGE, "the request is too large", f"at most {most_bytes(config, path)} bytes", "request_too_large")


def bearer(header: str) -> str:
    """The token of an Authorization header, empty if it has none."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _known(header: str, tokens: Iterable[str]) -> bool:
    given = bearer(header).encode("utf-8", "replace")
    return any([hmac.compare_digest(given, token.encode()) for token in tokens])


def _from_here(headers: MutableMapping[str, str]) -> bool:
    host = headers.get("host", "")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return (not host or is_loopback(name)) and headers.get("sec-fetch-site", "none") in ("none", "same-origin")

