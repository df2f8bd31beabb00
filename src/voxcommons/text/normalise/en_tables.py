"""The word lists of English normalisation: months, units, currencies, abbreviations, signs. Facts only, no rules."""

from __future__ import annotations

MONTHS = "January February March April May June July August September October November December".split()
MONTH_NAMES: dict[str, int] = {
    **{name.lower(): number for number, name in enumerate(MONTHS, 1)},
    **{name[:3].lower(): number for number, name in enumerate(MONTHS, 1)},
    "sept": 9,
}
WEEKDAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip

# Sign -> (one, several, one of the hundredth part, several of them).
CURRENCIES: dict[str, tuple[str, str, str, str]] = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yuan", "yuan", "fen", "fen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₽": ("ruble", "rubles", "kopek", "kopeks"),
    "₿": ("bitcoin", "bitcoins", "", ""),
}
CURRENCY_PREFIXES = {
    "US": "U-S", "USD": "U-S", "A": "Australian", "AU": "Australian", "C": "Canadian", "CA": "Canadian", "NZ": "New Zealand",
    "HK": "Hong Kong", "S": "Singapore", "NT": "New Taiwan", "R": "Brazilian",
}  # fmt: skip
CURRENCY_CODES: dict[str, tuple[str, str]] = {
    "USD": ("U-S dollar", "U-S dollars"), "EUR": ("euro", "euros"), "GBP": ("British pound", "British pounds"),
    "JPY": ("Japanese yen", "Japanese yen"), "CNY": ("Chinese yuan", "Chinese yuan"), "RMB": ("yuan", "yuan"),
    "HKD": ("Hong Kong dollar", "Hong Kong dollars"), "AUD": ("Australian dollar", "Australian dollars"),
    "CAD": ("Canadian dollar", "Canadian dollars"), "CHF": ("Swiss franc", "Swiss francs"),
    "INR": ("Indian rupee", "Indian rupees"), "KRW": ("Korean won", "Korean won"),
}  # fmt: skip
MAGNITUDES = {
    "k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "mm": "million", "b": "billion",
    "B": "billion", "bn": "billion", "T": "trillion", "tn": "trillion", "thousand": "thousand", "million": "million",
    "billion": "billion", "trillion": "trillion", "hundred": "hundred",
}  # fmt: skip

