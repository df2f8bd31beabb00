"""SSML: what the standard means, said to the models; what it must not do, refused in one line."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxcommons.base.errors import InputError
from voxcommons.text.reader import read
from voxcommons.text.script import Manner, Pause, Script
from voxcommons.text.ssml import looks_like_ssml, ssml_script


def script(inside: str, **options) -> Script:
    return ssml_script(f"<speak>{inside}</speak>", **options)


def phones(inside: str, language: str = "auto") -> list[str]:
    found = script(inside, language=language)
    return list(read(found.text, language, marks=found.marks).phones)


def plain(text: str, language: str = "auto") -> list[str]:
    return list(read(text, language).phones)


def manners(inside: str) -> dict[str, Manner]:
    found = script(inside)
    return {found.text[stretch.start : stretch.end]: stretch.manner for stretch in found.stretches}


def refused(document: str) -> str:
    with pytest.raises(InputError) as caught:
        ssml_script(document)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- reading -------------------------------------------------------------------------------------------------------------


def test_a_document_is_read_with_its_namespace_its_declaration_and_its_comments():
    found = ssml_script(
        '<?xml version="1.0" encoding="utf-16"?>\n<!-- note -->\n<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis"'
        ' xml:lang="en-US">Fish &amp; chips &#x4f60;<![CDATA[ <b> ]]></speak>'
    )
    assert found.text == "Fish & chips 你 <b> "
    assert not found.warnings


def test_every_character_knows_where_it_stands_in_the_document():
    document = "<speak>你好 &amp; <sub alias='and so on'>etc.</sub>\r\n <s>fine</s></speak>"
    found = ssml_script(document)
    for word in ("你好", "fine", "&"):
        start = found.text.index(word)
        low, high = found.origin(start, start + len(word))
        assert document[low:high] in (word, "&", "&amp;")
    start = found.text.index("and so on")
    assert document[slice(*found.origin(start, start + 9))] == "etc."


def test_long_words_keep_their_places():
    document = "<speak>" + "你 good " * 3000 + "<break/>end</speak>"
    found = ssml_script(document)
    assert all(document[place] == char for char, place in zip(found.text, found.positions, strict=True))


def test_white_space_of_the_source_is_one_space():
    assert script("\n   One\n\n\n   two.  <break/>  \n three\n").text == "One two. three "


def test_sentences_and_paragraphs_begin_where_they_are_marked():
    found = script("<p><s>One</s><s>Two</s></p><p>Three</p>")
    parts = [found.text[start:end].strip() for start, end in zip((0, *found.cuts), (*found.cuts, len(found.text)), strict=True)]
    assert [part for part in parts if part] == ["One", "Two", "Three"]
    assert "\n\n" in found.text[found.text.index("Two") : found.text.index("Three")]


# --- pauses and prosody --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "pause"),
    [
        ("<break/>", Pause(3, strength=1.0)), ('<break time="250ms"/>', Pause(3, 0.25)), ('<break time="1.5s"/>', Pause(3, 1.5)),
        ('<break time="+2s" strength="weak"/>', Pause(3, 2.0)), ('<break strength="x-strong"/>', Pause(3, strength=4.0)),
        ('<break strength="none"/>', Pause(3, cuts=False)),
    ],
)  # fmt: skip
def test_a_break_is_a_pause(tag, pause):
    assert script(f"One{tag} two").pauses == (pause,)


@pytest.mark.parametrize(
    ("attributes", "manner"),
    [
        ('rate="slow"', Manner(speed=0.8)), ('rate="150%"', Manner(speed=1.5)), ('rate="+10%"', Manner(speed=1.1)),
        ('rate="0.5"', Manner(speed=0.5)), ('pitch="+2st"', Manner(pitch_st=2)), ('pitch="-12ST"', Manner(pitch_st=-12)),
        ('pitch="x-high"', Manner(pitch_st=5)), ('pitch="180Hz"', Manner(pitch_hz=180)), ('pitch="+10Hz"', Manner(raised_hz=10)),
        ('pitch="+100%"', Manner(pitch_st=12)), ('range="low"', Manner(pitch_range=0.6)), ('range="-50%"', Manner(pitch_range=0.5)),
        ('volume="-6dB"', Manner(gain_db=-6)), ('volume="loud"', Manner(gain_db=4)), ('volume="silent"', Manner(gain_db=-math.inf)),
        ('volume="10"', Manner(gain_db=-20)), ('volume="soft" pitch="low" rate="fast"', Manner(speed=1.25, pitch_st=-2.5, gain_db=-6)),
    ],
)  # fmt: skip
def test_prosody_is_a_manner(attributes, manner):
    assert manners(f"One <prosody {attributes}>two</prosody> three") == {"two": manner}


def test_changes_add_up_inside_each_other_and_labels_begin_anew():
    found = manners(
        '<prosody pitch="+2st" rate="50%">a <prosody pitch="+1st" rate="+20%">b <prosody pitch="default">c</prosody></prosody></prosody>'
    )
    assert [manner.pitch_st for manner in found.values()] == [2, 3, 0]
    assert [manner.speed for manner in found.values()] == pytest.approx([0.5, 0.6, 0.6])


def test_emphasis_is_slower_louder_and_higher_where_a_model_can():
    found = manners("a <emphasis>b</emphasis> <emphasis level='strong'>c</emphasis> <emphasis level='reduced'>d</emphasis>")
    assert found["c"].speed < found["b"].speed < 1 < found["d"].speed
    assert found["c"].gain_db > found["b"].gain_db > 0 > found["d"].gain_db
    assert found["c"].lift_st > found["b"].lift_st > 0 > found["d"].lift_st
    assert not any(manner.moves_pitch for manner in found.values()), "a model without a pitch speaks it all the same"
    assert manners("a <emphasis level='none'>b</emphasis>") == {}


def test_hertz_are_understood_from_the_middle_of_the_voice():
    assert Manner(pitch_hz=200).shift_st(100) == pytest.approx(12)
    assert Manner(raised_hz=100).shift_st(100) == pytest.approx(12)
    assert Manner(pitch_hz=200, pitch_st=-12).shift_st(100) == pytest.approx(0)


# --- how words are said --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ('<phoneme alphabet="ipa" ph="təˈmɑːtoʊ">tomato</phoneme>', "T AH0 M AA1 T OW0"),
        ('<phoneme alphabet="x-arpabet" ph="L AY1 V">live</phoneme>', "L AY1 V"),
        ('<phoneme alphabet="x-vox" ph="HH AH0 zh ang3 …">Dr. No! Yes.</phoneme>', "HH AH0 zh ang3 …"),
        ('<phoneme ph="L AY1 V">live</phoneme>', "L AY1 V"),
        ('<phoneme ph="kæt"/>', "K AE1 T"),
        ('<phoneme alphabet="x-pinyin" ph="zhang3">长</phoneme>', "zh ang3"),
        ('<phoneme alphabet="x-pinyin" ph="hao3 ma5">OK</phoneme>', "h ao3 m a5"),
        ('<phoneme alphabet="ipa" ph="ni˨˩˦ xau˨˩˦">你好</phoneme>', "n i3 h ao3"),
        ('<phoneme ph="lv4 se4">绿色</phoneme>', "l v4 s e4"),
    ],
)
def test_a_pronunciation_is_what_is_said(inside, said):
    assert phones(inside) == said.split()
    assert phones(f"Say {inside} now.") == [*plain("Say", "en"), *said.split(), *plain("now.", "en")]
    assert phones(f"请说{inside}吧") == [*plain("请说"), *said.split(), *plain("吧")]


def test_an_unknown_alphabet_is_told_and_the_words_are_read():
    found = script('<phoneme alphabet="x-klingon" ph="nuqneH">hello</phoneme>')
    assert read(found.text, marks=found.marks).phones == read("hello").phones
    assert "x-klingon" in found.warnings[0].message


@pytest.mark.parametrize(
    ("inside", "same"),
    [
        ('<sub alias="World Wide Web Consortium">W3C</sub>', "World Wide Web Consortium"),
        ('<say-as interpret-as="digits">407</say-as>', "four zero seven"),
        ('<say-as interpret-as="cardinal">-1,234.5</say-as>', "minus one thousand two hundred thirty-four point five"),
        ('<say-as interpret-as="ordinal">21</say-as>', "twenty-first"),
        ('<say-as interpret-as="ordinal">XIV</say-as>', "fourteenth"),
        ('<say-as interpret-as="date" format="mdy">3/5/2024</say-as>', "March fifth, twenty twenty-four"),
        ('<say-as interpret-as="date" format="dmy">3/5/2024</say-as>', "the third of May, twenty twenty-four"),
        ('<say-as interpret-as="date" format="ymd">20240305</say-as>', "March fifth, twenty twenty-four"),
        ('<say-as interpret-as="time" format="hms24">14:05</say-as>', "fourteen oh five"),
        ('<say-as interpret-as="time" format="hms12">2:30pm</say-as>', "two thirty P-M"),
        ('<say-as interpret-as="telephone">+1 (212) 555-0123</say-as>', "plus one, two one two, five five five, zero one two three"),
    ],
)
def test_english_is_said_as_it_is_meant(inside, same):
    assert phones(f"Here: {inside} it is") == plain(f"Here: {same} it is")


@pytest.mark.parametrize(
    ("inside", "same"),
    [
        ('<say-as interpret-as="digits">407</say-as>', "四零七"), ('<say-as interpret-as="cardinal">407</say-as>', "四百零七"),
        ('<say-as interpret-as="ordinal">12</say-as>', "第十二"), ('<say-as interpret-as="date" format="md">3/5</say-as>', "三月五日"),
        ('<say-as interpret-as="date" format="y">2024</say-as>', "二零二四年"), ('<say-as interpret-as="time">14:30</say-as>', "十四点半"),
        ('<say-as interpret-as="telephone">110</say-as>', "幺幺零"),
    ],
)  # fmt: skip
def test_mandarin_is_said_as_it_is_meant(inside, same):
    assert phones(f"这是{inside}吗") == plain(f"这是{same}吗")
    assert phones(f"{inside}吗") == plain(f"{same}吗"), "the language is that of the words around, before or behind"


def test_characters_are_letters_and_not_words():
    assert phones('<say-as interpret-as="characters">CAT2</say-as>') == [*"S IY1 EY1 T IY1".split(), *plain("two", "en")]


def test_a_language_holds_for_its_part():
    assert phones('The <lang xml:lang="zh-CN">12</lang> of', "en") == [*plain("The", "en"), *plain("十二"), *plain("of", "en")]
    assert phones('<p xml:lang="en-GB">12</p>', "zh") == plain("twelve", "en")


def test_a_declared_language_does_not_silence_what_is_written_in_another():
    found = ssml_script('<speak xml:lang="en-US">你好</speak>')
    assert read(found.text, marks=found.marks).phones == read("你好").phones


def test_braces_are_text_in_ssml():
    found = script("live{L AY1 V}")
    assert found.text == "live{L AY1 V}"
    assert len(phones("live{L AY1 V}")) > 3


# --- what has no effect --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "left", "told"),
    [
        ('a <audio src="file:///etc/passwd">bang</audio>', "a bang", "never fetched"),
        ('a <voice name="x">b</voice>', "a b", "one voice"), ('<lexicon uri="http://x/y"/>a', "a", "never fetched"),
        ('<mark name="here"/>a', "a", ""), ("<metadata><x>no</x></metadata>a", "a", ""), ("<desc>no</desc>a", "a", ""),
        ('a <x:express xmlns:x="urn:x" style="sad">b</x:express>', "a b", "not of SSML"), ('<token role="x">a</token>', "a", ""),
        ('<prosody contour="(0%,+20Hz)" rate="fast">a</prosody>', "a", "contour"), ('<p xml:lang="tlh">a</p>', "a", "'tlh' is not known"),
        ('<say-as interpret-as="date">soon</say-as>', "soon", "cannot be said"), ('<say-as interpret-as="sauce">a</say-as>', "a", "sauce"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_passed_over_and_told(inside, left, told):
    found = script(inside)
    assert found.text.strip() == left
    assert [told in warning.message for warning in found.warnings] == ([True] if told else [])


# --- hostile and mistaken ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ('<!DOCTYPE s [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><speak>&b;</speak>', "document type"),
        ('<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]><speak>&a;</speak>', "document type"),
        ('<!DOCTYPE speak SYSTEM "http://example.com/x.dtd"><speak>a</speak>', "document type"),
        ("<speak>&nbsp;</speak>", "undefined entity"), ("<speak>a", "line 1, column 9"),
        ("", "not well formed"), ("hello", "not well formed"),
        ("<speak>a</speak><speak>b</speak>", "not well formed"), ("<speak>\x00</speak>", "not well formed"),
        ("<speak>\ud800</speak>", "not well formed"), ("<html>a</html>", "this is no SSML"), ('<speak xmlns="urn:x">a</speak>', "no SSML"),
        ("<speak><p><blink>a</blink></p></speak>", "<blink> at line 1, column 11"), ("<speak>" * 40 + "</speak>" * 40, "at most 32"),
        ("<speak>" + "<s/>" * 20_000 + "</speak>", "at most 20000 elements"), (f"<speak a='{'x' * 3000}'/>", "at most 2000"),
        ("<speak " + " ".join(f"a{n}=''" for n in range(20)) + "/>", "at most 16"), ("<speak>" + "a" * 200_000 + "</speak>", "too long"),
        ('<speak><prosody rate="fastest">a</prosody></speak>', "'fastest' at line 1"),
        ('<speak><prosody rate="0%">a</prosody></speak>', "rate"),
        ('<speak><prosody pitch="+99st">a</prosody></speak>', "pitch"), ('<speak><prosody pitch="2st"/></speak>', ""),
        ('<speak><prosody volume="+40dB">a</prosody></speak>', "volume"), ('<speak><prosody range="+5st">a</prosody></speak>', "range"),
        ('<speak><emphasis level="huge">a</emphasis></speak>', "level"), ('<speak><break strength="iron"/></speak>', "strength"),
        ('<speak><break time="1h"/></speak>', "no length"), ('<speak><break time="61s"/></speak>', "too long"),
        ("<speak>" + '<break time="10s"/>' * 61 + "</speak>", "too much silence"), ("<speak><sub>a</sub></speak>", "alias"),
        ("<speak><say-as>1</say-as></speak>", "interpret-as"), ("<speak><phoneme>a</phoneme></speak>", "not understood"),
        ('<speak><phoneme alphabet="ipa" ph="ʒɑ̃">a</phoneme></speak>', "ʒɑ̃"), ("<speak><lang>a</lang></speak>", "xml:lang"),
        ('<speak><phoneme alphabet="x-pinyin" ph="blorg7">a</phoneme></speak>', "pinyin with tone digits"),
        ('<speak><sub alias="x"><p>a</p></sub></speak>', "words alone"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_says_where(document, said):
    if said:
        assert said in refused(document)
    else:
        ssml_script(document)


def test_a_large_document_takes_time_in_proportion_and_no_more():
    document = "<speak>" + 'Hi <break time="1ms"/><emphasis>you</emphasis>. ' * 3900 + "</speak>"
    found = ssml_script(document)
    assert len(found.pauses) == len(found.stretches) == 3900


@given(st.text(max_size=60))
def test_any_text_can_be_escaped_and_comes_back(text):
    from xml.sax.saxutils import escape

    try:
        found = ssml_script(f"<speak>{escape(text)}</speak>")
    except InputError as error:
        assert "not well formed" in str(error)  # characters that XML cannot hold
    else:
        assert found.text.split() == text.split() or not text.isprintable()


_TAGS = st.sampled_from(
    ["<p>", "</p>", "<s>", "</s>", "<break/>", "<break time='1s'/>", "<prosody rate='slow' pitch='+1st'>", "</prosody>", "<emphasis>",
     "</emphasis>",
     "<sub alias='x'>", "</sub>", "<phoneme ph='zhang3'>", "</phoneme>", "<say-as interpret-as='date'>", "</say-as>",
     "<lang xml:lang='zh'>",
     "</lang>", "长", "one two. ", "12", "&lt;", "&#13;", "<audio/>", "<x:y xmlns:x='u'/>", "]]>", "<", "<!--", "-->"]
)  # fmt: skip


@given(st.lists(_TAGS, max_size=14))
def test_whatever_is_written_is_a_script_or_one_line(pieces):
    document = "<speak>" + "".join(pieces) + "</speak>"
    try:
        found = ssml_script(document)
    except InputError:
        return
    assert len(found.text) == len(found.positions)
    assert list(found.positions) == sorted(found.positions)
    assert all(0 <= place < len(document) for place in found.positions)
    edges = [edge for stretch in found.stretches for edge in (stretch.start, stretch.end)]
    assert edges == sorted(edges)
    read(found.text, marks=found.marks)


@pytest.mark.parametrize(
    "text", ["<speak>a</speak>", '  <?xml version="1.0"?>\n<speak version="1.1">', "\ufeff<speak/>", "<!-- a --><ssml:speak>"]
)
def test_ssml_is_known_by_its_beginning(text):
    assert looks_like_ssml(text)


@pytest.mark.parametrize("text", ["speak", "<speaker>", "I said <speak>.", "", "<?xml"])
def test_other_text_is_not_taken_for_ssml(text):
    assert not looks_like_ssml(text)
