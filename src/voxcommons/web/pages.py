"""The studio's pages as the browser gets them: made from templates, in the visitor's language, with nothing that runs inline.

A page holds no data and no secret. What it shows it fetches with the visitor's token, so that pages may be read without one, and no cookie
ever lets anybody in: another site cannot act in a visitor's name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from voxcommons import __version__
from voxcommons.base.settings import MessageLanguage
from voxcommons.text.segment import MODES
from voxcommons.web.words import COOKIE, LANGUAGES, catalogue, language_of

PREFIX: Final = "/studio"
PAGES: Final = {"": "speak", "/record": "record", "/voices": "voices", "/jobs": "jobs", "/phone": "phone"}
"""Path below the prefix -> name of the page."""

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
"""What goes with every page: nothing but our own files may run, nobody may frame it, and only this page may ask for the microphone."""

_YEAR_S: Final = 31_536_000


@dataclass(frozen=True)
class Pages:
    """The routes of the pages.

    Attributes:
        most_text: longest text that can be spoken, in characters.
        most_upload: largest recording, in bytes.
        guarded: whether a token is needed.
    """

    most_text: int
    most_upload: int
    guarded: bool

    def router(self) -> APIRouter:
        """One route per page."""
        router = APIRouter(prefix=PREFIX, include_in_schema=False)
        environment = _environment()
        for path, name in PAGES.items():
            router.add_api_route(path, self._page(environment, path, name), methods=["GET"], response_class=HTMLResponse)
        return router

    def _page(self, environment: Environment, path: str, name: str) -> Callable[[Request], HTMLResponse]:
        template = environment.get_template(f"{name}.html")

        def page(request: Request) -> HTMLResponse:
            language = language_of(request)
            facts = {"most_text": self.most_text, "most_upload": self.most_upload, "guarded": self.guarded, "language": language}
            text = template.render(
                t=catalogue(language).__getitem__, language=language, languages=LANGUAGES, page=name, pages=PAGES, prefix=PREFIX, path=path,
                version=__version__, modes=MODES, data=_data(language, facts),
            )  # fmt: skip
            answer = HTMLResponse(text, headers=HEADERS | {"Content-Language": language, "Vary": "Accept-Language, Cookie"})
            if request.query_params.get("lang") == language:
                secure = request.url.scheme == "https"
                answer.set_cookie(COOKIE, language, max_age=_YEAR_S, path=PREFIX, samesite="strict", httponly=True, secure=secure)
            return answer

        return page


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("voxcommons.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _data(language: MessageLanguage, facts: Mapping[str, object]) -> str:
    """Words and facts for the scripts, as JSON that cannot end its element: the template takes it as it is."""
    text = json.dumps({"words": dict(catalogue(language)), "facts": facts}, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
