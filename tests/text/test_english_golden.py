"""``compat=True`` writes English line by line as the public program does; every difference is listed and judged."""

import json
from pathlib import Path

from voxcommons.text.g2p.en import to_phones
from voxcommons.text.g2p.en_homographs import reading
from voxcommons.text.symbols import phone_ids

GOLDEN = Path(__file__).parents[1] / "golden" / "data" / "text" / "en.jsonl"
DIFFERENCES = Path(__file__).parent / "golden_differences_en.json"


def rows() -> list[dict]:
    return [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


def differing() -> list[dict]:
    found = []
    for row in rows():
        run = to_phones(row["text"], compat=True)
        if list(phone_ids(run.phones, row["version"])) != row["ids"]:
            found.append({"text": row["text"], "table": row["version"]})
    return found


def has_homograph(text: str) -> bool:
    """A word whose reading the public program chooses by a tagger that was not there when the lines were made."""
    words = text.lower().replace(".", " .").replace(";", " ;").split()
    return any(word.strip(",!?") in HOMOGRAPHS and reading(words, at) for at, word in enumerate(words))


HOMOGRAPHS = frozenset("read present record complete close used use".split())


def test_normalised_text_agrees_on_every_line():
    stored = [row for row in rows() if "norm_text" in row]
    assert len(stored) == 70
    assert [row["text"] for row in stored if to_phones(row["text"], compat=True).normalized != row["norm_text"]] == []


def test_the_listed_differences_are_exactly_those_there_are():
    judged = json.loads(DIFFERENCES.read_text(encoding="utf-8"))
    assert all(entry["judgement"] for entry in judged)
    assert [{"text": entry["text"], "table": entry["table"]} for entry in judged] == differing()


def test_at_least_95_of_100_sentences_without_homographs_agree():
    """Half of the sentences are stored twice, for both tables; a sentence agrees when all its lines do."""
    sentences = {row["text"] for row in rows() if not has_homograph(row["text"])}
    wrong = {entry["text"] for entry in differing() if not has_homograph(entry["text"])}
    assert len(sentences) == 100
    assert len(wrong) <= 5, sorted(wrong)


def test_what_the_public_program_deletes_is_named():
    text = "It is €30 on 2024-03-15 😀."
    assert [text[w.start : w.end] for w in to_phones(text, compat=True).warnings] == ["€", "😀"]
