"""The one door of this room: text in, phonemes out.

Overrides are taken out first, then the text is cut into bounded pieces and language runs, each language reads its runs, and
everything is put together again with positions in the text that was given.
"""

from __future__ import annotations

from voxcommons.text import g2p
from voxcommons.text.lexicon import Lexicon, Override, Parsed, parse_overrides
from voxcommons.text.phonemes import LanguageRun, RunPhones, Span, TextWarning, Utterance
from voxcommons.text.segment import Run, language_runs
from voxcommons.text.symbols import phone_ids, symbols


def read(
    text: str,
    language: str = "auto",
    *,
    table: str = "v2",
    lexicon: Lexicon | None = None,
    compat: bool = False,
) -> Utterance:
    """Read a text aloud on paper: phonemes, ids, where each came from, and what could not be read.

    Args:
        text: any characters; ``word{READING}`` overrides a reading.
        language: ``"auto"``, ``"en"``, ``"zh"`` or ``"all_zh"``.
        table: symbol table of the base model, ``"v1"`` or ``"v2"``.
        lexicon: readings the user gave.
        compat: behave as the public program, accidents included.

    Returns:
        An utterance; without phones when there is nothing to read, never an exception for odd characters.

    Raises:
    """
    symbols(table)
    parsed = parse_overrides(text) if not compat else Parsed(text, tuple(range(len(text))), (), ())
    joined = _Joined(parsed)
    for run in language_runs(parsed.text, language):
        joined.add(run, _read_run(run, parsed, lexicon, compat))
    return joined.utterance(text, language, table)


def _read_run(run: Run, parsed: Parsed, lexicon: Lexicon | None, compat: bool) -> RunPhones:
    if run.language not in g2p.languages():
        message = f"{run.language} cannot be read yet: {run.text[:40]!r} is left out"
        return RunPhones("", (), None, (), (TextWarning("unsupported_language", message, 0, len(run.text)),))
    inside: list[Override] = [o.moved(-run.start) for o in parsed.overrides if run.start <= o.start and o.end <= run.end]
    return g2p.to_phones(run.language)(run.text, lexicon=lexicon, overrides=inside, compat=compat)


class _Joined:
    """Runs put together; positions go back to the text that was given."""

    def __init__(self, parsed: Parsed) -> None:
        self._positions = parsed.positions
        self._phones: list[str] = []
        self._normalized: list[str] = []
        self._length = 0
        self._spans: list[Span] = []
        self._runs: list[LanguageRun] = []
        self._warnings: list[TextWarning] = list(parsed.warnings)

    def _given(self, start: int, end: int) -> tuple[int, int]:
        positions = self._positions
        if not positions:
            return 0, 0
        first = positions[min(start, len(positions) - 1)]
        return first, positions[end - 1] + 1 if end > start else first

    def add(self, run: Run, read: RunPhones) -> None:
        """Append what a language made of a run."""
        first = len(self._phones)
        for span in read.spans:
            begin, end = self._given(span.text_start + run.start, span.text_end + run.start)
            self._spans.append(
                Span(
                    span.phone_start + first,
                    span.phone_end + first,
                    begin,
                    end,
                    span.norm_start + self._length,
                    span.norm_end + self._length,
                )
            )
        for warning in read.warnings:
            begin, end = self._given(warning.start + run.start, warning.end + run.start)
            self._warnings.append(TextWarning(warning.kind, warning.message, begin, end))
        self._phones += read.phones
        self._normalized.append(read.normalized)
        self._length += len(read.normalized)
        begin, end = self._given(run.start, run.end)
        self._runs.append(LanguageRun(run.language, read.normalized, first, len(self._phones), begin, end, read.word2ph))

    def utterance(self, text: str, language: str, table: str) -> Utterance:
        """The whole."""
        per_run = [run.word2ph for run in self._runs]
        word2ph = None if not per_run or None in per_run else tuple(n for run in per_run for n in run or ())
        return Utterance(
            text,
            language,
            "".join(self._normalized),
            tuple(self._phones),
            phone_ids(self._phones, table),
            word2ph,
            tuple(self._spans),
            tuple(sorted(self._warnings, key=lambda warning: (warning.start, warning.end))),
            tuple(self._runs),
        )
