"""How scores become the table."""

import numpy as np
import pytest

from voxcommons.evaluate.objective import Score
from voxcommons.evaluate.report import as_json, columns, markdown, tone_agreement, yardsticks

RISING, FALLING = (-2.0, -1.0, 0.0, 1.0, 2.0), (2.0, 1.0, 0.0, -1.0, -2.0)


def unit(angle: float) -> tuple[float, ...]:
    return (float(np.cos(angle)), float(np.sin(angle)))


def score(system: str, speaker: str, item: str, **figures) -> Score:
    given = {"language": "en", "seconds": 2.0, "phones": 24, "pitch_hz": 120.0} | figures
    return Score(system=system, speaker=speaker, item=item, **given)


def some_scores() -> list[Score]:
    natural = [
        score("natural", name, f"{name}{i}", vector=unit(angle + 0.05 * i), words=10, word_errors=2, ovrl=3.5, pitch_hz=pitch)
        for name, angle, pitch in (("ann", 0.1, 210.0), ("bob", 1.2, 110.0))
        for i in range(3)
    ]
    clones = [
        score("starter", "ann", "bob0", vector=unit(0.2), words=10, word_errors=4, ovrl=2.5, pitch_hz=200.0, wall_s=0.2),
        score("starter", "bob", "ann0", vector=unit(0.3), words=10, word_errors=4, ovrl=2.7, pitch_hz=190.0, seconds=9.0, wall_s=0.9),
    ]
    return natural + clones


def figures_of(system: str, scores: list[Score]):
    return next(c.figures for c in columns(scores) if c.system == system)


def test_natural_speech_comes_first():
    assert [c.system for c in columns(some_scores())] == ["natural", "starter"]


def test_word_error_is_pooled_and_set_against_natural_speech():
    found = figures_of("starter", some_scores())
    assert found["word_error"].value == pytest.approx(0.4)
    assert found["word_error_relative"].value == pytest.approx(2.0)


def test_clone_that_sounds_like_somebody_else_is_counted():
    found = figures_of("starter", some_scores())
    assert found["right_speaker"].value == 0.5
    assert figures_of("natural", some_scores())["right_speaker"].value == 1.0


def test_pitch_on_the_wrong_side_is_counted():
    assert figures_of("starter", some_scores())["sex_by_pitch"].value == 0.5


def test_endless_sentence_is_broken():
    assert figures_of("starter", some_scores())["broken"].value == 0.5


def test_real_time_factor_is_time_over_sound():
    assert figures_of("starter", some_scores())["real_time_factor"].value == pytest.approx(1.1 / 11.0)


def test_natural_recording_is_never_compared_with_itself():
    lonely = [score("natural", "ann", "a", vector=unit(0.0)), score("natural", "bob", "b", vector=unit(1.0))]
    assert yardsticks(lonely).likeness == {}


def test_missing_figures_stay_empty():
    bare = [score("natural", "ann", "a"), score("starter", "ann", "b")]
    assert "word_error" not in figures_of("starter", bare)
    assert "| word error |" not in markdown(columns(bare), bare)


def test_table_names_every_system_and_figure_it_has():
    scores = some_scores()
    table = markdown(columns(scores), scores)
    assert "starter (2 clips, 2 speakers)" in table
    assert "| word error | 20.0 % (20.0 to 20.0) | 40.0 % (40.0 to 40.0) |" in table
    assert "| - relative to natural | - | 2.00 x" in table


def test_speaker_vectors_are_not_exported():
    scores = some_scores()
    assert "vector" not in str(as_json(columns(scores), scores, {}))


def test_tone_contours_agree_with_themselves_and_not_with_their_opposite():
    shapes = ((1, RISING), (2, RISING), (3, FALLING), (4, FALLING))
    opposite = tuple((tone, tuple(-x for x in shape)) for tone, shape in shapes)
    scores = [
        score("natural", "ann", "a", language="zh", tone_contours=shapes),
        score("good", "ann", "a", language="zh", tone_contours=shapes),
        score("bad", "ann", "a", language="zh", tone_contours=opposite),
        score("short", "ann", "a", language="zh", tone_contours=shapes[:2]),
    ]
    assert tone_agreement(scores, "good") == pytest.approx(1.0)
    assert tone_agreement(scores, "bad") == pytest.approx(-1.0)
    assert tone_agreement(scores, "short") is None
