"""``vox phonemes`` prints readings for people and programs, and one bad line spoils no other."""

import io
import json
import sys

import pytest

from voxcommons.cli.main import main


def run(arguments: list[str], stdin: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
    code = main(["phonemes", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_json_holds_text_phones_ids_spans_and_warnings(monkeypatch, capsys):
    code, out, _ = run(["Hi 😀", "--lang", "en", "--json"], b"", monkeypatch, capsys)
    answer = json.loads(out)
    assert code == 0
    assert answer["normalized"] == "Hi"
    assert answer["phones"] == ["HH", "AY1"]
    assert answer["spans"][0]["text"] == [0, 2]
    assert answer["warnings"][0]["start"] == 3


def test_text_may_come_from_standard_input(monkeypatch, capsys):
    code, out, _ = run([], "Hello 你好".encode(), monkeypatch, capsys)
    assert code == 0
    assert "HH AH0 L OW1" in out
    assert "n i2 h ao3" in out


def test_a_bad_line_becomes_an_error_object_and_the_others_are_read(monkeypatch, capsys):
    lines = b'hello\n{"text": 3}\n{"text": "x", "lang": "xx"}\n{bad\n\xff\n{"text": "hi", "lang": "en", "table": "v1"}\n'
    code, out, _ = run(["--jsonl"], lines, monkeypatch, capsys)
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert [answer["line"] for answer in answers] == [1, 2, 3, 4, 5, 6]
    assert ["error" in answer for answer in answers] == [False, True, True, True, True, False]


def test_good_lines_alone_exit_with_zero(monkeypatch, capsys):
    code, out, _ = run(["--jsonl", "--compat"], b"hello there\nOK\n", monkeypatch, capsys)
    assert code == 0
    assert len(out.splitlines()) == 2


def test_a_lexicon_file_is_used(monkeypatch, capsys, tmp_path):
    file = tmp_path / "words.tsv"
    file.write_text("# mine\nGIF\tJH IH1 F\n\n", encoding="utf-8")
    code, out, _ = run(["GIF", "--lexicon", str(file), "--json"], b"", monkeypatch, capsys)
    assert code == 0
    assert json.loads(out)["phones"] == ["JH", "IH1", "F"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (["x", "--lang", "xx"], b"", "auto, auto_yue, en, zh, ja, yue, ko"),
        (["x", "--lexicon", "missing.tsv"], b"", "lexicon"),
        (["x", "--jsonl"], b"", "--jsonl"),
        ([], b"\xff", "UTF-8"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_two(arguments, stdin, says, monkeypatch, capsys):
    code, _, err = run(arguments, stdin, monkeypatch, capsys)
    assert code == 2
    assert says in err
    assert len(err.strip().splitlines()) == 1
