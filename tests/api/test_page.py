"""The page for people: every endpoint and field, nothing from elsewhere, and examples that can be pasted."""

import re
from html.parser import HTMLParser

import pytest

from tiny_server import running


class Page(HTMLParser):
    """Collects what a page refers to, and whether its elements close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        self.links += [value for name, value in facts.items() if name in ("href", "src", "action", "data", "srcset")]
        self.places |= {facts["id"]} if "id" in facts else set()
        if tag not in ("meta", "link", "br", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def text(served) -> str:
    return served.get("/").text


def test_every_endpoint_and_every_field_is_on_it(served, text):
    description = served.get("/openapi.json").json()
    for path, methods in description["paths"].items():
        for method, facts in methods.items():
            assert f'id="{method}{path}"' in text
            assert all(f"<code>{one['name']}</code>" in text for one in facts.get("parameters", ()))
    for schema in ("TtsRequest", "SpeechRequest", "SpeakRequest"):
        for name in description["components"]["schemas"][schema]["properties"]:
            assert f"<code>{name}</code></td>" in text


def test_it_needs_nothing_from_elsewhere_and_its_links_lead_somewhere(text):
    page = Page(text)
    assert page.open == []
    inner = [link for link in page.links if link.startswith("#")]
    assert {link[1:] for link in inner} <= page.places
    assert set(page.links) - set(inner) == {"/openapi.json", "/studio"}
    assert not re.search(r"url\(|@import|<script|<link|<img", text)


def test_the_examples_name_the_address_it_was_asked_at(served, text):
    assert f"{served.address}/v1/audio/speech" in text
    assert ":9880" not in text


def test_values_are_written_as_they_are_typed(text):
    assert "<td><code>false</code></td>" in text
    assert "<code>False</code>" not in text
    assert "<td><code></code></td>" not in text
    assert "<code>mp3</code>, <code>opus</code>" in text


def test_a_host_name_is_text_and_nothing_else(voxhome, tiny_folder):
    with running(voxhome, tiny_folder, tokens=frozenset({"a-token-of-some-length"})) as server:
        for host in ("<script>alert(1)</script>", "a'\"<b>", "x:notaport", "[::1", "", "ä"):
            answer = server.get("/", headers={"Host": host.encode()})
            assert answer.status_code in (200, 400)
            assert "<script" not in answer.text
            assert "<b>" not in answer.text
