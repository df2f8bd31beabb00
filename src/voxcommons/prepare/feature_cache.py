"""Features that were computed before, found again by what they were computed from.

Adding a take to a voice, or enrolling again with a better text, must not pay for every slice anew. A key is a hash of the
sound, the text, the base model and the kind of feature, so nothing in the cache is ever out of date; a file that is damaged is
a file that is not there. Who keeps no recording must be given no cache either: it remembers what was said.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from voxcommons.base.files import atomic_path
from voxcommons.base.progress import Progress
from voxcommons.models.build import BaseModel
from voxcommons.prepare.features import PromptPhones, codes_of, phones_of, style_of
from voxcommons.text.phonemes import Utterance

Samples = npt.NDArray[np.float32]
Arrays = dict[str, npt.NDArray[Any]]

MOST_BYTES: Final = 256 << 20
_VERSION: Final = "3"  # of what is computed; a change of the features changes every key
_TIDY_EVERY: Final = 64


class FeatureCache:
    """A folder of feature files named by their keys; several processes may share it.

    Args:
        folder: made when first written to.
        most_bytes: when it grows beyond this, what was unused for longest goes.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._written = 0
        self.hits = 0
        self.misses = 0

    def get(self, key: str) -> tuple[Arrays, dict[str, str]] | None:
        """Arrays and notes of a key, or None."""
        path = self._path(key)
        try:
            with safe_open(str(path), framework="np") as file:
                found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
                notes = dict(file.metadata() or {})
        except (OSError, SafetensorError):
            self.misses += 1
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        self.hits += 1
        return found, notes

    def put(self, key: str, arrays: Mapping[str, npt.NDArray[Any]], notes: Mapping[str, str] | None = None) -> None:
        """Keep arrays and notes under a key, whole or not at all.

        Raises:
            StorageError: the disk is full or the place cannot be written.
        """
        with atomic_path(self._path(key)) as temporary:
            temporary.write_bytes(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, dict(notes or {})))
        self._written += 1
        if self._written % _TIDY_EVERY == 0:
            self.tidy()

    def tidy(self) -> None:
        """Remove what was unused for longest until the rest fits."""
        found: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*/*.safetensors"):
            with contextlib.suppress(OSError):  # another process may have removed it
                state = path.stat()
                found.append((state.st_mtime, state.st_size, path))
        total = 0
        for _, size, path in sorted(found, reverse=True):
            total += size
            if total > self._most_bytes:
                path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.safetensors"


class Hearing:
    """What a base model hears in a recording, computed once per content.

    Args:
        base: the base model.
        cache: where features are kept; None computes everything.
    """

    def __init__(self, base: BaseModel, cache: FeatureCache | None = None) -> None:
        self.base = base
        self._cache = cache

    def style(self, clips: Sequence[Samples], rate: int, progress: Progress | None = None) -> npt.NDArray[np.float32]:
        """The timbre of some clips; see :func:`voxcommons.prepare.features.style_of`."""
        key = self._key("style", clips, rate)
        found = self._found(key)
        if found is not None:
            return np.asarray(found[0]["style"], np.float32)
        style = style_of(self.base, clips, rate, progress)
        self._keep(key, {"style": style})
        return style

    def codes(self, clip: Samples, rate: int) -> npt.NDArray[np.int64]:
        """Semantic tokens; see :func:`voxcommons.prepare.features.codes_of`."""
        key = self._key("codes", (clip,), rate)
        found = self._found(key)
        if found is not None:
            return np.asarray(found[0]["codes"], np.int64)
        codes = codes_of(self.base, clip, rate)
        self._keep(key, {"codes": codes})
        return codes

    def phones(self, clip: Samples, rate: int, utterance: Utterance | None, *, all_said: bool = False) -> PromptPhones:
        """What is said; see :func:`voxcommons.prepare.features.phones_of`."""
        said = "" if utterance is None else f"{utterance.text}\0{utterance.ids}\0{all_said}"
        key = self._key("phones", (clip,), rate, said)
        found = self._found(key)
        if found is not None:
            ids, notes = found[0]["ids"].tolist(), found[1]
            return PromptPhones(tuple(ids), notes["text"], notes["from_text"] == "yes", float(notes["agreement"]))
        phones = phones_of(self.base, clip, rate, utterance, all_said=all_said)
        notes = {"text": phones.text, "from_text": "yes" if phones.from_text else "no", "agreement": repr(float(phones.agreement))}
        self._keep(key, {"ids": np.asarray(phones.ids, np.int64)}, notes)
        return phones

    def _found(self, key: str) -> tuple[Arrays, dict[str, str]] | None:
        return self._cache.get(key) if self._cache is not None else None

    def _keep(self, key: str, arrays: Mapping[str, npt.NDArray[Any]], notes: Mapping[str, str] | None = None) -> None:
        if self._cache is not None:
            self._cache.put(key, arrays, notes)

    def _key(self, kind: str, clips: Sequence[Samples], rate: int, said: str = "") -> str:
        """A hash of everything the feature depends on; nothing is hashed where nothing is kept."""
        if self._cache is None:
            return ""
        digest = hashlib.sha256(f"{_VERSION}\0{kind}\0{self.base.sha256}\0{self.base.own_weights}\0{rate}\0{said}".encode())
        for clip in clips:
            digest.update(f"\0{len(clip)}\0".encode())
            digest.update(np.ascontiguousarray(clip, "<f4").tobytes())
        return digest.hexdigest()
