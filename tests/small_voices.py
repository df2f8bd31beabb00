"""Voices of a few numbers, for tests of what is around a voice and not of its sound."""

from dataclasses import replace

import numpy as np

from voxcommons.voicefile.archive import write_manifest
from voxcommons.voicefile.features import Features, write_features
from voxcommons.voicefile.manifest import BaseFacts, Consent, VoiceManifest
from voxcommons.voices.card import voice_card


def small_features(seed=0):
    return Features(np.full(8, seed, np.float32), np.arange(50), np.arange(20))


def fill(folder, name, seed=0, **facts):
    """Write a voice into a folder; `facts` are fields of its manifest."""
    features = small_features(seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_features(folder / "prompt.safetensors", features)
    made = VoiceManifest(name, features.voice_id, "en", BaseFacts("tiny", "ab" * 32), 16000, {}, "2026-11-21T05:00:00+00:00")
    made = replace(made, **facts)
    (folder / "README.md").write_text(voice_card(made), encoding="utf-8")
    return write_manifest(folder, made)


def put(library, name, seed=0, **facts):
    """A voice in a library."""
    with library.writing(name) as folder:
        fill(folder, name, seed, **facts)
    return library.get(name)


__all__ = ["Consent", "fill", "put", "small_features"]
