"""How scores become the table."""

from dataclasses import replace

import numpy as np
import pytest

from voxcommons.evaluate.figures import yardsticks
from voxcommons.evaluate.findings import findings
from voxcommons.evaluate.objective import Score
from voxcommons.evaluate.report import TONES, columns, markdown, rows, verdict
from voxcommons.evaluate.spectrum import Spread

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


def test_flat_speech_is_told_by_its_range_beside_that_of_the_person():
    natural = [score("natural", "ann", f"ann{i}", pitch_range=reach) for i, reach in enumerate((0.5, 0.6, 1.5))]
    found = figures_of("starter", [*natural, score("starter", "ann", "bob0", pitch_range=0.3)])
    assert found["pitch_range"].value == pytest.approx(0.5)
    assert "pitch_range" not in figures_of("starter", [*natural, score("starter", "ann", "bob0")])


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
    assert "| word error |" not in markdown(columns(bare))


def test_table_names_every_system_and_figure_it_has():
    scores = some_scores()
    table = markdown(columns(scores))
    assert "starter (2 clips, 2 speakers)" in table
    assert "| word error | 20.0 % (20.0 to 20.0) | 40.0 % (40.0 to 40.0) |" in table
    assert "| - relative to natural | - | 2.00 x" in table


def test_what_identifies_a_person_is_not_exported():
    scores = [replace(s, spectrum=spread_of(s.speaker)) for s in some_scores()]
    record = findings(scores, {}).json({})
    assert all(name not in sentence for sentence in record["sentences"] for name in ("vector", "spectrum"))
    assert "right_spectrum" in record["figures"][0]["figures"]


def spread_of(name: str, noise: int = 0) -> tuple[float, ...]:
    """A covariance whose largest directions are a person's own."""
    axes = np.random.default_rng(len(name) + ord(name[0])).normal(size=(6, 19))
    frames = np.random.default_rng(noise).normal(size=(300, 6)) @ axes + 0.3 * np.random.default_rng(noise + 50).normal(size=(300, 19))
    return Spread(300, np.cov(frames.T)).as_numbers()


def test_spectrum_tells_people_apart_without_the_encoder():
    natural = [score("natural", name, f"{name}{i}", spectrum=spread_of(name, i)) for name in ("ann", "bob") for i in range(3)]
    right = score("good", "ann", "x", spectrum=spread_of("ann", 9))
    wrong = score("bad", "ann", "x", spectrum=spread_of("bob", 9))
    found = {system: figures_of(system, [*natural, right, wrong])["right_spectrum"].value for system in ("natural", "good", "bad")}
    assert found == {"natural": 1.0, "good": 1.0, "bad": 0.0}


def test_of_one_person_nobody_can_be_the_nearest():
    alone = [score("natural", "ann", f"a{i}", vector=unit(0.1 * i), spectrum=spread_of("ann", i)) for i in range(3)]
    found = figures_of("natural", alone)
    assert "cosine" in found
    assert "right_speaker" not in found
    assert "right_spectrum" not in found


def test_figures_stand_per_sex_and_per_person():
    found = findings(some_scores(), {"ann": "F", "bob": "M"})
    groups = {(c.system, c.group): c.figures["ovrl"].value for c in (*found.by_sex, *found.by_speaker)}
    assert groups["starter", "women"] == groups["starter", "ann"] == 2.5
    assert groups["starter", "men"] == groups["starter", "bob"] == 2.7
    assert "| bob (man) | starter | 1 | 40.0 % |" in found.markdown()


def test_relative_errors_of_a_group_are_relative_to_natural_speech_of_the_group():
    scores = [replace(s, word_errors=4) if s.system == "natural" and s.speaker == "bob" else s for s in some_scores()]
    found = {c.group: c.figures for c in findings(scores, {"ann": "F", "bob": "M"}).by_sex if c.system == "starter"}
    assert found["women"]["word_error_relative"].value == pytest.approx(2.0)
    assert found["men"]["word_error_relative"].value == pytest.approx(1.0)


def test_a_change_of_every_sentence_is_certain_and_a_wild_one_is_not():
    def system(name: str, errors: list[int], opinion: list[float]) -> list[Score]:
        pairs = enumerate(zip(errors, opinion, strict=True))
        return [score(name, "ann", f"s{i}", words=10, word_errors=e, ovrl=o) for i, (e, o) in pairs]

    scores = [*system("after", [1, 3, 0, 5, 2, 4], [3.0, 2.0, 3.0, 2.0, 3.0, 2.0]),
              *system("before", [2, 4, 1, 6, 3, 5], [2.0, 3.0, 2.0, 3.0, 2.0, 3.0])]
    found = findings(scores, {}, compare=("after", "before"))
    row = {row.key: row for row in rows(found.changes)}
    change = found.changes[0].figures
    assert (change["word_error"].value, change["word_error"].low, change["word_error"].high) == pytest.approx((-0.1, -0.1, -0.1))
    assert verdict(row["word_error"], change["word_error"]) == "better"
    assert verdict(row["ovrl"], change["ovrl"]) == "not certain"
    assert "| word error | -10.0 % (-10.0 to -10.0) | better |" in found.markdown()


def test_tone_contours_agree_with_themselves_and_not_with_their_opposite():
    shapes = ((1, RISING), (2, RISING), (3, FALLING), (4, FALLING))
    opposite = tuple((tone, tuple(-x for x in shape)) for tone, shape in shapes)
    scores = [
        score("natural", "ann", "a", language="zh", tone_contours=shapes),
        score("good", "ann", "a", language="zh", tone_contours=shapes),
        score("bad", "ann", "a", language="zh", tone_contours=opposite),
        score("short", "ann", "a", language="zh", tone_contours=shapes[:2]),
    ]
    assert figures_of("good", scores)[TONES].value == pytest.approx(1.0)
    assert figures_of("bad", scores)[TONES].value == pytest.approx(-1.0)
    assert TONES not in figures_of("short", scores)
