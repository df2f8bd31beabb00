"""A list of recorded sentences is read whole, or every line at fault is named."""

import pytest

from sounds import speech_like, write_wav
from voxcommons.base.errors import InputError
from voxcommons.voices.domain import domain_sources


@pytest.fixture
def folder(tmp_path):
    for number in range(8):
        write_wav(tmp_path / f"{number}.wav", speech_like((1.0,)))
    return tmp_path


def listed(folder, lines):
    path = folder / "domain.tsv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_recordings_beside_the_list_come_with_their_words(folder):
    lines = ["# medicine", "", *(f"{number}.wav\tsentence {number}" for number in range(8))]
    found = domain_sources(listed(folder, lines))
    assert [source.text for source in found] == [f"sentence {number}" for number in range(8)]
    assert found[3].path == folder / "3.wav"
    assert found[3].language is None


def test_lists_of_the_public_program_are_read_too(folder):
    found = domain_sources(listed(folder, [f"{number}.wav|someone|ZH|第{number}句|话" for number in range(8)]))
    assert (found[2].text, found[2].language) == ("第2句|话", "zh")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("0.wav", "line 9: neither a tab nor four fields"),
        ("no.wav\twords", "line 9: no recording no.wav"),
        ("0.wav\t  ", "line 9: no words"),
        ("0.wav|someone|XX|words", "line 9: the language 'XX' is not known"),
    ],
)
def test_every_line_at_fault_is_named(folder, line, fault):
    good = [f"{number}.wav\tsentence {number}" for number in range(8)]
    with pytest.raises(InputError, match=fault):
        domain_sources(listed(folder, [*good, line]))


def test_too_few_sentences_and_no_list_at_all_are_refused(folder):
    with pytest.raises(InputError, match="8 or more lines.*found 1 lines"):
        domain_sources(listed(folder, ["0.wav\twords"]))
    with pytest.raises(InputError, match="no such file"):
        domain_sources(folder / "none.tsv")
