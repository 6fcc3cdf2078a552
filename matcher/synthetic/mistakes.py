"""How a partner's clerk writes somebody down: slips of the pen, other spellings, old addresses, gaps.

Takes a person of the county at a date and a source's profile of errors; gives the entry as that source holds it, the same
every month for the same person, source and scale. With a scale of 0 every entry is true and complete. Refuses nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from matcher.synthetic.draws import MOVES, RECORD, Draws
from matcher.synthetic.lives import County
from matcher.synthetic.names import CHINESE, EASTERN, HINDU, MUSLIM, PLAIN, SIKH, respelt, shortened, ungendered
from matcher.synthetic.people import Person
from matcher.synthetic.places import Dwelling


@dataclass(frozen=True)
class Profile:
    """Shares of errors of one source: `lag` days until it learns of a move on average, `middle` how often it has the middle."""

    number: int
    typo: float
    no_dob: float
    lag: float
    no_postcode: float
    swap: float
    nickname: float
    maiden: float = 0.012
    variant: float = 0.05
    identifier: float = 0.017
    middle: float = 0.7
    doubled: float = 0.0  # held twice, under two references
    loose: float = 0.4  # addresses in another form
    plain: bool = False  # the system holds no accented letters


PROFILES: dict[str, Profile] = {
    "education": Profile(1, 0.040, 0.0, 60, 0.005, 0.028, 0.016, variant=0.07, middle=0.0),
    "dwp": Profile(2, 0.010, 0.001, 14, 0.005, 0.006, 0.010, variant=0.05, middle=0.0, loose=0.2, plain=True),
    "yos": Profile(3, 0.040, 0.020, 70, 0.030, 0.010, 0.022),
    "police_asb": Profile(4, 0.090, 0.160, 150, 0.180, 0.040, 0.025, maiden=0.02, variant=0.09, middle=0.2, doubled=0.02, loose=0.7, plain=True),
    "police": Profile(5, 0.055, 0.040, 130, 0.080, 0.030, 0.022, variant=0.08, middle=0.6, doubled=0.008, plain=True),
    "probation": Profile(6, 0.030, 0.010, 60, 0.030, 0.010, 0.015, middle=0.5, plain=True),
    "housing": Profile(7, 0.060, 0.400, 40, 0.030, 0.050, 0.022, maiden=0.02, variant=0.09, middle=0.2, loose=0.6, plain=True),
    "social_care": Profile(8, 0.030, 0.020, 60, 0.015, 0.015, 0.015, middle=0.0),
    "health": Profile(9, 0.030, 0.010, 60, 0.010, 0.020, 0.012, variant=0.06, middle=0.0),
    "local_concerns": Profile(10, 0.060, 0.120, 60, 0.050, 0.020, 0.025, middle=0.0, loose=0.6),
    "residents": Profile(11, 0.085, 0.340, 140, 0.020, 0.050, 0.025, maiden=0.02, variant=0.11, middle=0.0, doubled=0.008, loose=0.5),
}  # fmt: skip

_KEYS = {
    "a": "sqz", "b": "vgn", "c": "xvd", "d": "sfe", "e": "wrd", "f": "dgr", "g": "fhb", "h": "gjn", "i": "uok", "j": "hkm",
    "k": "jli", "l": "kop", "m": "nj", "n": "bmh", "o": "ipl", "p": "ol", "q": "wa", "r": "etf", "s": "adw", "t": "ryg",
    "u": "yij", "v": "cbf", "w": "qes", "x": "zcs", "y": "tuh", "z": "xa",
}  # fmt: skip
_SOUNDS = (("ph", "f"), ("ck", "k"), ("ie", "ei"), ("ee", "ea"), ("ll", "l"), ("tt", "t"), ("nn", "n"), ("ss", "s"), ("c", "k"),
           ("ou", "u"), ("wh", "w"), ("y", "i"), ("ai", "ay"), ("er", "ar"), ("mc", "mac"), ("th", "t"), ("z", "s"), ("v", "w"),
           ("sh", "s"), ("oo", "u"), ("dh", "d"), ("kh", "k"), ("gh", "g"), ("j", "g"), ("ey", "y"), ("l", "ll"), ("n", "nn"))  # fmt: skip
_SHAPES = (
    ("rn", "m"),
    ("m", "rn"),
    ("l", "i"),
    ("i", "l"),
    ("o", "0"),
    ("cl", "d"),
    ("vv", "w"),
    ("u", "v"),
    ("h", "b"),
    ("e", "c"),
)
_SHORT = {"Road": "Rd", "Street": "St", "Avenue": "Ave", "Close": "Cl", "Lane": "La", "Drive": "Dr", "Crescent": "Cres",
          "Court": "Ct", "Place": "Pl", "Gardens": "Gdns", "Grove": "Gr", "Terrace": "Terr"}  # fmt: skip


def misspell(draws: Draws, text: str) -> str:
    """One slip in a text of letters: a neighbouring key, a letter lost, doubled or swapped, a sound, a shape."""
    if len(text) < 2:
        return text
    draw = draws.random()
    if draw < 0.3:
        low = text.lower()
        start = draws.below(len(_SOUNDS))
        for before, after in (*_SOUNDS[start:], *_SOUNDS[:start]):
            place = low.find(before)
            if place >= 0:
                made = low[:place] + after + low[place + len(before) :]
                return "".join(made[:1].upper() + made[1:]) if text[:1].isupper() else made
    if draw < 0.36:
        start = draws.below(len(_SHAPES))
        for before, after in (*_SHAPES[start:], *_SHAPES[:start]):
            place = text.find(before, 1)
            if place > 0:
                return text[:place] + after + text[place + len(before) :]
    place = draws.below(len(text)) if draws.chance(0.15) else 1 + draws.below(len(text) - 1)
    letter = text[place]
    if draw < 0.55:
        near = draws.pick(_KEYS.get(letter.lower(), "aeiou"))
        return text[:place] + (near.upper() if letter.isupper() else near) + text[place + 1 :]
    if draw < 0.72:
        return text[:place] + text[place + 1 :]
    if draw < 0.84:
        return text[:place] + letter.lower() + text[place:]
    place = min(place, len(text) - 2)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def misdate(draws: Draws, day: int) -> int:
    """A date of birth as it goes wrong: day and month swapped, a digit, 1 January, the year."""
    date = dt.date.fromordinal(day)
    draw = draws.random()
    try:
        if draw < 0.3 and date.day <= 12:
            return date.replace(month=date.day, day=date.month).toordinal()
        if draw < 0.45:
            return date.replace(month=1, day=1).toordinal()
        if draw < 0.6:
            return date.replace(year=date.year + draws.pick((-1, 1, -10, -1, 1))).toordinal()
        if draw < 0.75 and date.day % 10 != date.day // 10:
            return date.replace(day=date.day % 10 * 10 + date.day // 10).toordinal()
        if draw < 0.85:
            return date.replace(month=draws.between(1, 12)).toordinal()
        return date.replace(day=draws.between(1, 28)).toordinal()
    except ValueError:
        return date.replace(day=1 + (date.day + 9) % 28).toordinal()


def misdigit(draws: Draws, text: str) -> str:
    """An identifier with one digit wrong or two swapped."""
    digits = [place for place, letter in enumerate(text) if letter.isdigit()]
    place = draws.pick(digits)
    if draws.chance(0.4) and place + 1 < len(text) and text[place + 1].isdigit() and text[place + 1] != text[place]:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + str((int(text[place]) + draws.between(1, 9)) % 10) + text[place + 1 :]


def nino(uid: int) -> str:
    """A made-up National Insurance number of the usual form."""
    letters = "ABCEGHJKLMPRSTWXYZ"
    pair = letters[uid % 18] + letters[uid // 18 % 18]
    pair = {"BG": "BH", "GB": "GC", "ZZ": "ZY"}.get(pair, pair)
    return f"{pair}{(uid * 736879 + 123457) % 1_000_000:06d}{'ABCD'[uid % 4]}"


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody as a source holds them."""

    forename: str
    middle: str
    surname: str
    born: int | None
    sex: str
    dwelling: Dwelling
    postcode: str
    form: int  # which of the ways to write an address; 0 = the full one
    street: str
    since: int  # day of moving in, as the source knows it
    old: bool


