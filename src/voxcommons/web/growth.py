"""How a voice grew: the courses of its tunings, as the voice keeps them, in the few numbers that a picture needs."""

from __future__ import annotations

import contextlib
import json
from typing import Any, Final

from voxcommons.voicefile.manifest import TUNING_FILE
from voxcommons.voices.library import Voice

_MOST_BYTES: Final = 4 << 20
_MOST_COURSES, _MOST_POINTS = 40, 2000


def growth_of(voice: Voice) -> list[dict[str, Any]]:
    """The courses of a voice in order; empty for one that was never tuned.

    Returns:
        For each: `what`, `best_step`, `ended`, and `points` of `step`, `learnt` (None where nothing was learnt yet) and `held_out`.
    """
    file = voice.folder / TUNING_FILE
    if not file.is_file() or file.stat().st_size > _MOST_BYTES:
        return []
    with contextlib.suppress(ValueError, RecursionError):  # damaged: the voice is whole without it
        made = json.loads(file.read_text("utf-8"))
        courses = made.get("courses") if isinstance(made, dict) else None
        return [_course(one) for one in courses[-_MOST_COURSES:] if _has_points(one)] if isinstance(courses, list) else []
    return []


def _has_points(made: object) -> bool:
    return isinstance(made, dict) and isinstance(made.get("points"), list)


def _course(made: dict[str, Any]) -> dict[str, Any]:
    points = [
        {"step": int(point["step"]), "learnt": _number(point.get("learnt")), "held_out": float(point["held_out"])}
        for point in made["points"][:_MOST_POINTS]
        if isinstance(point, dict) and _number(point.get("step")) is not None and _number(point.get("held_out")) is not None
    ]
    what, ended = str(made.get("what", ""))[:80], str(made.get("ended", ""))[:80]
    return {"what": what, "ended": ended, "best_step": int(_number(made.get("best_step")) or 0), "points": points}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e12 else None
