"""Mandarin is read as a careful reader reads it, and every phone knows where it came from."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from voxcommons.base.errors import InputError
from voxcommons.text.g2p.zh import Reader, phones_from_pinyin, to_phones
from voxcommons.text.g2p.zh_pinyin import is_syllable
from voxcommons.text.g2p.zh_sandhi_public import word_lists
from voxcommons.text.lexicon import Lexicon, Override
from voxcommons.text.normalise.zh import normalise
from voxcommons.text.symbols import symbols

HERE = Path(__file__).parent
HARD = [line.split("\t") for line in (HERE / "hard_zh.tsv").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def phones_of(pinyin: str) -> list[str]:
    return [phone for syllable in pinyin.split() for phone in (phones_from_pinyin(syllable) if is_syllable(syllable) else (syllable,))]


@pytest.mark.parametrize(("text", "spoken", "pinyin"), HARD, ids=[row[0][:12] for row in HARD])
def test_hard_cases(text: str, spoken: str, pinyin: str):
    run = to_phones(text)
    assert run.normalized == spoken
    assert list(run.phones) == phones_of(pinyin)


def test_every_phone_belongs_to_one_span_in_order():
    text = "他用了2024年的￥1,234.5，还有１台ABC电脑。"
    run = to_phones(text)
    covered = [phone for span in run.spans for phone in range(span.phone_start, span.phone_end)]
    assert covered == list(range(len(run.phones)))
    assert run.word2ph is not None
    assert sum(run.word2ph) == len(run.phones)
    assert len(run.word2ph) == len(run.normalized)


def test_spans_point_at_the_digits_they_were_read_from():
    text = "跑了120km。"
    run = to_phones(text)
    read_from = {run.normalized[s.norm_start]: text[s.text_start : s.text_end] for s in run.spans}
    assert read_from["跑"] == "跑"
    assert "120" in read_from["百"]
    assert read_from["."] == "。"


def test_what_cannot_be_read_is_named_with_its_place():
    text = "你好ABC，😀👍🏽再见まいご\U0002b81d"
    found = [(w.kind, text[w.start : w.end]) for w in to_phones(text).warnings]
    assert found == [("unreadable", "ABC"), ("emoji", "😀👍🏽"), ("unreadable", "まいご"), ("unreadable", "\U0002b81d")]


def test_signs_that_are_only_seen_give_no_warning():
    assert to_phones("《书》“你好”，（真的）。\n").warnings == ()


def test_nothing_to_read_is_no_error():
    for text in ("", " ", "😀", "ABC", "\x00"):
        assert to_phones(text).phones == ()
    assert set(to_phones("……？！").phones) <= {"…", "?", "!"}


def test_override_is_spoken_exactly_and_its_neighbours_follow():
    free = to_phones("长大了")
    fixed = to_phones("长大了", overrides=[Override(0, 1, ("chang2",), "zh")])
    assert free.phones[:2] == ("zh", "ang3")
    assert fixed.phones[:2] == ("ch", "ang2")
    assert to_phones("你好", overrides=[Override(0, 1, ("ni3",), "zh")]).phones[:2] == ("n", "i3")


def test_override_keeps_its_place_behind_written_out_numbers():
    text = "2024年，长"
    run = to_phones(text, overrides=[Override(6, 7, ("zhang3",), "zh")])
    assert run.phones[-2:] == ("zh", "ang3")


def test_lexicon_wins_over_the_dictionary_and_tones_still_change():
    lexicon = Lexicon.of([("朝阳", "chao2 yang2"), ("小可", "xiao3 ke3")])
    assert to_phones("看朝阳", lexicon=lexicon).phones[2:] == ("ch", "ao2", "y", "ang2")
    assert to_phones("小可", lexicon=lexicon).phones == ("x", "iao2", "k", "e3")


def test_lexicon_word_is_found_across_dictionary_words():
    lexicon = Lexicon.of([("市长江", "shi4 jiang1 da4".replace("da4", "shan1"))])
    run = to_phones("南京市长江大桥", lexicon=lexicon)
    assert run.phones[4:10] == ("sh", "ir4", "j", "iang1", "sh", "an1")


def test_readings_from_elsewhere_are_used():
    reader = Reader(pinyin_source=lambda clause, _: ["fei1"] * len(clause))
    assert to_phones("猫", reader=reader).phones == ("f", "ei1")


def test_pinyin_becomes_two_phones_of_the_table():
    assert phones_from_pinyin("zhang3") == ("zh", "ang3")
    assert phones_from_pinyin("lü4") == phones_from_pinyin("lv4")
    assert phones_from_pinyin("er2") == ("EE", "er2")
    for wrong in ("zhang", "zhang6", "hello1", ""):
        with pytest.raises(InputError, match="expected one Mandarin syllable"):
            phones_from_pinyin(wrong)


def test_every_pinyin_syllable_is_in_the_symbol_table():
    table = set(symbols("v1"))
    source = HERE.parents[1] / "src" / "voxcommons" / "text" / "data" / "pinyin_to_phones.json"
    for syllable, (onset, rime) in json.loads(source.read_text(encoding="utf-8")).items():
        assert onset in table, syllable
        assert any(rime + tone in table for tone in "12345"), syllable


def test_own_readings_have_one_syllable_per_character():
    source = HERE.parents[1] / "src" / "voxcommons" / "text" / "data" / "mandarin_readings.tsv"
    for line in source.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            word, reading = line.split("\t")
            assert len(word) == len(reading.split()), line
            assert all(map(is_syllable, reading.split())), line


def test_words_that_only_the_public_program_neutralises_are_among_its_words():
    lists = word_lists()
    assert lists.neutral_only_in_compat <= lists.neutral
    assert not lists.neutral_added & lists.neutral_only_in_compat


def test_traditional_characters_are_read_as_simplified_ones():
    assert to_phones("漢語很難學").phones == to_phones("汉语很难学").phones


def test_no_digit_survives_and_positions_never_run_backwards():
    for text in ("第3-5章2:5", "a1b2c3", "0.5.6..7", "1/0", "--5", "1e5", "99999999999999999999", "3:75:99", "2024-13-45", "100%%"):
        traced = normalise(text)
        assert not any(c.isdigit() for c in traced.text), (text, traced.text)
        assert list(traced.starts) == sorted(traced.starts)


def test_compat_differs_where_the_public_program_errs():
    assert to_phones("好好学习", compat=True).phones[:4] == ("h", "ao3", "h", "ao5")
    assert to_phones("好好学习").phones[:4] == ("h", "ao2", "h", "ao3")


def test_reading_mandarin_needs_little_memory_and_no_other_package(tmp_path: Path):
    script = (
        "import sys, tempfile\n"
        "from voxcommons.text.g2p.zh import to_phones\n"
        "assert 'numpy' in sys.modules and 'opencc' not in sys.modules\n"
        "to_phones('今天2024年，曌龘。')\n"
        "assert not {'jieba', 'pypinyin', 'torch'} & set(sys.modules)\n"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"  # unlike ru_maxrss not inherited from the test process
    )
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, env=environment, check=True)
    peak_kib = int(done.stdout)
    assert peak_kib < 110 * 1024
    assert list(tmp_path.iterdir()) == []
    assert done.stderr == ""
