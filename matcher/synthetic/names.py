"""Names and naming customs of the county's people, by coarse origin.

Takes draws, an origin and its sub-custom; gives forenames and surnames, and what a family does with them: shared surnames,
names at marriage, patronymics, gendered endings. The lists lie in `lists/*.txt`, by falling frequency; British surnames have
a long made-up tail. Nothing here is shared with the tables that the matching uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from matcher.synthetic.draws import NAMES, Draws, Table, zipf

LISTS = Path(__file__).parent / "lists"
BRITISH, HINDU, SIKH, MUSLIM, EASTERN, AFRICAN, CARIBBEAN, CHINESE = (
    "british", "hindu", "sikh", "muslim_south_asian", "eastern_european", "african", "caribbean", "chinese",
)  # fmt: skip
ORIGINS = (BRITISH, HINDU, SIKH, MUSLIM, EASTERN, AFRICAN, CARIBBEAN, CHINESE)
PLAIN = str.maketrans(
    "ąćęłńóśźżĄĆĘŁŃÓŚŹŻėčįšųūžģķļņāēīőűáéíýúňťďľĢĶĻŅĀĒĪŠŽČŽ", "acelnoszzACELNOSZZecisuuzgklnaeiouaeiyuntdlGKLNAEISZCZ"
)
TAIL = 7000  # made-up British surnames beyond the common ones
TAIL_SHARE = 0.36


def _sections(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    section = ""
    for line in (LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = []
        elif line and not line.startswith("#"):
            found[section].extend(line.split())
    return found


@cache
def sections(name: str) -> dict[str, list[str]]:
    """The sections of a list file, each a list of names by falling frequency."""
    return {section: list(dict.fromkeys(values)) for section, values in _sections(name).items()}


@cache
def _table(origin: str, section: str) -> Table:
    values = sections(origin)[section]
    if (origin, section) != (BRITISH, "surnames"):
        return zipf(values)
    draws = Draws(20120301, NAMES)
    tail: dict[str, None] = {}
    prefixes, suffixes = sections(BRITISH)["prefixes"], sections(BRITISH)["suffixes"]
    while len(tail) < TAIL:
        made = draws.pick(prefixes) + draws.pick(suffixes).replace("-", "")
        if draws.chance(0.12):
            made += draws.pick(("s", "e", "son", "er"))
        if made not in values:
            tail[made] = None
    common = zipf(values, shift=4.0, slope=0.8)
    head = [after - before for before, after in zip([0.0, *common.ends], common.ends, strict=False)]
    rest = [1.0 / (rank + 120) ** 0.6 for rank in range(TAIL)]
    scale = common.total / sum(rest) * TAIL_SHARE / (1 - TAIL_SHARE)
    return Table([*values, *tail], [*head, *(weight * scale for weight in rest)])


@cache
def nicknames() -> dict[str, tuple[str, ...]]:
    """Forename -> the short forms that people use."""
    lines = (LISTS / "nicknames.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(":") for line in lines if ":" in line and not line.startswith("#"))
    return {name.strip(): tuple(short.split()) for name, short in pairs}


@cache
def variants() -> dict[str, tuple[str, ...]]:
    """Name -> other spellings of it."""
    found: dict[str, dict[str, None]] = {}
    for line in (LISTS / "variants.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        family = line.split()
        for name in family:
            found.setdefault(name, {}).update(dict.fromkeys(other for other in family if other != name))
    return {name: tuple(others) for name, others in found.items()}


_SPELLINGS = (
    ("oo", "u"), ("ee", "i"), ("ou", "u"), ("aa", "a"), ("ai", "ay"), ("q", "k"), ("kh", "k"), ("dh", "d"), ("bh", "b"),
    ("gh", "g"), ("sh", "s"), ("th", "t"), ("v", "w"), ("w", "v"), ("z", "j"), ("j", "z"), ("y", "i"), ("i", "ee"), ("u", "oo"),
    ("a$", "ah"), ("ah$", "a"), ("e$", ""), ("c", "k"), ("k", "c"), ("ph", "f"), ("x", "ks"), ("sz", "sh"), ("cz", "ch"),
    ("rz", "z"), ("ski$", "sky"), ("wicz$", "vich"), ("ie", "y"), ("ey$", "y"), ("son$", "sen"), ("er", "ur"), ("ei", "ie"),
    ("ll", "l"), ("mm", "m"), ("nn", "n"), ("ss", "s"), ("tt", "t"), ("n$", "ne"), ("t$", "tt"), ("l$", "ll"), ("m", "mm"),
    ("r$", "rr"), ("d$", "dh"), ("au", "o"), ("aw", "ow"), ("h$", ""), ("a", "u"), ("e", "a"), ("o", "oh"), ("i", "y"),
)  # fmt: skip


def respelt(draws: Draws, name: str) -> str:
    """Another spelling of a name, of the table or by the ear; now and then the same one, where the name is plain."""
    others = variants().get(name)
    if others is not None and draws.chance(0.45):
        return draws.pick(others)
    if others is None and draws.chance(0.6):
        return name
    low = name.lower()
    start = draws.below(len(_SPELLINGS))
    for heard, written in (*_SPELLINGS[start:], *_SPELLINGS[:start]):
        at_end = heard.endswith("$")
        heard = heard.rstrip("$")
        place = low.rfind(heard) if at_end else low.find(heard, 1)
        if place > 0 and (not at_end or low.endswith(heard)):
            return name[:place] + written + name[place + len(heard) :]
    return name


def shortened(draws: Draws, name: str) -> str:
    """What somebody is called: a pet name, or the beginning of the name."""
    short = nicknames().get(name)
    if short and draws.chance(0.6):
        return draws.pick(short)
    if not short and draws.chance(0.5):
        return name
    vowels = [place for place, letter in enumerate(name.lower()) if letter in "aeiouy" and place > 0]
    end = next((place for place in vowels if place >= 2), len(name))
    kept = name[: end if end >= 3 else end + 1 + draws.below(2)]
    ending = "" if kept[-1] in "aeiouy" else draws.pick(("", "", "y", "i", "o"))
    return kept + ending if len(kept) < len(name) - 1 else name


@dataclass(slots=True)
class Custom:
    """How one family names itself: its shared surname and the style of its origin."""

    origin: str
    sub: str  # style within the origin
    surname: str


def custom(draws: Draws, origin: str) -> Custom:
    """Draw the naming style and the surname of a family."""
    sub = ""
    if origin == AFRICAN:
        sub = draws.pick(("somali", "somali", "nigerian", "zimbabwean"))
        if sub == "somali":
            return Custom(origin, sub, draws.table(_table(AFRICAN, "somali_male")))
        return Custom(origin, sub, draws.table(_table(AFRICAN, f"{sub}_surnames")))
    if origin == SIKH:
        sub = "family" if draws.chance(0.6) else "religious"
    elif origin == MUSLIM:
        sub = "family" if draws.chance(0.55) else "personal"
    surname = draws.table(_table(origin, "surnames"))
    if origin in (BRITISH, CARIBBEAN) and draws.chance(0.012):
        surname = f"{surname}-{draws.table(_table(origin, 'surnames'))}"
    return Custom(origin, sub, surname)


def given(draws: Draws, family: Custom, sex: str, year: int) -> str:
    """A forename of somebody born in that year."""
    origin = family.origin
    long = "male" if sex == "M" else "female"
    if origin == AFRICAN:
        return draws.table(_table(origin, f"{family.sub}_{long}"))
    if origin == CHINESE:
        return draws.table(_table(origin, f"given_{long}"))
    era = "old" if draws.random() < (1988 - year) / 22 else "young"
    return draws.table(_table(origin, f"{long}_{era}"))


def called(family: Custom, forename: str, middle: str, compound: bool) -> str:
    """What somebody is called at home: of two names that begin with Mohammed or the like, the second."""
    return middle if family.origin == MUSLIM and compound and middle else forename


def gendered(surname: str, sex: str, *, wife: bool = False) -> str:
    """The form of an Eastern European surname that a woman bears."""
    if sex == "M":
        return surname
    for male, female in (("ski", "ska"), ("cki", "cka"), ("dzki", "dzka")):
        if surname.endswith(male):
            return surname.removesuffix(male) + female
    for male in ("auskas", "ius", "as"):
        if surname.endswith(male):
            return surname.removesuffix(male) + ("ienė" if wife else "aitė")
    if surname.endswith(("ov", "ev")):
        return f"{surname}a"
    if surname.endswith(("th", "áč", "áž", "gy", "ga", "bó", "ži")):
        return surname.rstrip("aói") + "ová"
    return surname


def ungendered(surname: str) -> str:
    """The man's form that a clerk writes for a woman."""
    for female, male in (
        ("ska", "ski"),
        ("cka", "cki"),
        ("dzka", "dzki"),
        ("ova", "ov"),
        ("eva", "ev"),
        ("ienė", "as"),
        ("aitė", "as"),
        ("ová", "a"),
    ):
        if surname.endswith(female):
            return surname.removesuffix(female) + male
    return surname


