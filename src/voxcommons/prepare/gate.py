"""Three classes of recordings: accepted, accepted with something mended or to be watched, and to be recorded again.

Apart from ``audio.quality``, which measures and has four verdicts of sound, because here a campaign decides what it takes in.
Nothing is refused for one network's opinion alone: a second opinion (see ``voices.second_opinion``) can only ask for a look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from voxcommons.audio.advice import Advice
from voxcommons.audio.quality import Gate, QualityReport

Decision = Literal["accept", "accept_with_fixes", "reject"]

ACCEPT: Final[Decision] = "accept"
FIXES: Final[Decision] = "accept_with_fixes"
REJECT: Final[Decision] = "reject"

# What no fix mends, and what is worth a word but changes nothing. Everything else is mended or left to a person's ears.
SPOILS: Final = frozenset({"too_noisy", "too_clipped"})
HARMLESS: Final = frozenset(
    {"long", "many_channels", "little_speech", "no_pause", "text_mismatch", "text_unreadable", "denoised", "transcribed"}
)
# Kind of advice -> kind of the fix that this program makes by itself, or offers.
MENDED_BY: Final = {
    "quiet": "fix_level",
    "loud": "fix_level",
    "clipped": "fix_pieces",
    "noisy": "offer_denoise",
    "dead_channel": "fix_channel",
    "opposite_channels": "fix_channel",
    "damaged": "fix_rest",
    "not_finite": "fix_rest",
}

STRICT: Final = Gate(usable_snr_db=20.0)
TOLERANT: Final = Gate(usable_snr_db=10.0, poor_clipping=0.02)
GATES: Final = {"normal": Gate(), "strict": STRICT, "tolerant": TOLERANT}


@dataclass(frozen=True)
class Ruling:
    """What is to be done with a recording.

    Attributes:
        decision: one of the three classes.
        reasons: the advice that decided; empty when accepted as it is.
        fixes: kinds of what the program mends by itself or offers to, each a key of ``audio.advice``.
    """

    decision: Decision
    reasons: tuple[Advice, ...]
    fixes: tuple[str, ...]


def rule(report: QualityReport, notes: Sequence[Advice] | None = None) -> Ruling:
    """Put a recording into one of the three classes.

    Args:
        report: what was measured, with the verdict of the gate that is in force.
        notes: everything that was found, when there is more than the report's own advice (reading, second opinion).

    Returns:
        The class and what led to it.
    """
    found = tuple(report.advice if notes is None else notes)
    if report.verdict == "poor":
        spoilt = tuple(note for note in found if note.kind in SPOILS)
        return Ruling(REJECT, spoilt or found, ())
    reasons = tuple(note for note in found if note.kind not in HARMLESS)
    fixes = tuple(dict.fromkeys(MENDED_BY[note.kind] for note in reasons if note.kind in MENDED_BY))
    return Ruling(FIXES if reasons else ACCEPT, reasons, fixes)
