"""The sample a new voice gives of itself: one sentence in its own language, through the release door.

Apart from cloning, which computes features and needs none of the machinery of speaking.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from voxcommons.base.errors import InputError
from voxcommons.base.progress import NullProgress, Progress
from voxcommons.base.settings import Settings
from voxcommons.models.build import BaseModel
from voxcommons.synth.engine import Engine, provenance
from voxcommons.synth.options import SpeakOptions
from voxcommons.trust.audit import ReleaseLog
from voxcommons.trust.release import release_to_file
from voxcommons.voices.cloning import Preview
from voxcommons.voices.library import Voice

PREVIEW_TEXTS: Final[Mapping[str, str]] = {"en": "Hello! This is how I sound.", "zh": "你好，这就是我的声音。"}


def preview_with(base: BaseModel, settings: Settings, progress: Progress | None = None) -> Preview:
    """What lets a finished voice say one sentence about itself.

    A voice that cannot say it (a base model that makes nothing of this person) is still a voice: that is noted, and it has no sample.

    Args:
        base: the base model, with all its parts.
        settings: threads, and the folder that records releases.
        progress: told that a sample is spoken.
    """
    told = progress or NullProgress()

    def preview(voice: Voice, path: Path) -> None:
        told.start(None, "speaking a sample")
        text = PREVIEW_TEXTS.get(voice.manifest.language.split("-")[0], PREVIEW_TEXTS["en"])
        options = SpeakOptions()
        try:
            chunks = Engine(base, threads=settings.threads).speak(text, voice, options)
            release_to_file(chunks, path, provenance=provenance(text, voice, base, options), log=ReleaseLog(settings.home))
        except InputError as cause:
            told.note(f"the voice has no sample: {cause}")

    return preview
