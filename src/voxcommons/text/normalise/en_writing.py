"""English rules for letters: addresses of the net, abbreviations, acronyms, names written in one word.

NAME_RULES run before figures are read (they contain figures and full stops), LETTER_RULES after.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from voxcommons.text.normalise import en_tables as tables

Match = re.Match[str]
Rule = tuple[re.Pattern[str], str | Callable[[Match], str]]

_PIECES = {
    ".": " dot ", "/": " slash ", "-": " dash ", "_": " underscore ", "?": " question mark ", "=": " equals ", "&": " and ",
    ":": " colon ", "#": " hash ", "@": " at ", "~": " tilde ", "%": " percent ", "+": " plus ", "\\": " backslash ",
}  # fmt: skip
_ENDINGS = (
    "com|org|net|edu|gov|io|ai|cn|uk|de|fr|jp|kr|ru|eu|us|ca|au|info|biz|dev|app|me|tv|co|xyz|hk|tw|sg|in|br|nl|ch|se|no|es|it|mil|int"
)
_FILES = (
    "txt|pdf|docx?|xlsx?|pptx?|js|ts|py|rs|java|cpp|html?|css|json|xml|ya?ml|csv|zip|tar|gz|exe|mp3|mp4|wav|flac|ogg|png|jpe?g|gif|svg|md"
    "|sh|ini|cfg|log|net"
)
_SPELLED_PARTS = frozenset("www http https html php xml css xyz".split())
# Words that open a sentence more often than they continue one after an abbreviation.
_OPENERS = "The|A|An|He|She|It|Its|We|They|I|You|But|And|In|On|At|This|That|There|What|My|His|Her|Mr|Mrs|Ms|Dr|So|If"


def _spelled(letters: str) -> str:
    return "-".join(letters.upper())


def _address_word(word: str) -> str:
    """A part of an address: letters that make no word are spelled."""
    if word.isascii() and word.isalpha() and (len(word) <= 2 or word.lower() in _SPELLED_PARTS):
        return _spelled(word)
    return word


def _said_address(address: str) -> str:
    parts = re.split(r"([./\-_?=&:#@~%+\\])", address)
    return "".join(_PIECES.get(part) or _address_word(part) for part in parts).replace("  ", " ").strip()


def _address(m: Match) -> str:
    written = m.group()
    trailing = re.search(r"[.,!?;:)'\"/]+$", written)
    body = written[: trailing.start()] if trailing else written
    ends = trailing.group().replace("/", "") if trailing else ""
    body = re.sub(r"^[a-z]+://", "", body, flags=re.IGNORECASE)
    return _said_address(body) + ends


def _email(m: Match) -> str:
    return _said_address(m.group())


def _hashtag(m: Match) -> str:
    return f"hashtag {m['tag'].replace('_', ' ')}"


def _dotted(m: Match) -> str:
    """Make "U.S." "U-S"; the last full stop stays where it may end the sentence."""
    letters = m.group().replace(".", "").replace(" ", "")
    rest = m.string[m.end() :]
    ends = not rest.strip() or re.match(rf"\s*[\"')]*\s+(?:{_OPENERS})\b", rest)
    return _spelled(letters) + ("." if ends else "")


def _ends_sentence(m: Match) -> str:
    rest = m.string[m.end() :]
    return "." if not rest.strip() or re.match(r"[\"')]*\s+[A-Z]", rest) else ""


def _abbreviation(m: Match) -> str:
    return tables.ABBREVIATIONS[m["word"]] + ("" if m["word"] in tables.NEVER_LAST else _ends_sentence(m))


def _latin(m: Match) -> str:
    return tables.LATIN[m["word"].rstrip(".")] + ("" if m.string[m.end() :].lstrip().startswith(",") else ",")


def _doctor(m: Match) -> str:
    before = m.string[: m.start()].rstrip()
    following = re.match(r"\.?\s+([A-Z])", m.string[m.end("word") :])
    road = re.search(r"\d\w* (?:[NSEW]\.? )?(?:[A-Z]\w+ ?)+$", before) or re.search(r"[A-Z]\w+$", before) and not following
    if m["word"] == "Dr":
        return "Drive" + _ends_sentence(m) if road else "Doctor"
    return "Street" + _ends_sentence(m) if road or not following else "Saint"


def _initial(m: Match) -> str:
    """Make "George W. Bush" "George W Bush", while "vitamin C. The" keeps its full stop."""
    name_before = re.search(r"(?:^|[^\w])[A-Z][a-z]+\s$", m.string[max(0, m.start() - 20) : m.start()])
    first = not m.string[: m.start()].strip()
    new_sentence = re.match(rf"\s(?:{_OPENERS})\b", m.string[m.end() :])
    return m["letter"] if (name_before or first) and not new_sentence else m.group()


_TITLE_WORDS = "|".join(tables.TITLES)
_UNDOTTED = "|".join(tables.UNDOTTED_TITLES)
_SHORT_WORDS = "|".join(sorted(tables.ABBREVIATIONS, key=len, reverse=True))
_NUMBERED_WORDS = "|".join(sorted(tables.NUMBERED, key=len, reverse=True))
_LATIN_WORDS = "|".join(re.escape(word) for word in tables.LATIN)
_DAYS = "|".join(sorted(tables.WEEKDAYS, key=len, reverse=True))
_MONTHS_SHORT = "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"

NAME_RULES: list[Rule] = [
    (re.compile(r"(?i)\b(?:https?|ftp)://[^\s<>\"\U000F0000-\U000FFFFD]+"), _address),
    (re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+\b"), _email),
    (re.compile(rf"(?i)(?<![\w.-])(?:www\.)?(?:[a-z0-9-]{{1,63}}\.){{1,6}}(?:{_ENDINGS})(?:/[^\s<>\"]*)?(?![\w.-]*\w)"), _address),
    (re.compile(rf"\b[\w-]+\.(?:{_FILES})\b"), _email),
    (re.compile(r"(?<!\w)#(?P<tag>[A-Za-z]\w*)"), _hashtag),
    (re.compile(r"(?<![\w.])@(?=[A-Za-z]\w)"), "at "),
    (re.compile(rf"\b(?P<word>{_LATIN_WORDS})\.?(?<=\.|l)"), _latin),
    (re.compile(rf"\b(?P<word>{_TITLE_WORDS})\.\s?(?=[A-Z])"), lambda m: tables.TITLES[m["word"]] + " "),
    (re.compile(rf"\b(?P<word>{_UNDOTTED})\b\.?(?!\.?$)"), lambda m: tables.TITLES[m["word"]]),
    (re.compile(r"\b(?P<word>Dr|St)\b\.?"), _doctor),
    (re.compile(rf"\b(?P<word>{_NUMBERED_WORDS})\.?\s?(?=\d)"), lambda m: _number_word(m)),
    (re.compile(rf"\b(?P<word>{_SHORT_WORDS})\."), _abbreviation),
    (re.compile(rf"\b(?P<word>{_DAYS})\.?(?=,? (?:{_MONTHS_SHORT}|\d|at\b|[A-Z][a-z]+ \d))"), lambda m: tables.WEEKDAYS[m["word"]]),
    (re.compile(r"\bPh\.?\s?D\b\.?"), lambda m: "P-H-D" + (_ends_sentence(m) if m.group().endswith(".") else "")),
    (re.compile(r"(?<![\w.])(?<!\d\s)(?:(?:[A-Z]\.\s?){2,}|(?:[a-z]\.){2,}|(?:[A-Z]\.[a-z]\.)+)(?<!\s)(?![a-z]{2})(?!\d)"), _dotted),
    (re.compile(r"(?<![\w.'])(?P<letter>[A-Z])\.(?=\s[A-Z][a-z])"), _initial),
    (re.compile(r"\bWW(?P<which>II|I|2|1)\b"), lambda m: "World War " + ("two" if m["which"] in ("II", "2") else "one")),
    (re.compile(r"\b(?P<a>[A-Z]{1,3})&(?P<b>[A-Z]{1,3})\b"), lambda m: f"{_spelled(m['a'])} and {_spelled(m['b'])}"),
    (re.compile(r"(?<=\w)\s?'n'?\s?(?=r)"), " and "),
    (re.compile(r"\bw/o\b"), "without"),
    (re.compile(r"\bw/(?=\s|\w)"), "with "),
    (re.compile(r"\band/or\b"), "and or"),
    (re.compile(r"\bc/o\b"), "care of"),
    (re.compile(r"\b(?P<a>he|his|him|she|her|yes)/(?P<b>she|hers|her|him|he|no)\b"), lambda m: f"{m['a']} or {m['b']}"),
]


def _number_word(m: Match) -> str:
    word, dotted = m["word"], "." in m.group()
    if not dotted and word not in ("№",):
        return m.group()
    return tables.NUMBERED[word] + " "


# --- capitals ------------------------------------------------------------------------------------------------------------


def _capitals(m: Match) -> str:
    """A word in capitals: said as a word, or spelled."""
    word, end = m["word"], m["end"] or ""
    suffix = "'s" if end else ""
    if word in tables.WORD_ACRONYMS:
        return m.group()
    if word in tables.SPELLED and not _shouted(m) or len(word) == 2 and word not in tables.EMPHASISED and word != "OK":
        return _spelled(word) + suffix
    if word in tables.EMPHASISED or _shouted(m) or word == "OK" or _speakable(word):
        return m.group()
    return _spelled(word) + suffix


def _shouted(m: Match) -> bool:
    """The words around are in capitals too, and no word of theirs is short."""
    around = m.string[max(0, m.start() - 40) : m.start()] + " " + m.string[m.end() : m.end() + 40]
    words = re.findall(r"[A-Za-z]+", around)
    loud = [word for word in words if word.isupper() and len(word) > 1]
    return len(loud) * 2 > len(words) and any(len(word) > 3 for word in loud)


def _speakable(word: str) -> bool:
    """Whether capitals look like an emphasised word and not like initials."""
    from voxcommons.text.g2p.en_dictionary import lookup

    if len(word) >= 4 and lookup(word.lower()):
        return True
    vowels = sum(letter in "AEIOUY" for letter in word)
    return len(word) >= 7 and 0.25 <= vowels / len(word) <= 0.6


def _joined_name(m: Match) -> str:
    """Make "ChatGPT" "Chat-GPT"; "YouTube" stays when the dictionary knows it."""
    from voxcommons.text.g2p.en_dictionary import lookup

    word = m.group()
    if lookup(word.lower()):
        return word
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", "-", word)


def _slash(m: Match) -> str:
    return " " if m["a"].isupper() and m["b"].isupper() else " slash "


LETTER_RULES: list[Rule] = [
    (re.compile(r"(?<=(?P<a>[A-Za-z]))/(?=(?P<b>[A-Za-z]))"), _slash),
    (re.compile(r"\b(?=[a-zA-Z]*[a-z][A-Z]|[A-Z]{2,}[a-z]{2})[A-Za-z]{3,40}\b"), _joined_name),
    (re.compile(r"(?<![A-Za-z])(?P<word>[A-Z]{2,})(?P<end>s\b|'s\b)?(?![a-z])"), _capitals),
    (re.compile(r"(?<![A-Za-z])(?P<letter>[B-HJ-Z])(?P<end>s\b)(?![a-z])"), lambda m: m["letter"] + "'s"),
]
