"""Languages of a mixed text are told apart, and figures go with the right neighbour."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxcommons.base.errors import InputError
from voxcommons.text.segment import MODES, language_runs

GOLDEN = Path(__file__).parents[1] / "golden" / "data" / "text" / "lang_segments.jsonl"
DIFFERENCES = Path(__file__).parent / "golden_differences_segments.json"


def runs(text: str, mode: str = "auto", *, compat: bool = False) -> list[tuple[str, str]]:
    return [(run.language, run.text) for run in language_runs(text, mode, compat=compat)]


def test_the_stored_segmentations_agree_but_for_the_judged_ones():
    differing = []
    for row in map(json.loads, GOLDEN.read_text(encoding="utf-8").splitlines()):
        for key, mode in (("segments_default_none", "auto"), ("segments_default_zh", "all_zh")):
            if runs(row["text"], mode, compat=True) != [tuple(segment) for segment in row[key]]:
                differing.append({"text": row["text"], "mode": mode})
    judged = json.loads(DIFFERENCES.read_text(encoding="utf-8"))
    assert all(entry["judgement"] for entry in judged)
    assert [{"text": entry["text"], "mode": entry["mode"]} for entry in judged] == differing


def test_latin_words_inside_mandarin_are_english():
    assert runs("这个APP的UI设计得很好。") == [("zh", "这个"), ("en", "APP"), ("zh", "的"), ("en", "UI"), ("zh", "设计得很好。")]


def test_a_unit_behind_a_figure_stays_in_mandarin():
    assert runs("时速5km/h左右") == [("zh", "时速5km/h左右")]
    assert runs("时速5km/h左右", compat=True)[1] == ("en", "5km/h")


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("12345", ["zh"]),
        ("5 apples", ["en"]),
        ("iPhone 15", ["en"]),
        ("第3名", ["zh"]),
        ("...", ["en"]),
        ("。。。", ["zh"]),
        ("안녕 123", ["ko"]),
    ],
)
def test_figures_and_signs_take_a_language(text: str, languages: list[str]):
    assert [language for language, _ in runs(text)] == languages


def test_kana_in_auto_is_japanese_and_in_zh_is_left_to_mandarin():
    assert runs("私は学生です。I am.") == [("ja", "私は学生です。"), ("en", "I am.")]
    assert runs("私は学生です。", "zh") == [("zh", "私は学生です。")]


def test_an_unknown_mode_is_refused_with_the_list():
    with pytest.raises(InputError, match="auto, auto_yue, en, zh, ja, yue, ko"):
        language_runs("x", "xx")


@given(st.text(max_size=80), st.sampled_from(MODES), st.booleans())
def test_runs_are_exactly_the_text(text: str, mode: str, compat: bool):
    found = language_runs(text, mode, compat=compat)
    assert "".join(run.text for run in found) == text
    assert all(first.language != second.language for first, second in zip(found, found[1:], strict=False))
    assert all(text[run.start : run.end] == run.text for run in found)
