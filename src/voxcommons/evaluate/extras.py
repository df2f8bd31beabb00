"""Optional measuring packages: found here or missed with the command that brings them.

Apart, because two of them are used for the weights inside their wheel only: importing them would load half a
minute of unrelated libraries, so their folder is looked up without importing anything.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from voxcommons.base.errors import CorruptFileError, MissingExtraError
from voxcommons.base.hashing import sha256_file

# The dependencies of the last two are needed by their code, not by their weights, hence --no-deps.
INSTALL = {
    "pocketsphinx": "pip install pocketsphinx",
    "onnxruntime": "pip install onnxruntime",
    "matplotlib": "pip install matplotlib",
    "resemblyzer": "pip install --no-deps resemblyzer==0.1.4",
    "speechmos": "pip install --no-deps speechmos==0.0.1.1",
}


def _missing(package: str, purpose: str) -> MissingExtraError:
    return MissingExtraError(
        f"{purpose} needs the package {package}",
        expected=f"{package} installed",
        found="nothing of that name",
        do=INSTALL[package],
        extra="evaluate",
    )


def optional_module(name: str, purpose: str) -> ModuleType:
    """Import an optional package.

    Args:
        name: one of ``INSTALL``.
        purpose: what the user asked for, as the start of the error's sentence.

    Raises:
        MissingExtraError: when the package is not installed; the message carries the pip command.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _missing(name, purpose) from error


def weights_in_wheel(package: str, path: str, sha256: str, purpose: str) -> Path:
    """Find a weight file inside an installed package without importing the package.

    Args:
        package: one of ``INSTALL``.
        path: of the file, relative to the package's folder.
        sha256: the only accepted hash, in hexadecimal.
        purpose: what the user asked for, as the start of the error's sentence.

    Raises:
        MissingExtraError: when package or file are not there.
        CorruptFileError: when the file has another hash.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise _missing(package, purpose)
    file = Path(spec.submodule_search_locations[0]) / path
    if not file.is_file():
        raise _missing(package, purpose)
    found = sha256_file(file)
    if found != sha256:
        raise CorruptFileError(
            f"{path} of the package {package} is not the file this meter was checked with",
            expected=f"sha256 {sha256}",
            found=f"sha256 {found}",
            do=INSTALL[package] + " --force-reinstall",
        )
    return file
