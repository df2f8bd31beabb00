"""SSML 1.1, the part of it that this program can honour, as a script.

Elements that are in the standard but ask for what is not done here (sounds from elsewhere, other voices) are passed over with a warning
and their words spoken, as the standard wants it; elements that are in no standard are refused, those of other namespaces passed
over with a warning. Nothing outside of the document is ever looked at. docs/ssml.md lists all of it.
Source: W3C, Speech Synthesis Markup Language 1.1 (7 September 2010).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from voxcommons.base.errors import InputError
from voxcommons.text import ssml_values
from voxcommons.text.lexicon import Override
from voxcommons.text.phonemes import TextWarning
from voxcommons.text.say_as import LANGUAGES, say_as
from voxcommons.text.script import AS_IT_IS, Manner, Marks, Pause, Script, Spoken, Stretch, check_silence, seconds_of
from voxcommons.text.ssml_phonemes import pronunciation
from voxcommons.text.ssml_xml import Close, Event, Open, Words, events

_MODES = {"en": "en", "zh": "zh", "cmn": "zh", "yue": "yue", "ja": "ja", "ko": "ko"}
_CANTONESE_PLACES = frozenset({"hk", "mo", "yue"})
_SPOKEN_ANYWAY = {
    "voice": "one voice speaks all of it", "audio": "sounds from elsewhere are never fetched",
    "lookup": "there are no documents to look up in",
}  # fmt: skip
_WORDLESS = {
    "meta": "", "metadata": "", "desc": "", "mark": "",
    "lexicon": "lexicons from elsewhere are never fetched; use your own lexicon",
}  # fmt: skip
_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "speak": frozenset({"version", "startmark", "endmark"}), "p": frozenset(), "s": frozenset(), "token": frozenset({"role"}),
    "w": frozenset({"role"}), "lang": frozenset(), "prosody": frozenset({"rate", "pitch", "range", "volume"}),
    "emphasis": frozenset({"level"}), "break": frozenset({"time", "strength"}), "phoneme": frozenset({"ph", "alphabet", "type"}),
    "sub": frozenset({"alias"}), "say-as": frozenset({"interpret-as", "format", "detail"}),
}  # fmt: skip
_REPLACING = frozenset({"sub", "phoneme", "say-as"})
_PROSODY: Mapping[str, Callable[[Manner, str], Manner | None]] = {
    "rate": ssml_values.with_rate, "pitch": ssml_values.with_pitch, "range": ssml_values.with_range, "volume": ssml_values.with_volume
}  # fmt: skip
_EXAMPLES: Mapping[str, str] = {
    "rate": f"{', '.join(ssml_values.RATES)}, 25% to 400%, or a change such as +10%",
    "pitch": f"{', '.join(ssml_values.PITCHES_ST)}, a change such as +2st, -5% or +10Hz, or 40Hz to 600Hz",
    "range": f"{', '.join(ssml_values.RANGES)}, or a change such as +50%",
    "volume": f"{', '.join(ssml_values.VOLUMES_DB)}, or a change such as -6dB, up to +12dB",
}
_SCRIPTS = (("ja", re.compile("[\u3041-\u30ff]")), ("ko", re.compile("[\uac00-\ud7a3]")), ("zh", re.compile("[\u3400-\u9fff]")))
_LETTER = re.compile("[A-Za-z\u00c0-\u024f\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_MOST_WARNINGS = 50
_NEARBY = 200


def ssml_script(document: str, language: str = "auto") -> Script:
    """Read an SSML document.

    Args:
        document: ``<speak>...</speak>``.
        language: of whatever no ``xml:lang`` is said of; decides in which words ``say-as`` speaks.

    Raises:
        InputError: it is not well formed, too large, or holds something that is no SSML; the message says where.
    """
    told = events(document)
    root = told[0]
    assert isinstance(root, Open), "a document that is well formed begins with an element"
    if root.name != "speak" or root.foreign:
        raise InputError("this is no SSML", expected="<speak> around everything", found=f"<{root.name}> at {root.place}", do="put it there")
    builder = _Builder(told, language)
    builder.run()
    return builder.script(document)


def looks_like_ssml(text: str) -> bool:
    """Whether a text begins as an SSML document does."""
    return bool(re.match(r"\ufeff?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,1000}?-->\s*)?<(?:\w{1,20}:)?speak[\s>/]", text, re.DOTALL))


@dataclass(frozen=True)
class _State:
    """What holds inside an element."""

    name: str
    manner: Manner = AS_IT_IS
    language: str = ""


@dataclass
class _Builder:
    """Walks through the events and writes the script down."""

    told: Sequence[Event]
    default: str
    at: int = 0
    text: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    languages: list[Spoken] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    warnings: list[TextWarning] = field(default_factory=list)
    states: list[_State] = field(default_factory=lambda: [_State("")])

    def script(self, document: str) -> Script:
        """What has been written down."""
        check_silence(self.pauses)
        marks = Marks(tuple(self.overrides), tuple(self.languages))
        return Script(
            document, "".join(self.text), tuple(self.positions), tuple(self.stretches), tuple(self.pauses), tuple(dict.fromkeys(self.cuts)),
            marks, tuple(self.warnings),
        )  # fmt: skip

    def run(self) -> None:
        """Read all events."""
        while self.at < len(self.told):
            event = self.told[self.at]
            self.at += 1
            if isinstance(event, Words):
                self._say(event.text, event.positions)
            elif isinstance(event, Close):
                self._break_off(self.states.pop().name, event.end)
            else:
                self._open(event)

    # --- elements --------------------------------------------------------------------------------------------------------

    def _open(self, element: Open) -> None:
        name = element.name
        if element.foreign:
            self._warn(element, f"<{name}> is not of SSML and is passed over")
        elif name not in _ATTRIBUTES and name not in _SPOKEN_ANYWAY and name not in _WORDLESS:
            known = ", ".join(sorted({*_ATTRIBUTES, *_SPOKEN_ANYWAY, *_WORDLESS}))
            raise InputError("SSML has no such element", expected=f"one of {known}", found=f"<{name}> at {element.place}", do="take it out")
        elif name in _SPOKEN_ANYWAY:
            self._warn(element, f"<{name}> has no effect: {_SPOKEN_ANYWAY[name]}")
        for attribute in element.attributes if name in _ATTRIBUTES and not element.foreign else ():
            if attribute not in _ATTRIBUTES[name]:
                self._warn(element, f"{attribute}={element.attributes[attribute]!r} of <{name}> has no effect")
        state = self._inside(element)
        if not element.foreign and name in _WORDLESS:
            if _WORDLESS[name]:
                self._warn(element, f"<{name}> has no effect: {_WORDLESS[name]}")
            self._skip()
        elif not element.foreign and name in _REPLACING:
            self._replace(element, state)
        else:
            self.states.append(state)
            self._break_off("" if element.foreign else name, element.start)

    def _inside(self, element: Open) -> _State:
        """What holds inside an element."""
        outer = self.states[-1]
        manner, language = outer.manner, self._language(element) or outer.language
        name = "" if element.foreign else element.name
        if name == "prosody":
            for attribute, change in _PROSODY.items():
                manner = self._changed(manner, change, element, attribute)
        elif name == "emphasis":
            level = element.attributes.get("level", "moderate")
            manner = ssml_values.emphasised(manner, level) or _refuse(element, "level", ", ".join(ssml_values.EMPHASES))
        elif name == "break":
            self._pause(element)
        return _State(name, manner, language)

    def _changed(self, manner: Manner, change: Callable[[Manner, str], Manner | None], element: Open, attribute: str) -> Manner:
        written = element.attributes.get(attribute)
        if written is None:
            return manner
        return change(manner, written.strip()) or _refuse(element, attribute, _EXAMPLES[attribute])

    def _pause(self, element: Open) -> None:
        written, strength = element.attributes.get("time"), element.attributes.get("strength", "medium")
        if strength not in ssml_values.BREAKS:
            _refuse(element, "strength", ", ".join(ssml_values.BREAKS))
        if written is not None:
            pause = Pause(len(self.positions), seconds_of(written, f"time={written!r} at {element.place}"))
        else:
            pause = Pause(len(self.positions), strength=ssml_values.BREAKS[strength], cuts=strength != "none")
        self.pauses.append(pause)

    def _language(self, element: Open) -> str:
        """The language an element says it is in, as a mode of the reader; empty when it says none that is known."""
        if element.language is None:
            if element.name == "lang" and not element.foreign:
                _refuse(element, "xml:lang", "a language, for example en-US")
            return ""
        parts = element.language.lower().replace("_", "-").split("-")
        if parts[0] == "zh" and _CANTONESE_PLACES & set(parts[1:]):
            return "yue"
        if parts[0] not in _MODES:
            self._warn(element, f"the language {element.language!r} is not known; it is read like what is around it")
        return _MODES.get(parts[0], "")

    def _break_off(self, name: str, start: int) -> None:
        """Begin a new sentence or paragraph where one begins or ends."""
        if name not in ("p", "s") or not self.positions:
            return
        gap = "\n\n" if name == "p" else " "
        self.text.append(gap)
        self.positions += [start] * len(gap)
        self.cuts.append(len(self.positions))

    def _skip(self) -> None:
        """Leave out what is inside an element."""
        depth = 1
        while depth:
            event = self.told[self.at]
            depth += isinstance(event, Open) - isinstance(event, Close)
            self.at += 1

    # --- elements that say how their words are spoken --------------------------------------------------------------------

    def _replace(self, element: Open, state: _State) -> None:
        written, positions = self._content(element)
        stripped = written.strip()
        offset = len(written) - len(written.lstrip())
        start = positions[offset] if stripped else element.start
        end = positions[offset + len(stripped) - 1] + 1 if stripped else element.start + 1
        self.states.append(state)
        if element.name == "sub":
            alias = element.attributes.get("alias")
            if alias is None:
                _refuse(element, "alias", "the words to say")
            self._say_instead(alias, start, end)
        elif element.name == "phoneme":
            self._pronounce(element, stripped, start, end)
        else:
            self._interpret(element, stripped, start, end)
        self.states.pop()

    def _content(self, element: Open) -> tuple[str, list[int]]:
        """The words in an element that may hold nothing else."""
        text: list[str] = []
        positions: list[int] = []
        while not isinstance(event := self.told[self.at], Close):
            if isinstance(event, Open):
                found = f"<{event.name}> at {event.place}"
                raise InputError(f"<{element.name}> may hold words alone", expected="no element in it", found=found, do="take it out")
            text.append(event.text)
            positions += event.positions
            self.at += 1
        self.at += 1
        return "".join(text), positions

    def _pronounce(self, element: Open, written: str, start: int, end: int) -> None:
        ph, alphabet = element.attributes.get("ph", "").strip(), element.attributes.get("alphabet", "")
        found = pronunciation(ph, alphabet, written, self._language_here())
        if found is None:
            self._warn(element, f"the alphabet {alphabet!r} is not known; {written[:40]!r} is read as it is written")
            self._say_instead(written, start, end)
            return
        if not found.overrides:
            raise InputError(
                "this pronunciation is not understood", expected=found.expected, found=f"ph={ph!r} at {element.place}", do="correct it"
            )  # fmt: skip
        first = len(self.positions)
        self._say_instead(found.text, start, end)
        self.overrides += [override.moved(first) for override in found.overrides]

    def _interpret(self, element: Open, written: str, start: int, end: int) -> None:
        kind = element.attributes.get("interpret-as")
        if kind is None:
            _refuse(element, "interpret-as", "characters, digits, cardinal, ordinal, date, time or telephone")
        language = self._language_here()
        words = say_as(written, kind.strip().lower(), element.attributes.get("format", ""), language) if language in LANGUAGES else None
        if words is None:
            self._warn(element, f"{written[:40]!r} cannot be said as {kind[:40]!r} in {language}; it is read as it is written")
            self._say_instead(written, start, end)
            return
        for number, word in enumerate(words):
            if number and (word.text[:1].isascii() or word.phones):
                self._say_instead(" ", start, end)
            first = len(self.positions)
            self._say_instead(word.text, start, end)
            if word.phones:
                self.overrides.append(Override(first, len(self.positions), word.phones, "en"))

    def _language_here(self) -> str:
        """The language of the words that come next."""
        mode = self.states[-1].language or self.default.removeprefix("all_")
        if not mode.startswith("auto"):
            return mode
        before = "".join(self.text[-20:])[-_NEARBY:]
        letters = _LETTER.findall(before) or _LETTER.findall(self._text_ahead())[:1]
        last = letters[-1] if letters else ""
        if last and re.match("[\u3400-\u9fff]", last) and _SCRIPTS[0][1].search(before):
            return "ja"
        found = next((language for language, script in _SCRIPTS if last and script.match(last)), "en")
        return "yue" if found == "zh" and mode == "auto_yue" else found

    def _text_ahead(self) -> str:
        ahead = self.told[self.at : self.at + _NEARBY]
        return " ".join(event.text for event in ahead if isinstance(event, Words))[:_NEARBY]

    # --- writing down ----------------------------------------------------------------------------------------------------

    def _say(self, text: str, positions: Sequence[int]) -> None:
        """Append characters; white space counts as one space, as in all XML that holds text."""
        kept: list[int] = []
        pieces: list[str] = []
        after_space = not self.text or self.text[-1][-1:].isspace()
        for char, position in zip(text, positions, strict=True):
            space = char.isspace()
            if not (space and after_space):
                pieces.append(" " if space else char)
                kept.append(position)
            after_space = space
        self._append("".join(pieces), kept)

    def _say_instead(self, text: str, start: int, end: int) -> None:
        """Append words that stand for characters ``[start, end)`` of the document."""
        if not text:
            return
        positions = [start] * len(text)
        positions[-1] = end - 1
        self._append(text, positions)

    def _append(self, text: str, positions: Sequence[int]) -> None:
        if not text:
            return
        state, start, end = self.states[-1], len(self.positions), len(self.positions) + len(text)
        self.text.append(text)
        self.positions += positions
        if state.manner != AS_IT_IS:
            before = self.stretches[-1] if self.stretches else None
            if before and before.end == start and before.manner == state.manner:
                start = self.stretches.pop().start
            self.stretches.append(Stretch(start, end, state.manner))
        if state.language:
            start = end - len(text)
            last = self.languages[-1] if self.languages else None
            if last and last.end == start and last.language == state.language:
                start = self.languages.pop().start
            self.languages.append(Spoken(start, end, state.language))

    def _warn(self, element: Open, message: str) -> None:
        if len(self.warnings) < _MOST_WARNINGS:
            self.warnings.append(TextWarning("ssml", f"{message} ({element.place})", element.start, element.start + 1))


def _refuse(element: Open, attribute: str, expected: str) -> NoReturn:
    written = element.attributes.get(attribute)
    found = f"none at {element.place}" if written is None else f"{written!r} at {element.place}"
    raise InputError(f"<{element.name}> has no usable {attribute}", expected=expected, found=found, do="correct it")
