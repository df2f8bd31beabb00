"""Recipes as TOML files: one per stage, written with comments that teach, read back with strict checks, kept beside a run.

It is apart from the recipes because files are for people: a spelling mistake must be told before an hour is spent, with
the key, what was expected and what was found, and every fault at once.
"""

from __future__ import annotations

import dataclasses
import json
import textwrap
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from voxcommons.base.errors import ConfigError, InputError
from voxcommons.base.files import atomic_path
from voxcommons.base.progress import Progress
from voxcommons.train.knobs import expectation, faults_of

KEPT = "recipe.toml"
R = TypeVar("R")


def text_of(recipe: Any, title: str) -> str:  # noqa: ANN401 - any recipe dataclass
    """A recipe as TOML, each key under a comment that says what it does and what it may be."""
    lines = [f"# {line}" for line in textwrap.wrap(f"{title}: {(recipe.__doc__ or '').strip().splitlines()[0]}", 118)]
    for each in dataclasses.fields(recipe):
        if "about" not in each.metadata:
            continue
        about = f"{each.metadata['about']} ({expectation(each)}; {_written(each.default)} unless told)"
        lines += ["", *(f"# {line}" for line in textwrap.wrap(about, 118)), f"{each.name} = {_written(getattr(recipe, each.name))}"]
    return "\n".join(lines) + "\n"


def write_recipe(recipe: Any, title: str, path: Path) -> None:  # noqa: ANN401 - as above
    """Write `text_of` a recipe to a file, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text_of(recipe, title), encoding="utf-8")


def told_by(path: Path) -> dict[str, Any]:
    """What a TOML file says.

    Raises:
        InputError: it is missing or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError("cannot read the recipe", expected="a TOML file", found=f"{path}: {error}") from error


def read_recipe(path: Path, recipe: R) -> R:
    """``recipe`` with what a file tells in place of its values.

    Raises:
        InputError: the file is missing or no TOML.
        ConfigError: a key is unknown, or a value has the wrong type or is out of range; every fault is named.
    """
    told = told_by(path)
    if faults := faults_of(type(recipe), told, path.name):
        raise ConfigError("the recipe has faults", found="; ".join(faults), faults=tuple(faults), do=f"correct {path}")
    return told_into(recipe, told)


def told_into(recipe: R, told: dict[str, Any]) -> R:
    """``recipe`` with checked values in place of its own, each in the type of the knob."""
    values = {name: type(getattr(recipe, name))(value) for name, value in told.items()}
    return dataclasses.replace(recipe, **values)  # type: ignore[type-var]


def keep_recipe(recipe: Any, folder: Path, step: int, progress: Progress) -> None:  # noqa: ANN401 - as above
    """Keep the recipe of a run beside its checkpoints, and say which keys differ from the one it ran with until now.

    Args:
        recipe: what the run goes on with.
        folder: of the stage.
        step: from which it goes on. An earlier recipe stays there as `recipe-until-STEP.toml`.
        progress: told about differences.
    """
    path = folder / KEPT
    if path.is_file():
        earlier, now = told_by(path), tomllib.loads(text_of(recipe, folder.name))
        changes = [
            f"{name} {_written(earlier[name]) if name in earlier else 'not told'} -> {_written(now[name]) if name in now else 'not told'}"
            for name in sorted(earlier.keys() | now.keys())
            if earlier.get(name) != now.get(name)
        ]
        if not changes:
            return
        if step:
            progress.note(f"{folder.name}: goes on from step {step} with another recipe: {', '.join(changes)}")
            path.replace(folder / f"recipe-until-{step:08d}.toml")
    write_recipe(recipe, folder.name, path)


def _written(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_written(each) for each in value) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