class Clerks:
    """Writes people down as sources hold them on a day."""

    def __init__(self, county: County, day: int, scale: float, *, hard: bool = False) -> None:
        self.county, self.day, self.scale = county, day, scale
        self._swap = scale * (2 if hard else 1)
        self._known: dict[tuple[int, int, int], Entry] = {}

    def dwelling(self, person: Person, day: int) -> tuple[Dwelling, int]:
        """Where somebody lives on a day, and since when."""
        home = self.county.households[person.home(day)]
        since = home.moved_in(day)
        joined = max(start for start, uid in person.homes if start <= day)
        return self.county.places.dwellings[home.dwelling(day)], max(since, joined)

    def entry(self, source: str, person: Person, copy: int = 0) -> Entry:
        """The entry of a person in a source; `copy` 1 is a second one under another reference."""
        profile = PROFILES[source]
        key = (profile.number, person.uid, copy)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._write(profile, person, copy)
        return found

    def copies(self, source: str, person: Person) -> int:
        """How often a source holds somebody: once, or twice without knowing."""
        profile = PROFILES[source]
        return 1 + (
            Draws(self.county.seed, RECORD, person.uid, profile.number + 512).random() < profile.doubled * self.scale
        )

    def _address(self, profile: Profile, person: Person) -> tuple[Dwelling, int, bool]:
        """The latest address that the source has learnt of."""
        day, old = self.day, False
        first = person.homes[0][0]
        while True:
            dwelling, since = self.dwelling(person, day)
            if since <= max(first, self.county.start) or since < self.day - 1500:
                return dwelling, since, old
            draws = Draws(self.county.seed, MOVES, person.uid, profile.number << 14 | (since - self.county.start))
            if draws.exponential(profile.lag) * self.scale <= self.day - since:
                return dwelling, since, old
            day, old = since - 1, True

    def _write(self, profile: Profile, person: Person, copy: int) -> Entry:
        draws = Draws(self.county.seed, RECORD, person.uid, profile.number | copy << 5)
        scale = self.scale
        dwelling, since, old = self._address(profile, person)
        forename, middle, surname = person.forename, person.middle, person.surname(self.day)
        origin = person.family.origin
        draw = [draws.random() for _ in range(17)]
        if draw[0] < profile.maiden * scale * (2 if person.sex == "F" else 0) and len(person.surnames) > 1:
            surname = draws.pick([name for _, name in person.surnames if name != surname] or [surname])
        if draw[1] < profile.nickname * scale * 1.3:
            forename = shortened(draws, forename)
        if origin == EASTERN and draw[16] < 2 * profile.variant * scale:
            surname = ungendered(surname)
        # spellings, and parts that a register leaves out
        spell = profile.variant * scale * (0.45 if origin in ("british", "caribbean") else 1.0)
        if draw[2] < spell:
            forename = respelt(draws, forename)
        if draw[3] < spell:
            surname = respelt(draws, surname)
        if draw[4] < spell:
            middle = respelt(draws, middle)
        keeps = person.compound or draw[5] < profile.middle + (1 - profile.middle) * (scale == 0)
        lost = draw[6] < (0.07 + 0.6 * profile.variant) * scale
        if person.compound and lost:
            if origin == MUSLIM and middle:  # the called name alone, or the first alone
                forename, middle = (middle, "") if draws.chance(0.65) else (forename, "")
            elif origin == SIKH:
                if draws.chance(0.45):
                    surname = middle
                middle = ""
            else:
                middle = ""
        elif origin == CHINESE and lost:
            if middle:
                forename, middle = (middle, "") if draws.chance(0.5) else (forename, "")
            else:
                forename = forename.replace("-", draws.pick((" ", "")))
        elif not keeps:
            middle = ""
        # slips of the pen
        born: int | None = person.born
        street, postcode = dwelling.street, dwelling.postcode
        slip = profile.typo * scale  # each part of an entry may go wrong
        if draw[7] < 0.62 * slip:
            forename = misspell(draws, misspell(draws, forename) if draws.chance(0.2) else forename)
        if draw[12] < 0.58 * slip:
            surname = misspell(draws, misspell(draws, surname) if draws.chance(0.2) else surname)
        if draw[13] < 0.40 * slip:
            born = misdate(draws, person.born)
        if draw[14] < 0.12 * slip:
            street = misspell(draws, street)
        if draw[15] < 0.12 * slip:
            postcode = self._wrong_postcode(draws, postcode)
        if born is not None and born > self.day:
            born = person.born
        eastern = origin in (HINDU, SIKH, MUSLIM, CHINESE)
        if draw[8] < profile.swap * self._swap * (3.0 if origin == CHINESE else 1.6 if eastern else 0.5):
            forename, surname = surname, forename
        if draw[9] < profile.no_dob * scale:
            born = None
        if draw[10] < profile.no_postcode * scale:
            postcode = ""
        form = 1 + draws.below(7) if draw[11] < profile.loose * min(scale, 1.5) else 0
        if profile.plain:
            forename, middle, surname = (text.translate(PLAIN) for text in (forename, middle, surname))
        return Entry(forename, middle, surname, born, person.sex, dwelling, postcode, form, street, since, old)

    @staticmethod
    def _wrong_postcode(draws: Draws, postcode: str) -> str:
        draw = draws.random()
        if draw < 0.25:
            return postcode.replace(" ", "")
        if draw < 0.45:
            return (
                postcode.replace("LE", "L3").replace("1", "I", 1)
                if draws.chance(0.5)
                else postcode.replace("0", "O", 1)
            )
        if draw < 0.75:
            return postcode[:-1] + draws.pick("ABDEFGHJLNPQRSTUWXYZ")
        return postcode[:-3] + draws.pick("123456789") + postcode[-2:]

    def identifier(self, source: str, person: Person, right: str, others: str | None) -> str:
        """An identifier as a source holds it: now and then blank, mistyped, or that of another in the family."""
        draws = Draws(self.county.seed, RECORD, person.uid, PROFILES[source].number + 256)
        if draws.random() >= PROFILES[source].identifier * self.scale:
            return right
        draw = draws.random()
        if draw < 0.45:
            return ""
        if draw < 0.88 or others is None:
            return misdigit(draws, right)
        return others


