"""A .list file made by people is read line by line: what is wrong is said with its number, the rest is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxcommons.base.errors import InputError
from voxcommons.prepare.public_list import read_list, write_list


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sounds a.wav, b.wav and deep/c.wav, and a file outside."""
    sounds = tmp_path / "data"
    (sounds / "deep").mkdir(parents=True)
    for name in ("a.wav", "b.wav", "deep/c.wav"):
        (sounds / name).write_bytes(b"sound")
    (tmp_path / "outside.wav").write_bytes(b"secret")
    return sounds


def read(folder: Path, content: str | bytes) -> tuple[list[tuple[str, str, str]], list[str]]:
    file = folder / "mine.list"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    clips, faults = read_list(file)
    assert all(clip.sound.is_relative_to(folder.resolve()) for clip in clips)
    return [(clip.sound.name, clip.language, clip.text) for clip in clips], [str(fault) for fault in faults]


def test_a_clean_list_is_read_without_a_word(folder):
    clips, faults = read(folder, "a.wav|me|ZH|你好。\nb.wav|me|En|Hello.\ndeep/c.wav|you|JP|はい。\n")
    assert clips == [("a.wav", "zh", "你好。"), ("b.wav", "en", "Hello."), ("c.wav", "ja", "はい。")]
    assert faults == []


def test_a_mark_and_windows_line_ends_are_said_once_and_mended(folder):
    clips, faults = read(folder, b"\xef\xbb\xbfa.wav|me|EN|One.\r\nb.wav|me|EN|Two.\r\n")
    assert [name for name, _, _ in clips] == ["a.wav", "b.wav"]
    assert len(faults) == 2
    assert all(fault.startswith("mine.list:1: ") and fault.endswith("; kept") for fault in faults)


def test_utf16_is_read_and_said(folder):
    clips, faults = read(folder, "a.wav|me|ZH|你好。\n".encode("utf-16"))
    assert clips == [("a.wav", "zh", "你好。")]
    assert "UTF-16" in faults[0]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("b.wav|me|EN", "3 of 4 fields"),
        ("just a text", "1 of 4 fields"),
        ("b.wav|me|FR|Bonjour.", "'FR'"),
        ("b.wav|me|EN|  ", "no text"),
        ("|me|EN|Hello.", "no path"),
        ("", "an empty line"),
        ("gone.wav|me|EN|Hello.", "no sound file"),
        ("/home/other/gone.wav|me|EN|Hello.", "no sound file"),
        ("deep|me|EN|A folder.", "no sound file"),
        ("../outside.wav|me|EN|Hello.", "out of the folder"),
        ("deep\\..\\..\\outside.wav|me|EN|Hello.", "out of the folder"),
        ("b\0.wav|me|EN|Hello.", "not text"),
        ("x" * 300 + ".wav|me|EN|Hello.", "no possible path"),
        ("a.wav|me|EN|One.", "a repetition of line 1"),
        ("a.wav|me|EN|Another.", "another text for the sound of line 1"),
    ],
)
def test_a_line_that_cannot_be_used_is_left_out_and_named(folder, line, word):
    clips, faults = read(folder, f"a.wav|me|EN|One.\n{line}\ndeep/c.wav|me|EN|Three.\n")
    assert [name for name, _, _ in clips] == ["a.wav", "c.wav"]
    (fault,) = faults
    assert fault.startswith("mine.list:2: ")
    assert fault.endswith("; left out")
    assert word in fault
    assert "\n" not in fault


@pytest.mark.parametrize(
    ("line", "name", "word"),
    [
        (r"D:\rec\day one\a.wav|me|EN|Hi.", "a.wav", "not here"),
        (r"C:a.wav|me|EN|Hi.", "a.wav", "not here"),
        ("/root/output/data/deep/c.wav|me|EN|Hi.", "c.wav", "deep/c.wav"),
        (r"deep\c.wav|me|EN|Hi.", "c.wav", "backslashes"),
        ("output/slicer/a.wav|me|EN|Hi.", "a.wav", "not here"),
        ("a.wav|me|eN|Hi.", "a.wav", "language 'eN'"),
        ("a.wav|me|EN|Hi | there.", "a.wav", '"|"'),
    ],
)
def test_a_line_that_can_be_mended_is_used_and_named(folder, line, name, word):
    clips, faults = read(folder, line)
    assert [clip[0] for clip in clips] == [name]
    (fault,) = faults
    assert word in fault
    assert fault.endswith("; kept")


def test_bytes_that_are_no_text_lose_their_line_alone(folder):
    clips, faults = read(folder, b"a.wav|me|EN|One.\nb.wav|me|ZH|" + "你好".encode("gb18030") + b"\ndeep/c.wav|me|EN|Three.")
    assert [name for name, _, _ in clips] == ["a.wav", "c.wav"]
    assert faults == ["mine.list:2: not UTF-8: save the list as UTF-8; left out"]


def test_a_link_out_of_the_folder_is_not_followed(folder):
    (folder / "link.wav").symlink_to(folder.parent / "outside.wav")
    clips, faults = read(folder, "link.wav|me|EN|Hello.\n")
    assert clips == []
    assert "link that leads out" in faults[0]


def test_an_absolute_path_is_used_only_inside_the_folder(folder):
    clips, faults = read(folder, f"{folder / 'a.wav'}|me|EN|In.\n{folder.parent / 'outside.wav'}|me|EN|Out.\n")
    assert [name for name, _, _ in clips] == ["a.wav"]
    assert len(faults) == 1


def test_two_files_of_one_name_are_kept_and_the_second_is_named(folder):
    (folder / "deep" / "a.wav").write_bytes(b"other")
    clips, faults = read(folder, "a.wav|me|EN|One.\ndeep/a.wav|me|EN|Two.\n")
    assert len(clips) == 2
    assert "second file named a.wav" in faults[0]


def test_what_is_written_is_read_back(folder):
    rows = [("a.wav", "me", "ja", "はい。"), ("deep/c.wav", "", "yue", "你好")]
    write_list(folder / "mine.list", rows)
    assert (folder / "mine.list").read_bytes() == "a.wav|me|JP|はい。\ndeep/c.wav||YUE|你好\n".encode()
    clips, faults = read_list(folder / "mine.list")
    assert faults == []
    assert [(clip.speaker, clip.language, clip.text) for clip in clips] == [row[1:] for row in rows]


def test_a_field_that_would_break_the_line_is_never_written(folder):
    with pytest.raises(ValueError, match="four fields"):
        write_list(folder / "new.list", [("a.wav", "me", "en", "one|two")])
    assert not (folder / "new.list").exists()


def test_a_list_or_folder_that_is_not_there_is_one_line(folder):
    with pytest.raises(InputError, match="cannot read the list"):
        read_list(folder / "none.list")
    with pytest.raises(InputError, match="folder of the sound files"):
        read_list(folder / "mine.list", folder / "none")


ODD = [b"a.wav|x|EN|y", b"..|x|EN|y", b"/|x|EN|y", b"C:|x|en|y", b"'|x|en|y"]


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(ODD)), max_size=6))
def test_no_content_stops_the_reading(tmp_path_factory, rows):
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / "a.wav").write_bytes(b"sound")
    (folder / "any.list").write_bytes(b"\n".join(rows))
    clips, faults = read_list(folder / "any.list")
    assert all(clip.sound == (folder / "a.wav").resolve() for clip in clips)
    assert all("\n" not in str(fault) for fault in faults)
