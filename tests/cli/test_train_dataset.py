"""`vox train dataset` reads and writes data sets of the public layout, and tells every fault on one line."""

import json

import pytest
import soundfile

from tiny_corpus import make_tiny_corpus, vowel
from voxcommons.base.settings import Settings
from voxcommons.cli.main import main


@pytest.fixture
def vox(home, capsys):
    def run(*words):
        code = main([*map(str, words)], Settings(home=home))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def faulty(tmp_path):
    soundfile.write(tmp_path / "a.wav", vowel(1, 0.5), 16000)
    file = tmp_path / "mine.list"
    file.write_text("D:\\x\\a.wav|me|EN|Hello.\nbroken line\ngone.wav|me|EN|Hello.\n")
    return file


def test_faults_go_to_stderr_with_their_lines_and_the_rest_is_counted(vox, faulty):
    code, out, err = vox("train", "dataset", "read", faulty)
    assert code == 0
    assert [line.split(": ")[:2] for line in err.splitlines()] == [["warning", f"mine.list:{number}"] for number in (1, 2, 3)]
    assert out == "1 clips, 0.0 minutes, 1 speakers, languages: en; 2 lines left out, 1 mended\n"


def test_json_has_every_clip_and_every_fault(vox, faulty):
    code, out, err = vox("train", "dataset", "read", faulty, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert [clip["text"] for clip in found["clips"]] == ["Hello."]
    assert [(fault["line"], fault["kept"]) for fault in found["faults"]] == [(1, True), (2, False), (3, False)]


def test_a_corpus_goes_out_and_comes_in_again(vox, tmp_path):
    corpus = make_tiny_corpus(tmp_path / "corpus", 2)
    code, out, _ = vox("train", "dataset", "write", corpus, "-o", tmp_path / "out")
    assert (code, out) == (0, f"8 clips in {tmp_path / 'out' / 'dataset.list'}\n")
    code, out, _ = vox("train", "dataset", "read", tmp_path / "out" / "dataset.list", "-o", tmp_path / "again")
    assert code == 0
    assert (tmp_path / "again" / "manifest.tsv").is_file()


def test_a_list_that_is_not_there_and_a_folder_that_is_are_one_line_each(vox, faulty, tmp_path):
    code, _, err = vox("train", "dataset", "read", tmp_path / "none.list")
    assert (code, len(err.splitlines())) == (2, 1)
    (tmp_path / "there").mkdir()
    code, _, err = vox("train", "dataset", "read", faulty, "-o", tmp_path / "there")
    assert code == 2
    assert "already there" in err


@pytest.mark.parametrize("verb", ["read", "write"])
def test_help_shows_an_example_on_a_line_of_its_own(vox, verb):
    code, out, _ = vox("train", "dataset", verb, "--help")
    assert code == 0
    assert any(line.strip().startswith(f"vox train dataset {verb} ") for line in out.splitlines())
    assert "\\b" not in out
