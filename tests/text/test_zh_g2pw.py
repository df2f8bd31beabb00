"""What the readings network is asked and how its answers are understood; the networks here are a line each, tests/voices runs one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiny_g2pw import BOPOMOFO, CHARS, LABELS, MONOPHONIC, POLYPHONIC
from voxcommons.base.errors import CorruptFileError
from voxcommons.text.g2p.zh_g2pw import INPUTS, G2pw, G2pwTables
from voxcommons.text.lexicon import Lexicon
from voxcommons.text.reader import read

VOCABULARY = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "行": 4, "我": 5, "長": 6, "好": 7}


def lines(pairs):
    return "".join(f"{char}\t{reading}\n" for char, reading in pairs)


def tables(**options):
    return G2pwTables.read(lines(POLYPHONIC), lines(MONOPHONIC), BOPOMOFO, **options)


class Network:
    """Votes for one label, as far as the mask lets it, and remembers what it was asked."""

    def __init__(self, label="ㄏㄤ2", labels=LABELS):
        self.label, self.labels, self.asked = label, labels, []

    def __call__(self, arrays):
        self.asked.append({name: value.copy() for name, value in arrays.items()})
        votes = np.full(len(self.labels), 0.1, np.float32)
        votes[self.labels.index(self.label)] = 0.8
        return votes * arrays["phoneme_mask"]


def reader(network=None, vocabulary=VOCABULARY, **options):
    return G2pw(network or Network(), tables(**options), vocabulary)


def test_every_input_has_the_published_name_type_and_shape():
    network = Network()
    reader(network).in_context("我行好我")
    (asked,) = network.asked
    assert tuple(asked) == INPUTS
    kinds = {name: (value.dtype.str, value.shape) for name, value in asked.items()}
    labels = len(LABELS)
    assert kinds == {
        "input_ids": ("<i8", (2, 6)), "token_type_ids": ("<i8", (2, 6)), "attention_mask": ("<i8", (2, 6)),
        "phoneme_mask": ("<f4", (2, labels)), "char_ids": ("<i8", (2,)), "position_ids": ("<i8", (2,)),
    }  # fmt: skip
    assert asked["input_ids"].tolist() == [[2, 5, 4, 7, 5, 3]] * 2
    assert asked["position_ids"].tolist() == [2, 3]
    assert asked["char_ids"].tolist() == [CHARS.index("行"), CHARS.index("好")]
    assert not asked["token_type_ids"].any()
    assert asked["attention_mask"].all()


def test_only_the_readings_of_the_asked_character_are_let_through():
    network = Network()
    assert reader(network).in_context("好行")[1] == "hang2"
    allowed = [[LABELS[at] for at in np.flatnonzero(row)] for row in network.asked[0]["phoneme_mask"]]
    assert allowed == [["ㄏㄠ3", "ㄏㄠ4"], ["ㄏㄤ2", "ㄒㄧㄥ2"]]


def test_an_answer_that_breaks_the_mask_is_not_another_characters_reading():
    wild = G2pw(lambda arrays: Network()({**arrays, "phoneme_mask": np.ones_like(arrays["phoneme_mask"])}), tables(), VOCABULARY)
    assert wild.in_context("好")[0] in ("hao3", "hao4")


def test_without_masks_every_label_counts():
    network = Network()
    assert reader(network, masked=False).in_context("好") == ["hang2"]
    assert network.asked[0]["phoneme_mask"].all()


def test_labels_may_carry_their_character():
    labels = sorted(f"{char} {reading}" for char, reading in POLYPHONIC)
    network = Network("行 ㄏㄤ2", labels)
    assert reader(network, label_has_character=True).in_context("行") == ["hang2"]
    assert network.asked[0]["phoneme_mask"].shape == (1, len(POLYPHONIC))


def test_a_long_clause_is_seen_through_a_window_around_each_character():
    network = Network()
    clause = "行" + "我" * 40 + "行" + "我" * 40 + "行"
    readings = reader(network).in_context(clause)
    assert [at for at, syllable in enumerate(readings) if syllable] == [0, 41, 82]
    (asked,) = network.asked
    assert asked["input_ids"].shape == (3, 34)
    assert asked["position_ids"].tolist() == [1, 17, 17]
    assert asked["attention_mask"].sum(1).tolist() == [18, 34, 19]
    for row in range(3):
        assert asked["input_ids"][row, asked["position_ids"][row]] == VOCABULARY["行"]
        end = int(asked["attention_mask"][row].sum())
        assert asked["input_ids"][row, end - 1] == VOCABULARY["[SEP]"]
        assert (asked["input_ids"][row, end:] == VOCABULARY["[PAD]"]).all()


def test_the_public_way_sees_the_whole_clause_up_to_the_reach_of_the_network():
    network = Network()
    reader(network).as_public("我" * 100 + "行" + "我" * 99)
    assert network.asked[0]["input_ids"].shape == (1, 202)
    assert network.asked[0]["position_ids"].tolist() == [101]
    for at in (0, 300, 999):
        reader(network).as_public("我" * at + "行" + "我" * (999 - at))
        asked = network.asked[-1]
        assert asked["input_ids"].shape == (1, 512)
        assert asked["input_ids"][0, asked["position_ids"][0]] == VOCABULARY["行"]


def test_many_characters_are_asked_in_runs_of_bounded_size():
    network = Network()
    assert reader(network).as_public("行" * 600) == ["hang2"] * 600
    assert len(network.asked) > 1
    assert max(one["input_ids"].size for one in network.asked) <= 4096
    assert sum(len(one["char_ids"]) for one in network.asked) == 600


@pytest.mark.parametrize("clause", ["", "我", "我我,", "你好！"[:1], "!", "😀", "\ufffd"])
def test_nothing_is_asked_where_no_character_has_several_readings(clause):
    network = Network()
    assert reader(network).in_context(clause) == [""] * len(clause)
    assert network.asked == []


def test_strange_characters_keep_the_places_right():
    network = Network()
    readings = reader(network).in_context("𠮷行😀長é\u0301A.")
    assert readings[1] == "hang2"
    assert network.asked[0]["position_ids"].tolist() == [2, 4]
    assert network.asked[0]["input_ids"].tolist()[0] == [2, 1, 4, 1, 6, 1, 1, 1, 1, 3]


def test_the_network_is_asked_in_traditional_characters():
    network = Network("ㄓㄤ3")
    assert reader(network).in_context("长") == ["zhang3"]
    assert network.asked[0]["input_ids"].tolist() == [[2, VOCABULARY["長"], 3]]


def test_a_traditional_form_with_one_reading_decides_if_the_dictionary_knows_it():
    assert reader().in_context("他背着") == ["", "bei1", ""], "揹 is read in one way; the table's odd reading of 他 is left out"
    assert reader().as_public("他背着似") == ["ta3", "bei1", "", ""], "the public program takes the table as it is, but not for 似"


def test_what_changes_with_the_next_tone_is_never_asked():
    network = Network("ㄧ2")
    assert reader(network).in_context("一") == reader(network).as_public("一") == [""]
    assert network.asked == []


def test_a_reading_that_cannot_be_spoken_leaves_the_matter_to_the_dictionaries():
    assert reader(Network("ㄨㄛㄛ1")).in_context("嚄") == [""]
    assert reader(Network("ㄏㄨㄛ4")).in_context("嚄") == ["huo4"]


def test_readings_in_pinyin_need_no_table():
    plain = G2pwTables.read("女\tnu:3\n儿\tr5\n行\thang2\n", "", {})
    assert sorted(plain.syllables) == ["er5", "hang2", "nv3"]


@pytest.mark.parametrize("broken", ["行行\tㄏㄤ2\n", "行 ㄏㄤ2\n", "行\t\n", "", "行\tㄇㄇ1\n"])
def test_a_damaged_table_is_told(broken):
    with pytest.raises(CorruptFileError, match="the table of readings is damaged"):
        G2pwTables.read(broken, "", BOPOMOFO)


def test_a_table_with_more_labels_than_any_network_has_is_damage():
    with pytest.raises(CorruptFileError, match="at most 20000 labels"):
        G2pwTables.read("".join(f"行\tx{number}\n" for number in range(20_001)), "", {})


def test_a_network_with_other_labels_and_one_that_answers_nonsense_are_told():
    for answer in (np.zeros((1, 3), np.float32), np.full((1, len(LABELS)), np.nan, np.float32)):
        with pytest.raises(CorruptFileError, match="does not fit its tables"):
            G2pw(lambda arrays, answer=answer: answer, tables(), VOCABULARY).in_context("行")
    with pytest.raises(CorruptFileError, match=r"no \[CLS\]"):
        G2pw(Network(), tables(), {"[UNK]": 1})


def phones(text, **options):
    return " ".join(read(text, "zh", **options).phones)


def test_a_character_that_stands_alone_is_read_as_the_network_says():
    assert phones("你行吗") == "n i3 x ing2 m a5"
    assert phones("你行吗", polyphones=reader()) == "n i3 h ang2 m a5"
    assert phones("你行吗", polyphones=reader(Network("ㄒㄧㄥ2"))) == "n i3 x ing2 m a5"


def test_words_that_the_dictionary_knows_keep_their_reading():
    assert phones("银行", polyphones=reader(Network("ㄒㄧㄥ2"))) == "y in2 h ang2"
    assert phones("重新", polyphones=reader(Network("ㄓㄨㄥ4"))) == "ch ong2 x in1"
    assert phones("行长", compat=True, polyphones=reader(Network("ㄔㄤ2"))) == ". h ang2 zh ang3"


def test_only_what_no_word_settles_is_asked():
    network = Network()
    assert phones("银行里行吗", polyphones=reader(network)) == "y in2 h ang2 l i5 h ang2 m a5"
    assert [asked["position_ids"].tolist() for asked in network.asked] == [[4]]
    phones("银行重新", polyphones=reader(network))
    assert len(network.asked) == 1


def test_a_lexicon_and_a_reading_in_the_text_win_over_the_network():
    words = Lexicon.of([("行", "heng2")])
    assert phones("你行吗", lexicon=words, polyphones=reader()) == "n i3 h eng2 m a5"
    assert phones("你行{xing4}吗,行", polyphones=reader()) == "n i3 x ing4 m a5 , h ang2"


def test_tones_change_after_the_network_has_read():
    third = reader(Network("ㄏㄠ3"))
    assert phones("我好", polyphones=third) == phones("我好") == "w o2 h ao3"
    fourth = reader(Network("ㄏㄠ4"))
    assert phones("我好", polyphones=fourth) == "w o3 h ao4"
    assert phones("我好", compat=True, polyphones=third) == ". w o2 h ao3"
    assert phones("我好", compat=True, polyphones=fourth) == ". w o3 h ao4"


def test_the_old_table_is_read_without_the_network_in_compatible_mode():
    network = Network()
    assert phones("你行吗", compat=True, table="v1", polyphones=reader(network)) == phones("你行吗", compat=True, table="v1")
    assert network.asked == []
    assert "h ang2" in phones("你行吗", compat=True, polyphones=reader(network))
    assert "h ang2" in phones("你行吗", table="v1", polyphones=reader(network))


_ALPHABET = st.characters() | st.sampled_from("行长好重背一不儿银我，。！？ABC1 😀𠮷")


@settings(max_examples=60)
@given(text=st.text(_ALPHABET, max_size=80), mode=st.sampled_from(["zh", "auto", "all_zh"]), compat=st.booleans())
def test_any_text_has_as_many_phones_at_the_same_places_as_without_the_network(text, mode, compat):
    asked, usual = (read(text, mode, compat=compat, polyphones=polyphones) for polyphones in (reader(), None))
    assert (asked.normalized, asked.word2ph, asked.spans) == (usual.normalized, usual.word2ph, usual.spans)
    assert asked.warnings == usual.warnings


def test_other_languages_and_mixtures_are_not_asked_about():
    network = Network()
    mixed = read("Hello 你行吗 world", "auto", polyphones=reader(network))
    assert "HH AH0 L OW1" in " ".join(mixed.phones)
    assert "h ang2" in " ".join(mixed.phones)
    assert len(network.asked) == 1
    assert read("Hello", "en", polyphones=reader(network)).phones == ("HH", "AH0", "L", "OW1")
    assert len(network.asked) == 1
