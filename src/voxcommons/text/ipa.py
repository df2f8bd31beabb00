"""The International Phonetic Alphabet -> readings this program speaks: ARPAbet for English, pinyin for Mandarin.

Only sounds that these two languages have can be said; everything else is not mapped to something near but refused, so that nobody
hears another word than they wrote. Source: the usual broad transcriptions (IPA handbook 1999; Lee and Zee 2003 for Mandarin).
"""

from __future__ import annotations

import re
from functools import cache

from voxcommons.text.g2p.zh_pinyin import is_syllable

_ENGLISH: dict[str, str] = {
    "iː": "IY", "i": "IY", "ɪ": "IH", "eɪ": "EY", "e": "EH", "ɛ": "EH", "æ": "AE", "ɑː": "AA", "ɑ": "AA", "ɒ": "AA", "a": "AA",
    "ɔː": "AO", "ɔ": "AO", "oʊ": "OW", "əʊ": "OW", "o": "OW", "ʊ": "UH", "uː": "UW", "u": "UW", "ʌ": "AH", "ɐ": "AH", "ə": "AH",
    "ɜːr": "ER", "ɜːɹ": "ER", "ɜː": "ER", "ɜ": "ER", "ɝː": "ER", "ɝ": "ER", "ɚ": "ER", "əɹ": "ER", "ər": "ER",
    "aɪ": "AY", "aʊ": "AW", "ɔɪ": "OY", "ɪə": "IH R", "eə": "EH R", "ɛə": "EH R", "ʊə": "UH R",
    "p": "P", "b": "B", "t": "T", "d": "D", "k": "K", "g": "G", "ɡ": "G", "f": "F", "v": "V", "θ": "TH", "ð": "DH", "s": "S", "z": "Z",
    "ʃ": "SH", "ʒ": "ZH", "tʃ": "CH", "ʧ": "CH", "dʒ": "JH", "ʤ": "JH", "h": "HH", "m": "M", "n": "N", "ŋ": "NG", "l": "L", "ɫ": "L",
    "r": "R", "ɹ": "R", "ɻ": "R", "j": "Y", "w": "W", "ʍ": "HH W", "ɾ": "D", "n̩": "AH N", "l̩": "AH L", "m̩": "AH M",
}  # fmt: skip
_VOWELS = frozenset("IY IH EY EH AE AA AO OW UH UW AH ER AY AW OY".split())
_LONGEST = max(map(len, _ENGLISH))
_STRESS = {"ˈ": "1", "'": "1", "ˌ": "2", ",": "2"}
_SILENT = frozenset(". ‿ ʰ ː")
_TIES = re.compile("[\u0361\u035c]")

_TONES = {"˥": "1", "˥˥": "1", "˧˥": "2", "˨˩˦": "3", "˨˩": "3", "˥˩": "4", "": "5", "55": "1", "35": "2", "214": "3", "21": "3", "51": "4"}
_TONE = re.compile("[˥˦˧˨˩]+|[¹²³⁴⁵]+|[1-5]+")
_DIGITS = str.maketrans("¹²³⁴⁵", "12345")
_ONSETS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x", "j": "tɕ", "q": "tɕʰ",
    "x": "ɕ", "zh": "tʂ", "ch": "tʂʰ", "sh": "ʂ", "r": "ʐ", "z": "ts", "c": "tsʰ", "s": "s", "": "",
}  # fmt: skip
_RIMES = {
    "a": "a", "o": "wo", "e": "ɤ", "ai": "ai", "ei": "ei", "ao": "au", "ou": "ou", "an": "an", "en": "ən", "ang": "aŋ", "eng": "əŋ",
    "ong": "uŋ", "i": "i", "ia": "ja", "ie": "je", "iao": "jau", "iu": "jou", "ian": "jen", "in": "in", "iang": "jaŋ", "ing": "iŋ",
    "iong": "juŋ", "u": "u", "ua": "wa", "uo": "wo", "uai": "wai", "ui": "wei", "uan": "wan", "un": "wən", "uang": "waŋ", "v": "y",
    "ve": "ɥe", "van": "ɥen", "vn": "yn", "er": "aɻ",
}  # fmt: skip
_WITHOUT_ONSET = {
    "i": "yi", "ia": "ya", "ie": "ye", "iao": "yao", "iu": "you", "ian": "yan", "in": "yin", "iang": "yang", "ing": "ying", "iong": "yong",
    "u": "wu", "ua": "wa", "uo": "wo", "uai": "wai", "ui": "wei", "uan": "wan", "un": "wen", "uang": "wang", "v": "yu", "ve": "yue",
    "van": "yuan", "vn": "yun", "ong": "weng",
}  # fmt: skip
# Ways of writing the same sound; whole syllables are compared after this.
_SAME = [
    ("aɚ", "aɻ"), ("əɻ", "aɻ"), ("ʈ", "t"), ("\u032f", ""), ("ɑ", "a"), ("ʊ", "u"), ("ɪ", "i"), ("ɛ", "e"), ("æ", "a"),
    ("ɔ", "o"), ("ɨ", "ɻ̩"), ("ɚ", "aɻ"),
    ("ɹ̩", "ɻ̩"), ("z̩", "ɻ̩"), ("ʐ̩", "ɻ̩"), ("ɯ", "ɤ"), ("χ", "x"),
]  # fmt: skip


