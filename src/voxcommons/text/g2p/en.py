"""English: a run of text -> phones.

Order of authority: inline overrides, the user's lexicon, homographs by context, dictionary, rules for
endings, the learned guess. ``compat=True`` hands over to :mod:`voxcommons.text.g2p.en_public`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from voxcommons.text.g2p.en_dictionary import lookup
from voxcommons.text.g2p.en_homographs import reading
from voxcommons.text.g2p.en_words import pronounce, spell, with_s
from voxcommons.text.lexicon import Lexicon, Override
from voxcommons.text.normalise.en import normalise
from voxcommons.text.phonemes import RunPhones, Span
from voxcommons.text.traced import TracedText

# Overridden words travel through the normaliser as private-use characters, which no rule touches.
_MARK = 0xF0000
_MARKS_AT_ONCE = 0xFFF0
_OWN_MARKS = re.compile(r"[\U000F0000-\U000FFFFD]")
_TOKEN = re.compile(r"(?P<mark>[\U000F0000-\U000FFFFD])(?P<s>'s)?|(?P<word>[A-Za-z']+(?:-[A-Za-z']+)*)|(?P<stop>[!?…,.-])")
_LEXICON_WORD = re.compile(r"[^\W_]+(?:['’.&+#-]+[^\W_]+)*[+#]*")
_WORDS_IN_PHRASE = 4
_LETTER_NAMES = frozenset("BCDEFGHJKLMNOPQRSTUVWXYZ")
_BEFORE_LETTER_A = frozenset(
    "vitamin plan section group type grade class team letter an point option appendix exhibit level side hepatitis".split()
)


def to_phones(
    text: str,
    *,
    lexicon: Lexicon | None = None,
    overrides: Sequence[Override] = (),
    compat: bool = False,
) -> RunPhones:
    """Read one English run; see :class:`voxcommons.text.g2p.ToPhones`."""
    if compat:
        from voxcommons.text.g2p.en_public import to_phones as public

        return public(text)
    text = _OWN_MARKS.sub("\ue000", text)
    chosen = sorted([*overrides, *_from_lexicon(text, lexicon, overrides)], key=lambda override: override.start)[:_MARKS_AT_ONCE]
    spoken, warnings = normalise(_marked(text, chosen))
    phones: list[str] = []
    spans: list[Span] = []
    shown: list[str] = []
    done = length = 0
    tokens = list(_TOKEN.finditer(spoken.text))
    words = [match.group() for match in tokens]
    for at, match in enumerate(tokens):
        begin, end = match.span()
        shown.append(spoken.text[done:begin])
        length += begin - done
        word = match.group()
        if match["mark"]:
            override = chosen[ord(match["mark"]) - _MARK]
            word = text[override.start : override.end] + (match["s"] or "")
            sounds = with_s(override.reading) if match["s"] else override.reading
        else:
            sounds = (word,) if match["stop"] else _letter_a(words, at) or reading(words, at) or _word(word)
        shown.append(word)
        if sounds:
            origin = spoken.origin(begin, end)
            spans.append(Span(len(phones), len(phones) + len(sounds), *origin, length, length + len(word)))
            phones += sounds
        length += len(word)
        done = end
    shown.append(spoken.text[done:])
    return RunPhones("".join(shown), tuple(phones), None, tuple(spans), warnings)


def _letter_a(words: Sequence[str], at: int) -> tuple[str, ...]:
    """A capital "A" that is the letter and not the article: "vitamin A", "from A to B"; ``()`` for every other word."""
    if words[at] != "A" or at == 0:
        return ()
    after = words[at + 1] if at + 1 < len(words) else "."
    named = words[at - 1].lower() in _BEFORE_LETTER_A
    return spell("a") if named or not after[0].isalpha() or after in ("and", "or", "to", "is", "was") else ()


def _word(token: str) -> tuple[str, ...]:
    """Phones of one written word or hyphenated compound."""
    lower = token.lower().strip("'")
    if "-" not in token:
        if token in _LETTER_NAMES:
            return spell(token)
        return lookup(token.lower()) or (pronounce(lower) if lower else ())
    phones: list[str] = []
    for part in token.split("-"):
        base = part.removesuffix("'s")
        if len(base) == 1 and base.isalpha():
            phones += with_s(spell(base)) if part.endswith("'s") else spell(base)
        elif part.strip("'"):
            phones += pronounce(part.lower().strip("'"))
    return tuple(phones)


def _from_lexicon(text: str, lexicon: Lexicon | None, overrides: Sequence[Override]) -> list[Override]:
    """The user's words found in a text, longest first, as overrides."""
    if lexicon is None or not lexicon.english:
        return []
    taken = {i for override in overrides for i in range(override.start, override.end)}
    found: list[Override] = []
    words = [match.span() for match in _LEXICON_WORD.finditer(text)]
    here = 0
    while here < len(words):
        for count in range(min(_WORDS_IN_PHRASE, len(words) - here), 0, -1):
            begin, end = words[here][0], words[here + count - 1][1]
            for stop in (end, end - 2 if text[:end].lower().endswith(("'s", "’s")) else end):
                reading = lexicon.english.get(text[begin:stop].lower())
                if reading and taken.isdisjoint(range(begin, stop)):
                    found.append(Override(begin, stop, reading, "en"))
                    break
            else:
                continue
            here += count - 1
            break
        here += 1
    return found


def _marked(text: str, chosen: Sequence[Override]) -> TracedText:
    """The text with every overridden range as one private-use character."""
    if not chosen:
        return TracedText.of(text)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for number, override in enumerate(chosen):
        pieces += (text[done : override.start], chr(_MARK + number))
        starts += (*range(done, override.start), override.start)
        ends += (*range(done + 1, override.start + 1), override.end)
        done = override.end
    pieces.append(text[done:])
    starts += range(done, len(text))
    ends += range(done + 1, len(text) + 1)
    return TracedText("".join(pieces), tuple(starts), tuple(ends))
