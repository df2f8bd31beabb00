"""The page of an evaluation: complete, alone, and honest about what it leaves out."""

import re
from html.parser import HTMLParser

import numpy as np

from voxcommons.evaluate import page as page_module
from voxcommons.evaluate.bootstrap import Estimate
from voxcommons.evaluate.findings import findings
from voxcommons.evaluate.listening import listening
from voxcommons.evaluate.objective import Score
from voxcommons.evaluate.page import Clip, Subject, page
from voxcommons.evaluate.plots import Mark, contour_plot, interval_plot, ticks
from voxcommons.text.reader import read

TEXT = "The old clock struck twelve, and nobody came."
PHONES = tuple(phone for phone in read(TEXT, "en").phones if phone[0].isalpha())


def score(system: str, speaker: str, item: str, **figures) -> Score:
    given = {"language": "en", "seconds": 2.0, "phones": 28, "text": TEXT, "heard": PHONES, "phone_errors": 3, "ovrl": 3.0} | figures
    return Score(system=system, speaker=speaker, item=item, **given)


def some_scores() -> list[Score]:
    natural = [score("natural", name, f"{name}{i}") for name in ("ann", "bob") for i in range(3)]
    whole = [score("mine", name, f"s{i}", phone_errors=i) for name in ("ann", "bob") for i in range(5)]
    lost = score("mine", "ann", "lost", text=TEXT, heard=PHONES[:4] + PHONES[15:], longest_loss=11, phone_errors=11)
    return [*natural, *whole, lost]


def sound_of(given: Score) -> Clip:
    return Clip(f"{given.system} {given.item}".encode(), "a note on <it>")


def the_page(sounds=sound_of, scores=None, **more) -> str:
    subject = Subject("Figures of <mine>", ["One & two."], ["mine"], {"base": "mine", "people": ["ann", "bob"]}, **more)
    return page(subject, findings(scores or some_scores(), {"ann": "F", "bob": "M"}), sounds)


class Outline(HTMLParser):
    """Checks that every element is closed where it should be, and keeps attributes."""

    VOID = frozenset({"meta", "br", "line", "rect", "circle", "polygon", "polyline"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.found = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attrs for name, attrs in self.found if name == tag]


def test_page_is_well_formed_and_fetches_nothing():
    outline = Outline(the_page(targets=True))
    linked = [value for _, attrs in outline.found for name, value in attrs.items() if name in ("src", "href", "srcset", "data", "action")]
    assert linked and all(value.startswith("data:audio/ogg;base64,") for value in linked)
    assert not outline.all("script") and not outline.all("link")
    (policy,) = (attrs["content"] for attrs in outline.all("meta") if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_tables_have_captions_and_headers_and_pictures_have_words():
    text = the_page()
    outline = Outline(text)
    assert len(outline.all("table")) == text.count("<caption>") >= 5
    assert all(attrs.get("scope") in ("col", "row") for attrs in outline.all("th"))
    assert all(attrs["role"] == "img" and "mine" in attrs["aria-label"] for attrs in outline.all("svg"))
    assert all(attrs["aria-label"] for attrs in outline.all("audio"))


def test_what_comes_from_outside_cannot_become_markup():
    hostile = [score("mine", "ann", "x", text="<script>alert(1)</script>", heard=None, phone_errors=None)]
    text = the_page(scores=[*some_scores(), *hostile])
    assert "<script" not in text
    assert "a note on &lt;it&gt;" in text
    assert "Figures of &lt;mine&gt;" in text


def test_broken_sentence_is_listed_with_what_was_lost_and_can_be_heard():
    section = the_page().partition("<h2>Broken sentences (1)</h2>")[2].partition("</section>")[0]
    assert re.search(r"dropped &#x27;[^<]*clock struck", section)
    assert section.count("<audio") == 1


def test_sounds_are_bounded_and_the_page_says_so(monkeypatch):
    everything = the_page().count("<audio")
    monkeypatch.setattr(page_module, "MOST_SOUND_BYTES", 40)
    text = the_page()
    assert 0 < text.count("<audio") < everything
    assert "sounds were left out" in text


def test_missing_sound_is_told():
    text = the_page(lambda _: None)
    assert "<audio" not in text
    assert "no sound at hand" in text


def test_everybody_is_heard_with_the_middle_sentence_and_the_worst_are_not_the_broken():
    found = findings(some_scores(), {})
    heard = listening(found.scores, found.normal, ["mine"])
    assert [[s.item for s in own if s.system == "mine"] for own in heard.samples] == [["s3"], ["s2"]]
    assert [s.item for s in heard.worst] == ["s4", "s4", "s3"]
    assert [entry.score.item for entry in heard.broken] == ["lost"]


def test_a_sentence_that_the_person_reads_is_heard_from_both():
    scores = [*some_scores(), score("natural", "bob", "s2", phone_errors=20)]
    found = findings(scores, {})
    (_, bob) = listening(scores, found.normal, ["mine"]).samples
    assert [(s.system, s.item) for s in bob] == [("natural", "s2"), ("mine", "s2")]


def test_picture_of_intervals_puts_larger_values_further_right():
    marks = [Mark("low", Estimate(1.0, 0.5, 2.0, 3, 1), "1.0", 0), Mark("high", Estimate(3.0, 2.5, 4.0, 3, 1), "3.0", 2)]
    text = interval_plot("a figure", marks)
    Outline(text)
    left = float(re.search(r'<circle[^>]* cx="([\d.]+)"', text).group(1))
    right = float(re.search(r'<polygon[^>]* points="([\d.]+),', text).group(1))
    assert left < right
    assert "a figure: low 1.0; high 3.0" in text


def test_pictures_take_single_and_equal_values():
    one = interval_plot("one", [Mark("x", Estimate(0.0, 0.0, 0.0, 1, 1), "0", 0)])
    flat = contour_plot("tones", {"natural": np.zeros((4, 5))}, [0])
    for picture in (one, flat):
        Outline(picture)  # raises where a mark is not closed
        assert not re.search(r"\b(nan|inf)\b", picture)


def test_ticks_are_round_and_inside():
    assert ticks(0.0, 100.0) == [0, 20, 40, 60, 80, 100]
    assert ticks(2.37, 3.4) == [2.5, 3.0]
    assert ticks(-1.1, 3.4) == [-1, 0, 1, 2, 3]