def lines(entry: Entry) -> tuple[str, str, str]:
    """An address as first line, second line and town, in the entry's form; without the postcode."""
    home, street, form = entry.dwelling, entry.street, entry.form
    if form in (2, 3, 5):
        kind = street.rsplit(" ", 1)[-1]
        street = street.removesuffix(kind) + _SHORT.get(kind, kind) + ("." if form == 3 and kind in _SHORT else "")
    town = "" if form in (1, 5, 6) else home.town
    door = f"{home.number} {street}"
    if home.kind == "flat":
        block = f"{home.building}, {door}" if home.building else door
        if form in (1, 2) and home.building:
            return f"{home.flat} {home.building}", door if form == 1 else "", town
        if form == 3:
            return f"Flat {home.flat} {block}", "", town
        if form == 4:
            return f"{home.number}/{home.flat} {street}", "", town
        if form == 5:
            return f"{block}, Flat {home.flat}", "", town
        if form == 6:
            return f"Apartment {home.flat}", block, town
        return f"Flat {home.flat}", block, town
    if home.kind == "half":
        if form in (1, 4, 6):
            return f"Flat {home.flat}", door, town
        if form == 3:
            return f"{home.number} {home.flat} {street}", "", town
        return f"{home.number}{home.flat if form != 5 else home.flat.lower()} {street}", "", town
    if home.building:
        return home.building, door if form not in (2, 5) else street, town
    return door if form != 4 else f"{home.number}, {street}", "", town


def one_line(entry: Entry, *, postcode: bool = True, capitals: bool = False) -> str:
    """An address in one line."""
    text = ", ".join(part for part in (*lines(entry), entry.postcode if postcode else "") if part)
    if entry.form == 7:
        text = text.replace(",", "")
    return text.upper() if capitals else text


def moved(entry: Entry, dwelling: Dwelling) -> Entry:
    """The same entry at another address."""
    return replace(
        entry, dwelling=dwelling, postcode=dwelling.postcode if entry.postcode else "", street=dwelling.street
    )
