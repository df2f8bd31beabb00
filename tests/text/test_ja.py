"""Japanese is read with its accents, numbers sound as their counters want them, and nothing is lost in silence."""

from pathlib import Path

import pytest

from voxcommons.text.g2p.ja import BORDER, to_phones
from voxcommons.text.g2p.ja_kana import as_spoken, moras
from voxcommons.text.lexicon import Lexicon
from voxcommons.text.reader import read
from voxcommons.text.symbols import PUNCTUATION

HARD = [
    line.split("\t")
    for line in (Path(__file__).parent / "hard_ja.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def said(katakana: str) -> list[str]:
    """Phones of a reading in katakana with marks."""
    phones: list[str] = []
    word = ""
    for char in katakana + ".":
        if char in PUNCTUATION:
            phones += [phone for mora in moras(word) for phone in mora] + [char]
            word = ""
        else:
            word += char
    return phones[:-1]


def without_accents(phones: tuple[str, ...]) -> list[str]:
    return [phone for phone in phones if phone not in ("[", "]", BORDER)]


def test_there_are_at_least_sixty_hard_cases():
    assert len(HARD) >= 60


@pytest.mark.parametrize(("text", "spoken", "reading"), HARD, ids=[row[0][:12] for row in HARD])
def test_hard_cases(text: str, spoken: str, reading: str):
    run = to_phones(text)
    assert run.normalized == spoken
    assert without_accents(run.phones) == said(reading)
    assert run.warnings == ()


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("箸を", "h a ] sh i o"),
        ("橋を", "h a [ sh i ] o"),
        ("端を", "h a [ sh i o"),
        ("雨が", "a ] m e g a"),
        ("飴が", "a [ m e g a"),
        ("東京に行く", f"t o [ o ky o o n i {BORDER} i [ k u"),
        ("三本", "s a ] N b o N"),
    ],
)
def test_accents_tell_words_apart(text: str, phones: str):
    assert " ".join(to_phones(text).phones) == phones


def test_every_phone_belongs_to_one_span_in_order():
    text = "今日は2024年3月5日、「３本」で￥1,234です。"
    run = to_phones(text)
    assert [at for span in run.spans for at in range(span.phone_start, span.phone_end)] == list(range(len(run.phones)))
    heard = {text[span.text_start : span.text_end]: run.phones[span.phone_start : span.phone_end] for span in run.spans}
    assert heard["今日"][0] == "ky"


def test_what_cannot_be_read_is_named_with_its_place():
    text = "今日😀は한국だ𠀋。"
    found = [(warning.kind, text[warning.start : warning.end]) for warning in to_phones(text).warnings]
    assert found == [("emoji", "😀"), ("unreadable", "한국"), ("unreadable", "𠀋")]


@pytest.mark.parametrize("text", ["", " ", "。", "😀", "ー", "っ", "々", "・・・", "「」"])
def test_a_run_without_words_is_no_error_and_no_sound(text: str):
    for compat in (False, True):
        assert set(to_phones(text, compat=compat).phones) <= {".", "…", "cl", "UNK"}


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("橋{は'し}を", "h a ] sh i o"),
        ("橋{はし=}を", "h a [ sh i o"),
        ("昨日{さくじつ}は", "s a [ k u j i ts u w a"),
        ("行{い}った", "i [ cl t a"),
        ("｜食べ物{くいもの}を", "k u [ i m o ] n o o"),
        ("｜食べ物{くいもの=}を", "k u [ i m o n o o"),
        ("iPhone{ア'イホン}が", "a ] i h o N g a"),
        ("東京{ja:k o [ N}", "k o [ N"),
        ("生{なま}", "n a ] m a"),
    ],
)
def test_a_reading_behind_a_word_decides(text: str, phones: str):
    utterance = read(text, "ja")
    assert " ".join(utterance.phones) == phones
    assert utterance.warnings == ()


def test_a_lexicon_decides_everywhere_but_not_inside_overrides():
    lexicon = Lexicon.of([("初音", "はつ'ね"), ("三七", "みな")])
    assert " ".join(read("初音の歌", "ja", lexicon=lexicon).phones).startswith("h a [ ts u ] n e n o")
    assert read("初音{しょおん}", "ja", lexicon=lexicon).phones[:1] == ("sh",)


def test_hiragana_is_spelled_as_usual_and_katakana_as_it_sounds():
    assert as_spoken("とうきょう") == "トーキョー"
    assert as_spoken("せんせい") == "センセー"
    assert as_spoken("オモウ") == "オモー"
    assert moras("キョー") == [("ky", "o"), ("o",)]
    assert moras("ッテ") == [("cl",), ("t", "e")]
