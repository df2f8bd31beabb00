"""What the studio's pages say, in English and Chinese, and which of the two a visitor reads.

The sentences lie in `words/en.json` and `words/zh.json` under the same names, for templates and scripts alike, so that a translator
finds them all. Sentences about recordings come from `audio.advice`, those about mistakes from `base.messages`.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from fastapi import Request

from voxcommons.base.settings import MessageLanguage

LANGUAGES: Final[tuple[MessageLanguage, ...]] = ("en", "zh")
COOKIE: Final = "vox_language"


@cache
def catalogue(language: MessageLanguage) -> Mapping[str, str]:
    """All sentences of a language by their names."""
    place = importlib.resources.files("voxcommons.web") / "words" / f"{language}.json"
    return MappingProxyType(json.loads(place.read_text("utf-8")))


def language_of(request: Request) -> MessageLanguage:
    """What a visitor reads: asked for in the address, else chosen earlier, else what the browser prefers."""
    for wanted in (request.query_params.get("lang", ""), request.cookies.get(COOKIE, "")):
        for language in LANGUAGES:
            if wanted == language:
                return language
    return preferred(request.headers.get("accept-language", ""))


def preferred(header: str) -> MessageLanguage:
    """The first of our languages in the order of an Accept-Language header; English when it names none of them."""
    weighted: list[tuple[float, int, MessageLanguage]] = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, rest = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        weight = _weight(rest)
        weighted += [(-weight, place, language) for language in LANGUAGES if primary == language and weight > 0]
    return min(weighted)[2] if weighted else "en"


def _weight(rest: str) -> float:
    name, _, value = rest.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
