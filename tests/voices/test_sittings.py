"""Sittings and takes: judged at once, kept once, gone on with by a code, and never half there."""

import dataclasses
import threading

import numpy as np
import pytest
import soundfile

from sounds import encode, speech_like, write_wav
from voxcommons.audio.files import load
from voxcommons.base.errors import CorruptFileError, InputError
from voxcommons.prepare.check import check
from voxcommons.voices.second_opinion import Opinion
from voxcommons.voices.sittings import Sittings, shown
from voxcommons.voices.take_verdict import judge_room, judge_take

PROMPTS = ("One two three four five six.", "今天天气很好。", "Seven.")


@pytest.fixture
def sittings(home):
    return Sittings(home, clock=lambda: 1_000.0)


@pytest.fixture
def sitting(sittings):
    return sittings.begin(PROMPTS, "en", "agreed")


def spoken(path, seconds=2.5, *, seed=0, rate=16_000):
    return write_wav(path, speech_like((seconds,), 0.5, rate, seed=seed), rate)


def test_a_sitting_is_found_by_its_code_however_it_is_typed(sittings, sitting):
    assert len(sitting.code) == 10
    for typed in (sitting.code, shown(sitting.code), shown(sitting.code).lower(), f" {sitting.code[:3]} {sitting.code[3:]} "):
        assert sittings.get(typed) == sitting


@pytest.mark.parametrize("code", ["", "0000000000", "../../etc/x", "4F7KQ-9M2X", "ÄÖÜ", "4F7KQ-9M2XA/.."])
def test_a_code_that_is_none_is_refused(sittings, sitting, code):
    with pytest.raises(InputError, match="no recordings under this code"):
        sittings.get(code)


@pytest.mark.parametrize("prompts", [[], ["x" * 401], ["x"] * 501])
def test_prompts_that_cannot_be_read_are_refused(sittings, prompts):
    with pytest.raises(InputError, match="one by one"):
        sittings.begin(prompts, "en")


def test_takes_are_kept_and_judged_and_read_back_as_they_were(sittings, sitting, tmp_path):
    device = {"noiseSuppression": False, "device": "a microphone", "sampleRate": 48000, "odd": ["no", "lists"]}
    _, take = sittings.add(sitting.code, "aaaaaaaa-1", 0, spoken(tmp_path / "in.wav"), device)
    assert take.verdict.decision != "reject"
    assert take.device == {"noiseSuppression": False, "device": "a microphone", "sampleRate": 48000}
    found = sittings.get(sitting.code)
    assert found.takes == (take,)
    assert not (tmp_path / "in.wav").exists()
    assert (sittings.folder / sitting.code / take.file).is_file()
    assert (found.speech_s, found.text) == (take.verdict.speech_s, PROMPTS[0])


def test_a_take_that_is_sent_twice_is_kept_once_even_at_the_same_time(sittings, sitting, tmp_path):
    files = [spoken(tmp_path / f"{number}.wav") for number in range(4)]
    senders = [threading.Thread(target=sittings.add, args=(sitting.code, "aaaaaaaa-1", 0, file)) for file in files]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(sittings.get(sitting.code).takes) == 1
    _, again = sittings.add(sitting.code, "aaaaaaaa-1", 0, spoken(tmp_path / "late.wav"))
    assert sittings.get(sitting.code).takes == (again,)


def test_the_newest_take_that_is_good_counts(sittings, sitting, tmp_path):
    _, good = sittings.add(sitting.code, "aaaaaaaa-1", 0, spoken(tmp_path / "1.wav"))
    sittings.add(sitting.code, "aaaaaaaa-2", 0, write_wav(tmp_path / "2.wav", np.zeros(32_000, np.float32)))
    assert sittings.get(sitting.code).best(0) == good
    _, newer = sittings.add(sitting.code, "aaaaaaaa-3", 0, spoken(tmp_path / "3.wav", seed=1))
    assert sittings.get(sitting.code).best(0) == newer


@pytest.mark.parametrize(("take_id", "prompt"), [("../../x", 0), ("short", 0), ("aaaaaaaa-1", 3), ("aaaaaaaa-1", -1), ("g" * 12, 0)])
def test_a_take_of_nothing_or_with_a_strange_name_is_refused(sittings, sitting, tmp_path, take_id, prompt):
    with pytest.raises(InputError, match="cannot be kept"):
        sittings.add(sitting.code, take_id, prompt, spoken(tmp_path / "in.wav"))


def test_what_is_no_recording_is_refused_and_leaves_nothing(sittings, sitting, tmp_path):
    file = tmp_path / "in.wav"
    file.write_bytes(b"GIF89a, really")
    with pytest.raises((InputError, CorruptFileError)):
        sittings.add(sitting.code, "aaaaaaaa-1", 0, file)
    assert sittings.get(sitting.code).takes == ()


def test_the_joined_recording_holds_the_takes_that_count_in_order_and_can_be_cloned(sittings, sitting, tmp_path):
    sittings.add(sitting.code, "aaaaaaaa-1", 1, spoken(tmp_path / "1.wav", 2.0))
    sittings.add(sitting.code, "aaaaaaaa-2", 0, spoken(tmp_path / "2.wav", 3.0, seed=1, rate=44_100))
    path = sittings.joined(sitting.code)
    samples, rate = soundfile.read(path)
    assert (rate, len(samples) / rate) == (48_000, pytest.approx(3.0 + 2.0 + 4 * 0.5, abs=0.01))
    assert sittings.get(sitting.code).text == f"{PROMPTS[0]}\n{PROMPTS[1]}"
    assert check(load(path)).report.zero_run_s < 0.1


