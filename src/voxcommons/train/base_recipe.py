"""The recipe of a base model: what is said about the whole, and one recipe per stage, in a folder of TOML files.

One file per stage, because a stage is what people run, change and compare; `base.toml` holds the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voxcommons.base.errors import ConfigError, InputError
from voxcommons.base.files import atomic_folder
from voxcommons.train.knobs import faults_of, knob
from voxcommons.train.recipe_files import told_by, told_into, write_recipe
from voxcommons.train.recipes import AcousticRecipe, ContentRecipe, FinishRecipe, SemanticRecipe, TimbreRecipe, VocoderRecipe

WHOLE = "base"


@dataclass(frozen=True)
class BaseRecipe:
    """How the base model as a whole is made and what is said of it."""

    left_out: tuple[str, ...] = knob(
        ("audio-cmn",),
        "Corpora of the manifest that are not trained on. The word lists are left out: their transcripts are pinyin, and their licence "
        "would make the weights share-alike.",
    )
    continues_prompts: bool = knob(False, "Whether the exported model is said to go on from a prompt; stage C learns that last.")
    longest_sentence_s: float = knob(8.0, "Longest sentence the exported model is asked for in one piece, in seconds.", least=1)
    content: ContentRecipe = field(default_factory=ContentRecipe)
    timbre: TimbreRecipe = field(default_factory=TimbreRecipe)
    vocoder: VocoderRecipe = field(default_factory=VocoderRecipe)
    acoustic: AcousticRecipe = field(default_factory=AcousticRecipe)
    finish: FinishRecipe = field(default_factory=FinishRecipe)
    semantic: SemanticRecipe = field(default_factory=SemanticRecipe)


STAGE_NAMES = ("content", "timbre", "vocoder", "acoustic", "finish", "semantic")
FILES = (WHOLE, *STAGE_NAMES)


def write_recipes(folder: Path, recipe: BaseRecipe | None = None) -> list[Path]:
    """Write the files of a recipe, with comments that say what each key does.

    Raises:
        InputError: the folder is there already.
    """
    recipe = recipe or BaseRecipe()
    with atomic_folder(folder) as temporary:
        for name in FILES:
            write_recipe(_part(recipe, name), name, temporary / f"{name}.toml")
    return [folder / f"{name}.toml" for name in FILES]


def read_recipes(paths: Sequence[Path]) -> BaseRecipe:
    """The recipe that files tell; what they do not tell keeps its default.

    Args:
        paths: files named `content.toml`, `base.toml` and so on, or folders of such files; later ones win.

    Raises:
        InputError: a path is missing, is no TOML, or has a name that says no stage.
        ConfigError: a key is unknown, or a value has the wrong type or is out of range; every fault of all files is named.
    """
    recipe, faults = BaseRecipe(), []
    for path in [file for given in paths for file in _files_of(given)]:
        told, part = told_by(path), _part(recipe, path.stem)
        wrong = faults_of(type(part), told, path.name)
        faults += wrong
        if not wrong:
            changed = told_into(part, told)
            recipe = changed if path.stem == WHOLE else dataclasses.replace(recipe, **{path.stem: changed})
    if faults:
        where = ", ".join(str(path) for path in paths)
        raise ConfigError("the recipe has faults", found="; ".join(faults), faults=tuple(faults), do=f"correct {where}")
    return recipe


def _files_of(path: Path) -> list[Path]:
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    names = ", ".join(f"{name}.toml" for name in FILES)
    if strangers := [file.name for file in files if file.stem not in FILES]:
        raise InputError("no stage has a recipe of that name", expected=names, found=", ".join(strangers), do="rename or remove the file")
    if not files:
        raise InputError("no recipe in the folder", expected=names, found=f"no .toml file in {path}", do="vox train base --write-recipes")
    return files


def _part(recipe: BaseRecipe, name: str) -> Any:  # noqa: ANN401 - one of the recipes
    return recipe if name == WHOLE else getattr(recipe, name)
