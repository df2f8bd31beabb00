"""Tone changes of spoken Mandarin."""

from __future__ import annotations
