"""The opinion without a network: what moves it and what does not."""

import csv

import numpy as np
import pytest
import soundfile

from voxcommons.evaluate.spectrum import SpectrumMeter, Spread, distance, nearest_by_spectrum, pool


@pytest.fixture(scope="module")
def pieces(shared):
    """Of every reference of the speech folder, its first and its last fifteen seconds."""
    folder = shared / "speech" / "references"
    with (folder / "references.tsv").open(encoding="utf-8") as lines:
        names = [row["name"] for row in csv.DictReader(lines, delimiter="\t")]
    found = {}
    for name in names:
        samples, rate = soundfile.read(folder / f"{name}.flac", dtype="float32")
        found[name] = (samples[: 15 * rate], samples[-15 * rate :], rate)
    return found


def test_the_end_of_a_recording_is_nearest_to_its_own_beginning(pieces):
    meter = SpectrumMeter()
    people = {name: meter.measure(first, rate) for name, (first, _, rate) in pieces.items()}
    assert len(people) >= 8
    found = {name: nearest_by_spectrum(meter.measure(last, rate), people) for name, (_, last, rate) in pieces.items()}
    assert sum(name == nearest for name, nearest in found.items()) >= len(found) - 1  # one reader moves about


def test_loudness_does_not_matter_and_another_person_does(pieces):
    (first, last, rate), (other, _, other_rate) = list(pieces.values())[:2]
    meter = SpectrumMeter()
    own = meter.measure(first, rate)
    assert distance(own, meter.measure(0.1 * first, rate)) < 0.01
    assert distance(own, meter.measure(last, rate)) < distance(own, meter.measure(other, other_rate))


def test_numbers_keep_the_spread(pieces):
    first, last, rate = next(iter(pieces.values()))
    meter = SpectrumMeter()
    spread = meter.measure(first, rate)
    again = Spread.from_numbers(spread.as_numbers())
    assert distance(spread, again) < 1e-6
    assert pool([spread, meter.measure(last, rate)]).frames == spread.frames + meter.measure(last, rate).frames


def test_too_little_sound_has_no_spread():
    assert SpectrumMeter().measure(np.zeros(0, np.float32), 16000) is None
    assert SpectrumMeter().measure(np.full(4000, 0.1, np.float32), 16000) is None
