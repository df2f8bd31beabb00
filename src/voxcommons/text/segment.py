"""Where one language ends and the next begins, and where a long text may be cut.

Language runs are told by script, because that can be known offline and at once: Latin letters are English, kana Japanese, Hangul
Korean; whose Han characters they are says detect.py. Figures and signs belong to their neighbours. Sentences are cut for our
engine; the public program's cuts are in public_splitting.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from voxcommons.base.errors import InputError
from voxcommons.text.detect import han_language, settled

MODES: tuple[str, ...] = ("auto", "auto_yue", "en", "zh", "ja", "yue", "ko", "all_zh", "all_ja", "all_yue", "all_ko")


@dataclass(frozen=True, slots=True)
class Run:
    """Characters ``[start, end)`` of a text, in one language."""

    text: str
    start: int
    end: int
    language: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """Characters ``[start, end)`` of a text, to be spoken in one breath."""

    text: str
    start: int
    end: int


# --- language runs -------------------------------------------------------------------------------------------------------

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
_LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a"
_WRITTEN = rf"(?P<zh>[{_HAN}]+)|(?P<ja>[{_KANA}]+)|(?P<ko>[{_HANGUL}]+)|(?P<en>[{_LATIN}]+(?:['’][{_LATIN}]+)*)"
_FIGURE = r"[0-9０-９]+(?:[.,:/][0-9０-９]+)*"
_PIECE = re.compile(rf"{_WRITTEN}|(?P<digit>{_FIGURE})|(?P<sign>°[CF](?![A-Za-z])|.)", re.DOTALL)
_PIECE_WITH_MONEY = re.compile(rf"{_WRITTEN}|(?P<digit>(?:[$£€¥￥₹] ?)?{_FIGURE})|(?P<sign>.)", re.DOTALL)
_HIRAGANA = re.compile("[\u3041-\u309f]")
_CLAUSE_MARKS = frozenset("，,、；;：:「」『』（）()“”")
_CLAUSE_END = re.compile(r"[。！？!?\n]|[.](?=\s)")
_UNIT_BEHIND_FIGURE = re.compile(
    r"[ ]?(?:[%‰°℃℉]C?F?|[kcmµn]?m[²³23]?(?:/[sh])?|km/h|m/s|[kmµ]?g|k?cal|[kKMGT]i?B|[mMGk]?Hz|[mcd]?[lL]|[kM]?Wh?|m?Ah?|[kh]?Pa"
    r"|dB|ppm)(?![A-Za-z])"
)
_SENTENCE_MARKS = frozenset(".!?…。！？，,;；:：、")


def language_runs(text: str, mode: str = "auto", *, compat: bool = False) -> list[Run]:
    """Split a text into runs of one language.

    Args:
        text: any characters.
        mode: ``"auto"``: every clause is told apart; ``"auto_yue"``: the same, and what would be Mandarin is Cantonese; ``"en"``: all
            English; ``"zh"``, ``"ja"``, ``"yue"``, ``"ko"``: that language with English words in it; ``"all_zh"`` and so on: the same, and
            figures never go with the English.
        compat: as in the public program units behind a figure ("5km") go with the Latin letters, and ``"auto"`` takes Cantonese for
            Mandarin.

    Returns:
        Runs that together are exactly the text, neighbours differing in language.

    Raises:
        InputError: another mode; the message lists the modes.
    """
    if mode not in MODES:
        raise InputError("no such language", expected="one of " + ", ".join(MODES), found=repr(mode))
    if not text:
        return []
    if mode == "en":
        return [Run(text, 0, len(text), "en")]
    own = "" if mode.startswith("auto") else mode.removeprefix("all_")
    pieces = _pieces(text, figures=own if mode.startswith("all_") else "digit", units=not compat)
    if own:
        pieces = [(start, end, own if label in ("zh", "ja", "ko") else label) for start, end, label in pieces]
    else:
        pieces = _told_apart(text, pieces, cantonese="zh" if compat else "yue")
    pieces = _figures_settled(text, _merged(_signs_settled(pieces)), own or "zh")
    if mode == "auto_yue":
        pieces = [(start, end, "yue" if label == "zh" else label) for start, end, label in pieces]
    return [Run(text[start:end], start, end, language) for start, end, language in _merged(pieces)]


_Piece = tuple[int, int, str]


def _pieces(text: str, *, figures: str, units: bool) -> list[_Piece]:
    """Pieces of one script: zh, ja, ko, en, digit or sign."""
    pieces: list[_Piece] = []
    place = 0
    pattern = _PIECE_WITH_MONEY if units else _PIECE
    while match := pattern.match(text, place):
        label, end = str(match.lastgroup), match.end()
        if label == "digit":
            label = figures
            unit = _UNIT_BEHIND_FIGURE.match(text, end) if units else None
            end = unit.end() if unit else end
        pieces.append((place, end, label))
        place = end
    return pieces


def _told_apart(text: str, pieces: list[_Piece], cantonese: str) -> list[_Piece]:
    """Han characters with the language of their clause; what is Cantonese gets the code ``cantonese``."""
    sentences: list[list[list[_Piece]]] = [[[]]]
    for piece in pieces:
        sentences[-1][-1].append(piece)
        if piece[2] == "sign" and _CLAUSE_END.match(text, piece[0]):
            sentences.append([[]])
        elif piece[2] == "sign" and text[piece[0]] in _CLAUSE_MARKS:
            sentences[-1].append([])
    found = settled([[_clause_language(text, clause) for clause in sentence] for sentence in sentences])
    told = [cantonese if language == "yue" else language for language in found]
    clauses = [clause for sentence in sentences for clause in sentence]
    return [
        (start, end, language if label == "zh" else label)
        for clause, language in zip(clauses, told, strict=True)
        for start, end, label in clause
    ]


def _clause_language(text: str, clause: list[_Piece]) -> str:
    """What the Han characters of a clause are; empty when nothing tells."""
    han = "".join(text[start:end] for start, end, label in clause if label == "zh")
    kana = "".join(text[start:end] for start, end, label in clause if label == "ja")
    hiragana = len(_HIRAGANA.findall(kana))
    return han_language(han, hiragana, len(kana) - hiragana)


def _signs_settled(pieces: list[_Piece]) -> list[_Piece]:
    """Signs and spaces go with the piece before them; those in front of everything with the first piece."""
    settled: list[_Piece] = []
    for start, end, label in pieces:
        if label != "sign":
            if settled and settled[-1][2] == "sign":
                start = settled.pop()[0]
            settled.append((start, end, label))
        elif settled:
            settled[-1] = (settled[-1][0], end, settled[-1][2])
        else:
            settled.append((start, end, "sign"))
    return settled


def _merged(pieces: list[_Piece]) -> list[_Piece]:
    merged: list[_Piece] = []
    for start, end, label in pieces:
        if merged and merged[-1][2] == label:
            merged[-1] = (merged[-1][0], end, label)
        else:
            merged.append((start, end, label))
    return merged


def _figures_settled(text: str, pieces: list[_Piece], alone: str) -> list[_Piece]:
    """Give figures the language of a neighbour; figures alone are of the language ``alone``, ASCII signs alone English."""
    settled: list[_Piece] = []
    for index, (start, end, label) in enumerate(pieces):
        if label == "sign":
            label = alone if re.search(r"[\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]", text[start:end]) else "en"
        elif label == "digit":
            before = settled[-1] if settled else None
            after = pieces[index + 1] if index + 1 < len(pieces) else None
            label = _language_of_figure(text, (start, end), before, after) or alone
        settled.append((start, end, label))
    return settled


def _language_of_figure(text: str, figure: tuple[int, int], before: _Piece | None, after: _Piece | None) -> str:
    if before is None or after is None:
        neighbour = before or after
        return neighbour[2] if neighbour else ""
    if before[2] == after[2]:
        return before[2]
    if text[before[1] - 1] in _SENTENCE_MARKS or text[before[1] - 2 : before[1]].strip()[-1:] in _SENTENCE_MARKS:
        return after[2]
    if text[figure[0] : figure[1]].rstrip()[-1:] in (".", "。"):
        return before[2]
    return before[2] if before[1] - before[0] >= after[1] - after[0] else after[2]


# --- sentences -----------------------------------------------------------------------------------------------------------

_SENTENCE_END = re.compile(
    r"[。！？!?…]+[”’」』）)\]\"']*|\.+[”’」』）)\]\"']*(?=\s|$)|(?<=[^\s])\.(?=[\u4e00-\u9fff])|；|;(?=\s)"
    r"|\n\s*\n|\n(?=\s*(?:[-*•#>]|\d+[.)]) )"
)
_ABBREVIATION = re.compile(
    r"(?:^|[^A-Za-z])(?:Mr|Mrs|Ms|Dr|St|Prof|Rev|Gen|Col|Maj|Capt|Lt|Sgt|Gov|Sen|Rep|Pres|Mt|Ft|Jr|Sr|vs|etc|approx|cf|al"
    r"|e\.g|i\.e|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|Inc|Ltd|Co|Corp|Ave|Blvd|Rd|[A-Za-z]|(?:[A-Za-z]\.)+[A-Za-z])\Z"
)
_NUMBERED = re.compile(r"(?:^|[^A-Za-z])(?:No|Nos|Vol|Fig|Sec|Eq|Ch|pp|p)\Z")
_MAY_END = re.compile(r"(?:etc|Jr|Sr|Inc|Ltd|Co|Corp|Ave|Blvd|Rd|[ap]\.m|[A-Z](?:\.[A-Z])+)\Z")
_PAUSES = re.compile(r"[，,；;：:、—–)）」』]+(?!\d)")
_SPACES = re.compile(r"\s+")
_UNSPLITTABLE = re.compile(
    r"[0-9０-９]+(?:[.,:/\-][0-9０-９]+)*|[A-Za-z'’\-]+(?:\{[^{}\n]{0,200}\})|\{[^{}\n]{0,200}\}|[A-Za-z0-9'’\-@.:/]+"
)
SHORTEST_PIECE = 12


def sentences(text: str, *, max_chars: int = 120, min_chars: int = 0) -> list[Sentence]:
    """Cut a text into sentences of bounded length.

    Cuts fall at the ends of sentences, in long ones at pauses, then at spaces, and only if there are none anywhere; never inside a
    number, a word, an abbreviation or an inline override (unless that alone is longer than ``max_chars``).

    Args:
        text: any characters.
        max_chars: the longest sentence, at least 16.
        min_chars: sentences shorter than this are joined with the next while both fit into ``max_chars``.

    Returns:
        Sentences without white space around them, in order; only white space of the text is in none of them.
    """
    max_chars = max(max_chars, 16)
    pieces = [(start, end) for whole in _whole_sentences(text) for start, end in _bounded(text, *whole, max_chars)]
    return [Sentence(text[start:end], start, end) for start, end in _long_enough(pieces, min_chars, max_chars)]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _whole_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Ranges of sentences of any length."""
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match.group()[0] == "." and _goes_on(text, match):
            continue
        begin, end = _trimmed(text, start, match.end())
        if begin < end:
            yield begin, end
            start = match.end()
    begin, end = _trimmed(text, start, len(text))
    if begin < end:
        yield begin, end


