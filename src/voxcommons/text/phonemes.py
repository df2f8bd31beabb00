"""What reading a text yields: phones, where each came from, and what could not be read.

These values cross the seam between languages, the reader and the models, so they are frozen and
hold plain data only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """Phones ``[phone_start, phone_end)`` read from characters ``[text_start, text_end)``.

    ``norm_start``/``norm_end`` say where the same word stands in the normalised text. Spans are in
    reading order; several words may come from one piece of text ("$5" -> "five dollars").
    """

    phone_start: int
    phone_end: int
    text_start: int
    text_end: int
    norm_start: int = 0
    norm_end: int = 0

    def moved(self, *, phones: int = 0, text: int = 0, norm: int = 0) -> Span:
        """The same span after something was put in front of it."""
        return Span(
            self.phone_start + phones,
            self.phone_end + phones,
            self.text_start + text,
            self.text_end + text,
            self.norm_start + norm,
            self.norm_end + norm,
        )


@dataclass(frozen=True, slots=True)
class TextWarning:
    """Something a reader should know: a character left out, an override that was not understood.

    Attributes:
        kind: short machine name, for example ``"unreadable"``, ``"emoji"``, ``"bad_override"``.
        message: one line for people.
        start, end: character positions in the text that was given.
    """

    kind: str
    message: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RunPhones:
    """What one language makes of one run of text; positions count from the start of that run.

    Attributes:
        normalized: the text as it is spoken, digits and signs written out.
        phones: symbols of the v2 table (v1 is its first part).
        word2ph: phones per character of ``normalized``; only Mandarin has it, else ``None``.
        spans: one per word or character that was read.
        warnings: everything of the run that is not heard.
    """

    normalized: str
    phones: tuple[str, ...]
    word2ph: tuple[int, ...] | None = None
    spans: tuple[Span, ...] = ()
    warnings: tuple[TextWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class LanguageRun:
    """One run inside an :class:`Utterance`: which phones, in which language, from where."""

    language: str
    normalized: str
    phone_start: int
    phone_end: int
    text_start: int
    text_end: int
    word2ph: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text ready for a model.

    Attributes:
        text: what was given.
        language: the mode it was read with ("auto", "en", "zh", ...).
        normalized: the spoken form of all runs joined.
        phones: symbols, one per phoneme (P of them).
        ids: embedding rows of ``phones`` in the table asked for.
        word2ph: phones per normalised character if every run has them, else ``None``.
        spans: phones and normalised text -> positions in ``text``.
        warnings: what was not read, with positions in ``text``.
        runs: the language runs, in order.
    """

    text: str
    language: str
    normalized: str
    phones: tuple[str, ...]
    ids: tuple[int, ...]
    word2ph: tuple[int, ...] | None = None
    spans: tuple[Span, ...] = ()
    warnings: tuple[TextWarning, ...] = ()
    runs: tuple[LanguageRun, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain lists and dictionaries, ready for ``json.dumps``."""
        return {
            "text": self.text,
            "language": self.language,
            "normalized": self.normalized,
            "phones": list(self.phones),
            "ids": list(self.ids),
            "word2ph": None if self.word2ph is None else list(self.word2ph),
            "spans": [
                {
                    "phones": [s.phone_start, s.phone_end],
                    "text": [s.text_start, s.text_end],
                    "normalized": [s.norm_start, s.norm_end],
                }
                for s in self.spans
            ],
            "warnings": [{"kind": w.kind, "message": w.message, "start": w.start, "end": w.end} for w in self.warnings],
            "runs": [
                {
                    "language": r.language,
                    "normalized": r.normalized,
                    "phones": [r.phone_start, r.phone_end],
                    "text": [r.text_start, r.text_end],
                    "word2ph": None if r.word2ph is None else list(r.word2ph),
                }
                for r in self.runs
            ],
        }
