"""Speaking a sentence or a single word of a text again, with everything else left as it was.

The same seed gives the same speech, so a text with one sentence under another seed is that speech with one sentence changed. A word is
changed by speaking its sentence under another seed and taking the word out of that: it is cut in at the quietest places near its
edges. Apart from the engine because joining two takes needs no model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import numpy as np

from voxcommons.base.errors import InputError
from voxcommons.synth.chunks import AudioChunk, Samples
from voxcommons.synth.stream import derived_seed
from voxcommons.synth.word_times import WordTime

MOST_WORDS: Final = 64
_TRIES: Final = 4  # takes that are looked through for a word
_NEAR_S: Final = 0.04  # a word's edge is known no better than this
_WINDOW_S: Final = 0.005
_FADE_S: Final = 0.012


class SentenceStore(Protocol):
    """Remembers finished sentences of one text, voice and manner, so that a retake costs only what changes."""

    def get(self, sentence: int, seed: int) -> tuple[AudioChunk, ...] | None:
        """The pieces of a sentence under a seed, words counted from the sentence's own beginning; None when they are not known."""

    def put(self, sentence: int, seed: int, pieces: tuple[AudioChunk, ...]) -> None:
        """Remember them."""


@dataclass(frozen=True)
class WordRetake:
    """A word that is taken out of another speaking of its sentence.

    Attributes:
        word: its number among the words of the sentence.
        seed: of the other speaking.
    """

    word: int
    seed: int


@dataclass(frozen=True)
class Retakes:
    """What of a text is spoken again.

    Attributes:
        sentences: seeds of sentences, by number; the others keep that of the text.
        words: words of sentences that are exchanged, by the number of the sentence.
        store: where finished sentences are found again; None speaks everything anew.
    """

    sentences: Mapping[int, int] = field(default_factory=dict)
    words: Mapping[int, tuple[WordRetake, ...]] = field(default_factory=dict)
    store: SentenceStore | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if sum(map(len, self.words.values())) > MOST_WORDS:
            problem, found = "too many words are to be spoken again", str(sum(map(len, self.words.values())))
            raise InputError(problem, expected=f"at most {MOST_WORDS}", found=found, do="retake the sentence")

    def taken(self, sentence: int, seed: int, speak: Callable[[int], tuple[AudioChunk, ...]]) -> tuple[AudioChunk, ...]:
        """A sentence as it is to be heard.

        Args:
            sentence: its number.
            seed: of the text.
            speak: speaks the sentence under a seed.

        Raises:
            InputError: a word cannot be exchanged.
        """
        pieces = self._under(sentence, self.sentences.get(sentence, seed), speak)
        for swap in self.words.get(sentence, ()):
            pieces = (self._exchanged(sentence, pieces[0], swap, speak),)
        return pieces

    def _exchanged(
        self, sentence: int, old: AudioChunk, swap: WordRetake, speak: Callable[[int], tuple[AudioChunk, ...]]
    ) -> AudioChunk:
        """A sentence with a word of another take; a take that swallows the word gives way to the next."""
        place = _place_of(old, swap.word)
        for number in range(_TRIES):
            new = self._under(sentence, derived_seed(swap.seed, "word", number) if number else swap.seed, speak)[0]
            if place is None or _same(new, place) is not None:
                break
        return with_word(old, new, swap.word)

    def _under(self, sentence: int, seed: int, speak: Callable[[int], tuple[AudioChunk, ...]]) -> tuple[AudioChunk, ...]:
        kept = self.store.get(sentence, seed) if self.store is not None else None
        if kept is None:
            kept = speak(seed)
            if self.store is not None:
                self.store.put(sentence, seed, kept)
        return kept

    def as_record(self) -> dict[str, Any]:
        """What decides the samples, for the release record."""
        words = {str(number): [[one.word, one.seed] for one in swaps] for number, swaps in sorted(self.words.items())}
        return {"sentences": {str(number): seed for number, seed in sorted(self.sentences.items())}, "words": words}


