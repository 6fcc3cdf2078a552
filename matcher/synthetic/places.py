"""The made-up county's places: districts, postcode sectors, streets, dwellings.

Takes a seed; gives dwellings on demand, street by street, with real sector names and made-up streets, numbers, UPRNs and
grid references. Several streets lie in a sector, and about fifteen dwellings share a postcode. Refuses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from matcher.synthetic.draws import PLACE, Draws
from matcher.synthetic.names import (
    AFRICAN,
    BRITISH,
    CARIBBEAN,
    CHINESE,
    EASTERN,
    HINDU,
    MUSLIM,
    SIKH,
    sections,
)


@dataclass(frozen=True)
class District:
    """A district: its supplier name in files, its people in thousands, sectors by town, origins in per cent."""

    key: str
    title: str
    area: str
    people: float
    towns: tuple[tuple[str, tuple[str, ...]], ...]
    origins: tuple[tuple[str, float], ...]
    easting: int
    northing: int


def _origins(**shares: float) -> tuple[tuple[str, float], ...]:
    order = {
        "british": BRITISH, "hindu": HINDU, "sikh": SIKH, "muslim": MUSLIM,
        "eastern": EASTERN, "african": AFRICAN, "caribbean": CARIBBEAN, "chinese": CHINESE,
    }  # fmt: skip
    return tuple((order[name], share) for name, share in shares.items())


DISTRICTS: tuple[District, ...] = (
    District("city", "Leicester", "city", 330, (("Leicester", (
        "LE1 1", "LE1 2", "LE1 3", "LE2 0", "LE2 1", "LE2 2", "LE2 3", "LE2 6", "LE2 7", "LE2 8", "LE3 0", "LE3 1", "LE3 2",
        "LE3 5", "LE3 6", "LE3 9", "LE4 0", "LE4 1", "LE4 2", "LE4 5", "LE4 6", "LE4 7", "LE4 9", "LE5 0", "LE5 1", "LE5 2",
        "LE5 3", "LE5 4", "LE5 5", "LE5 6")),),
        _origins(british=48, hindu=17, sikh=4.5, muslim=16, eastern=5, african=5, caribbean=3, chinese=1.5), 458500, 304500),
    District("blaby", "Blaby", "county", 94, (("Enderby", ("LE19 1", "LE19 2", "LE19 4")), ("Leicester", ("LE3 3", "LE8 4")),
        ("Narborough", ("LE19 3",)), ("Whetstone", ("LE8 6",)), ("Countesthorpe", ("LE8 5",))),
        _origins(british=91, hindu=3.5, sikh=1.5, muslim=1.2, eastern=1.3, african=0.5, caribbean=0.6, chinese=0.4), 455500, 298500),
    District("charnwood", "Charnwood", "county", 166, (("Loughborough", ("LE11 1", "LE11 2", "LE11 3", "LE11 4", "LE11 5")),
        ("Shepshed", ("LE12 9",)), ("Sileby", ("LE12 7",)), ("Syston", ("LE7 1", "LE7 2")), ("Birstall", ("LE4 3", "LE4 4")),
        ("Quorn", ("LE12 8",))),
        _origins(british=87, hindu=5, sikh=1, muslim=3, eastern=1.8, african=0.7, caribbean=0.6, chinese=0.9), 453500, 319500),
    District("harborough", "Harborough", "county", 85, (("Market Harborough", ("LE16 7", "LE16 8", "LE16 9")),
        ("Lutterworth", ("LE17 4", "LE17 5", "LE17 6")), ("Kibworth", ("LE8 0",)), ("Thurnby", ("LE7 9",))),
        _origins(british=95, hindu=1.5, sikh=0.8, muslim=0.6, eastern=1.2, african=0.3, caribbean=0.3, chinese=0.3), 473500, 287500),
    District("hinckley_and_bosworth", "Hinckley and Bosworth", "county", 105, (
        ("Hinckley", ("LE10 0", "LE10 1", "LE10 2", "LE10 3")), ("Earl Shilton", ("LE9 7",)), ("Barwell", ("LE9 8",)),
        ("Groby", ("LE6 0",)), ("Market Bosworth", ("CV13 0",)), ("Atherstone", ("CV9 3",))),
        _origins(british=96, hindu=1, sikh=0.4, muslim=0.3, eastern=1.3, african=0.3, caribbean=0.4, chinese=0.3), 442500, 294500),
    District("melton", "Melton", "county", 50, (("Melton Mowbray", ("LE13 0", "LE13 1", "LE14 2", "LE14 3", "LE14 4")),),
        _origins(british=97, hindu=0.4, sikh=0.2, muslim=0.3, eastern=1.5, african=0.2, caribbean=0.2, chinese=0.2), 475500, 319500),
    District("north_west_leicestershire", "North West Leicestershire", "county", 93, (
        ("Coalville", ("LE67 1", "LE67 2", "LE67 3", "LE67 4")), ("Ashby-de-la-Zouch", ("LE65 1", "LE65 2")),
        ("Castle Donington", ("DE74 2",)), ("Ibstock", ("LE67 6",))),
        _origins(british=96.5, hindu=0.6, sikh=0.4, muslim=0.3, eastern=1.4, african=0.3, caribbean=0.3, chinese=0.2), 442500, 314500),
    District("oadby_and_wigston", "Oadby and Wigston", "county", 56, (("Oadby", ("LE2 4", "LE2 5")),
        ("Wigston", ("LE18 1", "LE18 2", "LE18 3", "LE18 4"))),
        _origins(british=73, hindu=13, sikh=6, muslim=4.5, eastern=1.2, african=0.7, caribbean=0.8, chinese=0.8), 461500, 299500),
    District("rutland", "Rutland", "rutland", 37, (("Oakham", ("LE15 6", "LE15 7")), ("Uppingham", ("LE15 9",)),
        ("Stamford", ("PE9 4",))),
        _origins(british=97, hindu=0.4, sikh=0.2, muslim=0.3, eastern=1.2, african=0.3, caribbean=0.3, chinese=0.3), 486500, 308500),
)  # fmt: skip
NEAR = {"city": (1, 7, 2), "blaby": (0, 4), "charnwood": (0, 5), "harborough": (7, 1), "hinckley_and_bosworth": (1, 6),
        "melton": (2, 8), "north_west_leicestershire": (2, 4), "oadby_and_wigston": (0, 3), "rutland": (5, 3)}  # fmt: skip


@dataclass(slots=True)
class Dwelling:
    """A door. `kind`: house, flat, half (12B), unnumbered (several families behind one door), hmo, hostel, refuge, care."""

    uid: int
    district: int
    kind: str
    flat: str
    building: str
    number: str
    street: str
    town: str
    postcode: str
    uprn: str
    easting: int
    northing: int

    @property
    def gazetteer_class(self) -> str:
        return {"hmo": "RH", "hostel": "RI", "refuge": "RI", "care": "RI"}.get(self.kind, "RD")


class Places:
    """Makes dwellings of a seed. The n-th dwelling asked for is always the same."""

    def __init__(self, seed: int) -> None:
        self.dwellings: list[Dwelling] = []
        self._draws = Draws(seed, PLACE)
        self._vacant: list[list[int]] = [[] for _ in DISTRICTS]
        self._streets: list[dict[tuple[str, str], None]] = [{} for _ in DISTRICTS]
        self._units: dict[str, set[str]] = {}
        self._uprn = dict.fromkeys(range(len(DISTRICTS)), 0)

    def vacant(self, district: int) -> int:
        """Take an empty ordinary dwelling of a district; builds another street where none is left."""
        pool = self._vacant[district]
        while len(pool) < 60:
            self._build(district)
        position = self._draws.below(len(pool))
        pool[position], pool[-1] = pool[-1], pool[position]
        return pool.pop()

    def free(self, dwelling: int) -> None:
        home = self.dwellings[dwelling]
        if home.kind in ("house", "flat", "half"):
            self._vacant[home.district].append(dwelling)

    def special(self, district: int, kind: str) -> int:
        """A new house of several families or people: hmo, hostel, refuge, care, unnumbered."""
        town, street, postcode, where = self._street(district)
        name = self._draws.pick(sections("streets")["courts"]).replace("-", " ")
        building = {"hostel": f"{name} Hostel", "refuge": f"{name} House", "care": f"{name} Lodge Care Home"}.get(
            kind, ""
        )
        return self._add(district, kind, "", building, str(self._draws.between(1, 180)), street, town, postcode, where)

    def _postcode(self, sector: str) -> str:
        taken = self._units.setdefault(sector, set())
        letters = "ABDEFGHJLNPQRSTUWXYZ"
        while True:
            unit = self._draws.pick(letters) + self._draws.pick(letters)
            if unit not in taken or len(taken) > 380:
                taken.add(unit)
                return sector + unit

    def _street(self, district: int) -> tuple[str, str, str, tuple[int, int]]:
        here, draws = DISTRICTS[district], self._draws
        town, sectors = draws.pick(here.towns)
        if town == "Leicester" and len(here.towns) > 1 and draws.chance(0.3):
            town = here.title
        sector = draws.pick(sectors)
        names, kinds = sections("streets")["names"], _KINDS
        street, tries = f"{draws.pick(names)} {draws.pick(kinds)}", 1
        while (town, street) in self._streets[district]:
            tries += 1  # a town that has used its names up goes on with double ones
            name = draws.pick(names) if tries < _TRIES else f"{draws.pick(names)} {draws.pick(names)}"
            street = f"{name} {draws.pick(kinds)}"
        self._streets[district][(town, street)] = None
        where = (here.easting + draws.between(-4000, 4000), here.northing + draws.between(-4000, 4000))
        return town, street, self._postcode(sector), where

    def _add(
        self, district: int, kind: str, flat: str, building: str, number: str, street: str, town: str, postcode: str,
        where: tuple[int, int],
    ) -> int:  # fmt: skip
        uid = len(self.dwellings)
        self._uprn[district] += 1
        uprn = f"{2465 if district == 0 else 10000 + district * 7}{self._uprn[district]:07d}"
        here = Dwelling(uid, district, kind, flat, building, number, street, town, postcode, uprn,
                        where[0] + self._draws.between(-150, 150), where[1] + self._draws.between(-150, 150))  # fmt: skip
        self.dwellings.append(here)
        return uid

    def _build(self, district: int) -> None:
        draws = self._draws
        town, street, postcode, where = self._street(district)
        sector = postcode[:-2]
        longest = draws.between(12, 70)
        side = postcode
        pool = self._vacant[district]
        for count, number in enumerate(range(1, longest + 1), 1):
            if number == 13 and draws.chance(0.7):
                continue
            if count % 15 == 0:
                side = self._postcode(sector)
            draw = draws.random()
            if draw < 0.045 if district == 0 else draw < 0.015:  # a block of flats
                name = draws.pick(sections("streets")["courts"]).replace("-", " ")
                building = f"{name} {draws.pick(('Court', 'House', 'Court', 'Place'))}" if draws.chance(0.6) else ""
                block = self._postcode(sector)
                for flat in range(1, draws.between(4, 16)):
                    pool.append(
                        self._add(district, "flat", str(flat), building, str(number), street, town, block, where)
                    )
            elif draw < 0.075 if district == 0 else draw < 0.03:  # a house divided
                for letter in "ABC"[: draws.between(2, 3)]:
                    pool.append(self._add(district, "half", letter, "", str(number), street, town, side, where))
            else:
                pool.append(self._add(district, "house", "", "", str(number), street, town, side, where))


_TRIES = 200  # draws of a street's name before a town counts as having used its names up
_KINDS = ("Road",) * 8 + ("Street",) * 6 + ("Avenue",) * 4 + ("Close",) * 4 + ("Lane",) * 2 + ("Drive",) * 3 + (
    "Crescent", "Way", "Way", "Court", "Place", "Gardens", "Grove", "Walk", "Terrace", "Rise")  # fmt: skip
