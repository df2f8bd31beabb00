"""Five languages in one text are told apart, read by their own, and a missing library is one clear line."""

import os
import subprocess
import sys

import pytest

from voxcommons.base.errors import InputError, MissingExtraError
from voxcommons.text.lexicon import Lexicon
from voxcommons.text.reader import read
from voxcommons.text.segment import language_runs
from voxcommons.text.symbols import symbols


def runs(text: str, mode: str = "auto") -> list[tuple[str, str]]:
    return [(run.language, run.text) for run in language_runs(text, mode)]


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("私は学生です。I am a student. 我是学生。", ["ja", "en", "zh"]),
        ("안녕하세요, 我是小明。", ["ko", "zh"]),
        ("ありがとう、谢谢、Thank you、감사합니다。", ["ja", "zh", "en", "ko"]),
        ("Hello，你好，こんにちは。", ["en", "zh", "ja"]),
        ("早晨！我係香港人。佢哋喺邊度？", ["yue"]),
        ("我唔知道點用。", ["yue"]),
        ("東京、大阪、名古屋に行く。", ["ja"]),
        ("東京都知事選挙に出馬表明", ["ja"]),
        ("駅前の図書館", ["ja"]),
        ("今天去东京，明天去大阪。", ["zh"]),
        ("他说的是普通话。", ["zh"]),
        ("日本", ["zh"]),
        ("iPhone 15を買った。", ["en", "ja"]),
        ("关系很好，关系到大家。", ["zh"]),
        ("這個問題沒有關係。", ["zh"]),
    ],
)
def test_auto_tells_every_clause_apart(text: str, languages: list[str]):
    assert [language for language, _ in runs(text)] == languages


def test_each_mode_gives_han_kana_and_hangul_to_its_language():
    text = "今日OK你好カナ한글5"
    for mode in ("zh", "ja", "ko", "yue", "all_zh", "all_ja", "all_ko", "all_yue"):
        assert [language for language, _ in runs(text, mode)] == [mode.removeprefix("all_"), "en", mode.removeprefix("all_")]
    assert runs("你好", "auto_yue") == [("yue", "你好")]
    assert runs("iPhone 15", "all_ja") == [("en", "iPhone "), ("ja", "15")]
    assert runs("iPhone 15", "ja") == [("en", "iPhone 15")]
    assert runs("12", "ko") == [("ko", "12")]


def test_five_languages_are_read_in_one_text_with_positions():
    text = "Hello 5月！私は学生です。나는 학생입니다. 我是学生，我係學生嚟㗎。"
    utterance = read(text)
    assert [run.language for run in utterance.runs] == ["en", "ja", "ko", "zh", "yue"]
    assert utterance.warnings == ()
    said = {text[span.text_start : span.text_end] for span in utterance.spans}
    assert {"Hello", "学生", "학", "是"} <= said


@pytest.mark.parametrize(("language", "module"), [("ja", "pyopenjtalk"), ("ko", "mecab"), ("yue", "ToJyutping")])
def test_a_missing_library_is_one_line_that_says_what_to_install(language: str, module: str, monkeypatch: pytest.MonkeyPatch):
    text = {"ja": "おはよう。", "ko": "안녕.", "yue": "我哋喺度。"}[language]
    monkeypatch.setitem(sys.modules, module, None)
    if language == "ko":
        from voxcommons.text.g2p.ko import _tagger

        _tagger.cache_clear()
    for mode in (language, f"all_{language}"):
        with pytest.raises(MissingExtraError, match=rf'pip install "voxcommons\[{language}\]"'):
            read(text, mode)
    utterance = read("Hello! " + text)
    (warning,) = utterance.warnings
    assert warning.kind == "language"
    assert f"voxcommons[{language}]" in warning.message
    assert utterance.text[warning.start : warning.end] == text
    assert utterance.phones[:1] == ("HH",)
    assert ("is read as Mandarin" in warning.message) == (language == "yue")


def test_importing_and_reading_english_loads_no_library_of_another_language():
    script = (
        "import sys, voxcommons.text.reader as r, voxcommons.text.g2p.ja, voxcommons.text.g2p.ko, voxcommons.text.g2p.yue\n"
        "r.read('hello 5')\n"
        "assert not {'pyopenjtalk', 'mecab', 'ToJyutping', 'sudachipy', 'opencc', 'torch'} & set(sys.modules)\n"
    )
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def test_the_old_table_says_that_it_has_no_korean_and_no_cantonese():
    assert [warning.kind for warning in read("안녕", "ko", table="v1").warnings] == ["table"]
    assert [warning.kind for warning in read("你好", "yue", table="v1").warnings] == ["table"]
    assert read("こんにちは", "ja", table="v1").warnings == ()


def test_phones_of_every_language_are_in_the_table():
    for mode, text in (("ja", "ヴァイオリンとチェロ、ファミリー、ティー"), ("ko", "왜 예의 있게 웬 귀"), ("yue", "掉嘢，晏晝，呃人")):
        assert set(read(text, mode).phones) <= set(symbols("v2"))


def test_a_lexicon_holds_all_languages_and_names_what_it_cannot_use():
    lexicon = Lexicon.of(
        [("GIF", "JH IH1 F"), ("行长", "hang2 zhang3"), ("橋", "は'し"), ("평가", "평까"), ("行街", "hang4 gaai1"), ("街", "ja:まち")]
    )
    assert (set(lexicon.english), set(lexicon.mandarin), set(lexicon.japanese)) == ({"gif"}, {"行长"}, {"橋", "街"})
    assert (set(lexicon.korean), set(lexicon.cantonese)) == ({"평가"}, {"行街"})
    with pytest.raises(InputError, match="entry 1"):
        Lexicon.of([("行", "yue:hang4 gaai1")])
    merged = lexicon.merged(Lexicon.of([("橋", "はし=")]))
    assert merged.japanese["橋"] == ("ハシ=",)
