"""The one door of this room: text in, phonemes out.

Overrides are taken out first, then the text is cut into language runs of bounded length, each language reads its runs, and everything
is put together again with positions in the text that was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from voxcommons.base.errors import MissingExtraError
from voxcommons.text import g2p
from voxcommons.text.extras import NAMES
from voxcommons.text.lexicon import AS_PHONES, Lexicon, Override, Parsed, parse_overrides
from voxcommons.text.phonemes import LanguageRun, RunPhones, Span, TextWarning, Utterance
from voxcommons.text.readings import jyutping_of
from voxcommons.text.script import Marks
from voxcommons.text.segment import Run, language_runs, sentences
from voxcommons.text.symbols import phone_ids, symbols

if TYPE_CHECKING:
    from voxcommons.text.g2p.zh_polyphones import Polyphones

# A run longer than this is read in pieces so that time and memory stay proportional to the text. (The public program itself never
# reads more than 510 characters at once.)
LONGEST_RUN_CHARS = 1000
# The public program reads a text with fewer phones once more with a full stop in front.
FEWEST_PUBLIC_PHONES = 6
_SPACES = re.compile(r" {2,}")
# The old table ends before these languages; their phones become its row for unknown ones.
_NOT_IN_V1 = frozenset({"ko", "yue"})
_NOT_LATIN = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
# Half characters, from broken UTF-16; no library takes them.
_SURROGATES = re.compile("[\ud800-\udfff]")


def read(  # noqa: PLR0913 - what a caller may want of a text
    text: str,
    language: str = "auto",
    *,
    table: str = "v2",
    lexicon: Lexicon | None = None,
    compat: bool = False,
    polyphones: Polyphones | None = None,
    marks: Marks | None = None,
) -> Utterance:
    """Read a text aloud on paper: phonemes, ids, where each came from, and what could not be read.

    Args:
        text: any characters; ``word{READING}`` overrides a reading.
        language: one of :data:`voxcommons.text.segment.MODES`.
        table: symbol table of the base model, ``"v1"`` or ``"v2"``.
        lexicon: readings the user gave.
        compat: behave as the public program, accidents included; overrides and lexicon are then not looked at.
        polyphones: who decides Mandarin characters with several readings, where words do not; by default the dictionaries alone. The
            public program asks nobody for ``table`` ``"v1"``, and so does ``compat``.
        marks: readings and languages of parts of the text; braces in it are then text like any other. Not for ``compat``.

    Returns:
        An utterance; without phones when there is nothing to read, never an exception for odd characters.

    Raises:
        InputError: unknown language or table; the message says which there are.
        MissingExtraError: the language that was asked for needs a library; where ``"auto"`` finds such a language, the run is left
            out with a warning (Cantonese is read as Mandarin).
    """
    symbols(table)
    readable = _SURROGATES.sub("\ufffd", text)
    if not compat:
        rules = _Rules(lexicon, polyphones=polyphones)
        if marks is None:
            return _read(parse_overrides(readable, language), language, rules).utterance(text, language, table)
        parsed = Parsed(readable, tuple(range(len(readable))), marks.overrides, ())
        return _read(parsed, language, rules, marks).utterance(text, language, table)
    rules = _Rules(compat=True, polyphones=polyphones if table != "v1" else None, erhua=table != "v1")
    parsed = _public_spaces(readable)
    joined = _read(parsed, language, rules)
    if 0 < joined.phone_count < FEWEST_PUBLIC_PHONES:
        joined = _read(Parsed("." + parsed.text, (0, *parsed.positions), (), ()), language, rules)
    return joined.utterance(text, language, table)


@dataclass(frozen=True)
class _Rules:
    """What a caller wants of every language that is read.

    Attributes:
        lexicon: readings the user gave.
        compat: see :func:`read`.
        polyphones: see :func:`read`.
        erhua: whether 儿 melts into the syllable before it; the public front end of the old table does without.
    """

    lexicon: Lexicon | None = None
    compat: bool = False
    polyphones: Polyphones | None = None
    erhua: bool = True

    def to_phones(self, language: str, text: str, overrides: Sequence[Override]) -> RunPhones:
        """What a language makes of a text."""
        reads = g2p.to_phones(language)
        if language == "zh":
            reads = partial(cast(Any, reads), polyphones=self.polyphones, erhua=self.erhua)
        found: RunPhones = reads(text, lexicon=self.lexicon, overrides=overrides, compat=self.compat)
        return found


def _public_spaces(text: str) -> Parsed:
    """The text with runs of spaces collapsed, as the public segmentation does first."""
    positions: list[int] = []
    pieces: list[str] = []
    done = 0
    for match in _SPACES.finditer(text):
        pieces.append(text[done : match.start() + 1])
        positions += range(done, match.start() + 1)
        done = match.end()
    return Parsed("".join(pieces) + text[done:], (*positions, *range(done, len(text))), (), ())


def _read(parsed: Parsed, language: str, rules: _Rules, marks: Marks | None = None) -> _Joined:
    joined = _Joined(parsed, spaced=not rules.compat)
    runs = _marked_runs(parsed.text, language, marks) if marks else language_runs(parsed.text, language, compat=rules.compat)
    parsed = replace(parsed, overrides=tuple(_jyutping_where_spoken(runs, parsed.overrides)))
    for run in _carved(runs, parsed):
        for piece in _pieces(run, parsed.overrides):
            joined.add(*_read_run(piece, parsed.overrides, rules, excused=language.startswith("auto")))
    return joined


def _marked_runs(text: str, language: str, marks: Marks) -> list[Run]:
    """Language runs, where parts of a text are said to be in another language than the whole."""
    parts: list[tuple[int, int, str]] = []
    done = 0
    for spoken in marks.languages:
        parts += [(done, spoken.start, language), (spoken.start, spoken.end, spoken.language)]
        done = spoken.end
    parts.append((done, len(text), language))
    runs = []
    for start, end, mode in parts:
        if mode == "en" and _NOT_LATIN.search(text, start, end):  # a declaration that does not fit must not silence what is written
            mode = "auto"
        runs += [Run(run.text, run.start + start, run.end + start, run.language) for run in language_runs(text[start:end], mode)]
    return runs


def _jyutping_where_spoken(runs: Sequence[Run], overrides: Sequence[Override]) -> Iterator[Override]:
    """Syllables that could be pinyin or jyutping are jyutping inside Cantonese."""
    for override in overrides:
        spoken = next((run.language for run in runs if run.start <= override.start < run.end), "")
        fits = spoken == "yue" and override.language == "zh" and jyutping_of(override.reading)
        yield replace(override, language="yue") if fits else override


def _carved(runs: Sequence[Run], parsed: Parsed) -> Iterator[Run]:
    """The runs, with every override inside exactly one run of its own language."""
    waiting = list(parsed.overrides)[::-1]
    for run in runs:
        start = run.start
        while waiting and waiting[-1].start < run.end:
            override = waiting[-1]
            if override.language == run.language and start <= override.start and override.end <= run.end:
                waiting.pop()
                continue
            if start < override.start:
                yield Run(parsed.text[start : override.start], start, override.start, run.language)
            if start <= override.start:
                language = run.language if override.language == AS_PHONES else override.language
                yield Run(parsed.text[override.start : override.end], override.start, override.end, language)
            start = max(start, min(override.end, run.end))
            if override.end > run.end:
                break
            waiting.pop()
        if start < run.end:
            yield Run(parsed.text[start : run.end], start, run.end, run.language)


def _pieces(run: Run, overrides: Sequence[Override]) -> Iterator[Run]:
    """A long run in pieces that end with sentences; no override is cut."""
    if len(run.text) <= LONGEST_RUN_CHARS:
        yield run
        return
    cuts = [run.start + sentence.start for sentence in sentences(run.text, max_chars=LONGEST_RUN_CHARS, min_chars=LONGEST_RUN_CHARS // 2)]
    cuts = [cut for cut in cuts[1:] if not any(override.start < cut < override.end for override in overrides)]
    for start, end in zip([run.start, *cuts], [*cuts, run.end], strict=True):
        yield Run(run.text[start - run.start : end - run.start], start, end, run.language)


def _read_run(run: Run, overrides: Sequence[Override], rules: _Rules, *, excused: bool) -> tuple[Run, RunPhones]:
    """What a language makes of a run.

    Args:
        run: characters of one language.
        overrides: those of the whole text.
        rules: what the caller wants.
        excused: nobody asked for this language: a missing library is a warning then, not an error.
    """
    inside = [override.moved(-run.start) for override in overrides if run.start <= override.start and override.end <= run.end]
    if len(inside) == 1 and inside[0].language == AS_PHONES:
        phones = inside[0].reading
        return run, RunPhones(run.text, phones, None, (Span(0, len(phones), 0, len(run.text), 0, len(run.text)),))
    try:
        return run, rules.to_phones(run.language, run.text, inside)
    except MissingExtraError as error:
        if not excused:
            raise
        lost, reason = run.text[:20], f"{error.problem}; {error.do}"
    if run.language != "yue":
        return run, RunPhones("", (), None, (), (TextWarning("language", f"{lost!r} is left out: {reason}", 0, len(run.text)),))
    read = rules.to_phones("zh", run.text, inside)
    warning = TextWarning("language", f"{lost!r} is read as Mandarin: {reason}", 0, len(run.text))
    return replace(run, language="zh"), replace(read, warnings=(warning, *read.warnings))


class _Joined:
    """Runs put together; positions go back to the text that was given.

    Args:
        parsed: the text the runs count in, and where its characters come from.
        spaced: put a space between runs where two words would touch in the normalised text.
    """

    def __init__(self, parsed: Parsed, *, spaced: bool) -> None:
        self._positions = parsed.positions
        self._spaced = spaced
        self._phones: list[str] = []
        self._normalized: list[str] = []
        self._length = 0
        self._spans: list[Span] = []
        self._runs: list[LanguageRun] = []
        self._warnings: list[TextWarning] = list(parsed.warnings)

    @property
    def phone_count(self) -> int:
        """How many phones there are so far."""
        return len(self._phones)

    def _given(self, start: int, end: int) -> tuple[int, int]:
        positions = self._positions
        if not positions:
            return 0, 0
        first = positions[min(start, len(positions) - 1)]
        return first, positions[end - 1] + 1 if end > start else first

    def add(self, run: Run, read: RunPhones) -> None:
        """Append what a language made of a run."""
        before = self._normalized[-1][-1:] if self._normalized else ""
        if self._spaced and read.normalized[:1].isascii() and before.isascii() and before.strip() and read.normalized.strip():
            self._normalized.append(" ")
            self._length += 1
        first = len(self._phones)
        for span in read.spans:
            begin, end = self._given(span.text_start + run.start, span.text_end + run.start)
            moved = span.moved(phones=first, norm=self._length)
            self._spans.append(replace(moved, text_start=begin, text_end=end))
        for warning in read.warnings:
            begin, end = self._given(warning.start + run.start, warning.end + run.start)
            self._warnings.append(TextWarning(warning.kind, warning.message, begin, end))
        self._phones += read.phones
        if read.normalized:
            self._normalized.append(read.normalized)
            self._length += len(read.normalized)
        begin, end = self._given(run.start, run.end)
        self._runs.append(LanguageRun(run.language, read.normalized, first, len(self._phones), begin, end, read.word2ph))

    def utterance(self, text: str, language: str, table: str) -> Utterance:
        """The whole."""
        per_run = [run.word2ph for run in self._runs]
        word2ph = None if not per_run or None in per_run else tuple(n for run in per_run for n in run or ())
        for run in self._runs if table == "v1" else ():
            if run.language in _NOT_IN_V1 and run.phone_end > run.phone_start:
                message = f"symbol table v1 has no {NAMES[run.language]}: this is spoken as unknown sounds"
                self._warnings.append(TextWarning("table", message, run.text_start, run.text_end))
        return Utterance(
            text=text,
            language=language,
            normalized="".join(self._normalized),
            phones=tuple(self._phones),
            ids=phone_ids(self._phones, table),
            word2ph=word2ph,
            spans=tuple(self._spans),
            warnings=tuple(sorted(self._warnings, key=lambda warning: (warning.start, warning.end))),
            runs=tuple(self._runs),
        )
