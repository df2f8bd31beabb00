"""Cantonese: one run of text -> phones.

Normalise, look the words up in the ToJyutping dictionary (extra ``yue``), split syllables into onset and rime. Order of authority:
inline overrides, the user's lexicon, the dictionary. ``compat=True`` walks the same road with the public program's normaliser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voxcommons.text.extras import library
from voxcommons.text.g2p.losses import lost_characters, unread
from voxcommons.text.g2p.yue_syllables import is_jyutping, phones_from_jyutping
from voxcommons.text.lexicon import Lexicon, Override
from voxcommons.text.normalise.yue import normalise
from voxcommons.text.phonemes import RunPhones, Span, TextWarning
from voxcommons.text.readings import PHONES
from voxcommons.text.symbols import PUNCTUATION
from voxcommons.text.traced import TracedText

# Characters written in Hong Kong that the dictionary knows under another form.
_SAME_CHARACTER = str.maketrans({"锺": "鍾", "着": "著", "説": "說", "爲": "為", "裏": "裡"})


def to_phones(
    text: str,
    *,
    lexicon: Lexicon | None = None,
    overrides: Sequence[Override] = (),
    compat: bool = False,
) -> RunPhones:
    """Read one Cantonese run; see :class:`voxcommons.text.g2p.ToPhones`."""
    said = normalise(text, compat)
    syllables = _syllables(said.text, compat)
    if lexicon:
        _put(syllables, said.text, lexicon.cantonese)
    phones: list[str] = []
    word2ph: list[int] = []
    spans: list[Span] = []
    warnings: list[TextWarning] = []
    fixed = _fixed(said, overrides)
    for at, char in enumerate(said.text):
        start, end = said.starts[at], said.ends[at]
        spoken = fixed.get(at)
        if spoken is None:
            spoken = _spoken(char, syllables[at], compat)
        if not spoken and at not in fixed:
            warnings.append(unread(text, start, end, "Cantonese"))
        if spoken:
            spans.append(Span(len(phones), len(phones) + len(spoken), start, end, at, at + 1))
        phones += spoken
        word2ph.append(len(spoken))
    warnings += lost_characters(text, zip(said.starts, said.ends, strict=True), "Cantonese")
    warnings.sort(key=lambda warning: warning.start)
    return RunPhones(said.text, tuple(phones), tuple(word2ph), tuple(spans), tuple(warnings))


def _spoken(char: str, syllable: str, compat: bool) -> tuple[str, ...]:
    if char in PUNCTUATION:
        return (char,)
    return phones_from_jyutping(syllable, compat=compat) if is_jyutping(syllable) else ()


def _syllables(text: str, compat: bool) -> list[str]:
    """Jyutping per character; empty where the dictionary has none."""
    dictionary = library("ToJyutping", "yue")
    if not compat:
        text = text.translate(_SAME_CHARACTER)
    return [found or "" for _, found in dictionary.get_jyutping_list(text)]


def _put(syllables: list[str], text: str, words: Mapping[str, Sequence[str]]) -> None:
    """The user's words, longest first, over what the dictionary said."""
    longest = max(map(len, words), default=0)
    at = 0
    while at < len(text) and longest:
        size = next((n for n in range(min(longest, len(text) - at), 0, -1) if text[at : at + n] in words), 0)
        if size and words[text[at : at + size]][0] != PHONES:
            syllables[at : at + size] = words[text[at : at + size]]
        at += size or 1


def _fixed(said: TracedText, overrides: Sequence[Override]) -> dict[int, tuple[str, ...]]:
    """Position in normalised text -> phones, for every override that came through in one piece."""
    fixed: dict[int, tuple[str, ...]] = {}
    for override in overrides:
        if override.language != "yue":
            continue
        places = enumerate(zip(said.starts, said.ends, strict=True))
        inside = [at for at, (start, end) in places if override.start <= start and end <= override.end]
        if inside and override.reading[0] == PHONES:
            fixed |= dict.fromkeys(inside, ())
            fixed[inside[0]] = override.reading[1:]
        elif len(inside) == len(override.reading):
            fixed |= {at: phones_from_jyutping(syllable) for at, syllable in zip(inside, override.reading, strict=True)}
    return fixed