# Unit sign -> (one, several). Signs that are also words or names stand in GLUED_ONLY: "5in" is inches, "5 in" is not.
UNITS: dict[str, tuple[str, str]] = {
    "km": ("kilometer", "kilometers"), "m": ("meter", "meters"), "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"), "µm": ("micrometer", "micrometers"), "um": ("micrometer", "micrometers"),
    "nm": ("nanometer", "nanometers"), "mi": ("mile", "miles"), "ft": ("foot", "feet"), "in": ("inch", "inches"),
    "yd": ("yard", "yards"), "yds": ("yard", "yards"), "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"), "µg": ("microgram", "micrograms"), "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"), "t": ("ton", "tons"), "L": ("liter", "liters"), "l": ("liter", "liters"),
    "ml": ("milliliter", "milliliters"), "mL": ("milliliter", "milliliters"), "cl": ("centiliter", "centiliters"),
    "gal": ("gallon", "gallons"), "s": ("second", "seconds"), "sec": ("second", "seconds"), "secs": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"), "µs": ("microsecond", "microseconds"), "ns": ("nanosecond", "nanoseconds"),
    "min": ("minute", "minutes"), "mins": ("minute", "minutes"), "h": ("hour", "hours"), "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"), "yr": ("year", "years"), "yrs": ("year", "years"), "wk": ("week", "weeks"),
    "wks": ("week", "weeks"), "mo": ("month", "months"), "mos": ("month", "months"),
    "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"), "KB": ("kilobyte", "kilobytes"),
    "kB": ("kilobyte", "kilobytes"), "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"), "PB": ("petabyte", "petabytes"), "KiB": ("kibibyte", "kibibytes"),
    "MiB": ("mebibyte", "mebibytes"), "GiB": ("gibibyte", "gibibytes"), "kbps": ("kilobit per second", "kilobits per second"),
    "Kbps": ("kilobit per second", "kilobits per second"), "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"), "W": ("watt", "watts"), "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"), "GW": ("gigawatt", "gigawatts"), "Wh": ("watt hour", "watt hours"),
    "kWh": ("kilowatt hour", "kilowatt hours"), "MWh": ("megawatt hour", "megawatt hours"), "V": ("volt", "volts"),
    "mV": ("millivolt", "millivolts"), "kV": ("kilovolt", "kilovolts"), "A": ("ampere", "amperes"),
    "mA": ("milliampere", "milliamperes"), "mAh": ("milliampere hour", "milliampere hours"), "Ω": ("ohm", "ohms"),
    "kΩ": ("kilohm", "kilohms"), "J": ("joule", "joules"), "kJ": ("kilojoule", "kilojoules"), "cal": ("calorie", "calories"),
    "kcal": ("kilocalorie", "kilocalories"), "N": ("newton", "newtons"), "Pa": ("pascal", "pascals"),
    "hPa": ("hectopascal", "hectopascals"), "kPa": ("kilopascal", "kilopascals"), "MPa": ("megapascal", "megapascals"),
    "psi": ("P-S-I", "P-S-I"), "dB": ("decibel", "decibels"), "dBm": ("D-B-M", "D-B-M"), "mol": ("mole", "moles"),
    "px": ("pixel", "pixels"), "dpi": ("dots per inch", "dots per inch"), "ppm": ("part per million", "parts per million"),
    "fps": ("frame per second", "frames per second"), "rpm": ("revolution per minute", "revolutions per minute"),
    "bpm": ("beat per minute", "beats per minute"), "mph": ("mile per hour", "miles per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"), "kmh": ("kilometer per hour", "kilometers per hour"),
    "ha": ("hectare", "hectares"), "cc": ("cubic centimeter", "cubic centimeters"), "hp": ("horsepower", "horsepower"),
    "sq ft": ("square foot", "square feet"), "sqft": ("square foot", "square feet"), "sq m": ("square meter", "square meters"),
    "sq mi": ("square mile", "square miles"), "fl oz": ("fluid ounce", "fluid ounces"), "tbsp": ("tablespoon", "tablespoons"),
    "tsp": ("teaspoon", "teaspoons"), "mmHg": ("millimeter of mercury", "millimeters of mercury"),
}  # fmt: skip
GLUED_ONLY = frozenset("in s t h A J N mo g l m".split()) - frozenset("g m".split())
PER = {
    "h": "hour", "hr": "hour", "s": "second", "sec": "second", "min": "minute", "day": "day", "month": "month", "mo": "month",
    "year": "year", "yr": "year", "week": "week", "wk": "week", "hour": "hour", "minute": "minute", "second": "second",
    "kg": "kilogram", "g": "gram", "L": "liter", "l": "liter", "ml": "milliliter", "mL": "milliliter", "dL": "deciliter",
    "m": "meter", "km": "kilometer", "cm": "centimeter", "person": "person", "gal": "gallon", "lb": "pound", "night": "night",
    "kWh": "kilowatt hour", "unit": "unit", "piece": "piece", "GB": "gigabyte", "MB": "megabyte", "mol": "mole",
}  # fmt: skip

# In front of a name: the full stop never ends a sentence.
TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Messrs": "Messieurs", "Prof": "Professor", "Rev": "Reverend",
    "Hon": "Honorable", "Gen": "General", "Col": "Colonel", "Maj": "Major", "Capt": "Captain", "Lt": "Lieutenant",
    "Cmdr": "Commander", "Sgt": "Sergeant", "Cpl": "Corporal", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative",
    "Pres": "President", "Supt": "Superintendent", "Mt": "Mount", "Ft": "Fort", "Fr": "Father",
}  # fmt: skip
UNDOTTED_TITLES = ("Mr", "Mrs", "Ms", "Messrs", "Prof", "Mt", "Lt", "Sgt", "Capt")
# Elsewhere; the full stop may also end the sentence, except behind those of NEVER_LAST.
NEVER_LAST = frozenset("vs approx est incl ext Ext tel Tel dept Dept misc abbr".split())
ABBREVIATIONS = {
    "etc": "et cetera", "vs": "versus", "approx": "approximately", "dept": "department", "est": "established",
    "govt": "government", "Inc": "Incorporated", "Ltd": "Limited", "Co": "Company", "Corp": "Corporation", "Bros": "Brothers",
    "Jr": "Junior", "Sr": "Senior", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Hwy": "Highway", "Apt": "Apartment",
    "Bldg": "Building", "Univ": "University", "Assn": "Association", "Dept": "Department", "Govt": "Government",
    "misc": "miscellaneous", "incl": "including", "temp": "temperature", "tel": "telephone", "Tel": "Telephone",
    "ext": "extension", "Ext": "Extension", "max": "maximum", "avg": "average", "abbr": "abbreviation",
}  # fmt: skip
# Only in front of a number.
NUMBERED = {
    "No": "number", "no": "number", "Nos": "numbers", "nos": "numbers", "Nr": "number", "№": "number", "p": "page", "pp": "pages",
    "P": "page", "Fig": "Figure", "fig": "figure", "Figs": "Figures", "Vol": "Volume", "vol": "volume", "Ch": "Chapter",
    "ch": "chapter", "Sec": "Section", "sec": "section", "Eq": "Equation", "eq": "equation", "Art": "Article", "Ver": "Version",
    "ver": "version", "Tab": "Table", "Ex": "Exercise", "c": "circa", "ca": "circa",
}  # fmt: skip
LATIN = {"e.g": "for example", "i.e": "that is", "cf": "compare", "viz": "namely", "et al": "et al", "ibid": "ibid", "N.B": "note"}

