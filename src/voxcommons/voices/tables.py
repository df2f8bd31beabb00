"""The tables of the voice library. base/migrations holds their history, and a test holds the two together."""

from __future__ import annotations

from sqlalchemy import Double, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from voxcommons.base.tables import COUNTED, Table


class VoiceRow(Table):
    """What a voice can be found by: a copy of its manifest, made anew when that changes.

    `stamp` tells when that was. Texts to be compared are case-folded; `tags` and `styles` are lines with a line end before
    and behind each.
    """

    __tablename__ = "voice"

    library: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    stamp: Mapped[str] = mapped_column(String(64))
    bundled: Mapped[bool]
    voice_id: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(40))
    base: Mapped[str] = mapped_column(String(200))
    created: Mapped[str] = mapped_column(String(40))
    licence: Mapped[str] = mapped_column(Text)
    gender: Mapped[str] = mapped_column(String(200))
    age: Mapped[str] = mapped_column(String(200))
    dialect: Mapped[str] = mapped_column(String(200))
    region: Mapped[str] = mapped_column(String(200))
    consent: Mapped[bool]
    tags: Mapped[str] = mapped_column(Text)
    styles: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)


class SpokenRow(Table):
    """Something that was spoken; `voices.history.Spoken` says what the columns mean."""

    __tablename__ = "spoken"
    __table_args__ = (Index("ix_spoken_voice_id", "voice_id"), Index("ix_spoken_at", "at"))

    id: Mapped[int] = mapped_column(COUNTED, primary_key=True, autoincrement=True)
    entry: Mapped[str] = mapped_column(String(32), unique=True)
    at: Mapped[float] = mapped_column(Double)
    voice: Mapped[str] = mapped_column(String(64))
    voice_id: Mapped[str] = mapped_column(String(32))
    style: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    seconds: Mapped[float] = mapped_column(Double)
    path: Mapped[str] = mapped_column(Text)
    release_id: Mapped[str] = mapped_column(String(64))
    batch: Mapped[str] = mapped_column(String(64))
