"""Spoken Mandarin text: what a careful reader would say for digits, dates, money, units and signs."""

from __future__ import annotations

from voxcommons.text.normalise import zh_public
from voxcommons.text.traced import TracedText


def normalise(text: str, compat: bool = False) -> TracedText:
    """Chinese characters and ``!?…,.-`` only; what cannot be said is left out.

    Args:
        text: one run of Mandarin text.
        compat: write what the public program writes, accidents included.
    """
    return zh_public.normalise(TracedText.of(text))
