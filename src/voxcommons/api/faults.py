"""What goes wrong, as a status and as the two bodies that clients know: the public program's and OpenAI's.

The one place that decides which error is whose: the client's (4xx) or the server's (5xx).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.responses import JSONResponse

from voxcommons.base.errors import Cancelled, InputError, StorageError, VoxError, one_line
from voxcommons.base.log import logger

OPENAI_PREFIX = "/v1/"
_TOO_MUCH = {"text_too_long": 422}
_PARAMS = {"text_too_long": "input", "no_text": "input", "no_such_voice": "voice", "no_such_language": "language"}
_TYPES = {401: "invalid_request_error", 403: "permission_error", 404: "invalid_request_error", 429: "requests"}

_log = logger(__name__)


@dataclass(frozen=True)
class Fault:
    """An error on its way to a client.

    Attributes:
        status: of HTTP.
        message: one line for a person.
        exception: the reason behind the message, where the public program has a field of its own for it.
        code: a word for a program.
        param: the parameter at fault, where it is known.
        detail: every fault of a request that could not be read.
        headers: to go with it.
    """

    status: int
    message: str
    exception: str = ""
    code: str | None = None
    param: str | None = None
    detail: Sequence[Mapping[str, Any]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, path: str) -> JSONResponse:
        """The answer in the shape of the interface that a path belongs to."""
        body = self.openai_body() if path.startswith(OPENAI_PREFIX) else self.public_body()
        return JSONResponse(body, self.status, dict(self.headers))

    def public_body(self) -> dict[str, Any]:
        """As the public program answers."""
        body: dict[str, Any] = {"message": _sendable(self.message)}
        if self.exception:
            body["Exception"] = _sendable(self.exception)
        if self.detail:
            body["detail"] = list(self.detail)
        return body

    def openai_body(self) -> dict[str, Any]:
        """As OpenAI answers."""
        kind = "server_error" if self.status >= 500 else _TYPES.get(self.status, "invalid_request_error")
        return {"error": {"message": _sendable(self.exception or self.message), "type": kind, "param": self.param, "code": self.code}}


def fault_of(error: BaseException, message: str = "tts failed") -> Fault:
    """The fault an error amounts to.

    Args:
        error: raised by the work of a request.
        message: what failed, in the words of the public program.
    """
    if isinstance(error, Cancelled):
        return Fault(503, message, "the server is shutting down", "shutting_down")
    if isinstance(error, StorageError):
        _log.error("%s", error)
        return Fault(507, message, "the server cannot write its record", "storage")
    if isinstance(error, VoxError):
        key = str(error.fields.get("key", "")) or None
        return Fault(_TOO_MUCH.get(key or "", 400), message, str(error), key, _PARAMS.get(key or ""))
    if isinstance(error, FileNotFoundError):  # a clip or model that went away between two looks
        return Fault(400, message, str(InputError("a file is not there any more")), "no_such_file")
    _log.error("a request failed", exc_info=error)
    return Fault(500, message, "a fault of the program; see the server's log", "internal_error")


def unreadable(errors: Sequence[Mapping[str, Any]]) -> Fault:
    """The fault of a request whose fields have the wrong types; what was sent is not repeated."""
    detail = [
        {
            "loc": [_plain(step) for step in error.get("loc", ())],
            "msg": one_line(str(error.get("msg", ""))),
            "type": str(error.get("type", "")),
        }
        for error in errors
    ]
    steps = [step for step in detail[0]["loc"] if step not in ("body", "query")] if detail else []
    param = str(steps[0]) if steps else None
    message = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in detail[:5])
    return Fault(422, message or "the request cannot be read", code="invalid_value", param=param, detail=detail)


def _sendable(text: str) -> str:
    """Text as UTF-8 can carry it: half characters from JSON escapes are written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(step: object) -> str | int:
    return step if isinstance(step, int) else one_line(str(step), longest_chars=80)
