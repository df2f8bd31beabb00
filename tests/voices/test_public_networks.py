"""A converted public model clones and reads Mandarin with the networks that are installed, and says which one it lacks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from public_layout import write_published
from tiny_base import make_tiny_base
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.models.build import Placement, build_module
from voxcommons.models.eres2netv2 import VECTOR, ERes2NetV2
from voxcommons.models.feature_sets import load_bert
from voxcommons.models.set_files import BERT, HUBERT, sets_folder
from voxcommons.prepare.features import codes_of, phones_of, style_of
from voxcommons.synth.context import context_of, context_of_prompt
from voxcommons.synth.engine import Engine
from voxcommons.synth.options import SpeakOptions
from voxcommons.text.reader import read
from voxcommons.voicefile.features import Features
from voxcommons.voicefile.manifest import BaseFacts, PromptFacts, VoiceManifest
from voxcommons.voices.passing import PassingVoice
from voxcommons.voices.public_networks import PublicNetworks, equipped
from voxcommons.voices.set_install import pull
from voxcommons.voices.set_sources import FolderSource

RATE = 16000
CLIP = (0.1 * np.random.default_rng(3).standard_normal(3 * RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    published = FolderSource(write_published(tmp_path_factory.mktemp("public") / "published"))
    for name in (HUBERT, BERT):
        pull(name, published, home)
    return home


def public_base(*, speaker_dim=0, table="v2"):
    """A tiny model built like a converted one: context features, features of a content network, no encoder of its own."""
    base = make_tiny_base(acoustic="vits", ending="soon")
    text = replace(base.facts.text_to_semantic, bert_dim=32)
    wave = replace(base.facts.semantic_to_wave, ssl_dim=32, ssl_proj=True, speaker_dim=speaker_dim)
    facts = replace(base.facts, text_to_semantic=text, semantic_to_wave=wave, content=None, table=table)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        parts = {part: Placement().place(build_module(part, getattr(facts, part))) for part in ("text_to_semantic", "semantic_to_wave")}
    return replace(base, facts=facts, content=None, **parts)


def test_without_sets_it_says_which_one_to_pull(home):
    base = equipped(public_base(), home, cloning=True)
    assert (base.content, base.speaker, base.context) == (None, None, None)
    with pytest.raises(InputError, match="vox models pull chinese-hubert-base"):
        codes_of(base, CLIP, RATE)
    with pytest.raises(InputError, match="vox models pull eres2netv2"):
        style_of(public_base(speaker_dim=VECTOR), [CLIP], RATE)


def test_a_recording_becomes_codes_and_phonemes(installed):
    for table, rows in (("v2", 732), ("v1", 322)):
        base = equipped(public_base(table=table), installed, cloning=True)
        codes = codes_of(base, CLIP, RATE)
        frames = (3 * RATE + 9600 - 80) // 320
        assert codes.shape == (frames // 2,)
        assert 0 <= codes.min() <= codes.max() < base.facts.text_to_semantic.codes
        heard = phones_of(base, CLIP, RATE, None)
        assert all(0 <= phone < rows for phone in heard.ids)


def test_speaking_alone_does_not_load_what_only_cloning_needs(installed):
    base = equipped(public_base(), installed)
    assert base.content is None
    assert base.context is not None


def test_many_base_models_share_one_copy_of_each_network(installed):
    networks = PublicNetworks(installed)
    first, second = (networks.beside(public_base(), cloning=True) for _ in range(2))
    assert first.context is second.context
    assert first.content is not second.content


def test_the_starters_kind_of_model_stays_as_it_is(installed):
    base = make_tiny_base()
    assert equipped(base, installed, cloning=True) is base


def test_the_speaker_vector_is_part_of_the_style():
    base = public_base(speaker_dim=VECTOR)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        speaker = ERes2NetV2().eval()
    base, clip = replace(base, speaker=speaker), CLIP[:4000]
    first = style_of(base, [clip], RATE)
    assert np.isfinite(first).all()
    with torch.no_grad():
        speaker.conv1.weight.neg_()
    assert not np.allclose(first, style_of(base, [clip], RATE))


class Listener:
    """Remembers how long the sounds are that it is asked about; the vector is their loudness."""

    def __init__(self):
        self.lengths = []

    def vector_of(self, wave):
        self.lengths.append(len(wave))
        return wave.abs().mean().expand(1, 4)


def test_one_clip_is_heard_whole_and_several_in_windows_of_one_length_up_to_a_bound():
    def lengths(*seconds):
        listener = Listener()
        style_of(replace(public_base(speaker_dim=4), speaker=listener), [np.resize(CLIP, int(s * RATE)) for s in seconds], RATE)
        return listener.lengths

    assert lengths(7.3) == [int(7.3 * RATE)]
    assert lengths(3.1, 5.2, 4.4) == [4 * RATE] * 3
    assert lengths(12.5) == [4 * RATE] * 3
    assert lengths(*[11.0] * 12) == [4 * RATE] * 12
    assert lengths(1.2, 1.5) == [4 * RATE]


def test_only_mandarin_has_context_and_each_phoneme_that_of_its_character(installed):
    context = load_bert(sets_folder(installed) / BERT)
    mixed = read("你好, hello")
    rows = context_of(context, mixed)
    assert rows.shape == (len(mixed.phones), 32)
    chinese = next(run for run in mixed.runs if run.language == "zh")
    expected = context.of_phones(chinese.normalized, chinese.word2ph)
    assert torch.equal(rows[chinese.phone_start : chinese.phone_end], expected)
    assert torch.equal(rows[0], rows[1]), "the two phonemes of one character"
    english = next(run for run in mixed.runs if run.language == "en")
    assert not rows[english.phone_start : english.phone_end].any()


def test_the_prompts_words_give_context_only_where_they_are_what_was_said(installed):
    context = load_bert(sets_folder(installed) / BERT)
    said = read("你好。", "auto")
    manifest = voice(public_base(), said.ids).manifest
    known = replace(manifest, prompt=PromptFacts(0.0, 3.0, "你好。", "text"), language="zh")
    assert torch.equal(context_of_prompt(context, known, said.ids, "v2"), context_of(context, said))
    assert not context_of_prompt(context, known, (*said.ids[:-1], 5), "v2").any()
    assert not context_of_prompt(context, manifest, said.ids, "v2").any()


def voice(base, ids=()):
    features = Features(np.ones(base.facts.semantic_to_wave.gin, np.float32), np.zeros(len(ids), np.int64), np.asarray(ids, np.int64))
    made = VoiceManifest(
        name="someone", id=features.voice_id, language="und", base=BaseFacts(base.name, base.sha256), sample_rate=RATE, files={},
        created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    return PassingVoice(made, features)


def speech(base, text):
    return np.concatenate([piece.samples for piece in Engine(base, threads=1).speak(text, voice(base), SpeakOptions(seed=1))])


def test_the_engine_hears_the_context_of_mandarin_and_nothing_else(installed):
    plain = public_base()
    base = equipped(plain, installed)
    assert np.array_equal(speech(plain, "Hello there."), speech(base, "Hello there."))
    mandarin = "你好，你好吗？"
    with_context = speech(base, mandarin)
    assert np.array_equal(with_context, speech(base, mandarin))
    assert not np.array_equal(speech(plain, mandarin), with_context)


def test_a_set_of_other_widths_is_refused(installed):
    base = public_base()
    facts = replace(base.facts, text_to_semantic=replace(base.facts.text_to_semantic, bert_dim=64))
    with pytest.raises(CorruptFileError, match="does not fit the base model: expected features of 64 numbers; found 32"):
        equipped(replace(base, facts=facts), installed)
