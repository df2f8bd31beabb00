"""Subtitles of speech: SRT for players everywhere, WebVTT with the time of every word.

Chunks are watched as they pass, so that subtitles cost nothing beside the speech itself. Where words have no times a sentence is one
subtitle; where they have, long sentences become several, cut at marks if there are any near.
Source: WebVTT, W3C Candidate Recommendation (4 April 2019); SRT has no standard, this is what players read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from voxcommons.base.errors import InputError
from voxcommons.base.files import atomic_path
from voxcommons.synth.chunks import AudioChunk
from voxcommons.synth.word_times import WordTime

FORMATS = ("srt", "vtt")
_WIDEST = 76  # of a subtitle, in halves of a Han character: two lines of about 38
_SHORTEST_S = 0.04


@dataclass(frozen=True)
class Cue:
    """One subtitle.

    Attributes:
        start_s, end_s: when it is shown.
        text: what it says.
        words: of it, with their places in `text`.
    """

    start_s: float
    end_s: float
    text: str
    words: tuple[WordTime, ...] = ()


@dataclass
class Subtitles:
    """Collects the subtitles of speech that passes by."""

    cues: list[Cue] = field(default_factory=list)
    _seconds: float = 0.0
    _begun: float | None = None

    def watched(self, chunks: Iterator[AudioChunk]) -> Iterator[AudioChunk]:
        """The chunks, unchanged."""
        for chunk in chunks:
            if self._begun is None and len(chunk.samples) and chunk.text:
                self._begun = self._seconds
            self._seconds += chunk.seconds
            if chunk.final and self._begun is not None:
                end_s = max(self._begun + _SHORTEST_S, self._seconds - chunk.pause_s)
                self.cues += cues_of(chunk.text, chunk.words, self._begun, end_s)
                self._begun = None
            yield chunk

    def write(self, path: Path) -> None:
        """Write a file; its ending, checked by `check_path`, says which kind."""
        content = as_srt(self.cues) if path.suffix.lower() == ".srt" else as_vtt(self.cues)
        with atomic_path(path) as temporary:
            temporary.write_text(content, encoding="utf-8")


def check_path(path: Path) -> None:
    """Refuse a file that could not be written in the end.

    Raises:
        InputError: the ending is unknown, or there is no such folder.
    """
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise InputError("this kind of subtitles is not known", expected="a name that ends in .srt or .vtt", found=str(path))
    if not path.parent.is_dir():
        raise InputError("the folder does not exist", expected="an existing folder", found=str(path.parent), do="create it first")


def cues_of(text: str, words: Sequence[WordTime], start_s: float, end_s: float) -> list[Cue]:
    """The subtitles of one sentence, of which words may or may not have times, spoken between two times."""
    groups: list[list[WordTime]] = [[]]
    for number, word in enumerate(words):
        groups[-1].append(word)
        following = words[number + 1] if number + 1 < len(words) else None
        if following and _full(text, groups[-1], following):
            groups.append([])
    cues = []
    for number, group in enumerate(groups):
        low = group[0].start if number else 0
        high = groups[number + 1][0].start if number + 1 < len(groups) else len(text)
        begin_s = group[0].start_s if number else start_s
        stop_s = groups[number + 1][0].start_s if number + 1 < len(groups) else end_s
        raw = text[low:high]
        shift = low + len(raw) - len(raw.lstrip())
        own = tuple(WordTime(w.text, w.start_s, w.end_s, w.start - shift, w.end - shift) for w in group)
        cues.append(Cue(begin_s, max(stop_s, begin_s + _SHORTEST_S), " ".join(raw.split()) if not own else raw.strip(), own))
    return cues


def _full(text: str, group: Sequence[WordTime], following: WordTime) -> bool:
    """Whether a subtitle ends before the next word: it is full, or a mark stands there and it is half full."""
    width = _width(text[group[0].start : following.start].rstrip())
    marked = not text[group[-1].end : following.start].isspace() and following.start > group[-1].end
    return width + _width(following.text) > _WIDEST or (marked and width > _WIDEST // 2)


def _width(text: str) -> int:
    return sum(2 if ord(char) >= 0x1100 else 1 for char in text)


def as_srt(cues: Sequence[Cue]) -> str:
    """SubRip."""
    return "".join(
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n{' '.join(cue.text.split())}\n\n"
        for number, cue in enumerate(cues, 1)
    )


def as_vtt(cues: Sequence[Cue]) -> str:
    """WebVTT; words carry their time where it is known."""
    shown = [f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n{_timed(cue)}\n" for cue in cues]
    return "\n".join(["WEBVTT\n", *shown])


def _timed(cue: Cue) -> str:
    pieces: list[str] = []
    done, last_s = 0, cue.start_s
    for word in cue.words:
        pieces.append(_escaped(cue.text[done : word.start]))
        if last_s + 0.001 <= word.start_s < cue.end_s:  # times inside a cue must grow
            pieces.append(f"<{_clock(word.start_s, '.')}>")
            last_s = word.start_s
        done = max(done, word.start)
    pieces.append(_escaped(cue.text[done:]))
    return " ".join("".join(pieces).split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    whole = round(seconds * 1000)
    minutes, rest = divmod(whole, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"
