"""The tool that makes the bundled voices: features only, and nobody's voice who did not record it for synthesis."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corpus_of_two import TEXTS, Row, write_manifest
from tiny_base import make_tiny_base
from voxcommons.base.errors import InputError
from voxcommons.voicefile.check import check
from voxcommons.voices.library import Library

TOOL = Path(__file__).resolve().parents[2] / "tools" / "bundled_voices.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("bundled_voices", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bundled_voices"] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["bundled_voices"]


@pytest.fixture(scope="module")
def base():
    return make_tiny_base()


def corpus(folder: Path, readers: int) -> Path:
    """slt, some women who read, and a man who must not be counted among them."""
    rows = [Row("arctic", "arctic-slt", TEXTS[0], 200.0, 4.5)]
    rows += [Row("librispeech", f"libri-{i}", text, 190.0 + 3 * i, 3.0) for i in range(readers) for text in TEXTS[:2]]
    rows += [Row("librispeech", "libri-low", text, 100.0, 3.0, gender="") for text in TEXTS[:2]]
    write_manifest(folder, rows)
    return folder


def recipe(tool, name):
    return next(r for r in tool.RECIPES if r.name == name)


def test_mean_voice_is_a_whole_voice_without_a_recording(tool, base, tmp_path):
    done = tool.make_all(base, corpus(tmp_path / "data", 10), tmp_path / "home" / "voices", False, [recipe(tool, "en-woman")])
    assert done["en-woman"][0] == 10
    folder = tmp_path / "home" / "voices" / "en-woman"
    assert check(folder) == []
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "prompt.safetensors", "voice.json"]
    voice = Library(tmp_path / "home").get("en-woman")
    assert not voice.has_recording
    assert "mean timbre of 10 readers" in voice.manifest.consent.note
    assert len(voice.features.prompt_codes) > 0 and len(voice.features.prompt_phones) > 0


def test_mean_of_few_readers_is_refused(tool, base, tmp_path):
    with pytest.raises(InputError, match="at least 10"):
        tool.make_all(base, corpus(tmp_path / "data", 9), tmp_path / "out", False, [recipe(tool, "en-woman")])
    assert not (tmp_path / "out" / "en-woman").exists()


def test_every_reader_weighs_the_same(tool, base, tmp_path):
    reader_styles = []
    data = tool.Corpus(corpus(tmp_path / "data", 10))
    with tool.ClipReader() as reader:
        for person in data.readers("librispeech"):
            if person.name != "libri-low":
                sounds, rate = tool.sounds_of(reader, person.clips)
                reader_styles.append(tool.style_of(base, sounds, rate))
        mean, readers = tool.mean_style(base, data, reader, recipe(tool, "en-woman"))
    assert readers == 10
    np.testing.assert_array_equal(mean, tool.mixed_style(base, reader_styles))
    known = base.facts.semantic_to_wave.style + 1
    assert mean[:known] == pytest.approx(np.mean(reader_styles, axis=0)[:known], abs=1e-6)


def test_prompts_come_from_people_recorded_for_synthesis_only(tool):
    assert {r.prompt for r in tool.RECIPES} <= tool.RECORDED_FOR_SYNTHESIS
    assert {r.speaker for r in tool.RECIPES if r.speaker} <= tool.RECORDED_FOR_SYNTHESIS
    assert not any(name.startswith(("libri", "vctk", "cv-")) for name in tool.RECORDED_FOR_SYNTHESIS)


def test_reader_as_a_prompt_is_a_fault_of_the_program(tool, base, tmp_path):
    wrong = replace(recipe(tool, "en-woman"), prompt="libri-0")
    with pytest.raises(AssertionError):
        tool.make_all(base, corpus(tmp_path / "data", 10), tmp_path / "out", False, [wrong])


def test_both_sexes_in_both_languages_are_there(tool):
    means = {(r.language, r.gender) for r in tool.RECIPES if not r.speaker}
    assert means == {("en", "F"), ("en", "M"), ("zh", "F"), ("zh", "M")}
