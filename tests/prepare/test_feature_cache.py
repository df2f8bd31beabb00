"""What was computed once is found again, and only what it was computed from decides where."""

import os
from dataclasses import replace

import numpy as np
import pytest

from sounds import speech_like
from tiny_base import make_tiny_base
from voxcommons.prepare.feature_cache import FeatureCache, Hearing
from voxcommons.text.reader import read

RATE = 16000


@pytest.fixture(scope="module")
def base():
    return make_tiny_base()


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "features")


def test_features_from_the_cache_are_the_computed_ones(base, cache):
    clip, said = speech_like((3.0,)), read("hello there", "en")
    plain = Hearing(base)
    for _ in range(2):
        hearing = Hearing(base, cache)
        assert np.array_equal(hearing.style([clip, clip[:20000]], RATE), plain.style([clip, clip[:20000]], RATE))
        assert np.array_equal(hearing.codes(clip, RATE), plain.codes(clip, RATE))
        for utterance in (None, said):
            assert hearing.phones(clip, RATE, utterance) == plain.phones(clip, RATE, utterance)
    assert (cache.hits, cache.misses) == (4, 4)


def test_whatever_a_feature_depends_on_changes_its_key(base, cache):
    clip, said = speech_like((3.0,)), read("hello there", "en")
    Hearing(base, cache).phones(clip, RATE, said)
    other = clip.copy()
    other[100] += 1e-4
    Hearing(base, cache).phones(other, RATE, said)
    Hearing(base, cache).phones(clip, 22050, said)
    Hearing(base, cache).phones(clip, RATE, read("hello here", "en"))
    Hearing(base, cache).phones(clip, RATE, said, all_said=True)
    Hearing(replace(base, sha256="0" * 64), cache).phones(clip, RATE, said)
    Hearing(replace(base, own_weights="0" * 64), cache).phones(clip, RATE, said)
    assert (cache.hits, cache.misses) == (0, 7)


def test_a_damaged_file_is_computed_again(base, cache, tmp_path):
    clip = speech_like((3.0,))
    right = Hearing(base, cache).codes(clip, RATE)
    [path] = (tmp_path / "features").rglob("*.safetensors")
    path.write_bytes(path.read_bytes()[:20])
    assert np.array_equal(Hearing(base, cache).codes(clip, RATE), right)
    assert cache.misses == 2
    assert np.array_equal(Hearing(base, cache).codes(clip, RATE), right)
    assert cache.hits == 1


def test_what_was_unused_for_longest_goes(tmp_path):
    cache = FeatureCache(tmp_path, most_bytes=2000)
    for number in range(4):
        cache.put(f"{number:064d}", {"codes": np.zeros(100, np.int64)})
    for age, number in enumerate((3, 0, 1, 2)):  # the first was used again just now
        path = cache._path(f"{number:064d}")
        os.utime(path, (1000 - age, 1000 - age))
    cache.tidy()
    assert [cache.get(f"{number:064d}") is not None for number in range(4)] == [True, False, False, True]
