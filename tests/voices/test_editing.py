"""What is changed about a voice is changed whole, travels with it, and leaves its sound alone."""

from datetime import UTC, datetime

import pytest

from small_voices import put, small_features
from voxcommons.base.errors import CorruptFileError, InputError, UnknownVoiceError
from voxcommons.text.lexicon import Lexicon
from voxcommons.voicefile.check import check
from voxcommons.voices.editing import Description, Style, add_style, describe, facts_of, lexicon_of, remove_style, set_lexicon


def noon():
    return datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def library(stocked):
    put(stocked, "Anna", 1, speaker={"gender": "F", "accent": "Leeds"}, tags=("warm",))
    return stocked


@pytest.fixture
def lexicon(tmp_path):
    path = tmp_path / "words.tsv"
    path.write_text("# our names\nGIF\tJH IH1 F\n行长\thang2 zhang3\n", encoding="utf-8")
    return path


def test_a_description_is_changed_and_the_rest_stays(library):
    before = library.get("Anna")
    changes = Description({"age": "30s", "accent": ""}, ["Hoarse", " old  woman "], ["warm"], "en-GB", "CC0-1.0", "on paper")
    after = describe(library, "anna", changes, clock=noon)
    made = after.manifest
    assert facts_of(made) == {"gender": "F", "age": "30s"}
    assert (made.tags, made.language, made.licence) == (("hoarse", "old woman"), "en-GB", "CC0-1.0")
    assert (made.consent.note, made.consent.noted) == ("on paper", "2026-11-21T12:00:00+00:00")
    assert (made.id, made.created) == (before.manifest.id, before.manifest.created)
    assert check(after.folder) == []
    card = (after.folder / "README.md").read_text("utf-8")
    assert "hoarse" in card
    assert "on paper" in card


def test_a_card_that_somebody_wrote_stays(library):
    folder = library.get("Anna").folder
    with library.changing("Anna") as (voice, copy):
        from voxcommons.voicefile.archive import write_manifest

        (copy / "README.md").write_text("mine", encoding="utf-8")
        write_manifest(copy, voice.manifest)
    describe(library, "Anna", Description(licence="CC0-1.0"))
    assert (folder / "README.md").read_text("utf-8") == "mine"
    assert check(folder) == []


@pytest.mark.parametrize(
    "changes",
    [Description(add_tags=["a,b"]), Description(add_tags=["x" * 41]), Description(add_tags=[""]), Description(add_tags=map(str, range(40))),
     Description({"gender": "x" * 201}), Description({str(n): "x" for n in range(21)}), Description(language="../x"),
     Description(consent="x" * 5000)],
)  # fmt: skip
def test_a_change_that_cannot_be_leaves_the_voice_as_it_was(library, changes):
    folder = library.get("Anna").folder
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises((InputError, CorruptFileError)):
        describe(library, "Anna", changes)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in library.folder.iterdir() if path.name != ".lock"] == ["Anna"]


def test_voices_of_the_package_and_unknown_ones_are_not_changed(library):
    with pytest.raises(InputError, match="package"):
        describe(library, "kathleen", Description(licence="mine"))
    with pytest.raises(UnknownVoiceError):
        describe(library, "Bert", Description(licence="mine"))


def test_a_voice_speaks_in_the_style_that_is_asked_for(library):
    samples = small_features().style.repeat(1000)
    add_style(library, "Anna", "愤怒", Style(small_features(7), "走开", "text", (samples, 16000)), clock=noon)
    add_style(library, "Anna", "Calm", Style(small_features(8)))
    voice = library.get("Anna")
    assert sorted(voice.manifest.styles) == ["Calm", "愤怒"]
    assert voice.features.style[0] == 1
    assert library.get("anna/愤怒").features.style[0] == 7
    assert library.get("Anna/calm").features.style[0] == voice.in_style("CALM").features.style[0] == 8
    assert library.get("Anna/").style == ""
    assert library.get("Anna/calm").name == "Anna"
    assert check(voice.folder) == []
    for missing in ("Anna/sad", "kathleen/calm"):
        with pytest.raises(InputError, match="no such style"):
            library.get(missing)


def test_a_style_is_replaced_and_removed_with_its_files(library):
    add_style(library, "Anna", "calm", Style(small_features(7)))
    add_style(library, "Anna", "angry", Style(small_features(6)))
    with pytest.raises(InputError, match="already"):
        add_style(library, "Anna", "CALM", Style(small_features(8)))
    add_style(library, "Anna", "calm", Style(small_features(8)), replace=True)
    assert library.get("Anna/calm").features.style[0] == 8
    remove_style(library, "Anna", "calm")
    remove_style(library, "Anna", "Angry")
    voice = library.get("Anna")
    assert (voice.manifest.styles, list(voice.folder.glob("style-*"))) == ({}, [])
    assert '"styles": {}' in (voice.folder / "voice.json").read_text("utf-8")
    with pytest.raises(InputError, match="no such style"):
        remove_style(library, "Anna", "calm")


def test_there_is_room_for_sixteen_styles(library):
    for number in range(16):
        add_style(library, "Anna", f"s{number}", Style(small_features(number)))
    with pytest.raises(InputError, match="no room"):
        add_style(library, "Anna", "one more", Style(small_features(0)))
    assert library.get("Anna/s15").features.style[0] == 15


def test_a_style_whose_file_changed_is_not_spoken(library):
    add_style(library, "Anna", "calm", Style(small_features(7)))
    file = library.get("Anna").folder / "style-01.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(CorruptFileError, match="style-01"):
        _ = library.get("Anna/calm").features


def test_a_voice_reads_words_in_its_own_way(library, lexicon, tmp_path):
    assert lexicon_of(library.get("Anna"), None) is None
    set_lexicon(library, "Anna", lexicon)
    voice = library.get("Anna")
    assert lexicon_of(voice, None).mandarin == {"行长": ("hang2", "zhang3")}
    both = lexicon_of(voice, Lexicon.of([("GIF", "G IH1 F")]))
    assert both.english == {"gif": ("G", "IH1", "F")}  # what is given for a text wins
    assert len(both.mandarin) == 1
    (tmp_path / "bad.tsv").write_text("GIF\tnonsense!\n", encoding="utf-8")
    for wrong in (tmp_path / "bad.tsv", tmp_path / "none.tsv"):
        with pytest.raises(InputError):
            set_lexicon(library, "Anna", wrong)
    assert library.get("Anna").lexicon is not None
    set_lexicon(library, "Anna", None)
    assert library.get("Anna").lexicon is None


def test_everything_travels_in_the_archive(library, lexicon, tmp_path):
    describe(library, "Anna", Description({"age": "30s"}, ["calm"]))
    add_style(library, "Anna", "愤怒", Style(small_features(7)))
    set_lexicon(library, "Anna", lexicon)
    library.export("Anna", tmp_path / "a.voice")
    assert check(tmp_path / "a.voice") == []
    other = library.add(tmp_path / "a.voice", name="Bert")
    assert (other.manifest.tags, other.manifest.speaker["age"]) == (("calm", "warm"), "30s")
    assert library.get("Bert/愤怒").features.style[0] == 7
    assert other.lexicon == library.get("Anna").lexicon
