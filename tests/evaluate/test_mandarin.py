"""What syllable and tone errors mean."""

from voxcommons.evaluate.mandarin import mandarin_errors, syllables

NI_HAO = ["n", "i2", "h", "ao3"]


def test_phones_group_into_syllables_with_their_tone():
    found = syllables([*NI_HAO, "EE", "En4"])
    assert [(s.initial, s.final, s.tone) for s in found] == [("n", "i", 2), ("h", "ao", 3), ("EE", "En", 4)]
    assert [s.start for s in found] == [1, 3, 5]


def test_apical_finals_keep_their_marker():
    assert syllables(["s", "i01"])[0].final == "i0"


def test_english_vowels_are_no_finals():
    assert syllables(["HH", "AH0", "L", "OW1"]) == []


def test_wrong_tone_is_a_tone_error_and_no_syllable_error():
    errors = mandarin_errors(NI_HAO, ["n", "i3", "h", "ao3"])
    assert (errors.syllables, errors.syllable_errors, errors.tones, errors.tone_errors) == (2, 0, 2, 1)


def test_wrong_syllable_is_not_asked_for_its_tone():
    errors = mandarin_errors(NI_HAO, ["l", "i4", "h", "ao3"])
    assert (errors.syllable_errors, errors.tones, errors.tone_errors) == (1, 1, 0)


def test_neutral_tones_are_not_judged():
    assert mandarin_errors(["m", "a5"], ["m", "a1"]).tones == 0
