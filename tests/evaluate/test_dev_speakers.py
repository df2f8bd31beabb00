"""Who is judged by, and with which sentences."""

import numpy as np
import pytest

from corpus_of_two import TEXTS, write_corpus
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.evaluate.dev_speakers import ClipReader, cut_reference, dev_speakers, sentence_pool


@pytest.fixture
def data(tmp_path):
    return write_corpus(tmp_path / "corpus")


def test_people_in_training_are_left_out(data):
    assert [person.name for person in dev_speakers(data)] == ["ann", "bob"]


def test_sentences_of_the_reference_are_never_spoken(data):
    people = dev_speakers(data)
    spoken = {clip.text for clip in sentence_pool(people, "en", 50)}
    assert spoken == set(TEXTS[1:])


def test_same_corpus_gives_the_same_sentences(data):
    pools = [[clip.path for clip in sentence_pool(dev_speakers(data), "en", 3)] for _ in range(2)]
    assert pools[0] == pools[1]
    assert len(pools[0]) == 3


def test_clips_are_read_out_of_the_archive(data):
    clip = sentence_pool(dev_speakers(data), "en", 1)[0]
    with ClipReader() as reader:
        samples, rate = reader.read(clip)
    assert (len(samples), rate) == (40000, 16000)


def test_damaged_archive_is_one_clear_error(data):
    clip = sentence_pool(dev_speakers(data), "en", 1)[0]
    clip.archive.write_bytes(b"not a tar")
    with ClipReader() as reader, pytest.raises(CorruptFileError, match=r"speech-01\.tar"):
        reader.read(clip)


def test_folder_without_a_manifest_is_told_apart(tmp_path):
    with pytest.raises(InputError, match=r"manifest\.tsv"):
        dev_speakers(tmp_path)


def test_language_nobody_speaks_is_an_error(data):
    with pytest.raises(InputError, match="zh"):
        dev_speakers(data, ("zh",))


class Listener:
    """Hears one known word per piece."""

    def __init__(self, words):
        self.left = iter(words)

    def words(self, samples, rate):
        return [next(self.left)]


def test_transcript_is_dealt_to_the_pieces_it_lies_in():
    tone = 0.2 * np.sin(np.arange(16000 * 6) * 0.2).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 1e-4, 16000).astype(np.float32)
    speech = tone * (np.sin(np.arange(len(tone)) * 2e-3) > -0.9)
    pieces = cut_reference(np.concatenate([speech, noise, speech]), 16000, "One and a two.", Listener(["one", "two"]))
    assert [piece.text for piece in pieces] == ["one and a", "two"]
    assert sum(len(piece.samples) for piece in pieces) == 13 * 16000