def arpabet_of(ipa: str) -> tuple[str, ...]:
    """English in IPA as ARPAbet: ``"təˈmɑːtoʊ"`` -> ``T AH0 M AA1 T OW0``; ``()`` when a sign is not an English sound."""
    written = _TIES.sub("", ipa.strip().strip("/[]")).replace("əl̩", "l̩").replace("ən̩", "n̩")
    phones: list[str] = []
    full: list[int] = []  # places of vowels that are no schwa
    stress, at, marked = "0", 0, any(sign in written for sign in _STRESS)
    while at < len(written):
        if written[at] in _STRESS:
            stress = _STRESS[written[at]]
        elif written[at] not in _SILENT and not written[at].isspace():
            size = next((n for n in range(_LONGEST, 0, -1) if written[at : at + n] in _ENGLISH), 0)
            if not size:
                return ()
            if written[at] != "ə" and _ENGLISH[written[at : at + size]].split()[0] in _VOWELS:
                full.append(len(phones))
            for sound in _ENGLISH[written[at : at + size]].split():
                phones.append(sound + stress if sound in _VOWELS else sound)
                stress = "0" if sound in _VOWELS else stress
            at += size - 1
        at += 1
    if full and not marked:  # the first full vowel carries the stress
        phones[full[0]] = phones[full[0]][:-1] + "1"
    return tuple(phones)


def has_tones(ipa: str) -> bool:
    """Whether a transcription has tone letters, which English has not."""
    return any(sign in "˥˦˧˨˩¹²³⁴⁵" for sign in ipa)


def pinyin_of(ipa: str) -> tuple[str, ...]:
    """Mandarin in IPA as pinyin: ``"ni˧˥ xau˨˩˦"`` -> ``ni2 hao3``; ``()`` when something in it is no Mandarin syllable."""
    syllables: list[str] = []
    done = 0
    written = ipa.strip().strip("/[]")
    marks = list(_TONE.finditer(written))
    for match in marks:
        parts = written[done : match.start()].replace(".", " ").split()
        tones = [""] * (len(parts) - 1) + [match.group().translate(_DIGITS)]
        syllables += [_syllable(part, tone) for part, tone in zip(parts, tones, strict=True)] if parts else [""]
        done = match.end()
    syllables += [_syllable(part, "") for part in written[done:].replace(".", " ").split()]
    return tuple(syllables) if syllables and all(syllables) else ()


def _syllable(segments: str, tone: str) -> str:
    plain = _plain_mandarin().get(_same(segments), "")
    number = _TONES.get(tone, "")
    return plain + number if plain and number and is_syllable(plain + number) else ""


def _same(segments: str) -> str:
    segments = _TIES.sub("", segments).replace("ɕj", "ɕ").replace("tɕʰj", "tɕʰ").replace("ˈ", "")
    for one, other in _SAME:
        segments = segments.replace(one, other)
    return segments


@cache
def _plain_mandarin() -> dict[str, str]:
    """Segments -> pinyin without its tone, over all syllables there are."""
    found: dict[str, str] = {}
    for onset, sound in _ONSETS.items():
        for rime, rest in _RIMES.items():
            pinyin = _spelled(onset, rime)
            if not is_syllable(pinyin + "1"):
                continue
            for written in _variants(onset, rime, rest):
                found.setdefault(_same(sound + written), pinyin)
    for onset in ("zh", "ch", "sh", "r", "z", "c", "s"):
        for written in ("ɻ̩", "", "i"):
            found[_same(_ONSETS[onset] + written)] = onset + "i"
    return found


def _spelled(onset: str, rime: str) -> str:
    if not onset:
        return _WITHOUT_ONSET.get(rime, rime)
    if onset in ("j", "q", "x") and rime.startswith("v"):
        return onset + "u" + rime[1:]
    return onset + rime


def _variants(onset: str, rime: str, rest: str) -> list[str]:
    """How people write a rime: glides as vowels, with or without them."""
    found = [rest, rest.replace("j", "i").replace("w", "u").replace("ɥ", "y")]
    if onset in ("j", "q", "x") and rest[:1] == "j":
        found.append(rest[1:])
    if rime == "ong" and not onset:
        found = ["wəŋ", "uəŋ"]
    if rime == "o":
        found.append("o")
    if rime == "iong":
        found += ["joŋ", "ioŋ", "yŋ"]
    if rime == "ong":
        found.append("oŋ")
    if rime in ("ian", "van"):
        found += [one.replace("e", "a") for one in found]
    return found
