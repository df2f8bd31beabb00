"""`base.json`: what a base model says about itself, and whether its files are what it says.

Apart from `build` because a reader of facts (doctor, evaluation, a model card) needs no weights. Every fault is
reported at once.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from voxcommons.base.errors import CorruptFileError
from voxcommons.base.hashing import sha256_file
from voxcommons.models.configs import ContentConfig, MelAcousticConfig, SemanticToWaveConfig, TextToSemanticConfig

FORMAT = "voxcommons-base"
VERSION = 1
PARTS = ("content", "text_to_semantic", "semantic_to_wave")

_SECTIONS: Mapping[str, type] = {
    "content": ContentConfig,
    "text_to_semantic": TextToSemanticConfig,
    "semantic_to_wave": SemanticToWaveConfig,
}
_LONGEST_MANIFEST_BYTES = 1 << 20
Config = TypeVar("Config")


@dataclass(frozen=True)
class BaseFacts:
    """What a base model is, without its weights.

    Attributes:
        name: "starter", ...
        sample_rate: of the sound it makes, in Hz.
        hop: samples per latent frame.
        n_fft: transform length of the spectrogram that its style encoder reads; the window is `win` samples.
        win: see `n_fft`.
        table: symbol table of its phonemes, "v1" or "v2".
        text_to_semantic, semantic_to_wave, content: sizes; `content` is None when codes come from elsewhere.
        continues_prompts: whether text to semantic was trained long enough to go on from a voice's prompt; else a voice is
            its style alone.
        longest_sentence_s: longest speech it was trained to make in one go, in seconds; longer sentences are cut at pauses.
        languages: what it was trained to speak ("en", "zh", ...); empty where nobody said.
    """

    name: str
    sample_rate: int
    hop: int
    n_fft: int
    win: int
    table: str
    text_to_semantic: TextToSemanticConfig
    semantic_to_wave: SemanticToWaveConfig | MelAcousticConfig
    content: ContentConfig | None = None
    continues_prompts: bool = True
    longest_sentence_s: float = 12.0
    languages: tuple[str, ...] = ()


def read_facts(folder: Path) -> tuple[BaseFacts, str]:
    """Read and check `base.json` and the sizes and hashes of the files it names.

    Returns:
        (facts, hash of the model).

    Raises:
        CorruptFileError: naming every fault.
    """
    faults: list[str] = []
    manifest = _manifest(folder / "base.json")
    if manifest.get("format") != FORMAT or manifest.get("version") != VERSION:
        faults.append(f"format {manifest.get('format')!r} version {manifest.get('version')!r} instead of {FORMAT!r} version {VERSION}")
    sections = {part: _section(manifest, part, faults) for part in PARTS}
    numbers = {key: _whole(manifest, key, faults) for key in ("sample_rate", "hop", "n_fft", "win")}
    texts = {key: _text(manifest, key, faults) for key in ("name", "table")}
    if texts["table"] not in ("v1", "v2"):
        faults.append(f"table {texts['table']!r} instead of 'v1' or 'v2'")
    prompts, longest_s = manifest.get("continues_prompts", True), manifest.get("longest_sentence_s", 12.0)
    if not isinstance(prompts, bool):
        faults.append(f"continues_prompts {prompts!r} instead of true or false")
    if isinstance(longest_s, bool) or not isinstance(longest_s, int | float) or not 1 <= longest_s <= 60:
        faults.append(f"longest_sentence_s {longest_s!r} instead of a number from 1 to 60")
    languages = manifest.get("languages", [])
    if not isinstance(languages, list) or not all(isinstance(name, str) and 2 <= len(name) <= 8 for name in languages):
        faults.append(f"languages {languages!r} instead of a list of names such as 'en'")
    faults += _file_faults(folder, manifest, [part for part in PARTS if sections[part] is not None])
    if faults:
        raise CorruptFileError("the base model is damaged", found="; ".join(faults), do="install it again", path=str(folder))
    reach = {"continues_prompts": prompts, "longest_sentence_s": longest_s, "languages": tuple(languages)}
    return BaseFacts(**numbers, **texts, **sections, **reach), sha256_of(manifest)  # type: ignore[arg-type]


def _manifest(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_LONGEST_MANIFEST_BYTES))
    except ValueError as error:
        raise CorruptFileError("the base model is damaged", found=f"{path.name} is not JSON: {error}", do="install it again") from error
    return content if isinstance(content, dict) else {}


def sha256_of(manifest: Mapping[str, Any]) -> str:
    """The hash of sizes and file hashes; the name and the layout of the JSON do not matter."""
    told = {key: value for key, value in manifest.items() if key != "name"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _file_faults(folder: Path, manifest: Mapping[str, Any], parts: Sequence[str]) -> list[str]:
    files = manifest.get("files")
    files = files if isinstance(files, dict) else {}
    faults: list[str] = []
    for name in (f"{part}.safetensors" for part in parts):
        told, path = files.get(name), folder / name
        if not isinstance(told, dict):
            faults.append(f"base.json does not list {name}")
        elif not path.is_file():
            faults.append(f"{name} is missing")
        elif path.stat().st_size != told.get("bytes"):
            faults.append(f"{name} has {path.stat().st_size} bytes instead of {told.get('bytes')}")
        elif sha256_file(path) != told.get("sha256"):
            faults.append(f"{name} was changed")
    return faults


def _section(manifest: Mapping[str, Any], part: str, faults: list[str]) -> Any:  # noqa: ANN401 - one of the three config classes
    """The config of one network; None only where the model may lack it."""
    given = manifest.get(part)
    if given is None and part == "content":
        return None
    if not isinstance(given, dict):
        faults.append(f"{part} is missing")
        return None
    kind = MelAcousticConfig if part == "semantic_to_wave" and given.get("kind") == MelAcousticConfig.kind else _SECTIONS[part]
    return _config(kind, part, given, faults)


def _config(kind: type[Config], part: str, given: Mapping[str, Any], faults: list[str]) -> Config | None:
    """A config dataclass from JSON: every field by its name, of the type of its default."""
    before = len(faults)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    faults += [f"{part}.{name} is unknown" for name in given if name not in fields]
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in fields:
            continue
        values[name] = _as_tuple(value)
        if not _fits(values[name], str(fields[name].type)):
            faults.append(f"{part}.{name} is {value!r}, which is not {fields[name].type}")
    return kind(**values) if len(faults) == before else None


def _as_tuple(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list) else value


def _fits(value: object, declared: str) -> bool:
    """Whether a value from JSON is of a declared field type; sizes must be positive and bounded."""
    if "tuple" in declared:
        items = value if isinstance(value, tuple) else ()
        return len(items) > 0 and all(_fits(item, "tuple" if isinstance(item, tuple) else "int") for item in items)
    if value is None:
        return "None" in declared
    if isinstance(value, bool) or "bool" in declared:
        return isinstance(value, bool) and "bool" in declared
    if isinstance(value, str):
        return "str" in declared
    if isinstance(value, int):
        return ("int" in declared and 0 <= value <= 1_000_000) or ("float" in declared and 0 <= value <= 1)
    return isinstance(value, float) and "float" in declared and 0 <= value <= 1


def _whole(manifest: Mapping[str, Any], key: str, faults: list[str]) -> int:
    value = manifest.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1_000_000:
        return value
    faults.append(f"{key} is {value!r} instead of a whole number")
    return 0


def _text(manifest: Mapping[str, Any], key: str, faults: list[str]) -> str:
    value = manifest.get(key)
    if isinstance(value, str) and 0 < len(value) <= 200:
        return value
    faults.append(f"{key} is {value!r} instead of a name")
    return ""
