"""English number words: cardinals, ordinals, years, digits. Pure arithmetic, no text rules.

``comma`` is what separates groups of thousands: nothing in ordinary speech, "," as the public
program writes it.
"""

from __future__ import annotations

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_GROUPS = "_ thousand million billion trillion quadrillion quintillion sextillion septillion".split()
_ORDINAL_ENDS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LARGEST = 10 ** (3 * len(_GROUPS)) - 1


def _below_hundred(value: int) -> str:
    if value < 20:
        return _ONES[value]
    tens, ones = divmod(value, 10)
    return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")


def _below_thousand(value: int) -> str:
    hundreds, rest = divmod(value, 100)
    words = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    if rest or not hundreds:
        words.append(_below_hundred(rest))
    return " ".join(words)


def cardinal(value: int, *, comma: str = "") -> str:
    """123456 -> "one hundred twenty-three thousand four hundred fifty-six".

    Beyond :data:`LARGEST` the digits are read one by one.
    """
    if value < 0:
        return f"minus {cardinal(-value, comma=comma)}"
    if value > LARGEST:
        return digits(str(value))
    if value < 1000:
        return _below_thousand(value)
    groups: list[str] = []
    power = 0
    while value:
        value, rest = divmod(value, 1000)
        if rest:
            groups.append(_below_thousand(rest) + (f" {_GROUPS[power]}" if power else ""))
        power += 1
    return f"{comma} ".join(reversed(groups))


def ordinal(value: int, *, comma: str = "") -> str:
    """21 -> "twenty-first"."""
    words = cardinal(value, comma=comma)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    return words[:cut] + ordinal_word(words[cut:])


def ordinal_word(last: str) -> str:
    """The last word of a cardinal as an ordinal: "twenty" -> "twentieth"."""
    if last in _ORDINAL_ENDS:
        return _ORDINAL_ENDS[last]
    return last[:-1] + "ieth" if last.endswith("y") else last + "th"


def digits(run: str, *, zero: str = "zero") -> str:
    """Read digits one by one, "407" as "four zero seven"; characters that are no digits are left out."""
    return " ".join(zero if d == "0" else _ONES[int(d)] for d in run if d in "0123456789")


def year(value: int) -> str:
    """1999 -> "nineteen ninety-nine", 2005 -> "two thousand five", 1905 -> "nineteen oh five"."""
    high, low = divmod(value, 100)
    if not 1000 <= value <= 9999 or 2000 <= value <= 2009 or high % 10 == 0 and low < 10:
        return cardinal(value)
    if low == 0:
        return f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def plural(words: str) -> str:
    """Plural of the last word: "nineteen ninety" -> "nineteen nineties"."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith(("s", "x")) else "s")


def decimal(text: str, *, zero: str = "zero") -> str:
    """Read "3.14" as "three point one four"; commas between thousands are allowed."""
    whole, _, fraction = text.replace(",", "").partition(".")
    words = number(whole) if whole else zero
    return f"{words} point {digits(fraction, zero=zero)}" if fraction else words


def number(run: str) -> str:
    """A run of digits as most people say it.

    Leading zeros and long runs that do not end in "000" are read digit by digit (codes, accounts).
    """
    run = run.replace(",", "")
    coded = len(run) > 1 and run[0] == "0" or len(run) > 9 and not run.endswith("000")
    if coded or len(run) > 3 * len(_GROUPS):
        return digits(run)
    return cardinal(int(run))


_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def roman(numeral: str) -> int:
    """Value of a numeral, 14 for "XIV". The caller makes sure that it is well formed."""
    total = 0
    for letter, following in zip(numeral, numeral[1:] + " ", strict=True):
        value = _ROMAN[letter]
        total += -value if value < _ROMAN.get(following, 0) else value
    return total
