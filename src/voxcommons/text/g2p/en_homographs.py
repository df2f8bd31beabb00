"""English words whose reading depends on their neighbours ("to record a record").

Two mechanisms, both small and explicable: a table of noun/verb pairs decided by the words around, and special rules for
the words where the sense matters ("lead", "live", "read", "wind"...). No tagger, no model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

Phones = tuple[str, ...]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DETERMINERS = _set(
    "a an the this that these those my your his her its our their no some any every each another either neither both all"
    " such what which whose many few several much more most"
)
_PREPOSITIONS = _set(
    "of in on at by for with from into onto about after before over under between among against during without within through"
    " across behind beyond near off upon per via than as"
)
_SUBJECTS = _set("i you we they who")
_SINGULAR_SUBJECTS = _set("he she it who that which this everyone everybody nobody somebody someone")
_MODALS = _set(
    "will would can could may might must shall should do does did don't doesn't didn't won't wouldn't can't couldn't cannot"
    " shouldn't let's please i'll you'll he'll she'll it'll we'll they'll i'd you'd he'd she'd we'd they'd and/or help gonna wanna"
)
_BE = _set("am is are was were be been being i'm you're he's she's it's we're they're that's isn't aren't wasn't weren't")
_HAVE = _set("have has had having i've you've we've they've he's she's haven't hasn't hadn't")
_ADVERBS = _set(
    "not never always often just also only even still ever now then really actually usually sometimes soon already almost"
    " probably simply quickly easily all both either n't to"
)
_OBJECTS = _set("me him them us it you the a an my your his her its our their this that these those himself herself themselves each")
_LINKING = _set("so too very quite how seem seems seemed become became get got getting is are was were be been stay come came draw drew")


@cache
def noun_verb() -> dict[str, tuple[Phones, Phones, str]]:
    """Word -> (noun or adjective reading, verb reading, "n" or "v" in doubt)."""
    text = (resources.files("voxcommons.text") / "data" / "en_homographs.tsv").read_text(encoding="utf-8")
    table: dict[str, tuple[Phones, Phones, str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, noun, verb, default = line.split("\t")
            table[word] = (tuple(noun.split()), tuple(verb.split()), default)
    return table


def reading(words: Sequence[str], at: int) -> Phones:
    """How ``words[at]`` is read here, ``()`` when it is no homograph.

    Args:
        words: the tokens around in order, lower case except that "Polish" keeps its capital; punctuation marks are tokens.
        at: which of them.
    """
    word = words[at].lower()
    special = _SPECIAL.get(word)
    if special:
        return tuple(special(_Context(words, at)).split())
    table = noun_verb()
    if word in table:
        noun, verb, default = table[word]
        return verb if _Context(words, at).is_verb(default, inflected=False) else noun
    if word.endswith("s") and word[:-1] in table:
        noun, verb, default = table[word[:-1]]
        base = verb if _Context(words, at).is_verb("n", inflected=True) else noun
        last = base[-1]
        if last in ("S", "Z", "SH", "CH", "JH"):
            return (*base, "IH0", "Z")
        return (*base, "S" if last in ("P", "T", "K", "F", "TH") else "Z")
    return ()


class _Context:
    """The neighbours of a word. ``""`` stands for the edge of the text."""

    def __init__(self, words: Sequence[str], at: int) -> None:
        self._words = words
        self._at = at
        self.word = words[at]

    def near(self, offset: int) -> str:
        """The token ``offset`` places away, lower case."""
        place = self._at + offset
        return self._words[place].lower() if 0 <= place < len(self._words) else ""

    @property
    def before(self) -> str:
        """The nearest word in front that is no adverb."""
        offset = -1
        while (word := self.near(offset)) in _ADVERBS and word != "to" or word.endswith("ly") and len(word) > 4:
            offset -= 1
        return word

    @property
    def after(self) -> str:
        """The next token."""
        return self.near(1)

    def starts_clause(self) -> bool:
        """Nothing or punctuation stands in front."""
        return not self.before or not self.before[0].isalnum()

    def is_verb(self, default: str, *, inflected: bool) -> bool:
        """Whether the word stands where a verb stands.

        Args:
            default: "v" or "n" when nothing tells.
            inflected: it ends in the -s of the third person (or of a plural).
        """
        before, after = self.before, self.after
        if before in _DETERMINERS and not (before == "that" and inflected):
            return inflected and after in _OBJECTS and before in ("this", "each", "which")
        if before in _BE or before in _PREPOSITIONS or before.endswith("'s"):
            return False
        if inflected:
            return before in _SINGULAR_SUBJECTS or after in _OBJECTS and not self.starts_clause()
        if before in _MODALS or before in _SUBJECTS or before == "to":
            return True
        if before in _OBJECTS and self.near(-2) in ("let", "make", "makes", "made", "help", "helps", "see", "saw", "hear", "heard"):
            return True
        if self.starts_clause() or before in ("and", "or", "but"):
            return after in _OBJECTS or default == "v"
        if after in _OBJECTS:
            return default == "v" or after not in ("that", "this", "you", "her", "these", "those")
        return default == "v" and before not in _HAVE and after[:1].isalpha() and after != "of"


def _read(context: _Context) -> str:
    past, present = "R EH1 D", "R IY1 D"
    before = context.before
    if before in _MODALS or before == "to":
        return present
    if before in _HAVE or before in _BE or before in ("he", "she", "it", "well") or before.endswith("'ve"):
        return past
    around = {context.near(offset) for offset in range(-8, 9)}
    if around & {"yesterday", "ago", "last", "was", "were", "had", "did", "already", "earlier", "once"}:
        return past
    return present


def _live(context: _Context) -> str:
    verb, adjective = "L IH1 V", "L AY1 V"
    if context.before in _DETERMINERS or context.before in ("is", "was", "are", "were", "go", "goes", "went", "going", "be"):
        return adjective
    shows = _set(
        "music show shows broadcast stream streaming concert performance audience band album tv television radio event events wire bait"
    )
    if context.after in shows or context.before in ("broadcast", "streamed", "performed", "recorded", "played", "reporting"):
        return adjective
    return verb


def _lives(context: _Context) -> str:
    if context.before in _SINGULAR_SUBJECTS or context.after in _set("in at with near on by alone here there within under next"):
        noun_before = context.before in _set("our their your his her my these those many the of few several")
        return "L AY1 V Z" if noun_before else "L IH1 V Z"
    return "L AY1 V Z"


def _lead(context: _Context) -> str:
    metal = _set("pipe pipes paint poisoning pencil pencils bullet bullets ore mine mines glass roof acetate shot acid weight weights")
    if context.after in metal or context.before in _set("of like molten heavy white red liquid") and context.after not in ("to", "the"):
        return "L EH1 D"
    if context.before == "as" and context.near(-2) in ("heavy", "grey", "gray", "dull"):
        return "L EH1 D"
    return "L IY1 D"


def _wind(context: _Context) -> str:
    verb = context.before in _MODALS or context.before == "to" or context.before in _SUBJECTS
    turning = context.after in _set("up down around through your the it along round back") and (context.starts_clause() or verb)
    return "W AY1 N D" if verb or turning else "W IH1 N D"


def _winds(context: _Context) -> str:
    turning = context.after in _set("up down around through its along round back into past") and context.before not in _DETERMINERS
    return "W AY1 N D Z" if turning or context.before in ("it", "road", "river", "path") else "W IH1 N D Z"


def _wound(context: _Context) -> str:
    turned = context.after in _set("up down around through its along round their his her back tightly tight into past")
    by_someone = context.before in ("he", "she", "i", "had") and context.after in _OBJECTS
    return "W AW1 N D" if by_someone or turned and context.before not in _DETERMINERS else "W UW1 N D"


def _tear(context: _Context) -> str:
    acting = context.before in _MODALS or context.before in _SUBJECTS or context.before == "to"
    rip = acting or context.after in _set("up down apart off away it") or context.near(-2) == "wear"
    return "T EH1 R" if rip else "T IH1 R"


def _tears(context: _Context) -> str:
    rip = context.before in _SINGULAR_SUBJECTS or context.after in _set("up apart off away it")
    return "T EH1 R Z" if rip else "T IH1 R Z"


def _bow(context: _Context) -> str:
    following = context.near(2) if context.after == "and" else context.after
    weapon = following in _set("tie ties arrow arrows string legged")
    return "B OW1" if weapon or context.before in _set("violin cello his her long cross with rainbow pink red") else "B AW1"


def _used(context: _Context) -> str:
    purpose = context.before in _BE and context.near(2) in ("the", "a", "make", "create", "describe", "refer")
    return "Y UW1 S T" if context.after == "to" and not purpose else "Y UW1 Z D"


def _use_to(context: _Context) -> str:
    noun, verb, default = noun_verb()["use"]
    if context.after == "to" and context.before in ("didn't", "did"):
        return "Y UW1 S"
    return " ".join(verb if context.is_verb(default, inflected=False) else noun)


def _close(context: _Context) -> str:
    near, shut = "K L OW1 S", "K L OW1 Z"
    before, after = context.before, context.after
    acting = before in _MODALS or before == "to"
    if before in _LINKING or before in _BE or after in _set("to by friend friends together behind enough range up quarters"):
        return shut if acting and after != "to" else near
    if acting or before in _SUBJECTS or after in _OBJECTS or after == "of":
        return shut
    return shut if context.starts_clause() else near


def _minute(context: _Context) -> str:
    tiny = _set("details detail particles particle amounts amount quantities quantity differences traces attention fragments inspection")
    return "M AY0 N UW1 T" if context.after in tiny or context.before in ("so", "very", "most", "extremely") else "M IH1 N AH0 T"


def _content(context: _Context) -> str:
    satisfied = context.after in ("with", "to") and context.before not in _DETERMINERS
    return "K AH0 N T EH1 N T" if satisfied or context.before in _BE or context.before in ("quite", "heart's") else "K AA1 N T EH0 N T"


def _bass(context: _Context) -> str:
    fish = context.before in _set("sea striped largemouth smallmouth caught catch grilled") or context.after in _set("fishing fillet boat")
    return "B AE1 S" if fish else "B EY1 S"


def _polish(context: _Context) -> str:
    return "P OW1 L IH0 SH" if context.word == "Polish" and not context.starts_clause() else "P AA1 L IH0 SH"


def _learned(context: _Context) -> str:
    people = _set("man men professor doctor judge friend society woman gentleman scholar author")
    return "L ER1 N IH0 D" if context.after in people and context.before not in _HAVE else "L ER1 N D"


def _aged(context: _Context) -> str:
    old = context.after in _set("man men woman women mother father couple parents people lady gentleman person persons face")
    return "EY1 JH IH0 D" if old or context.before == "the" and not context.after.isalpha() else "EY1 JH D"


def _blessed(context: _Context) -> str:
    holy = context.before in _DETERMINERS or context.after in _set("virgin mary mother are is be sacrament")
    return "B L EH1 S IH0 D" if holy and context.after not in ("with", "by") else "B L EH1 S T"


def _resume(context: _Context) -> str:
    document = context.before in _set("my your his her their a the our") or context.before.endswith("'s")
    return "R EH1 Z AH0 M EY2" if document else "R IH0 Z UW1 M"


def _sow(context: _Context) -> str:
    return "S AW1" if context.before in _DETERMINERS else "S OW1"


def _dove(context: _Context) -> str:
    plunged = context.after in _set("into in down under off headfirst back") and context.before not in _DETERMINERS
    return "D OW1 V" if plunged else "D AH1 V"


def _invalid(context: _Context) -> str:
    person = context.before in _DETERMINERS and not context.after.isalpha()
    return "IH1 N V AH0 L AH0 D" if person else "IH2 N V AE1 L AH0 D"


_SPECIAL: dict[str, Callable[[_Context], str]] = {
    "aged": _aged,
    "bass": _bass,
    "blessed": _blessed,
    "bow": _bow,
    "close": _close,
    "content": _content,
    "dove": _dove,
    "invalid": _invalid,
    "lead": _lead,
    "learned": _learned,
    "live": _live,
    "lives": _lives,
    "minute": _minute,
    "polish": _polish,
    "read": _read,
    "resume": _resume,
    "sow": _sow,
    "tear": _tear,
    "tears": _tears,
    "use": _use_to,
    "used": _used,
    "wind": _wind,
    "winds": _winds,
    "wound": _wound,
}
