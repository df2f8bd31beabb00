"""Options that cannot work are refused before anything is loaded, all of them at once."""

import subprocess
import sys

import pytest

from voxcommons.base.errors import InputError
from voxcommons.synth.options import SpeakOptions


def test_the_defaults_are_accepted():
    assert SpeakOptions().as_record()["speed"] == 1.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("speed", 0.1), ("speed", float("nan")), ("seed", -1), ("temperature", -0.1), ("top_k", -1), ("top_p", 0.0), ("top_p", 1.5),
        ("repetition_penalty", 0.0), ("noise_scale", float("inf")), ("pause_s", 60.0), ("streaming", "word"),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_named(name, value):
    with pytest.raises(InputError, match=name):
        SpeakOptions(**{name: value})


def test_every_bad_value_is_named_at_once():
    with pytest.raises(InputError) as caught:
        SpeakOptions(speed=9, top_p=2)
    assert "speed=9" in str(caught.value)
    assert "top_p=2" in str(caught.value)


def test_options_need_no_torch():
    code = "import sys, voxcommons.synth.options; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
