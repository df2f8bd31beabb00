"""Japanese: one run of text -> phones with accent marks.

Normalise, let OpenJTalk (extra ``ja``) find words, readings and accents, and write each accent phrase with its rise [ and its fall ].
Order of authority: inline overrides, the user's lexicon, OpenJTalk. Borders of accent phrases are ``UNK``: the public voices learned
that symbol as border, because theirs was missing in the table. ``compat=True`` hands over to ja_public.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from voxcommons.text.extras import library
from voxcommons.text.g2p.ja_kana import as_spoken, moras
from voxcommons.text.g2p.losses import lost_characters, unread
from voxcommons.text.g2p.respell import respelled
from voxcommons.text.lexicon import Lexicon, Override
from voxcommons.text.normalise.ja import normalise
from voxcommons.text.phonemes import RunPhones, Span, TextWarning
from voxcommons.text.readings import PHONES
from voxcommons.text.symbols import PUNCTUATION, UNKNOWN
from voxcommons.text.traced import TracedText

BORDER = UNKNOWN
_PIECE = re.compile("[^!?…,.-]+|[!?…,.-]")
_MORA_ENDS = frozenset({"a", "i", "u", "e", "o", "N", "cl"})
# Numerals that are also words; out of digits they are numerals.
_NUMERALS = {"九十九": "キュージュウキュウ", "三行": "サンギョー", "零時": "レージ"}
_KANA_ONLY = re.compile("[\u3041-\u3096\u30a1-\u30fc]*")
_CLITICS = frozenset({"助詞", "助動詞"})


@dataclass(frozen=True)
class Word:
    """One word of a piece: characters ``[start, end)``, its phones, and what is known of its accent.

    ``fall`` is the mora behind which the pitch falls (0: it does not), counted over the accent phrase that the word begins;
    ``joined`` says that it belongs to the phrase of the word before it.
    """

    start: int
    end: int
    phones: tuple[str, ...]
    fall: int
    joined: bool
    clitic: bool = False
    verbatim: bool = False

    @property
    def moras(self) -> int:
        """How many moras the word has."""
        return sum(phone in _MORA_ENDS for phone in self.phones)


def to_phones(
    text: str,
    *,
    lexicon: Lexicon | None = None,
    overrides: Sequence[Override] = (),
    compat: bool = False,
) -> RunPhones:
    """Read one Japanese run; see :class:`voxcommons.text.g2p.ToPhones`."""
    if compat:
        from voxcommons.text.g2p.ja_public import to_phones as public

        return public(text)
    said = normalise(respelled(text, overrides, "ja"))
    chosen = _chosen(text, said, lexicon, overrides)
    phones: list[str] = []
    spans: list[Span] = []
    warnings: list[TextWarning] = []
    for match in _PIECE.finditer(said.text):
        begin, end = match.span()
        if match.group() in PUNCTUATION:
            spans.append(Span(len(phones), len(phones) + 1, *said.origin(begin, end), begin, end))
            phones.append(match.group())
            continue
        here = [(start - begin, stop - begin, reading) for start, stop, reading in chosen if begin <= start and stop <= end]
        for word, sounds in _marked(_overridden(_words(match.group()), match.group(), here)):
            place = begin + word.start, begin + word.end
            if not word.phones:
                warnings.append(unread(text, *said.origin(*place), "Japanese"))
            if sounds:
                spans.append(Span(len(phones), len(phones) + len(sounds), *said.origin(*place), *place))
            phones += sounds
    warnings += lost_characters(text, zip(said.starts, said.ends, strict=True), "Japanese")
    warnings.sort(key=lambda warning: warning.start)
    return RunPhones(said.text, tuple(phones), None, tuple(spans), tuple(warnings))


def _words(piece: str) -> list[Word]:
    """What OpenJTalk finds in a piece without signs."""
    found: list[Word] = []
    done = 0
    entries: Sequence[Mapping[str, Any]] = library("pyopenjtalk", "ja").g2p_mapping(piece)
    for entry in entries:
        start, end = entry["char_span"]
        if end <= start:  # a word that belongs to the digits before it
            start = end = done
        done = end
        phones = tuple(phone.lower() if phone in "AEIOU" else phone for phone in entry["phonemes"] if phone not in ("pau", "unk"))
        found.append(Word(start, end, phones, entry["accent_nucleus"], entry["chain_flag"] == 1, entry["pos"] in _CLITICS))
    return found


# --- readings given by hand ------------------------------------------------------------------------------------------------

_Chosen = tuple[int, int, tuple[str, ...]]


def _chosen(text: str, said: TracedText, lexicon: Lexicon | None, overrides: Sequence[Override]) -> list[_Chosen]:
    """Ranges of the normalised text with their readings, in order and apart from each other."""
    found: list[_Chosen] = []
    for override in overrides:
        places = enumerate(zip(said.starts, said.ends, strict=True))
        inside = [at for at, (start, end) in places if override.start <= start and end <= override.end and end > start]
        if inside and override.language == "ja":
            found.append((inside[0], inside[-1] + 1, override.reading))
    taken = {at for start, end, _ in found for at in range(start, end)}
    words: list[tuple[str, tuple[str, ...]]] = [*(lexicon.japanese.items() if lexicon else ())]
    words += [(word, (reading,)) for word, reading in _NUMERALS.items()]
    for word, reading in sorted(words, key=lambda pair: -len(pair[0])):
        for match in re.finditer(re.escape(word), said.text):
            free = taken.isdisjoint(range(*match.span()))
            if free and (word not in _NUMERALS or reading[0] != _NUMERALS[word] or _from_digits(text, said, match.span())):
                found.append((*match.span(), reading))
                taken |= set(range(*match.span()))
    return sorted(found)


def _from_digits(text: str, said: TracedText, place: tuple[int, int]) -> bool:
    start, end = said.origin(*place)
    return any(char.isdigit() for char in text[start:end])


def _overridden(words: list[Word], piece: str, chosen: Iterable[_Chosen]) -> list[Word]:
    """The words with the chosen readings in place of what they cover."""
    for start, end, reading in chosen:
        first = next((at for at, word in enumerate(words) if word.end > start), len(words))
        last = next((at for at, word in enumerate(words) if word.end >= end), len(words) - 1)
        if first > last:
            continue
        head, tail = piece[words[first].start : start], piece[end : words[last].end]
        if not (_KANA_ONLY.fullmatch(head) and _KANA_ONLY.fullmatch(tail)):  # the border goes through a word: read its rest alone
            before, after = _shifted(_words(head), words[first].start), _shifted(_words(tail), end)
            head = tail = ""
        else:
            before, after = [], []
        covered = words[first : last + 1]
        new = _given(start - len(head), end + len(tail), (head, reading, tail), covered)
        behind = words[last + 1 :]
        if after:
            after[0] = replace(after[0], joined=after[0].clitic)
        elif behind and not behind[0].joined:
            behind[0] = replace(behind[0], joined=behind[0].clitic)
        words = [*words[:first], *before, new, *after, *behind]
    return words


def _shifted(words: list[Word], offset: int) -> list[Word]:
    return [replace(word, start=word.start + offset, end=word.end + offset) for word in words]


def _given(start: int, end: int, spelling: tuple[str, tuple[str, ...], str], covered: Sequence[Word]) -> Word:
    """A word read as the user says; without an accent sign it keeps the accent of what it replaces if it is as long, else it is flat."""
    head, reading, tail = spelling
    if reading[0] == PHONES:
        return Word(start, end, reading[1:], 0, False, verbatim=True)
    kana, sign, rest = _split(reading[0])
    spoken = [mora for part in (as_spoken(head), kana, rest, as_spoken(tail)) for mora in moras(part)]
    if sign == "'":
        fall = len(moras(as_spoken(head))) + len(moras(kana))
    else:
        same = sum(word.moras for word in covered) == len(spoken)
        fall = covered[0].fall if covered and same and not sign else 0
    phones = tuple(phone for mora in spoken for phone in mora)
    return Word(start, end, phones, fall, bool(covered and covered[0].joined and not sign))


def _split(reading: str) -> tuple[str, str, str]:
    """Kana before the accent sign, the sign, kana behind it."""
    for sign in ("'", "="):
        before, found, behind = reading.partition(sign)
        if found:
            return before, sign, behind
    return reading, "", ""


# --- accent ----------------------------------------------------------------------------------------------------------------


def _marked(words: Sequence[Word]) -> list[tuple[Word, list[str]]]:
    """Every word with its phones and the marks that fall into it or behind it."""
    phrases: list[list[Word]] = []
    for word in words:
        if word.joined and phrases:
            phrases[-1].append(word)
        else:
            phrases.append([word])
    marked: list[tuple[Word, list[str]]] = []
    for phrase in phrases:
        if marked and any(word.phones for word in phrase) and any(sounds for _, sounds in marked):
            at = next(i for i in range(len(marked) - 1, -1, -1) if marked[i][1])
            marked[at][1].append(BORDER)
        marked += _phrase(phrase)
    return marked


def _phrase(words: Sequence[Word]) -> list[tuple[Word, list[str]]]:
    total, fall = sum(word.moras for word in words), words[0].fall
    mora = 0
    marked: list[tuple[Word, list[str]]] = []
    for word in words:
        sounds: list[str] = []
        for phone in word.phones:
            sounds.append(phone)
            if word.verbatim or phone not in _MORA_ENDS:
                continue
            mora += 1
            if mora == fall and mora < total:
                sounds.append("]")
            elif mora == 1 and total > 1:
                sounds.append("[")
        marked.append((word, sounds))
    return marked
