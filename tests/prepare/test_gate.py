"""A recording is taken, taken with something mended, or to be made again."""

import numpy as np
import pytest

from sounds import speech_like, write_wav
from voxcommons.audio.advice import KINDS, advice
from voxcommons.audio.quality import judge
from voxcommons.prepare.gate import GATES, HARMLESS, MENDED_BY, SPOILS, rule
from voxcommons.prepare.recording import prepare_recording

RATE = 16000
LONG = (4.0, 5.0, 4.0, 5.0)


def ruled(samples, gate="normal", notes=()):
    report = judge(samples.astype(np.float32), RATE, gate=GATES[gate])
    return rule(report, (*report.advice, *notes))


def test_clean_speech_is_accepted_as_it_is():
    ruling = ruled(speech_like(LONG))
    assert (ruling.decision, ruling.reasons, ruling.fixes) == ("accept", (), ())


@pytest.mark.parametrize(("spoil", "reason", "fix"), [
    (lambda sound: sound * 0.02, "quiet", ("fix_level",)),
    (lambda sound: np.clip(sound, -0.4, 0.4), "clipped", ("fix_pieces",)),
])  # fmt: skip
def test_what_the_program_mends_is_named(spoil, reason, fix):
    ruling = ruled(spoil(speech_like(LONG)))
    assert ruling.decision == "accept_with_fixes"
    assert [note.kind for note in ruling.reasons] == [reason]
    assert ruling.fixes == fix


def test_what_nothing_mends_is_rejected_with_its_reason_alone():
    sound = np.clip(speech_like(LONG) * 8, -1, 1) * 0.1
    ruling = ruled(sound, notes=(advice("dead_channel"),))
    assert ruling.decision == "reject"
    assert [note.kind for note in ruling.reasons] == ["too_clipped"]


def test_a_second_opinion_asks_for_a_look_and_never_rejects():
    ruling = ruled(speech_like(LONG), notes=(advice("several_speakers"),))
    assert ruling.decision == "accept_with_fixes"


def test_a_word_that_changes_nothing_changes_nothing():
    assert ruled(speech_like((5.0,))).decision == "accept"


def test_the_table_speaks_of_advice_that_exists():
    assert set(KINDS) >= SPOILS | HARMLESS | set(MENDED_BY) | set(MENDED_BY.values())
    assert not SPOILS & HARMLESS


def test_clipped_pieces_are_left_out_where_enough_others_remain(tmp_path):
    sound = speech_like((4.0, 4.0, 4.0, 4.0), pause_s=0.8)
    sound[round(0.8 * RATE) : round(4.8 * RATE)] = np.clip(sound[round(0.8 * RATE) : round(4.8 * RATE)] * 8, -1, 1)
    prepared = prepare_recording(write_wav(tmp_path / "a.wav", sound))
    assert min(piece.start_s for piece in prepared.references) > 4.5
    all_clipped = np.clip(speech_like((4.0, 4.0, 4.0, 4.0)) * 8, -1, 1)
    assert len(prepare_recording(write_wav(tmp_path / "b.wav", all_clipped)).references) >= 2
