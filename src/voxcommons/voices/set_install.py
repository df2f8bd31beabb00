"""Making a set of ours out of published files: read safely, keep what is needed, write it as plain data, whole or not at all.

Every weight file goes through `voicefile.checkpoint`, which can neither import nor call; what is installed is safetensors and JSON.
The readings network is ONNX, which our runtime needs as it is; it is looked through instead.
"""

from __future__ import annotations

import dataclasses
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from voxcommons.base.errors import CorruptFileError, InputError, RefusedFileError
from voxcommons.base.files import atomic_folder
from voxcommons.base.hashing import sha256_file
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.models.build import tensor_shapes
from voxcommons.models.configs import discriminators_v2, discriminators_v2pro
from voxcommons.models.feature_sets import network_shapes, public_config
from voxcommons.models.legacy import recognise
from voxcommons.models.set_files import FORMAT, SET_FILE, VERSION, VOCABULARY_FILE, WEIGHTS_FILE, read_set, sets_folder
from voxcommons.voicefile.checkpoint import Checkpoint, open_checkpoint
from voxcommons.voicefile.onnx_check import check_onnx
from voxcommons.voicefile.tensors import StoredTensor, write_tensors
from voxcommons.voices.public_sets import SETS, PublicFile, PublicSet, files_of
from voxcommons.voices.public_weights import FiniteTensor, convert
from voxcommons.voices.set_sources import Fetched, Source

