"""Where one language ends and the next begins, and where a long text may be cut.

Language runs are told by script, because that is what can be known offline and at once: Latin is English, Han is Chinese,
kana Japanese, Hangul Korean; digits and signs go with their neighbours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voxcommons.base.errors import InputError

MODES: tuple[str, ...] = ("auto", "en", "zh", "all_zh")
PUBLIC_MODES: tuple[str, ...] = ("auto_yue", "ja", "yue", "ko", "all_ja", "all_yue", "all_ko")


@dataclass(frozen=True, slots=True)
class Run:
    """Characters ``[start, end)`` of a text, in one language."""

    text: str
    start: int
    end: int
    language: str


_SCRIPTS = re.compile(
    r"(?P<ja>[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f]+)"
    r"|(?P<ko>[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]+)"
    r"|(?P<zh>[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)"
    r"|(?P<en>[A-Za-z\u00c0-\u024f\uff21-\uff3a\uff41-\uff5a]+)"
)


def language_runs(text: str, mode: str = "auto") -> list[Run]:
    """Split a text into runs of one language.

    Args:
        text: any characters.
        mode: ``"auto"``: the script decides; ``"en"``: all English; ``"zh"`` and ``"all_zh"``: Mandarin, Latin words in English.

    Returns:
        Runs that together are exactly the text.
    """
    if mode not in MODES:
        raise InputError("this language cannot be read yet", expected="one of " + ", ".join(MODES), found=repr(mode), do="choose one of these")
    if not text:
        return []
    if mode == "en":
        return [Run(text, 0, len(text), "en")]
    marks: list[tuple[int, int, str]] = []
    for match in _SCRIPTS.finditer(text):
        language = match.lastgroup or "en"
        if marks and marks[-1][2] == language:
            marks[-1] = (marks[-1][0], match.end(), language)
        else:
            marks.append((*match.span(), language))
    if not marks:
        return [Run(text, 0, len(text), "zh" if mode != "auto" or re.search("[。，！？、；：]", text) else "en")]
    runs: list[Run] = []
    start = 0
    for index, (_, end, language) in enumerate(marks):
        if index + 1 < len(marks):
            gap = text[end : marks[index + 1][0]]
            cut = end + _gap_cut(gap, language)
        else:
            cut = len(text)
        runs.append(Run(text[start:cut], start, cut, language))
        start = cut
    return runs


def _gap_cut(gap: str, before: str) -> int:
    """How much of the signs and digits between two runs stays with the first."""
    mark = re.search(r"[。！？，、；：,.!?;:…]\s*", gap)
    if mark and not (gap[mark.start()] in ".,:" and re.fullmatch(r"\d", gap[mark.end() : mark.end() + 1] or "")):
        return mark.end()
    return len(gap) if not re.search(r"\d", gap) or gap[0].isdigit() or before == "zh" else len(gap)
