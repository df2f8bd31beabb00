"""A knob: one number of a recipe, with a sentence on what it does and the range it may have.

It is apart from the recipes because the sentence serves three readers: the code, the recipe file that teaches, and the
line that says what is wrong with a file. A knob is a dataclass field; a recipe is a frozen dataclass of knobs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any


def knob(  # noqa: PLR0913 - the facts of one number
    default: Any, about: str, *, least: float | None = None, most: float | None = None, choices: tuple[str, ...] = (),  # noqa: ANN401
    not_above: str = "",
) -> Any:  # noqa: ANN401 - stands where a value of the field's type is expected
    """A field of a recipe.

    Args:
        default: its value; its type is the field's.
        about: one sentence for people.
        least: smallest value allowed.
        most: largest value allowed.
        choices: the words allowed.
        not_above: name of another knob of the recipe that must be as large or larger.
    """
    facts = {"about": about, "least": least, "most": most, "choices": choices, "not_above": not_above}
    return dataclasses.field(default=default, metadata=facts)


def again(recipe: type, name: str, default: Any) -> Any:  # noqa: ANN401 - as above
    """The knob ``name`` of another recipe with a default of its own."""
    return dataclasses.field(default=default, metadata=_knobs(recipe)[name].metadata)


def faults_of(recipe: type, told: Mapping[str, Any], label: str) -> list[str]:
    """What is wrong with values told for a recipe, one sentence each: `label: key: expected ..., found ...`."""
    known = _knobs(recipe)
    faults = [f"{label}: {name}: expected a key of this recipe, found an unknown one" for name in told if name not in known]
    right: dict[str, Any] = {name: each.default for name, each in known.items()}
    for name in known.keys() & told.keys():
        wanted = expectation(known[name])
        if _fits(known[name], told[name]):
            right[name] = told[name]
        else:
            faults.append(f"{label}: {name}: expected {wanted}, found {told[name]!r}")
    for name, each in known.items():
        other = each.metadata["not_above"]
        if other and right[name] > right[other]:
            faults.append(f"{label}: {name}: expected at most {other} ({right[other]}), found {right[name]}")
    return sorted(faults)


def expectation(each: dataclasses.Field[Any]) -> str:
    """What a knob takes, in words: `a whole number from 1`."""
    facts, default = each.metadata, each.default
    if facts["choices"]:
        return "one of " + ", ".join(facts["choices"])
    if isinstance(default, bool):
        return "true or false"
    if isinstance(default, tuple):
        return "a list of words"
    kind = "a number" if isinstance(default, float) else "a whole number"
    least, most = facts["least"], facts["most"]
    bounds = "" if least is None else f" from {least:g}"
    return kind + bounds + ("" if most is None else f" to {most:g}")


def _knobs(recipe: type) -> dict[str, dataclasses.Field[Any]]:
    return {each.name: each for each in dataclasses.fields(recipe) if "about" in each.metadata}


def _fits(each: dataclasses.Field[Any], value: object) -> bool:
    facts, default = each.metadata, each.default
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, tuple):
        return isinstance(value, list | tuple) and all(isinstance(word, str) for word in value)
    if isinstance(default, str):
        return value in facts["choices"]
    if not isinstance(value, int | float if isinstance(default, float) else int) or not math.isfinite(value):
        return False
    least, most = facts["least"], facts["most"]
    return (least is None or value >= least) and (most is None or value <= most)