def _goes_on(text: str, stop: re.Match[str]) -> bool:
    """Whether a full stop belongs to an abbreviation or initial inside a sentence."""
    before = text[max(0, stop.start() - 12) : stop.start()]
    following = text[stop.end() : stop.end() + 8].lstrip()
    if following[:1].islower():
        return True
    if _NUMBERED.search(before):
        return following[:1].isdigit()
    if not _ABBREVIATION.search(before):
        return False
    return not (_MAY_END.search(before) and following[:1].isupper())


def _bounded(text: str, start: int, end: int, max_chars: int) -> Iterator[tuple[int, int]]:
    """Cut one sentence into ranges of at most ``max_chars``."""
    while end - start > max_chars:
        cut = _best_cut(text, start, start + max_chars)
        begin, stop = _trimmed(text, start, cut)
        if begin < stop:
            yield begin, stop
        start = _trimmed(text, cut, end)[0]
    if start < end:
        yield start, end


def _best_cut(text: str, start: int, limit: int) -> int:
    window = text[start:limit]
    guarded = _guarded(text, start, limit)
    earliest = min(SHORTEST_PIECE, len(window) // 4)
    for pattern in (_PAUSES, _SPACES):
        cuts = [start + match.end() for match in pattern.finditer(window)]
        good = [cut for cut in cuts if cut - start > earliest and not any(begin < cut < end for begin, end in guarded)]
        if good:
            return good[-1]
    for begin, end in reversed(guarded):
        if begin < limit < end and begin > start:
            return begin
    return limit


def _guarded(text: str, start: int, limit: int) -> list[tuple[int, int]]:
    """Ranges that may not be cut: numbers, words, overrides (also the Han characters an override stands behind)."""
    found: list[tuple[int, int]] = []
    for match in _UNSPLITTABLE.finditer(text, start, min(len(text), limit + 220)):
        begin, end = match.span()
        if begin >= limit:
            break
        if text[begin] == "{":
            begin = max(start, begin - len(match.group().split()))
        found.append((begin, end))
    opened = text.rfind("{", start, limit)
    closed = text.find("}", opened, opened + 202) if opened >= 0 else -1
    if closed >= limit:
        word = re.search(rf"[A-Za-z'’\-]+\Z|.{{0,{len(text[opened:closed].split())}}}\Z", text[start:opened])
        found.append((start + word.start() if word else opened, closed + 1))
    return found


def _long_enough(pieces: list[tuple[int, int]], min_chars: int, max_chars: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in pieces:
        if joined and joined[-1][1] - joined[-1][0] < min_chars and end - joined[-1][0] <= max_chars:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
