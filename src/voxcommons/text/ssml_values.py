"""What the attributes of SSML's prosody, emphasis and break say, as numbers.

The standard leaves open what "slow" or "strong" amount to; the numbers here are ours, and docs/ssml.md lists them.
Source: W3C, Speech Synthesis Markup Language 1.1, sections 3.2.2 to 3.2.4.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

from voxcommons.text.script import AS_IT_IS, Manner

RATES: Mapping[str, float] = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "fast": 1.25, "x-fast": 1.6, "default": 1.0}
PITCHES_ST: Mapping[str, float] = {"x-low": -5.0, "low": -2.5, "medium": 0.0, "high": 2.5, "x-high": 5.0, "default": 0.0}
RANGES: Mapping[str, float] = {"x-low": 0.25, "low": 0.6, "medium": 1.0, "high": 1.4, "x-high": 1.8, "default": 1.0}
VOLUMES_DB: Mapping[str, float] = {
    "silent": -math.inf, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "loud": 4.0, "x-loud": 8.0, "default": 0.0
}  # fmt: skip
EMPHASES: Mapping[str, Manner] = {
    "strong": Manner(speed=0.85, lift_st=2.0, pitch_range=1.0, gain_db=3.0),
    "moderate": Manner(speed=0.92, lift_st=1.0, pitch_range=1.0, gain_db=1.5),
    "none": AS_IT_IS,
    "reduced": Manner(speed=1.1, lift_st=-1.0, gain_db=-3.0),
}
BREAKS: Mapping[str, float] = {"none": 0.0, "x-weak": 0.25, "weak": 0.5, "medium": 1.0, "strong": 2.0, "x-strong": 4.0}
"""In multiples of the pause after a sentence."""

SLOWEST, FASTEST, FURTHEST_ST, LOUDEST_DB, QUIETEST_DB = 0.25, 4.0, 24.0, 12.0, -60.0
_NUMBER = re.compile(r"([+-]?)(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*(%|st|Hz|dB)?", re.IGNORECASE)


def _number(written: str) -> tuple[str, float, str] | None:
    """(sign, value with its sign, unit in small letters) of a number, None when it is not one."""
    found = _NUMBER.fullmatch(written.strip())
    if not found:
        return None
    value = float(found[2])
    return found[1], -value if found[1] == "-" else value, (found[3] or "").lower()


def with_rate(manner: Manner, written: str) -> Manner | None:
    """A manner at another tempo: ``slow``, ``80%`` (of the default), ``+10%`` (of what it was), ``0.8``; None if not understood."""
    if written in RATES:
        return replace(manner, speed=RATES[written])
    sign, value, unit = _number(written) or ("", -1.0, "")
    if sign and unit == "%":
        speed = manner.speed * (1 + value / 100)
    elif not sign and unit in ("%", ""):
        speed = value / (100 if unit else 1)
    else:
        return None
    return replace(manner, speed=speed) if SLOWEST <= speed <= FASTEST else None


def with_pitch(manner: Manner, written: str) -> Manner | None:
    """A manner at another pitch: ``high``, ``+2st``, ``-10%``, ``+15Hz``, ``180Hz``; None if not understood."""
    if written in PITCHES_ST:
        return replace(manner, pitch_st=PITCHES_ST[written], pitch_hz=0.0, raised_hz=0.0)
    sign, value, unit = _number(written) or ("", 0.0, "")
    if unit == "hz" and not sign:
        return replace(manner, pitch_st=0.0, pitch_hz=value, raised_hz=0.0) if 40 <= value <= 600 else None
    if unit == "hz":
        return replace(manner, raised_hz=manner.raised_hz + value) if abs(value) <= 300 else None
    if unit == "st":
        moved_st = value
    elif unit == "%" and sign and value > -100:
        moved_st = 12 * math.log2(1 + value / 100)
    else:
        return None
    return replace(manner, pitch_st=manner.pitch_st + moved_st) if abs(manner.pitch_st + moved_st) <= FURTHEST_ST else None


def with_range(manner: Manner, written: str) -> Manner | None:
    """A manner whose intonation moves more or less: ``low``, ``+50%``; None if not understood."""
    if written in RANGES:
        return replace(manner, pitch_range=RANGES[written])
    sign, value, unit = _number(written) or ("", 0.0, "")
    spread = manner.pitch_range * (1 + value / 100)
    return replace(manner, pitch_range=spread) if unit == "%" and sign and 0 <= spread <= 3 else None


def with_volume(manner: Manner, written: str) -> Manner | None:
    """A manner at another loudness: ``soft``, ``-6dB``, or 0 to 100 as in SSML 1.0; None if not understood."""
    if written in VOLUMES_DB:
        return replace(manner, gain_db=VOLUMES_DB[written])
    sign, value, unit = _number(written) or ("", 0.0, "?")
    if unit == "db" and sign:
        gain_db = manner.gain_db + value
    elif not unit and not sign and value <= 100:
        gain_db = 20 * math.log10(value / 100) if value else -math.inf
    else:
        return None
    return replace(manner, gain_db=gain_db) if gain_db <= LOUDEST_DB and (gain_db >= QUIETEST_DB or math.isinf(gain_db)) else None


def emphasised(manner: Manner, level: str) -> Manner | None:
    """A manner with emphasis on top; None for a level that does not exist."""
    more = EMPHASES.get(level)
    if more is None:
        return None
    return replace(
        manner,
        speed=manner.speed * more.speed,
        lift_st=manner.lift_st + more.lift_st,
        gain_db=min(manner.gain_db + more.gain_db, LOUDEST_DB),
    )
