"""Base models by name: the starter of the package, those installed in VOX_HOME/models, and folders.

Apart from `models.build`, which reads a folder and knows no home. Every command that takes `--base` looks here.
"""

from __future__ import annotations

from pathlib import Path

from voxcommons.base.errors import InputError
from voxcommons.models.build import STARTER, base_folder
from voxcommons.models.set_files import SET_FILE, read_set, sets_folder
from voxcommons.voices.public_sets import SETS

MANIFEST = "base.json"


def installed_bases(home: Path) -> tuple[str, ...]:
    """Names of the base models that need no path: the starter, then what lies in VOX_HOME/models, sorted."""
    folder = sets_folder(home)
    found = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    return (STARTER, *sorted(name for name in found if _is_base(folder / name)))


def find_base(name: str, home: Path) -> Path:
    """The folder of a base model.

    Args:
        name: that of an installed one, in any case, or a folder with `base.json`. A name comes first; `./NAME` is always a folder.
        home: VOX_HOME.

    Raises:
        InputError: there is none; the message lists what is installed, or says how to get a published one.
        CorruptFileError: it is installed, but not whole.
    """
    if name == STARTER:
        return base_folder(STARTER)
    known = {one.lower(): one for one in (*installed_bases(home)[1:], *(one for one, facts in SETS.items() if facts.kind == "base"))}
    chosen = known.get(name.lower())
    folder = sets_folder(home) / chosen if chosen is not None else None
    if folder is not None and (folder / SET_FILE).is_file():
        read_set(folder, hashes=False)  # the hashes of a base model are compared when it is loaded
    for place in (folder, Path(name)):
        if place is not None and _is_base(place):
            return place
    there = f"{', '.join(installed_bases(home))}, or a folder with {MANIFEST}"
    if chosen is not None:
        raise InputError(f"the base model {chosen} is not installed", expected=there, found=name, do=f"run: vox models pull {chosen}")
    raise InputError("no such base model", expected=there, found=name, do="see: vox models list")


def base_of_voice(name: str, home: Path) -> str:
    """The base model to speak a voice with when nobody chose one: the installed one it was made for, else the starter.

    Args:
        name: what the voice calls its base model.
        home: VOX_HOME.
    """
    return name if name in installed_bases(home) else STARTER


def _is_base(folder: Path) -> bool:
    try:
        return (folder / MANIFEST).is_file()
    except OSError:  # a name longer than the system can hold, or a folder of somebody else
        return False
