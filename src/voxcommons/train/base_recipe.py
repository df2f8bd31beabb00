"""The recipe of a base model: one section per stage, read from TOML.

It is apart from the loops because a recipe is data that people change, and a spelling mistake in it must be told before
an hour is spent: every fault is reported at once.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voxcommons.base.errors import ConfigError, InputError
from voxcommons.train.acoustic import AcousticRecipe
from voxcommons.train.autoencoder import AutoencoderRecipe
from voxcommons.train.content import ContentRecipe
from voxcommons.train.semantic import SemanticRecipe


@dataclass(frozen=True)
class BaseRecipe:
    """How the starter base model is made.

    Attributes:
        left_out: corpora of the manifest that are not trained on. The word lists are left out by default: their transcripts
            are pinyin, and their licence would make the weights share-alike.
        continues_prompts: said of the exported model, see `BaseFacts`; stage C learns to go on from a prompt last.
        longest_sentence_s: likewise.
    """

    left_out: tuple[str, ...] = ("audio-cmn",)
    continues_prompts: bool = False
    longest_sentence_s: float = 8.0
    content: ContentRecipe = field(default_factory=ContentRecipe)
    autoencoder: AutoencoderRecipe = field(default_factory=AutoencoderRecipe)
    acoustic: AcousticRecipe = field(default_factory=AcousticRecipe)
    semantic: SemanticRecipe = field(default_factory=SemanticRecipe)


def read_recipe(path: Path) -> BaseRecipe:
    """Read a TOML recipe: ``left_out`` and a section per stage; what is not told keeps its default.

    Raises:
        InputError: the file is missing or is not TOML.
        ConfigError: a section, field or value is not known; every fault is named.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError("cannot read the recipe", expected="a TOML file", found=f"{path}: {error}") from error
    faults: list[str] = []
    sections: dict[str, Any] = {}
    left_out = told.pop("left_out", list(BaseRecipe().left_out))
    if not isinstance(left_out, list) or not all(isinstance(name, str) for name in left_out):
        faults.append(f"left_out = {left_out!r} is not a list of corpus names")
    for section in dataclasses.fields(BaseRecipe)[3:]:
        values = told.pop(section.name, {})
        default = getattr(BaseRecipe(), section.name)
        if not isinstance(values, dict):
            faults.append(f"{section.name} is not a section")
            continue
        faults += _faults(section.name, values, default)
        known = {name: value for name, value in values.items() if hasattr(default, name)}
        sections[section.name] = dataclasses.replace(default, **known)
    faults += [f"unknown section {name}" for name in told]
    if faults:
        raise ConfigError("the recipe has faults", faults=tuple(faults), do=f"correct {path}")
    return BaseRecipe(left_out=tuple(left_out), **sections)


def _faults(section: str, values: dict[str, Any], default: Any) -> list[str]:  # noqa: ANN401 - any recipe dataclass
    found = []
    for name, value in values.items():
        if not hasattr(default, name):
            found.append(f"unknown field {section}.{name}")
            continue
        kinds = (int, float) if isinstance(getattr(default, name), float) else (int,)
        if isinstance(value, bool) or not isinstance(value, kinds) or value < 0:
            found.append(f"{section}.{name} = {value!r} is not a {kinds[-1].__name__} of 0 or more")
    return found