CRITICS_FILE: Final = "critics.safetensors"
_FLOATS: Final = ("F16", "BF16", "F32")
_PREFIXES: Final = ("bert.", "roberta.", "hubert.")
# Older files call the two numbers of a layer norm otherwise.
_OLDER: Final = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
_MOST_JSON_BYTES: Final = 8 << 20
# What is taken out of the archive of the readings network; code that lies beside it stays there.
_READINGS: Final[Mapping[str, int]] = {
    "g2pW.onnx": 1 << 30, "g2pw.onnx": 1 << 30, "POLYPHONIC_CHARS.txt": 4 << 20, "MONOPHONIC_CHARS.txt": 4 << 20,
    "bopomofo_to_pinyin_wo_tune_dict.json": 4 << 20, "char_bopomofo_dict.json": 4 << 20,
}  # fmt: skip
# Its settings are Python; only the lines that give these a plain value are looked at, and nothing is run.
_READINGS_SETTINGS: Final = ("config.py", 64 << 10)
_SETTING: Final = re.compile(r"^(use_mask|use_char_phoneme|window_size)[ \t]*=[ \t]*(True|False|[0-9]{1,3})[ \t\r]*(?:#.*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Installed:
    """What a pull made.

    Attributes:
        folder: the set.
        already: it was there and whole; nothing was done.
        unpublished: files that are not the published ones, taken from a folder of the user.
    """

    folder: Path
    already: bool = False
    unpublished: tuple[str, ...] = ()


def find_set(name: str) -> PublicSet:
    """A set by its name, in any case.

    Raises:
        InputError: there is none; the message says which there are.
    """
    for known, chosen in SETS.items():
        if known.lower() == name.lower():
            return chosen
    raise InputError("no such set", expected=", ".join(SETS), found=name, do="see: vox models list")


def pull(
    name: str, source: Source, home: Path, *, for_training: bool = False, replace: bool = False, progress: Progress | None = None
) -> Installed:
    """Install a set.

    Args:
        name: one of `SETS`.
        source: where the files come from.
        home: VOX_HOME.
        for_training: also what only training needs: posterior encoder and critics of a base model.
        replace: make it anew even if it is there.
        progress: told about each file.

    Raises:
        InputError: no such set, or a file cannot be found.
        RefusedFileError: a file holds more than data or another network.
        CorruptFileError: a file is not what it should be, or the set that is there is damaged.
    """
    chosen = find_set(name)
    name = next(known for known, one in SETS.items() if one is chosen)
    folder = sets_folder(home) / name
    if folder.exists() and not replace:
        read_set(folder)
        return Installed(folder, already=True)
    progress = progress or NullProgress()
    files = files_of(chosen, for_training=for_training)
    fetched = [source.fetch(chosen.repository, file, progress) for file in files]
    with atomic_folder(folder, replace=replace) as temporary:
        config = _MAKERS[chosen.kind](temporary, [one.path for one in fetched], name, for_training)
        _write_facts(temporary, name, chosen, config, list(zip(files, fetched, strict=True)), source)
    return Installed(folder, unpublished=tuple(file.path for file, one in zip(files, fetched, strict=True) if one.published is False))


def _write_facts(
    folder: Path, name: str, chosen: PublicSet, config: Mapping[str, Any], files: Sequence[tuple[PublicFile, Fetched]], source: Source
) -> None:
    made = {path.name: {"sha256": sha256_file(path), "bytes": path.stat().st_size} for path in sorted(folder.iterdir())}
    taken = [{"path": one.instead or file.path, "sha256": one.sha256, "published": one.published} for file, one in files]
    facts = {
        "format": FORMAT, "version": VERSION, "name": name, "kind": chosen.kind, "what": chosen.what, "licence": chosen.licence,
        "repository": chosen.repository, "source": source.words, "made_from": taken, "config": dict(config), "files": made,
    }  # fmt: skip
    (folder / SET_FILE).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _make_base(folder: Path, paths: Sequence[Path], name: str, for_training: bool) -> dict[str, Any]:
    done = convert(paths[:2], folder, tensor_shapes, name=name, keep_posterior=for_training, replace=True)
    if for_training:
        sizes = discriminators_v2pro() if "Pro" in done.version else discriminators_v2()
        _copy(paths[2], "discriminators", _critic_shapes(sizes), folder / CRITICS_FILE)
    return {}


def _critic_shapes(sizes: Any) -> dict[str, tuple[int, ...]]:  # noqa: ANN401 - one of the config classes
    import torch

    from voxcommons.models.discriminators import Discriminators

    with torch.device("meta"):
        state = Discriminators(**dataclasses.asdict(sizes)).state_dict()
    return {name: tuple(value.shape) for name, value in state.items()}


def _make_network(kind: str, config_path: Path | None, weights: Path, folder: Path) -> dict[str, Any]:
    config = public_config(kind, _json(config_path), config_path.parent) if config_path is not None else {}
    _copy(weights, kind, network_shapes(kind, config, weights.parent), folder / WEIGHTS_FILE)
    return config


def _make_hubert(folder: Path, paths: Sequence[Path], name: str, for_training: bool) -> dict[str, Any]:
    return _make_network("hubert", paths[0], paths[1], folder)


def _make_bert(folder: Path, paths: Sequence[Path], name: str, for_training: bool) -> dict[str, Any]:
    config = _make_network("bert", paths[0], paths[2], folder)
    vocabulary = _vocabulary(paths[1], config["words"])
    (folder / VOCABULARY_FILE).write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n", encoding="utf-8")
    return config


def _make_speaker(folder: Path, paths: Sequence[Path], name: str, for_training: bool) -> dict[str, Any]:
    return _make_network("eres2netv2", None, paths[0], folder)


def _make_readings(folder: Path, paths: Sequence[Path], name: str, for_training: bool) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    try:
        with _parts(paths[0]) as parts:
            for wanted, most in _READINGS.items():
                if wanted not in parts:
                    continue
                size, opened = parts[wanted]
                if size > most:
                    raise RefusedFileError(f"{paths[0].name} is not read", expected=f"{wanted} of at most {most} bytes", path=paths[0])
                with opened() as given, (folder / wanted.lower()).open("wb") as taken:
                    shutil.copyfileobj(_Bounded(given, most), taken)
            wanted, most = _READINGS_SETTINGS
            if wanted in parts:
                with parts[wanted][1]() as given:
                    settings = _settings(given.read(most))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as cause:
        raise CorruptFileError("the archive is damaged", found=f"{paths[0].name}: {cause}") from cause
    network = folder / "g2pw.onnx"
    if not network.is_file() or not (folder / "polyphonic_chars.txt").is_file():
        raise CorruptFileError("the archive is not the set", expected="g2pW.onnx and POLYPHONIC_CHARS.txt", found=paths[0].name)
    check_onnx(network)
    for path in folder.glob("*.json"):
        _json(path)
    return settings


@contextmanager
def _parts(path: Path) -> Iterator[dict[str, tuple[int, Callable[[], IO[bytes]]]]]:
    """Name -> bytes and how to open it, of an archive, or of what was unpacked beside a network."""
    if path.suffix != ".zip":
        files = (one for one in sorted(path.parent.iterdir()) if one.is_file())
        yield {one.name: (one.stat().st_size, partial(io.FileIO, one)) for one in files}
        return
    with zipfile.ZipFile(path) as archive:
        members = (one for one in archive.infolist() if not one.is_dir())
        yield {PurePosixPath(one.filename).name: (one.file_size, partial(archive.open, one)) for one in members}


def _settings(source: bytes) -> dict[str, Any]:
    """Plain values out of settings that are written as Python."""
    said = _SETTING.findall(source.decode("utf-8", "replace"))
    return {setting: value == "True" if value[0] in "TF" else int(value) for setting, value in said}


class _Bounded:
    """Reads at most so many bytes; what an archive says about its sizes is only a claim."""

    def __init__(self, given: Any, most: int) -> None:  # noqa: ANN401 - any open file
        self._given, self._left = given, most

    def read(self, count: int = -1) -> bytes:
        """The next bytes."""
        piece: bytes = self._given.read(count)
        self._left -= len(piece)
        if self._left < 0:
            raise CorruptFileError("the archive is damaged", found="a file that is longer than it says")
        return piece


_MAKERS: Final = {
    "base": _make_base, "hubert": _make_hubert, "bert": _make_bert, "eres2netv2": _make_speaker, "g2pw": _make_readings,
}  # fmt: skip


def _copy(weights: Path, kind: str, wanted: Mapping[str, tuple[int, ...]], out: Path) -> None:
    """The tensors of a network out of a foreign file into a safetensors file."""
    try:
        with open_checkpoint(weights) as checkpoint:
            write_tensors(out, _chosen(checkpoint, kind, wanted, weights))
    except RefusedFileError as cause:
        if "path" in cause.fields:
            raise
        raise RefusedFileError(f"{weights.name} is not read", found=cause.found or cause.problem, path=weights) from cause


def _chosen(checkpoint: Checkpoint, kind: str, wanted: Mapping[str, tuple[int, ...]], weights: Path) -> dict[str, StoredTensor]:
    """The tensors of a network, all there and of the right shape."""
    foreign = recognise(checkpoint.content, checkpoint.mark)
    if foreign.network != kind:
        raise RefusedFileError(f"{weights.name} is of another kind", expected=kind, found=foreign.network, path=weights)
    found = {_plain_name(name): value for name, value in foreign.weights.items()}
    faults = [f"no tensor {name}" for name in wanted if name not in found]
    faults += [
        f"{name} is {found[name].dtype} {found[name].shape} instead of {shape}"
        for name, shape in wanted.items()
        if name in found and (found[name].shape != shape or found[name].dtype not in _FLOATS)
    ]
    if faults:
        more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise RefusedFileError(f"{weights.name} does not fit its network", found="; ".join(faults[:5]) + more, path=weights)
    return {name: FiniteTensor(name, found[name]) for name in wanted}


def _plain_name(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    for older, newer in _OLDER.items():
        if name.endswith(older):
            name = name.removesuffix(older) + newer
    return name


def _vocabulary(path: Path, words: int) -> dict[str, int]:
    """Token -> row out of a `tokenizer.json`."""
    model = _json(path).get("model")
    told = model.get("vocab") if isinstance(model, dict) else None
    if not isinstance(told, dict) or not all(isinstance(row, int) and 0 <= row < words for row in told.values()):
        raise CorruptFileError("the vocabulary is damaged", expected=f"tokens with rows below {words}", found=path.name)
    return dict(told)


def _json(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MOST_JSON_BYTES))
    except (ValueError, RecursionError) as cause:
        raise CorruptFileError(f"{path.name} is damaged", found=f"no JSON: {cause}") from cause
    if not isinstance(found, dict):
        raise CorruptFileError(f"{path.name} is damaged", expected="a JSON object", found=type(found).__name__)
    return found
