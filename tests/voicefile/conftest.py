"""A small valid voice for the tests of this room."""

from pathlib import Path

import numpy as np
import pytest

from voxcommons.voicefile.archive import write_manifest
from voxcommons.voicefile.features import Features, write_features
from voxcommons.voicefile.manifest import BaseFacts, Consent, PromptFacts, RecordingFacts, VoiceManifest


@pytest.fixture
def features():
    return Features(np.linspace(-1, 1, 16, dtype=np.float32), np.arange(150) % 7, np.arange(40) + 3)


@pytest.fixture
def manifest(features):
    return VoiceManifest(
        name="小明",
        id=features.voice_id,
        language="zh",
        base=BaseFacts("tiny", "ab" * 32),
        sample_rate=16000,
        files={},
        created="2026-11-21T05:00:00+00:00",
        licence="CC0-1.0",
        speaker={"gender": "F"},
        consent=Consent("she agreed", "2026-11-20T10:00:00+08:00"),
        prompt=PromptFacts(1.0, 7.0, "今天天气很好", "text"),
        recording=RecordingFacts(61.0, 50.0, 34.5, 8000.0, "good"),
    )


@pytest.fixture
def voice(tmp_path, features, manifest) -> Path:
    folder = tmp_path / "小明"
    folder.mkdir()
    write_features(folder / "prompt.safetensors", features)
    (folder / "reference.flac").write_bytes(b"fLaC" + bytes(1000))
    (folder / "reference.txt").write_text("今天天气很好", "utf-8")
    (folder / "README.md").write_text("# 小明\n", "utf-8")
    write_manifest(folder, manifest)
    return folder
