"""A name is accepted exactly when every file system keeps it."""

import pytest

from voxcommons.base.errors import InputError
from voxcommons.voicefile.names import same_place, voice_name


@pytest.mark.parametrize("name", ["anna", "小明", "Anna Smith (2)", "Ёлка", "a.b-c_d", "ñandú", "7", "名" * 63])
def test_letters_of_every_script_are_welcome(name):
    assert voice_name(name) == name


@pytest.mark.parametrize("name", [
    "", " ", ".", "..", "...", "a/b", "a\\b", "../a", "a:b", "a*", "a?", 'a"', "a<b", "a|b", "a\0b", "a\nb", "a\tb", " a", "a ",
    "a.", ".a", "-a", "con", "NUL", "com1.txt", "Aux.voice", "x" * 65, "\ud800", "a\u202eb", "a\u200bb", "!!!", "😀" * 60, "\u00a0a",
])  # fmt: skip
def test_what_a_file_system_or_a_shell_trips_over_is_refused_in_one_line(name):
    with pytest.raises(InputError) as caught:
        voice_name(name)
    assert "\n" not in str(caught.value)


def test_two_spellings_of_one_letter_are_one_name():
    assert voice_name("e\u0301va") == "\u00e9va"
    assert same_place("ÉVA") == same_place("e\u0301va")
