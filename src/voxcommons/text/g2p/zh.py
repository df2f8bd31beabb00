"""Mandarin: one run of text -> phones.

Normalise, cut into words, look up pinyin, change tones, split syllables into onset and rime; each
syllable remembers the characters it was read from. ``compat=True`` walks the same road with the public
program's rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from voxcommons.text.g2p import zh_sandhi, zh_sandhi_public
from voxcommons.text.g2p.losses import lost_characters, unread
from voxcommons.text.g2p.zh_pinyin import is_syllable, phones_from_pinyin
from voxcommons.text.g2p.zh_polyphones import Polyphones, open_places, read_words
from voxcommons.text.g2p.zh_tables import reading_table
from voxcommons.text.g2p.zh_words import Word, segmenter
from voxcommons.text.lexicon import Lexicon, Override
from voxcommons.text.normalise.zh import normalise
from voxcommons.text.phonemes import RunPhones, Span, TextWarning
from voxcommons.text.traced import TracedText

__all__ = ["PinyinSource", "Reader", "phones_from_pinyin", "to_phones"]

PinyinSource = Callable[[str, Collection[int]], Sequence[str]]
"""A whole clause, and the places in it that no word settles -> one syllable per character; only those places are looked at, and an
empty one leaves the matter to the dictionaries."""

_CLAUSE = re.compile("[^!?…,.-]+[!?…,.-]?|[!?…,.-]")
_MARKS = frozenset("!?…,.-")
_SPECIAL_PAUSES = {"￥": "SP2", "^": "SP3"}  # what "," becomes in the public program


@dataclass(frozen=True)
class Reader:
    """Reads clauses of normalised Mandarin.

    Attributes:
        lexicon: word -> pinyin the user gave; wins over every dictionary.
        compat: use the public program's words, readings and tones.
        erhua: whether 儿 takes the tone before it (the public v1 front end does without).
        pinyin_source: readings of a whole clause from elsewhere (a polyphone model); words that the dictionaries
            know keep theirs. ``None``: all readings come from the dictionaries.
    """

    lexicon: Mapping[str, Sequence[str]] = field(default_factory=dict)
    compat: bool = False
    erhua: bool = True
    pinyin_source: PinyinSource | None = None

    def syllables(self, clause: str, fixed: Mapping[int, str]) -> list[str]:
        """Spoken pinyin per character of a clause; marks and unreadable characters as they are.

        Args:
            clause: normalised characters with at most one mark, at the end.
            fixed: position in the clause -> syllable that must be spoken just so.
        """
        words = self._words(clause)
        if self.compat:
            words = zh_sandhi_public.merge(words, _dictionary_reading)
        readings = self._read(clause, words)
        at = 0
        for reading in readings:
            for i in range(len(reading)):
                reading[i] = fixed.get(at, reading[i])
                at += 1
        spoken = self._change_tones(words, readings)
        return [fixed.get(at, syllable) for at, syllable in enumerate(spoken)]

    def _words(self, clause: str) -> list[Word]:
        """Words of a clause; those of the lexicon are never cut or joined."""
        longest = max(map(len, self.lexicon), default=0)
        words: list[Word] = []
        done = at = 0
        while at < len(clause) and longest:
            sizes = range(min(longest, len(clause) - at), 0, -1)
            size = next((n for n in sizes if clause[at : at + n] in self.lexicon), 0)
            if size:
                words += segmenter().words(clause[done:at])
                words.append(Word(clause[at : at + size], "n"))
                done = at + size
            at += size or 1
        return words + segmenter().words(clause[done:])

    def _read(self, clause: str, words: list[Word]) -> list[list[str]]:
        if not self.compat:
            readings = read_words(words, self._told(clause, open_places(words)) if self.pinyin_source else {})
        elif self.pinyin_source:
            unknown = [bool(len(word.text) == 1 or not reading_table().phrase(word.text)) for word in words for _ in word.text]
            told = self._told(clause, [at for at, asked in enumerate(unknown) if asked])
            readings = _corrected(words, [told.get(at, own) for at, own in enumerate(_dictionary_reading(clause))])
        else:
            readings = [_dictionary_reading(word.text) for word in words]
        return [
            list(self.lexicon.get(word.text, reading))
            for word, reading in zip(words, readings, strict=True)
        ]

    def _told(self, clause: str, places: Collection[int]) -> dict[int, str]:
        """What the source says about places of a clause, where it says something."""
        if self.pinyin_source is None or not places:
            return {}
        said = self.pinyin_source(clause, places)
        return {at: said[at] for at in places if said[at]}

    def _change_tones(self, words: list[Word], readings: list[list[str]]) -> list[str]:
        if not self.compat:
            return zh_sandhi.change_tones(words, readings)
        spoken: list[str] = []
        for word, reading in zip(words, readings, strict=True):
            changed = zh_sandhi_public.change_tones(word, reading)
            spoken += zh_sandhi_public.erhua(word, changed) if self.erhua else changed
        return spoken


def _dictionary_reading(word: str) -> list[str]:
    return [found[0] if found else c for found, c in zip(reading_table().of(word), word, strict=True)]


def _corrected(words: Sequence[Word], syllables: Sequence[str]) -> list[list[str]]:
    """Syllables of a clause by words; a word that the phrase dictionary knows has its reading."""
    readings, at = [], 0
    for word in words:
        end = at + len(word.text)
        phrase = reading_table().phrase(word.text) if len(word.text) > 1 else ()
        readings.append(list(phrase or syllables[at:end]))
        at = end
    return readings


def to_phones(  # noqa: PLR0913 - what a caller may want of Mandarin
    text: str,
    *,
    lexicon: Lexicon | None = None,
    overrides: Sequence[Override] = (),
    compat: bool = False,
    polyphones: Polyphones | None = None,
    erhua: bool = True,
    reader: Reader | None = None,
) -> RunPhones:
    """Read one run of Mandarin.

    Args:
        text: raw characters of the run; inline overrides are already taken out.
        lexicon: readings the user gave, as dictionary readings: tone changes still apply.
        overrides: readings for character ranges of ``text``, spoken exactly so.
        compat: do exactly as the public program does, accidents included.
        erhua: whether 儿 takes the tone before it.
        polyphones: who decides characters with several readings; by default the dictionaries.
        reader: how clauses are read, when it is not what the arguments before say.

    Returns:
        Phones with one span per character that was read; positions count in ``text``.
    """
    source = None if polyphones is None else polyphones.as_public if compat else polyphones.in_context
    reader = reader or Reader(lexicon.mandarin if lexicon else {}, compat, erhua, pinyin_source=source)
    pause = next((mark for mark in _SPECIAL_PAUSES if compat and mark in text), "")
    normalised = normalise(text.replace(pause, ",") if pause else text, compat)
    fixed = _fixed_syllables(normalised, overrides)
    syllables: list[str] = []
    for clause in _CLAUSE.finditer(normalised.text):
        begin = clause.start()
        here = {at - begin: s for at, s in fixed.items() if begin <= at < clause.end()}
        syllables += reader.syllables(clause.group(), here)
    run = _assemble(text, normalised, syllables)
    if pause:
        phones = tuple(_SPECIAL_PAUSES[pause] if phone == "," else phone for phone in run.phones)
        run = replace(run, phones=phones)
    return run


def _fixed_syllables(text: TracedText, overrides: Sequence[Override]) -> dict[int, str]:
    """Position in normalised text -> syllable, for every override that came through in one piece."""
    fixed: dict[int, str] = {}
    for override in overrides:
        inside = [
            at
            for at, (start, end) in enumerate(zip(text.starts, text.ends, strict=True))
            if override.start <= start and end <= override.end
        ]
        if override.language == "zh" and len(inside) == len(override.reading):
            fixed |= dict(zip(inside, override.reading, strict=True))
    return fixed


def _assemble(text: str, normalised: TracedText, syllables: list[str]) -> RunPhones:
    phones: list[str] = []
    word2ph: list[int] = []
    spans: list[Span] = []
    warnings: list[TextWarning] = []
    for at, (char, syllable) in enumerate(zip(normalised.text, syllables, strict=True)):
        start, end = normalised.starts[at], normalised.ends[at]
        if char in _MARKS:
            spoken: tuple[str, ...] = (char,)
        elif is_syllable(syllable):
            spoken = phones_from_pinyin(syllable)
        else:
            spoken = ()
            warnings.append(unread(text, start, end, "Mandarin"))
        if spoken:
            spans.append(Span(len(phones), len(phones) + len(spoken), start, end, at, at + 1))
        phones += spoken
        word2ph.append(len(spoken))
    warnings += lost_characters(text, zip(normalised.starts, normalised.ends, strict=True), "Mandarin")
    warnings.sort(key=lambda warning: warning.start)
    return RunPhones(normalised.text, tuple(phones), tuple(word2ph), tuple(spans), tuple(warnings))
