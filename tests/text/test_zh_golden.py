"""``compat=True`` writes Mandarin line by line as the public program does."""

import json
from pathlib import Path

import pytest

from voxcommons.text.g2p.zh import Reader, to_phones
from voxcommons.text.normalise import zh_public
from voxcommons.text.phonemes import RunPhones
from voxcommons.text.reader import read
from voxcommons.text.symbols import phone_ids
from voxcommons.text.traced import TracedText

GOLDEN = Path(__file__).parents[1] / "golden" / "data" / "text"


def rows(name: str) -> list[dict]:
    lines = (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def same(run: RunPhones, row: dict, table: str) -> bool:
    ids = list(phone_ids(run.phones, table)) == row["ids"]
    return ids and run.normalized == row["norm_text"] and list(run.word2ph or ()) == row["word2ph"] and list(run.phones) == row["phones"]


def differing(name: str, table: str, **reader: object) -> list[str]:
    return [
        row["text"] for row in rows(name) if not same(to_phones(row["text"], compat=True, reader=Reader(compat=True, **reader)), row, table)
    ]


def test_every_line_of_the_v2_front_end_agrees():
    assert len(rows("zh_v2_nog2pw")) == 70
    assert differing("zh_v2_nog2pw", "v2") == []


def test_every_line_of_the_v1_front_end_agrees_without_erhua():
    assert differing("zh_v1", "v1", erhua=False) == []


def test_reading_for_the_old_table_is_the_v1_front_end():
    old, new = ({row["text"]: row["phones"] for row in rows(name)} for name in ("zh_v1", "zh_v2_nog2pw"))
    differing = [text for text in old if old[text] != new[text]]
    assert len(differing) == 2
    for text in differing:
        assert list(read(text, "all_zh", table="v1", compat=True).phones) == old[text]
        assert list(read(text, "all_zh", table="v2", compat=True).phones) == new[text]


def test_every_line_with_given_pinyin_agrees():
    wrong = []
    for row in rows("zh_v2_g2pwpath_mocked"):
        given = dict(row["mock_g2pw_segments"])
        reader = Reader(compat=True, pinyin_source=lambda clause, _, given=given: given[clause])
        if not same(to_phones(row["text"], compat=True, reader=reader), row, "v2"):
            wrong.append(row["text"])
    assert wrong == []


@pytest.mark.parametrize("row", rows("zh_textnorm_raw"), ids=lambda row: row["text"][:12])
def test_spoken_text_before_punctuation_is_unified_agrees(row: dict):
    assert [sentence.text for sentence in zh_public.sentences(TracedText.of(row["text"]))] == row["sentences"]


def test_yen_sign_and_caret_are_long_pauses_in_the_public_program():
    assert "SP2" in to_phones("你好￥再见", compat=True).phones
    assert "SP3" in to_phones("你好^再见", compat=True).phones
    assert "SP2" not in to_phones("你好￥5", compat=False).phones
