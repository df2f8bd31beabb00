"""Characters of Mandarin text that stand for others: traditional forms, full width, Greek letters.

Apart from the rules because both ways of normalising (:mod:`zh` and :mod:`zh_public`) start from the
same characters. Nothing here knows numbers.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from voxcommons.text.traced import TracedText

if TYPE_CHECKING:
    from opencc import OpenCC

GREEK: dict[str, str] = {
    "α": "阿尔法", "β": "贝塔", "γ": "伽玛", "Γ": "伽玛", "δ": "德尔塔", "Δ": "德尔塔", "ε": "艾普西龙",
    "ζ": "捷塔", "η": "依塔", "θ": "西塔", "Θ": "西塔", "ι": "艾欧塔", "κ": "喀帕", "λ": "拉姆达",
    "Λ": "拉姆达", "μ": "缪", "ν": "拗", "ξ": "克西", "Ξ": "克西", "ο": "欧米克伦", "π": "派", "Π": "派",
    "ρ": "肉", "ς": "西格玛", "Σ": "西格玛", "σ": "西格玛", "τ": "套", "υ": "宇普西龙", "φ": "服艾",
    "Φ": "服艾", "χ": "器", "ψ": "普赛", "Ψ": "普赛", "ω": "欧米伽", "Ω": "欧米伽",
}  # fmt: skip
"""How the public program names Greek letters."""

# Of two simplified forms the public program's table has the other one; learned from stored lines.
_PUBLIC_FORMS = str.maketrans({"鍾": "锺"})
_HALFWIDTH = {
    code + 0xFEE0: code
    for code in (*range(ord("0"), ord("9") + 1), *range(ord("A"), ord("Z") + 1), *range(97, 123))
}


@cache
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")


def simplified(text: TracedText) -> TracedText:
    """Traditional characters as simplified ones, position by position."""
    converted = _converter().convert(text.text)
    if len(converted) != len(text.text):
        single = (_converter().convert(char) for char in text.text)
        converted = "".join(
            new if len(new) == 1 else old for new, old in zip(single, text.text, strict=True)
        )
    return TracedText(converted, text.starts, text.ends)


def simplified_singly(text: TracedText) -> TracedText:
    """The same one character at a time, without looking at words: the public program's way."""
    convert = _converter().convert
    text = TracedText(text.text.translate(_PUBLIC_FORMS), text.starts, text.ends)
    single = (new if len(new := convert(char)) == 1 else char for char in text.text)
    return TracedText("".join(single), text.starts, text.ends)


def halfwidth(text: TracedText) -> TracedText:
    """Full-width letters and digits (Ａ１) as ASCII ones."""
    return TracedText(text.text.translate(_HALFWIDTH), text.starts, text.ends)


def part(text: TracedText, start: int, end: int) -> TracedText:
    """The characters ``[start, end)``."""
    return TracedText(text.text[start:end], text.starts[start:end], text.ends[start:end])


def stripped(text: TracedText) -> TracedText:
    """Without white space at both ends."""
    start = len(text.text) - len(text.text.lstrip())
    return part(text, start, max(start, len(text.text.rstrip())))


def joined(texts: list[TracedText]) -> TracedText:
    """One text behind the other."""
    return TracedText(
        "".join(text.text for text in texts),
        tuple(start for text in texts for start in text.starts),
        tuple(end for text in texts for end in text.ends),
    )
