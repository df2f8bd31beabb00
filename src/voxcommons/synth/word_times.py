"""When each word of a sentence is spoken.

The content encoder tells which phoneme each token speaks, the reader which word a phoneme belongs to, and the course when a token
falls. A token lasts 40 ms, so a word's edge is known no better than that; what lies between two words belongs half to each.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from voxcommons.models.ctc import best_path
from voxcommons.synth.chunks import AudioChunk
from voxcommons.synth.course import Course
from voxcommons.synth.self_check import SelfCheck
from voxcommons.text.lexicon import parse_overrides
from voxcommons.text.phonemes import Utterance


@dataclass(frozen=True)
class WordTime:
    """A word and when it is spoken.

    Attributes:
        text: as it is shown.
        start_s, end_s: in seconds from the beginning of the speech.
        start, end: its characters in the sentence as it is shown.
    """

    text: str
    start_s: float
    end_s: float
    start: int
    end: int

    def later(self, seconds: float) -> WordTime:
        """The same word, counted from an earlier beginning."""
        return replace(self, start_s=self.start_s + seconds, end_s=self.end_s + seconds)


def shown(text: str, *, marked: bool) -> tuple[str, tuple[int, ...]]:
    """A sentence as people want to see it, without readings in braces, and where its characters stood.

    Args:
        text: the sentence.
        marked: whether its readings are told apart from it, so that braces are text.
    """
    if marked:
        return text, tuple(range(len(text)))
    parsed = parse_overrides(text)
    return parsed.text, parsed.positions


@torch.inference_mode()
def places_of(check: SelfCheck, codes: Sequence[int]) -> NDArray[np.int64]:
    """Phoneme [S] that each token of a whole sentence speaks, -1 for none.

    Unlike `SelfCheck.places`, which knows only a beginning, this makes every phoneme lie somewhere if the tokens suffice.
    """
    tokens = torch.tensor(list(codes), device=check.ids.device)
    if not len(check.spoken) or not len(tokens):
        return np.full(len(tokens), -1)
    log_probs = check.content.log_probs_of_codes(tokens[None])[0].cpu().numpy()
    states = np.asarray(best_path(log_probs, check.ids[check.spoken].cpu().numpy(), check.content.blank_id, whole=True), np.int64)
    sounding = np.flatnonzero(states % 2)
    if not len(sounding):
        return check.places(tokens).cpu().numpy()
    nearest = np.abs(np.arange(len(states))[:, None] - sounding).argmin(1)
    found: NDArray[np.int64] = check.spoken.cpu().numpy()[states[sounding[nearest]] // 2]
    return found


def word_times(  # noqa: PLR0913 - a sentence's whole account
    utterance: Utterance, places: NDArray[np.int64], course: Course, frame_s: float, heard_s: tuple[float, float], *, marked: bool
) -> tuple[WordTime, ...]:
    """The words of a sentence in order; what is written but not heard (marks) is none.

    Args:
        utterance: how the sentence was read.
        places: [S] phoneme that each token speaks, -1 for none.
        course: when the tokens fall.
        frame_s: length of a frame in seconds.
        heard_s: from when to when the sentence is heard: what is silent at its ends has been cut off.
        marked: see `shown`.
    """
    text, positions = shown(utterance.text, marked=marked)
    found: list[WordTime] = []
    for start, end, first, last in _words(utterance):
        tokens = np.flatnonzero((places >= first) & (places < last))
        low, high = bisect.bisect_left(positions, start), bisect.bisect_left(positions, end)
        if not len(tokens) or low == high:
            continue
        edges = (course.frame_of(token) * frame_s for token in (int(tokens[0]), int(tokens[-1]) + 1))
        begin_s, end_s = (min(max(edge, heard_s[0]), heard_s[1]) - heard_s[0] for edge in edges)
        found.append(WordTime(text[low:high], begin_s, end_s, low, high))
    return tuple(found)


def _words(utterance: Utterance) -> list[tuple[int, int, int, int]]:
    """(characters from, to, phonemes from, to) of each word; what came from the same characters is one."""
    joined: list[tuple[int, int, int, int]] = []
    for span in utterance.spans:
        if joined and span.text_start < joined[-1][1]:
            start, end, first, _ = joined.pop()
            joined.append((start, max(end, span.text_end), first, span.phone_end))
        else:
            joined.append((span.text_start, span.text_end, span.phone_start, span.phone_end))
    return joined


def clocked(chunks: Iterator[AudioChunk]) -> Iterator[AudioChunk]:
    """Chunks whose words count from the beginning of their sentence, with words that count from the beginning of everything."""
    done = begun = 0
    inside = False
    for chunk in chunks:
        if chunk.text and not inside:
            begun, inside = done, True
        done += len(chunk.samples)
        inside = inside and not chunk.final
        yield replace(chunk, words=tuple(word.later(begun / chunk.rate) for word in chunk.words)) if chunk.words else chunk
