"""What an installed set is on disk, and whether it is whole.

A set is a folder with `set.json` (what it is, where it came from, sizes, hashes) and the files it lists. Apart from `feature_sets`,
which makes networks of them, so that a program that only reads text need not load torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.base.hashing import sha256_file

FORMAT, VERSION = "voxcommons-set", 1
SET_FILE, WEIGHTS_FILE, VOCABULARY_FILE = "set.json", "model.safetensors", "vocabulary.json"
HUBERT, BERT, SPEAKER, READINGS = "chinese-hubert-base", "chinese-roberta-wwm-ext-large", "eres2netv2", "g2pw"
_MOST_JSON_BYTES = 8 << 20


@dataclass(frozen=True)
class SetFacts:
    """What an installed set says about itself.

    Attributes:
        name: as it is pulled.
        kind: "hubert", "bert", "eres2netv2", "base" or "g2pw".
        config: sizes of its network; empty where there is nothing to choose.
        files: name -> (sha256, bytes).
        folder: where it is.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    files: Mapping[str, tuple[str, int]]
    folder: Path


def sets_folder(home: Path) -> Path:
    """Where sets are installed."""
    return home / "models"


def read_set(folder: Path, *, hashes: bool = True) -> SetFacts:
    """Read and check a set.

    Args:
        folder: the set.
        hashes: also compare the files with their hashes; sizes are always compared.

    Raises:
        InputError: there is no set in the folder.
        CorruptFileError: a file is missing or was changed; every fault is named.
    """
    if not (folder / SET_FILE).is_file():
        raise InputError("the set is not installed", found=f"no {SET_FILE} in {folder}", do=f"run: vox models pull {folder.name}")
    told = json_of(folder / SET_FILE)
    files = told.get("files")
    if told.get("format") != FORMAT or told.get("version") != VERSION or not isinstance(files, dict):
        raise damaged(folder, f"{SET_FILE} is not of {FORMAT} version {VERSION}")
    listed = {str(name): (str(one.get("sha256")), int(one.get("bytes", -1))) for name, one in files.items() if isinstance(one, dict)}
    faults = [fault for name, (digest, size) in listed.items() if (fault := _file_fault(folder, name, digest if hashes else "", size))]
    if faults:
        raise damaged(folder, "; ".join(faults[:8]))
    config = told.get("config")
    return SetFacts(str(told.get("name")), str(told.get("kind")), config if isinstance(config, dict) else {}, listed, folder)


def set_of_kind(folder: Path, kind: str) -> SetFacts:
    """A set that must be of one kind; sizes are compared, hashes are not.

    Raises:
        InputError: it is not installed.
        CorruptFileError: it is damaged or another set.
    """
    facts = read_set(folder, hashes=False)  # compared when it was installed and by `vox models list --check`
    if facts.kind != kind:
        raise damaged(folder, f"a set of kind {facts.kind} instead of {kind}")
    return facts


def json_of(path: Path) -> dict[str, Any]:
    """A JSON object of a set; empty where the file holds another value.

    Raises:
        CorruptFileError: it is none.
    """
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MOST_JSON_BYTES))
    except (ValueError, OSError) as cause:
        raise damaged(path.parent, f"{path.name}: {cause}") from cause
    return found if isinstance(found, dict) else {}


def _file_fault(folder: Path, name: str, digest: str, size: int) -> str:
    path = folder / name
    if Path(name).name != name or not path.is_file():
        return f"{name} is missing"
    if path.stat().st_size != size:
        return f"{name} has {path.stat().st_size} bytes instead of {size}"
    return f"{name} was changed" if digest and sha256_file(path) != digest else ""


def damaged(folder: Path, found: str) -> CorruptFileError:
    """The error for a set in which something is wrong."""
    return CorruptFileError(
        f"the set {folder.name} is damaged", found=found, do=f"run: vox models pull {folder.name} --replace", path=str(folder)
    )
