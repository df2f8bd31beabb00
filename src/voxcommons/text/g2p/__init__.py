"""Which languages can be read, and the module that reads each: one file per language.

A language module exposes one function, described by :class:`ToPhones`. It receives a raw run (digits
and signs included), normalises it itself and returns phones of the v2 symbol table.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from voxcommons.base.errors import InputError

if TYPE_CHECKING:
    from voxcommons.text.lexicon import Lexicon, Override
    from voxcommons.text.phonemes import RunPhones

MODULES: dict[str, str] = {
    "en": "voxcommons.text.g2p.en",
    "ja": "voxcommons.text.g2p.ja",
    "ko": "voxcommons.text.g2p.ko",
    "yue": "voxcommons.text.g2p.yue",
    "zh": "voxcommons.text.g2p.zh",
}


class ToPhones(Protocol):
    """The one function of a language module."""

    def __call__(
        self,
        text: str,
        *,
        lexicon: Lexicon | None = None,
        overrides: Sequence[Override] = (),
        compat: bool = False,
    ) -> RunPhones:
        """Read one run.

        Args:
            text: raw characters of the run; inline overrides are already taken out.
            lexicon: readings the user gave.
            overrides: readings for character ranges of ``text``; they win over everything.
            compat: do exactly as the public program does, accidents included.

        Returns:
            Phones, normalised text, spans and warnings; positions count in ``text``. Characters
            that are not heard are named in a warning.

        Raises:
            MissingExtraError: the language stands on a library that is not installed.
        """


def languages() -> tuple[str, ...]:
    """Codes of the languages that can be read."""
    return tuple(MODULES)


def to_phones(language: str) -> ToPhones:
    """The reading function of a language.

    Raises:
        InputError: the language is not supported; the message says which are.
    """
    if language not in MODULES:
        raise InputError(
            "this language cannot be read yet",
            expected="one of " + ", ".join(MODULES),
            found=repr(language),
            do="choose one of these",
        )
    return cast(ToPhones, import_module(MODULES[language]).to_phones)
