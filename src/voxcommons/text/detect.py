"""Which language a clause written in Han characters is: Mandarin, Japanese or Cantonese.

Script alone cannot tell. What tells are characters that only one of the three writes: Japan's own forms and kana, the simplified
forms of the mainland, the characters Cantonese has for words of its own. Which forms a country has is asked of its character
set (Shift JIS, GB 2312, Big5 know exactly their own), so no table and no statistics are needed. Clauses without evidence follow
their neighbours. The public program asks a statistical detector instead, which errs on short pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

# Words of the commonest kind that no other of the three languages writes this way.
_MANDARIN = frozenset("的了吗吧你您们們这這那哪她它很没沒啊呀谁誰怎是说")
_CANTONESE = frozenset("嘅咗喺冇啲嗰哋嚟瞓攰㗎嘢冚佢咁噉乜睇喎嗌揾搵攞畀俾嘥嗮啱諗咪嘞囉餸瞓踎嬲攬係唔")
_WEAK_CANTONESE = frozenset("係佢咁咪俾嘞囉")  # also written elsewhere: one alone proves nothing


@lru_cache(maxsize=8192)
def _known_to(char: str, charset: str) -> bool:
    try:
        char.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def is_japanese_form(char: str) -> bool:
    """A Han character that only Japan writes, such as 駅, 気 or 円."""
    return _known_to(char, "shift_jis") and not _known_to(char, "gb2312") and not _known_to(char, "big5")


def is_foreign_to_japan(char: str) -> bool:
    """A Han character that Japan does not write, such as 们 or 你."""
    return not _known_to(char, "shift_jis")


def looks_cantonese(han: str) -> bool:
    """Whether the Han characters of a clause hold a Cantonese word."""
    found = [char for char in han if char in _CANTONESE]
    return any(char not in _WEAK_CANTONESE for char in found) or len(found) > 1


def han_language(han: str, hiragana: int, katakana: int) -> str:
    """The language of a clause's Han characters.

    Args:
        han: the Han characters of the clause.
        hiragana: how many hiragana stand between them.
        katakana: how many katakana.

    Returns:
        ``"zh"``, ``"ja"``, ``"yue"``, or ``""`` when nothing tells.
    """
    if looks_cantonese(han) and not hiragana:
        return "yue"
    mandarin = sum(char in _MANDARIN or is_foreign_to_japan(char) for char in han)
    japanese = hiragana + sum(map(is_japanese_form, han))
    if japanese > 2 * mandarin or (japanese and not mandarin):
        return "ja"
    if mandarin:
        return "zh"
    return "ja" if katakana > len(han) else ""


def settled(sentences: Sequence[Sequence[str]]) -> list[str]:
    """Languages of all clauses of all sentences, in order.

    A clause without evidence follows its own sentence, then the sentence before, then the one behind; alone it is Mandarin.
    """
    filled = [_filled(sentence) for sentence in sentences]
    whole = _filled([sentence[0] if sentence else "" for sentence in filled])
    return [language or outer or "zh" for sentence, outer in zip(filled, whole, strict=True) for language in sentence]


def _filled(found: Sequence[str]) -> list[str]:
    """Empty places filled from the place before, else from the one behind."""
    languages = list(found)
    for at in range(1, len(languages)):
        languages[at] = languages[at] or languages[at - 1]
    for at in range(len(languages) - 2, -1, -1):
        languages[at] = languages[at] or languages[at + 1]
    return languages