def test_own_words_have_no_text_and_a_sitting_without_takes_cannot_be_joined(sittings, tmp_path):
    own = sittings.begin([""], "und")
    with pytest.raises(InputError, match="nothing was recorded"):
        sittings.joined(own.code)
    sittings.add(own.code, "aaaaaaaa-1", 0, encode(tmp_path / "phone.m4a", speech_like((4.0, 3.0)), "aac", 16_000))
    assert sittings.get(own.code).text == ""
    assert sittings.joined(own.code).is_file()


@pytest.mark.parametrize(("language", "mode"), [("zh", "zh"), ("en-GB", "en"), ("EN", "en"), ("und", ""), ("fr", ""), ("", "")])
def test_a_text_is_read_in_a_language_we_read_or_in_one_that_is_found(sittings, tmp_path, language, mode):
    sitting = sittings.begin(PROMPTS, language)
    assert sitting.reading == ""
    sitting, _ = sittings.add(sitting.code, "aaaaaaaa-1", 0, spoken(tmp_path / "in.wav"))
    assert sitting.reading == mode


def test_only_recordings_of_own_words_get_a_second_opinion(home, tmp_path):
    asked = []

    class Listeners:
        """Networks that hear two people in everything."""

        def ask(self, audio, speech):
            asked.append(audio.seconds)
            return Opinion(likeness=0.1)

    sittings = Sittings(home, opinions=Listeners)
    read = sittings.begin([PROMPTS[0], ""], "en")
    _, sentence = sittings.add(read.code, "aaaaaaaa-1", 0, spoken(tmp_path / "1.wav"))
    assert (asked, sentence.verdict.decision) == ([], "accept")
    _, brought = sittings.add(read.code, "aaaaaaaa-2", 1, spoken(tmp_path / "2.wav", 6.0))
    assert len(asked) == 1
    assert (brought.verdict.decision, kinds(brought.verdict)) == ("accept_with_fixes", ["several_speakers"])


def test_a_sitting_is_deleted_for_good(sittings, sitting, tmp_path):
    sittings.add(sitting.code, "aaaaaaaa-1", 0, spoken(tmp_path / "in.wav"))
    sittings.remove(sitting.code)
    assert list(sittings.folder.iterdir()) == []


# --- verdicts ------------------------------------------------------------------------------------------------------------


def kinds(verdict):
    return [note.kind for note in verdict.advice]


def test_a_clean_sentence_is_accepted_without_advice(tmp_path):
    verdict = judge_take(spoken(tmp_path / "a.wav"), "One two three four five six.")
    assert (verdict.decision, kinds(verdict)) == ("accept", [])
    assert verdict.speech_s == pytest.approx(2.5, abs=0.3)


def test_silence_is_rejected(tmp_path):
    for level in (0.0, 1e-3):
        noise = level * np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
        verdict = judge_take(write_wav(tmp_path / "a.wav", noise), "One.")
        assert (verdict.decision, kinds(verdict)) == ("reject", ["take_silent"])


def test_half_a_sentence_is_rejected_and_a_quick_one_is_told(tmp_path):
    clip = spoken(tmp_path / "a.wav", 1.5)
    assert judge_take(clip, "x" * 90).decision == "reject"
    quick = judge_take(clip, "x" * 45)
    assert (quick.decision, kinds(quick)) == ("accept_with_fixes", ["take_short"])
    assert judge_take(clip, "").decision == "accept"
    assert kinds(judge_take(spoken(tmp_path / "b.wav", 4.0), "好。")) == ["take_long"]


def test_speech_at_the_edge_is_told(tmp_path):
    samples = speech_like((2.5,), 0.5)
    verdict = judge_take(write_wav(tmp_path / "a.wav", samples[9_600:]), "One two three.")
    assert (verdict.decision, "take_cut" in kinds(verdict)) == ("accept_with_fixes", True)


def test_noise_and_clipping_are_rejected_with_their_reason(tmp_path):
    samples = speech_like((2.5,), 0.6, floor_db=-75)
    noisy = samples + 0.04 * np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32)
    verdict = judge_take(write_wav(tmp_path / "a.wav", noisy), "One two three.")
    assert (verdict.decision, kinds(verdict)[0]) == ("reject", "too_noisy")
    verdict = judge_take(write_wav(tmp_path / "b.wav", np.clip(6 * samples, -0.99, 0.99)), "One two three.")
    assert (verdict.decision, "too_clipped" in kinds(verdict)) == ("reject", True)
    assert all(note.text("zh") for note in verdict.advice)


@pytest.mark.parametrize(("level", "verdict"), [(-62, "quiet"), (-46, "usable"), (-30, "loud")])
def test_a_room_is_judged_by_its_usual_level_and_not_by_a_cough(tmp_path, level, verdict):
    room = 10 ** (level / 20) * np.random.default_rng(0).standard_normal(96_000).astype(np.float32)
    room[40_000:44_000] += 0.3
    found = judge_room(write_wav(tmp_path / "room.wav", room, 48_000))
    assert found.verdict == verdict
    assert found.level_dbfs == pytest.approx(level, abs=1)
    assert bool(found.advice) == (verdict == "loud")


def test_a_room_of_zeros_is_a_device_that_suppresses(tmp_path):
    found = judge_room(write_wav(tmp_path / "room.wav", np.zeros(96_000, np.float32), 48_000))
    assert (found.level_dbfs, [note.kind for note in found.advice]) == (None, ["noise_suppression"])


def test_real_sentences_are_accepted(shared, tmp_path):
    samples, rate = soundfile.read(shared / "speech" / "references" / "en_libri_5652.flac", dtype="float32")
    verdict = judge_take(write_wav(tmp_path / "a.wav", samples[: 6 * rate], rate), "")
    assert verdict.decision != "reject"
    assert dataclasses.asdict(verdict)["snr_db"] > 20
