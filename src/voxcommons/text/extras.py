"""Libraries that only some languages need: loaded when such a language is read, and named when they are not there.

Apart, because importing this room must not load them, and because a missing one is the user's one-line matter, not a trace.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from voxcommons.base.errors import MissingExtraError

NAMES: dict[str, str] = {"en": "English", "zh": "Mandarin", "ja": "Japanese", "ko": "Korean", "yue": "Cantonese"}
"""Language code -> its English name."""


def library(module: str, language: str) -> ModuleType:
    """The library that a language stands on; the extra that brings it has the language's name.

    Raises:
        MissingExtraError: it is not installed; the message carries the pip command.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        problem = f"{NAMES[language]} needs a library that is not installed"
        raise MissingExtraError(problem, extra=language, found=f"no {error.name}") from error
