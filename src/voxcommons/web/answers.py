"""How the interface behind the pages answers: JSON, and mistakes as one line in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse

from voxcommons.api.faults import fault_of
from voxcommons.base.errors import VoxError
from voxcommons.base.messages import error_line
from voxcommons.web.words import language_of

MARK: Final = "x-vox-studio"
"""A header that our pages send. A page of another site cannot without asking first, and is never allowed to."""

_PRIVATE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def sent_by_our_page(request: Request) -> None:
    """Refuse what another site's page made the browser send; a route that changes or tells anything depends on it.

    Raises:
        HTTPException: the request does not come from a page of the studio.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") or MARK not in request.headers:
        raise HTTPException(403, "only the studio's own pages may ask this; programs find their interface at /docs")


def told(content: Mapping[str, Any], status: int = 200) -> JSONResponse:
    """An answer that is nobody else's and is not kept."""
    return JSONResponse(dict(content), status, _PRIVATE)


def failed(error: BaseException, request: Request) -> JSONResponse:
    """What went wrong, for the visitor."""
    fault = fault_of(error)
    line = error_line(error, language_of(request)) if isinstance(error, VoxError) and fault.status < 500 else fault.exception
    return JSONResponse({"error": line, "key": fault.code}, fault.status, _PRIVATE | dict(fault.headers))