def with_word(old: AudioChunk, new: AudioChunk, number: int) -> AudioChunk:
    """A sentence with one word of another speaking of it.

    Args:
        old: the whole sentence, with its words.
        new: the same sentence spoken otherwise, with its words.
        number: of the word.

    Raises:
        InputError: one of the two does not tell when that word is spoken.
    """
    place = _place_of(old, number)
    same = _same(new, place) if place is not None else None
    if place is None or same is None:
        raise InputError(
            "this word cannot be spoken again by itself", expected="a word that is heard in both takes", found=f"word {number}",
            do="try again, or retake the sentence", key="no_such_word",
        )  # fmt: skip
    begin, end = _edges(old, number)
    other_begin, other_end = _edges(new, same)
    room = (begin, len(old.samples) - end, (end - begin) // 2, other_begin, len(new.samples) - other_end, (other_end - other_begin) // 2)
    fade = max(0, min(round(_FADE_S * old.rate), *room))
    middle = new.samples[other_begin - fade : other_end + fade]
    joined = _crossed(_crossed(old.samples[: begin + fade], middle, 2 * fade), old.samples[end - fade :], 2 * fade)
    longer_s = ((other_end - other_begin) - (end - begin)) / old.rate
    shift_s = begin / old.rate - other_begin / new.rate
    its = new.words[same]
    own = replace(old.words[number], start_s=its.start_s + shift_s, end_s=its.end_s + shift_s)
    words = (*old.words[:number], own, *(word.later(longer_s) for word in old.words[number + 1 :]))
    return replace(old, samples=joined, words=words)


def _place_of(chunk: AudioChunk, number: int) -> tuple[int, int] | None:
    """The characters of a word, which are the same in every take; its number is not, since a word may not be heard in one."""
    return (chunk.words[number].start, chunk.words[number].end) if 0 <= number < len(chunk.words) else None


def _same(chunk: AudioChunk, place: tuple[int, int]) -> int | None:
    """The number of the word at these characters."""
    return next((number for number, word in enumerate(chunk.words) if (word.start, word.end) == place), None)


def _edges(chunk: AudioChunk, number: int) -> tuple[int, int]:
    """Samples from and to, at the quietest places near the edges of a word; those of its neighbours are never crossed."""
    word = chunk.words[number]
    before = chunk.words[number - 1] if number else None
    after = chunk.words[number + 1] if number + 1 < len(chunk.words) else None
    begin = _quietest(chunk, word.start_s, _middle(before) if before else 0.0, _middle(word))
    return begin, max(begin + 1, _quietest(chunk, word.end_s, _middle(word), _middle(after) if after else len(chunk.samples) / chunk.rate))


def _middle(word: WordTime) -> float:
    return (word.start_s + word.end_s) / 2


def _quietest(chunk: AudioChunk, at_s: float, low_s: float, high_s: float) -> int:
    """Where the sound is softest within 40 ms of a time."""
    low = max(0, round(max(low_s, at_s - _NEAR_S) * chunk.rate))
    high = min(len(chunk.samples), round(min(high_s, at_s + _NEAR_S) * chunk.rate))
    width = max(1, round(_WINDOW_S * chunk.rate))
    if high - low <= width:
        return min(max(0, round(at_s * chunk.rate)), len(chunk.samples))
    power = np.convolve(np.square(chunk.samples[low:high], dtype=np.float64), np.ones(width), mode="valid")
    return low + int(np.argmin(power)) + width // 2


def _crossed(one: Samples, other: Samples, overlap: int) -> Samples:
    """Two sounds of which the end of one and the beginning of the other are faded into each other."""
    if not overlap:
        return np.concatenate([one, other])
    rise = np.linspace(0.0, 1.0, overlap, dtype=np.float32)
    both = one[-overlap:] * (1.0 - rise) + other[:overlap] * rise
    return np.concatenate([one[:-overlap], both, other[overlap:]]).astype(np.float32)
