"""Korean is read as it sounds, numbers are native or Sino-Korean as their counters want, and nothing is lost in silence."""

from pathlib import Path

import pytest

from voxcommons.text.g2p.ko import SPACE, to_phones
from voxcommons.text.g2p.ko_jamo import is_syllable, syllable
from voxcommons.text.lexicon import Lexicon
from voxcommons.text.normalise.ko_numbers import cardinal, native
from voxcommons.text.reader import read

DATA = Path(__file__).parents[2] / "src" / "voxcommons" / "text" / "data"
HARD = [
    line.split("\t")
    for line in (Path(__file__).parent / "hard_ko.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def said(hangul: str) -> list[str]:
    """Phones of a text spelled as it sounds."""
    phones: list[str] = []
    for char in hangul:
        phones += syllable(char).phones if is_syllable(char) else (SPACE if char == " " else char,)
    return phones


def test_there_are_at_least_sixty_hard_cases():
    assert len(HARD) >= 60


@pytest.mark.parametrize(("text", "spoken", "reading"), HARD, ids=[row[0][:12] for row in HARD])
def test_hard_cases(text: str, spoken: str, reading: str):
    run = to_phones(text)
    assert run.normalized == spoken
    assert list(run.phones) == said(reading)
    assert run.warnings == ()


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("옷 한 벌", "오 탄 벌"),
        ("넓히다", "널피다"),
        ("밝히다", "발키다"),
        ("앉히다", "안치다"),
        ("굳히다", "구치다"),
        ("벼훑이", "벼훌치"),
        ("붙여", "부처"),
        ("놓소", "노쏘"),
        ("않는", "안는"),
        ("뚫네", "뚤레"),
        ("강릉", "강능"),
        ("대관령", "대괄령"),
        ("희망", "히망"),
        ("넋이", "넉씨"),
        ("여덟도", "여덜도"),
        ("핥다", "할따"),
        ("닭을", "달글"),
        ("흙과", "흑꽈"),
        ("맑게", "말께"),
        ("할게", "할께"),
        ("먹을수록", "머글쑤록"),
        ("십육", "심뉵"),
        ("서울역", "서울력"),
    ],
)
def test_the_standard_pronunciation(text: str, reading: str):
    assert list(to_phones(text).phones) == said(reading)


def test_numbers():
    assert list(map(native, ("1", "3", "10", "20", "21", "99", "100"))) == ["한", "세", "열", "스무", "스물한", "아흔아홉", "백"]
    assert list(map(cardinal, ("0", "10", "10000", "110000", "100000000", "105"))) == ["영", "십", "만", "십일만", "일억", "백오"]


def test_every_phone_belongs_to_one_span_in_order():
    run = to_phones("2024년 3월, ₩12,000은 비싸요?")
    assert [at for span in run.spans for at in range(span.phone_start, span.phone_end)] == list(range(len(run.phones)))


def test_what_cannot_be_read_is_named_with_its_place():
    text = "안녕😀 大韓 ABC ㄱㅏ"
    found = [(warning.kind, text[warning.start : warning.end]) for warning in to_phones(text).warnings]
    assert found == [("emoji", "😀"), ("unreadable", "大韓"), ("unreadable", "ABC"), ("unreadable", "ㄱㅏ")]


def test_letters_typed_apart_are_put_together():
    assert to_phones("\u1112\u1161\u11ab\u1100\u1173\u11af").phones == to_phones("한글").phones


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("평가{평가}", "ㅍ ㅣ ㅓ ㅇ ㄱ ㅏ"),
        ("밟다{발따}", "ㅂ ㅏ ㄹ ㄸ ㅏ"),
        ("LG{엘지}는", "ㅇ ㅔ ㄹ ㅈ ㅣ ㄴ ㅡ ㄴ"),
        ("한글{ko:ㅎ ㅏ}", "ㅎ ㅏ"),
        ("|김 밥{김밥}", "ㄱ ㅣ ㅁ ㅂ ㅏ ㅂ"),
    ],
)
def test_a_reading_behind_a_word_decides(text: str, phones: str):
    assert " ".join(read(text, "ko").phones) == phones


def test_a_lexicon_decides():
    assert read("평가는", "ko", lexicon=Lexicon.of([("평가", "평가")])).phones[:6] == ("ㅍ", "ㅣ", "ㅓ", "ㅇ", "ㄱ", "ㅏ")


def test_every_listed_word_has_a_respelling_of_its_length():
    for line in (DATA / "ko_words.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            word, respelled, why = line.split("\t")
            assert len(word) == len(respelled), line
            assert why.rstrip("+") in ("tense", "ㄴ", "ㄹ", "join"), line
