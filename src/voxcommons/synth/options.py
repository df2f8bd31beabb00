"""How a text shall be spoken: one value that every caller (command line, HTTP, tests) fills in.

It is apart from the engine so that a caller can build and check it without loading torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from voxcommons.base.errors import InputError

if TYPE_CHECKING:
    import threading

    from voxcommons.synth.retakes import Retakes
    from voxcommons.text.g2p.zh_polyphones import Polyphones
    from voxcommons.text.lexicon import Lexicon

Streaming = Literal["sentence", "token"]

MAX_CHARACTERS = 200_000
"""Longest text for one call: about four hours of speech. Longer texts are books and want chapters."""

TAKES, MOST_TAKES = 4, 16
SLOWEST, FASTEST = 0.5, 2.0
"""Tempo of the slowest and the fastest speech, whatever parts of a text ask for."""
MOST_SEMITONES = 12.0

_RANGES: Mapping[str, tuple[float, float]] = {
    "speed": (SLOWEST, FASTEST),
    "pitch": (-MOST_SEMITONES, MOST_SEMITONES),
    "pitch_range": (0.0, 3.0),
    "seed": (0, 2**63 - 1),
    "temperature": (0.0, 2.0),
    "top_k": (0, 1_000_000),
    "top_p": (0.01, 1.0),
    "repetition_penalty": (0.5, 5.0),
    "noise_scale": (0.0, 2.0),
    "pause_s": (0.0, 10.0),
}


@dataclass(frozen=True)
class SpeakOptions:
    """Everything that shapes speech besides the text and the voice.

    Attributes:
        language: Mode of `text.reader.read`: "auto", "en", "zh", ...
        speed: 1 is the speaker's own tempo, 2 is twice as fast.
        pitch: Semitones by which the intonation is moved; the timbre stays. Only for models whose generator takes a pitch.
        pitch_range: How many times as wide the intonation moves around its middle; 0 is a monotone. For the same models.
        seed: Same seed, text, voice and model give the same samples.
        temperature: Spread of the sampling; 0 always takes the likeliest code.
        top_k: Codes kept for sampling; 0 keeps all. The starter is understood best with 8 at temperature 0.8; the public
            models were tuned for 15 at 1.
        top_p: Probability mass kept for sampling; 1 keeps all.
        repetition_penalty: Above 1 makes codes that were used less likely.
        noise_scale: Spread of the acoustic latent around its mean; 0 is flat, 1 is as in training.
        pause_s: Silence after a full sentence, in seconds; other breaks are parts or multiples of it.
        takes: How often a sentence is tried; the take that is understood best is kept, and as many again are made when
            none is understood. None for 4, or for 1 with streaming "token", where more would delay the first sound.
        streaming: "sentence" hands out whole sentences, "token" hands out pieces while a sentence is
            still being decoded. The samples are the same for the same number of takes.
        word_times: Say of every word when it is spoken; only for models whose content encoder tells phonemes.
        compat: Do as the public program does, with its quirks: a sentence is rendered in one go.
        lexicon: The user's own readings of words.
        polyphones: Who decides Mandarin characters with several readings; None for the dictionaries alone.
        retakes: What is spoken under another seed than the rest; sentences then come whole. Words need `word_times`.
        cancel: When set, speaking ends before the next piece.

    Raises:
        InputError: naming every value outside its range.
    """

    language: str = "auto"
    speed: float = 1.0
    pitch: float = 0.0
    pitch_range: float = 1.0
    seed: int = 0
    temperature: float = 0.8
    top_k: int = 8
    top_p: float = 1.0
    repetition_penalty: float = 1.35
    noise_scale: float = 0.5
    pause_s: float = 0.3
    takes: int | None = None
    streaming: Streaming = "sentence"
    word_times: bool = False
    compat: bool = False
    lexicon: Lexicon | None = None
    polyphones: Polyphones | None = None
    retakes: Retakes | None = None
    cancel: threading.Event | None = None

    def __post_init__(self) -> None:
        expected: list[str] = []
        found: list[str] = []
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:  # NaN fails this too
                expected.append(f"{name} from {low:g} to {high:g}")
                found.append(f"{name}={value}")
        if self.takes is not None and not 1 <= self.takes <= MOST_TAKES:
            expected.append(f"takes from 1 to {MOST_TAKES}")
            found.append(f"takes={self.takes}")
        if self.streaming not in ("sentence", "token"):
            expected.append("streaming 'sentence' or 'token'")
            found.append(f"streaming={self.streaming!r}")
        if found:
            raise InputError(
                "the speaking options are out of range",
                expected=", ".join(expected),
                found=", ".join(found),
                do="change these values",
            )

    @property
    def moves_pitch(self) -> bool:
        """Whether it needs a model whose pitch can be told."""
        return self.pitch != 0 or self.pitch_range != 1

    @property
    def wanted_takes(self) -> int:
        """How often a sentence is tried; the public program tries once."""
        if self.compat:
            return 1
        return self.takes if self.takes is not None else (1 if self.streaming == "token" else TAKES)

    def as_record(self) -> dict[str, Any]:
        """The values that decide the samples, for the release record."""
        names = (
            "language", "speed", "pitch", "pitch_range", "temperature", "top_k", "top_p", "repetition_penalty", "noise_scale", "pause_s"
        )  # fmt: skip
        return {name: getattr(self, name) for name in names} | {
            "takes": self.wanted_takes, "compat": self.compat, "lexicon": bool(self.lexicon),
            "polyphones": "dictionary" if self.polyphones is None else self.polyphones.name,
        } | ({} if self.retakes is None else {"retakes": self.retakes.as_record()})  # fmt: skip