def names_of(
    draws: Draws, family: Custom, sex: str, year: int, father: tuple[str, str, str] | None = None
) -> tuple[str, str, str, bool]:
    """Forename, middle name, surname, and whether the middle is part of the called name.

    `father` is the father's (forename, middle, surname), for customs that pass parts of it on.
    """
    forename = given(draws, family, sex, year)
    middle, surname, compound = "", family.surname, False
    origin = family.origin
    if origin == SIKH:
        religious = "Singh" if sex == "M" else "Kaur"
        if family.sub == "religious":
            surname = religious
        else:
            middle, compound = religious, True
    elif origin == MUSLIM:
        if sex == "M" and forename not in ("Mohammed", "Muhammad") and draws.chance(0.25):
            forename, middle, compound = draws.pick(("Mohammed", "Mohammed", "Muhammad")), forename, True
        elif forename in ("Mohammed", "Muhammad", "Abdul", "Ghulam") and draws.chance(0.85):
            middle, compound = given(draws, family, sex, year), True
        if family.sub == "personal":
            if sex == "F" and draws.chance(0.65 if year < 1985 else 0.3):
                surname = draws.pick(("Begum", "Begum", "Bibi", "Akhtar", "Khatun", "Parveen", "Kauser"))
            elif father is not None and draws.chance(0.3):
                surname = father[1] or father[0]
    elif origin == HINDU:
        if father is not None and draws.chance(0.4):
            middle = father[0]
    elif origin == EASTERN:
        surname = gendered(surname, sex)
    elif origin == AFRICAN and family.sub == "somali":
        middle = father[0] if father is not None else draws.table(_table(AFRICAN, "somali_male"))
        if father is not None:
            surname = father[1] or father[2]
        compound = True
    elif origin == CHINESE:
        if draws.chance(0.45 if year > 1970 else 0.15):
            english = draws.pick(sections(CHINESE)["english_male" if sex == "M" else "english_female"])
            forename, middle = english, forename
    elif draws.chance(0.65):
        middle = given(draws, family, sex, year)
        middle = "" if middle == forename else middle
    return forename, middle, surname, compound


def married_surname(draws: Draws, wife: Custom, husband: Custom, own: str, husbands: str) -> str:
    """The surname a woman bears after marrying: taken, kept or, rarely, joined."""
    if husband.origin == SIKH and husband.sub == "religious":
        return own if wife.origin == SIKH else husbands
    if husband.origin == MUSLIM and husband.sub == "personal":
        return own
    if wife.sub == "somali" or (wife.origin == CHINESE and draws.chance(0.6)):
        return own
    if draws.chance(0.04) and wife.origin == BRITISH:
        return f"{own}-{husbands}" if "-" not in own + husbands else husbands
    return gendered(husbands, "F", wife=True) if husband.origin == EASTERN else husbands
