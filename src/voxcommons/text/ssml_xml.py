"""SSML as a stream of small events, read from hostile hands.

The parser is expat with everything switched off that reaches beyond the document: a document type, and with it every entity of one's
own and everything external, is refused where it begins. Size, depth and numbers are bounded. What the elements mean is not known
here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from voxcommons.base.errors import InputError

SSML = "http://www.w3.org/2001/10/synthesis"
XML = "http://www.w3.org/XML/1998/namespace"
LONGEST_DOCUMENT = 200_000
"""Characters, as many as of plain text."""
DEEPEST, MOST_ELEMENTS, MOST_ATTRIBUTES, LONGEST_VALUE = 32, 20_000, 16, 2_000


@dataclass(frozen=True, slots=True)
class Words:
    """Characters between tags, of which number i stands at `positions[i]` of the document."""

    text: str
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """A tag that begins an element.

    Attributes:
        name: without its prefix.
        foreign: it is in a namespace that is not SSML's.
        attributes: those without a namespace.
        language: `xml:lang`, None without it.
        start: where the tag stands in the document.
        place: the same as line and column, for people.
    """

    name: str
    foreign: bool
    attributes: Mapping[str, str]
    language: str | None
    start: int
    place: str


@dataclass(frozen=True, slots=True)
class Close:
    """The end of the element that was opened last; `end` is where its closing tag begins."""

    end: int


Event = Words | Open | Close


def events(document: str) -> list[Event]:
    """The tags and words of a document, in order; every `Open` has its `Close`.

    Args:
        document: the whole of it. What it says about its encoding is of no matter, for it has been decoded.

    Raises:
        InputError: it is not well formed, or more than is allowed.
    """
    if len(document) > LONGEST_DOCUMENT:
        _refuse("the SSML is too long", f"at most {LONGEST_DOCUMENT} characters", str(len(document)), "speak it in parts")
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = False  # so that each piece of text knows its place
    content = document.encode("utf-8", "surrogatepass")
    reading = _Reading(parser, _character_of(document, len(content)))
    parser.StartElementHandler, parser.EndElementHandler = reading.opened, reading.closed
    parser.CharacterDataHandler = reading.words
    parser.StartDoctypeDeclHandler = reading.doctype
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat's way of saying that this is all
    except expat.ExpatError as error:
        found = f"line {error.lineno}, column {error.offset + 1}: {expat.ErrorString(error.code)}"
        _refuse("the SSML is not well formed", "<speak>...</speak>", found, "correct it")
    return reading.found


def _character_of(document: str, size: int) -> Callable[[int], int]:
    """From a place in the UTF-8 bytes of a text to one in its characters."""
    if size == len(document):
        return lambda byte: byte
    sizes = (len(char.encode("utf-8", "surrogatepass")) for char in document)
    starts = dict(zip(itertools.accumulate(sizes, initial=0), itertools.count(), strict=False))
    return lambda byte: starts[byte]


@dataclass
class _Reading:
    """What expat tells, as events."""

    parser: expat.XMLParserType
    character_of: Callable[[int], int]
    found: list[Event] = field(default_factory=list)
    depth: int = 0
    elements: int = 0

    @property
    def place(self) -> str:
        return f"line {self.parser.CurrentLineNumber}, column {self.parser.CurrentColumnNumber + 1}"

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        longest = max(map(len, attributes.values()), default=0)
        for what, count, most in (
            ("elements inside each other", self.depth, DEEPEST), ("elements", self.elements, MOST_ELEMENTS),
            ("attributes of one element", len(attributes), MOST_ATTRIBUTES), ("characters in an attribute", longest, LONGEST_VALUE),
        ):  # fmt: skip
            if count > most:
                _refuse("the SSML holds too much", f"at most {most} {what}", f"more at {self.place}", "make it simpler")
        space, _, local = name.rpartition(" ")
        own = {key: value for key, value in attributes.items() if " " not in key}
        start = self.character_of(self.parser.CurrentByteIndex)
        self.found.append(Open(local, space not in ("", SSML), own, attributes.get(f"{XML} lang"), start, self.place))

    def closed(self, _: str) -> None:
        self.depth -= 1
        self.found.append(Close(self.character_of(self.parser.CurrentByteIndex)))

    def words(self, text: str) -> None:
        first = self.character_of(self.parser.CurrentByteIndex)
        self.found.append(Words(text, tuple(range(first, first + len(text)))))

    def doctype(self, *_: object) -> NoReturn:
        _refuse("the SSML has a document type", "none: it could bring entities and files", f"<!DOCTYPE at {self.place}", "take it out")


def _refuse(problem: str, expected: str, found: str, do: str) -> NoReturn:
    raise InputError(problem, expected=expected, found=found, do=do)