SIGNS: dict[str, str] = {
    "&": "and", "@": "at", "+": "plus", "=": "equals", "#": "hash", "%": "percent", "‰": "per thousand", "°": "degrees",
    "§": "section", "¶": "paragraph", "©": "copyright", "®": "registered", "™": "trademark", "×": "times", "÷": "divided by",
    "±": "plus or minus", "√": "square root of", "∞": "infinity", "≈": "approximately", "≠": "not equal to",
    "≤": "less than or equal to", "≥": "greater than or equal to", "∑": "sum", "∫": "integral", "∂": "partial", "∆": "delta",
    "¢": "cents", "²": "squared", "³": "cubed", "№": "number", "∈": "in", "∪": "union", "∩": "intersection",
    "−": "minus", "→": "to", "♯": "sharp", "♭": "flat", "/": "slash", "℅": "care of",
    **{sign: words[1] for sign, words in CURRENCIES.items()},
}  # fmt: skip
GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψω",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi psi"
        " omega".split(),
        strict=True,
    )
)
FRACTION_SIGNS = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5", "⅙": "1/6",
    "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip
LATIN_LETTERS = {
    "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "þ": "th",
    "Þ": "Th", "ð": "th", "Ð": "Th", "ı": "i", "ħ": "h", "ŋ": "ng", "ə": "e",
}  # fmt: skip

# Capitals that are said as a word.
WORD_ACRONYMS = frozenset(
    "NASA NATO UNESCO UNICEF OPEC AIDS NAFTA ASCII RAM ROM PIN SIM GIF JPEG FIFA UEFA LAN WAN SWAT SARS MERS COVID YOLO LIDAR RADAR"
    " SONAR LASER SCUBA NASDAQ CAPTCHA FEMA POTUS SCOTUS ASAP BASIC COBOL FORTRAN LISP NORAD OSHA PETA SAT TED VIP WIFI ZIP BIOS CERN"
    " ESOL TOEFL GATT INTERPOL ISIS NIMBY AWOL BAFTA BRICS ASEAN CUDA RAID SOAP YAML REST SAAS PAAS CRISPR NEET IKEA LEGO NVIDIA SIRI"
    " ALEXA OK".split()
) - {"VIP", "OK"}
# Capitals that are spelled though the dictionary knows a word of that spelling.
SPELLED = frozenset(
    "IT US AM PM AI UK EU UN TV PC CD DVD CEO CFO CTO COO CIA FBI LA DC ID IQ IP OS ER AC DC MD PR HR PA ET AD BC CE BCE GI RV SUV MIT"
    " ARM APP API CPU GPU LED USB DNA RNA HIV ATM GDP GPS FAQ NBA NFL NHL MLB BBC CNN ABC CBS NBC IBM AMD KFC BMW UFO VIP PHD MBA"
    " IPO ESP EMS ICU MRI NSA IRS EPA FDA CDC WHO IMF LLM TTS ASR GAN RNN CNN GRU SQL PHP CSS XML RPC SDK IDE CLI GUI UI UX VR AR".split()
) - {"APP", "ARM"}
# Short words that people write in capitals for emphasis.
EMPHASISED = frozenset(
    "THE AND NOT ALL BUT YOU ARE CAN HAS HAD HIS HER HIM OUR OUT NEW NOW OLD ONE TWO SIX TEN WAY WHY HOW YES GET GOT LET SAY SEE SHE"
    " TOO USE WAS ANY BAD BIG DAY DID END FAR FOR FUN GO NO SO DO IF IN IS ME MY OF ON OR TO UP WE HE BE BY AT AS AN OFF OWN PUT RUN"
    " SET TOP TRY ASK BUY CAR EAT JOB KEY LAW LOT MAN MAY MEN PAY RED SIT SUN WAR WIN YET ADD AGO AIR ART APP BED BOX BOY CUT DOG EYE"
    " FEW HIT HOT LAY LOW MAP MET MOM DAD NOR POP RAW SAD SEA SON TEA TIE TIP VAN WET ZOO ARM BAR BAY BUS CAT STOP OK".split()
) - {"OK"}
