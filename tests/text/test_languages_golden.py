"""``compat=True`` writes Japanese, Korean and Cantonese line by line as the public program does; mixed lines but for the judged ones."""

import json
from pathlib import Path

import pytest

from voxcommons.text.g2p import to_phones
from voxcommons.text.reader import read
from voxcommons.text.symbols import phone_ids

GOLDEN = Path(__file__).parents[1] / "golden" / "data" / "text"
DIFFERENCES = Path(__file__).parent / "golden_differences_mixed.json"


def rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.mark.parametrize("language", ["ja", "ko", "yue"])
def test_every_stored_line_agrees(language: str):
    differing = []
    for row in rows(language):
        run = to_phones(language)(row["text"], compat=True)
        word2ph = None if run.word2ph is None else list(run.word2ph)
        ours = (run.normalized, list(run.phones), list(phone_ids(run.phones, "v2")), word2ph)
        if ours != (row["norm_text"], row["phones"], row["ids"], row["word2ph"]):
            differing.append(row["text"])
    assert len(rows(language)) == 70
    assert differing == []


def test_mixed_lines_agree_but_for_the_judged_ones():
    differing = []
    for row in rows("mixed_frontend_v2_nog2pw"):
        utterance = read(row["text"], row["lang"], compat=True)
        if (list(utterance.ids), utterance.normalized) != (row["ids"], row["norm_text"]):
            differing.append({"text": row["text"], "mode": row["lang"]})
    judged = json.loads(DIFFERENCES.read_text(encoding="utf-8"))
    assert all(entry["judgement"] for entry in judged)
    assert [{"text": entry["text"], "mode": entry["mode"]} for entry in judged] == differing
    assert len(differing) == 27


def test_japanese_without_compat_differs_only_at_brackets_and_latin_letters():
    differing = [row["text"] for row in rows("ja") if list(to_phones("ja")(row["text"]).phones) != row["phones"]]
    assert len(differing) == 6
    assert all("「" in text or "Hello" in text for text in differing)
