"""Names of voices that every file system keeps as they are.

A voice's name is also the name of its folder, and voices travel between machines; so a name is refused here when any
of the common systems would change, shorten or hide it. Letters of all scripts are welcome.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from voxcommons.base.errors import InputError

LONGEST_CHARS: Final = 64
_LONGEST_BYTES: Final = 190  # file systems hold 255 bytes; the writer adds its own marks while a folder is unfinished
_FORBIDDEN: Final = frozenset('<>:"/\\|?*')
_RESERVED: Final = frozenset(["con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))])


def voice_name(name: str) -> str:
    """The normal form (NFC) of a voice's name.

    Raises:
        InputError: the name is empty, too long, or holds something a file system or a command line trips over.
    """
    normal = unicodedata.normalize("NFC", name)
    fault = _fault(normal)
    if fault:
        raise InputError(
            "this cannot be the name of a voice",
            expected=f"1 to {LONGEST_CHARS} letters, digits, spaces or -_.()",
            found=f"{fault} in {name!r}" if name else fault,
            do="choose another name",
            name=name,
        )
    return normal


def same_place(name: str) -> str:
    """A key under which two names collide that share a folder on systems blind to case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _fault(name: str) -> str:
    if not name:
        return "nothing"
    if len(name) > LONGEST_CHARS or len(name.encode("utf-8", "surrogatepass")) > _LONGEST_BYTES:
        return f"{len(name)} characters"
    if not any(character.isalnum() for character in name):
        return "no letter or digit"
    for character in name:
        if character in _FORBIDDEN:
            return f"the character {character!r}"
        # Controls, format marks (which can make a name read backwards), private and unassigned code points.
        if unicodedata.category(character)[0] == "C" or (character.isspace() and character != " "):
            return f"the invisible character U+{ord(character):04X}"
    if name[0] in " .-" or name[-1] in " .":
        return "a space, dot or dash at the edge"
    if name.split(".")[0].strip().casefold() in _RESERVED:
        return "a name that Windows keeps for devices"
    return ""
