"""A recording that nobody wrote down is labelled by what it sounds like, and as nothing where that is not clear."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sounds import speech_like, write_wav
from tiny_base import make_tiny_base
from voxcommons.audio.files import load
from voxcommons.models.build import load_base
from voxcommons.prepare.language import spoken_language
from voxcommons.prepare.recogniser import HUSH_S, heard_in, recognised
from voxcommons.prepare.recording import prepare_recording
from voxcommons.text.reader import read
from voxcommons.voices.base_models import find_base
from voxcommons.voices.cloning import build_voice, read_transcript
from voxcommons.voices.library import Library

RATE = 16_000
ENGLISH, MANDARIN = "the birch canoe slid on the smooth planks", "今天天气很好我们去公园散步"


class Ears:
    """A content encoder that hears one text in clips with quiet ends, another in the rest, and how sure it is of that."""

    blank_id = 732

    def __init__(self, quiet, other=None, sure=0.9):
        self.quiet, self.other, self.sure = quiet, other or quiet, sure

    def tokens(self, wave, lengths=None):
        return torch.arange(wave.shape[1] // 640)[None] % 7

    def log_probs(self, wave, lengths=None):
        text = self.quiet if not wave[0, : RATE // 4].any() else self.other
        ids = [i for i in read(text, "zh" if text == MANDARIN else "en").ids]
        found = torch.full((1, 2 * len(ids), self.blank_id + 1), float(np.log((1 - self.sure) / self.blank_id)))
        found[0, range(0, 2 * len(ids), 2), ids] = float(np.log(self.sure))
        found[0, 1::2, self.blank_id] = float(np.log(self.sure))
        return found


@pytest.fixture(scope="module")
def base():
    return make_tiny_base()


CLIP = np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32)


@pytest.mark.parametrize(
    ("ears", "language"),
    [(Ears(ENGLISH), "en"), (Ears(MANDARIN), "zh"), (Ears(MANDARIN, ENGLISH), "zh"), (Ears(MANDARIN, sure=0.3), None), (Ears("a"), None)],
)
def test_a_language_is_claimed_only_where_it_is_clear(base, ears, language):
    assert spoken_language(replace(base, content=ears), [CLIP], RATE).language == language


def test_several_clips_are_judged_together(base):
    long, short = np.tile(CLIP, 3), CLIP
    found = spoken_language(replace(base, content=Ears(ENGLISH)), [short, long], RATE)
    assert (found.language, found.share) == ("en", 0.0)


def test_phones_are_taken_from_the_reading_with_quiet_ends_unless_it_is_english(base):
    mandarin, english = (list(read(text, language).ids) for text, language in ((MANDARIN, "zh"), (ENGLISH, "en")))
    assert recognised(replace(base, content=Ears(MANDARIN, ENGLISH)), CLIP, RATE).tolist() == mandarin
    assert recognised(replace(base, content=Ears(ENGLISH, ENGLISH)), CLIP, RATE).tolist() == english


def test_a_hushed_clip_is_the_clip_with_silence_around_it(base):
    plain, _ = heard_in(base, CLIP, RATE)
    hushed, _ = heard_in(base, CLIP, RATE, hushed=True)
    assert len(hushed) - len(plain) == pytest.approx(2 * HUSH_S * 25, abs=2)


@pytest.mark.parametrize(
    ("ears", "language", "asked"),
    [(Ears(ENGLISH), "en", "sounds_en"), (Ears(MANDARIN), "zh", "sounds_zh"), (Ears("a"), "und", "language_unclear")],
)
def test_a_voice_without_words_says_what_it_sounds_like_and_asks(base, home, tmp_path, ears, language, asked):
    prepared = prepare_recording(write_wav(tmp_path / "a.wav", speech_like((4.0, 6.0))))
    library = Library(home, bundled=tmp_path / "none")
    made = build_voice(prepared, "a", read_transcript(None, None, table=base.table), replace(base, content=ears), library)
    assert made.voice.manifest.language == language
    assert asked in [note.kind for note in made.advice]
    told = build_voice(prepared, "b", read_transcript(None, "yue", table=base.table), replace(base, content=ears), library)
    assert told.voice.manifest.language == "yue"
    assert asked not in [note.kind for note in told.advice]


@pytest.mark.slow
def test_ten_real_recordings_are_heard_as_what_they_are_or_as_nothing(shared, home):
    base = load_base(find_base("starter", home), parts=("content", "semantic_to_wave"))
    found = {}
    for path in sorted((shared / "speech" / "references").glob("*.flac")):
        prepared = prepare_recording(path)
        audio = load(path)
        clips = [piece.of(prepared.checked.audio.samples, audio.rate) for piece in prepared.references]
        found[path.stem] = spoken_language(base, clips, audio.rate).language
    assert {name: language for name, language in found.items() if name[:2] == "en" and language != "en"} == {}
    assert {name: language for name, language in found.items() if name[:2] == "zh" and language != "zh"} == {}
    assert "en" not in {language for name, language in found.items() if name[:2] != "en"}
