"""Japanese phones as the public program writes them (``compat=True``).

It cuts the text at every sign, asks OpenJTalk for full-context labels of each piece and turns their accent numbers into marks: [ where
the pitch rises, ] where it falls, # between accent phrases. # is not in the symbol table and so becomes UNK; the public
voices know UNK as that border.
"""

from __future__ import annotations

import re

from voxcommons.text.extras import library
from voxcommons.text.g2p.losses import kind_of_loss, unread
from voxcommons.text.phonemes import RunPhones, Span, TextWarning
from voxcommons.text.symbols import PUNCTUATION, UNKNOWN, symbol_index
from voxcommons.text.traced import TracedText

_WRITTEN = re.compile(r"[A-Za-z\d\u3005\u3040-\u30ff\u4e00-\u9fff\uff11-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9d]+")
_REPEATED = re.compile(r"([!?…,.\-])[!?…,.\-]+")
_PERCENT = re.compile("％")
_CAPITAL = re.compile("[A-Z]+")
_MARKS = {
    "：": ",", "；": ",", "，": ",", "。": ".", "！": "!", "？": "?", "\n": ".", "·": ",", "、": ",", "...": "…",
}  # fmt: skip
_LABEL = re.compile(r"-(?P<phone>[^+]*)\+")
_NUMBERS = {
    "to_fall": re.compile(r"/A:([0-9\-]+)\+"),
    "mora": re.compile(r"\+(\d+)\+"),
    "moras_left": re.compile(r"\+(\d+)/"),
    "moras": re.compile(r"/F:(\d+)_"),
}
_NONE = -50
_RHYMES = frozenset("aeiouAEIOUNcl") | {"cl"}


def normalise(text: str) -> TracedText:
    """Lower-case text with runs of marks shortened."""
    spoken = TracedText.of(text).sub(_REPEATED, lambda m: m[1]).sub(_PERCENT, "パーセント")
    return spoken.sub(_CAPITAL, lambda m: m[0].lower())


def to_phones(text: str) -> RunPhones:
    """Read one run as the public program would."""
    spoken = normalise(text)
    phones: list[str] = []
    spans: list[Span] = []
    warnings: list[TextWarning] = []
    done = 0
    for match in [*_WRITTEN.finditer(spoken.text), None]:
        for at in range(done, match.start() if match else len(spoken.text)):
            _add_sign(spoken, at, phones, spans, warnings, text)
        if match is None:
            break
        done = match.end()
        sounds = piece(match.group())
        origin = spoken.origin(*match.span())
        if sounds:
            spans.append(Span(len(phones), len(phones) + len(sounds), *origin, *match.span()))
            phones += sounds
        else:
            warnings.append(unread(text, *origin, "Japanese"))
    return RunPhones(text, tuple(phones), None, tuple(_on_text(spans)), tuple(warnings))


def _on_text(spans: list[Span]) -> list[Span]:
    """The public program reports the text itself as normalised."""
    return [Span(s.phone_start, s.phone_end, s.text_start, s.text_end, s.text_start, s.text_end) for s in spans]


def _add_sign(spoken: TracedText, at: int, phones: list[str], spans: list[Span], warnings: list[TextWarning], text: str) -> None:
    char = spoken.text[at]
    if char == " ":
        return
    sign = _MARKS.get(char, char)
    origin = spoken.origin(at, at + 1)
    spans.append(Span(len(phones), len(phones) + 1, *origin, at, at + 1))
    phones.append(sign if sign in PUNCTUATION else UNKNOWN)
    if kind_of_loss(char):
        warnings.append(unread(text, *origin, "Japanese", kind_of_loss(char)))


def piece(text: str) -> list[str]:
    """Phones and accent marks of a text without signs."""
    labels = library("pyopenjtalk", "ja").extract_fullcontext(text, use_sudachi_kanji_yomi=False)
    phones: list[str] = []
    for at, label in enumerate(labels):
        match = _LABEL.search(label)
        phone = match["phone"] if match else ""
        if phone == "sil":
            continue
        if phone == "pau":
            phones.append("_")
            continue
        phones.append(phone.lower() if phone in "AEIOU" else phone)
        phones += _mark(label, labels[at + 1], phone)
    return [phone if phone in symbol_index("v2") else UNKNOWN for phone in phones]


def _number(label: str, name: str) -> int:
    match = _NUMBERS[name].search(label)
    return int(match[1]) if match else _NONE


def _mark(label: str, following: str, phone: str) -> list[str]:
    to_fall, mora, left = _number(label, "to_fall"), _number(label, "mora"), _number(label, "moras_left")
    next_mora = _number(following, "mora")
    if left == 1 and next_mora == 1 and phone in _RHYMES:
        return ["#"]
    if to_fall == 0 and next_mora == mora + 1 and mora != _number(label, "moras"):
        return ["]"]
    return ["["] if mora == 1 and next_mora == 2 else []
