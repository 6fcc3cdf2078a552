"""Made-up records of five agencies, by the million: `make(records, seed)` gives the records and who is who.

Takes how many records and a seed; gives `Made(records, truth)`: record_id, source, forename, surname, dob, sex, postcode,
number, street; and record_id, entity. The same arguments give the same records; ten million take a minute or two.
Households share surname and address, several may share a door; there are twins, sons with their father's name, South Asian
names with their customs and spellings, name swaps, pet names, moves, typing errors, and dates, sexes and postcodes that a
source lacks. Every agency has its own rates of error, in the range that `matcher.synthetic` has for partners.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmark.population import TODAY, Ints, People, Words, mistyped, others_of, otherwise, people
from matcher.synthetic import names

PER_PERSON = 1.89  # records a person, a little less than what the sources hold
A_POSTCODE = 15  # households
DISTRICT = 1_100  # postcodes
SHARED_DOOR = 0.03  # of households
SWAPPED, NICKNAMED, RESPELT, MARRIED = 0.016, 0.022, 0.12, 0.03  # of records; RESPELT of names with other spellings
LETTERS, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
UNITS = "ABDEFGHJLNPQRSTUWXYZ"
AREAS = ("LE", "NG", "DE", "CV", "PE", "NN", "WS", "BD", "HX", "OL", "BL", "WN")


@dataclass(frozen=True)
class Source:
    """An agency: whom it holds, and how it errs."""

    adults: float
    children: float
    typing: float  # a field typed wrongly, each
    dob: float  # missing
    sex: float
    postcode: float
    moved: float  # still at the address before


SOURCES = {
    "residents": Source(0.76, 0.68, 0.026, 0.17, 0.45, 0.01, 0.03),
    "education": Source(0.00, 0.85, 0.02, 0.00, 0.00, 0.01, 0.03),
    "benefits": Source(0.48, 0.12, 0.012, 0.00, 0.10, 0.01, 0.05),
    "housing": Source(0.38, 0.22, 0.034, 0.30, 0.50, 0.02, 0.02),
    "police": Source(0.23, 0.16, 0.065, 0.09, 0.08, 0.09, 0.09),
}


@dataclass(frozen=True)
class Made:
    """Records, and the truth behind them: record_id, entity."""

    records: pa.Table
    truth: pa.Table


@dataclass(frozen=True)
class Places:
    """Where each household lives and lived before, as codes; one value a household."""

    postcode: Ints
    number: Ints
    street: Ints


def postcode(index: int) -> str:
    """Outward and inward part of the postcode of that number, without the space."""
    district, within = divmod(index, DISTRICT)
    area, number = divmod(district, 30)
    letters = AREAS[area % len(AREAS)] if area < len(AREAS) else AREAS[area % len(AREAS)][0]
    sector, unit = divmod(within * 3, 400)
    return f"{letters}{number + 1}{sector}{UNITS[unit // 20]}{UNITS[unit % 20]}"


def places(random: np.random.Generator, codes: Words, words: Words, homes: int) -> Places:
    """Homes in postcodes: neighbours share one, some share a door."""
    count = homes // A_POSTCODE + 1
    known = codes.codes([postcode(index) for index in range(count)])
    door = np.where(random.random(homes) < SHARED_DOOR, np.roll(np.arange(homes), 1), np.arange(homes))
    kinds = names.sections("streets")
    streets = words.codes(
        [f"{name} {kind}".upper() for name in kinds["names"] for kind in ("Road", "Street", "Avenue")]
    )
    at = door // A_POSTCODE
    return Places(known[at], door % A_POSTCODE * 2 + 1 + at % 2, streets[at % len(streets)])


def erring_dates(random: np.random.Generator, born: Ints, chance: npt.NDArray[np.float64]) -> Ints:
    """Some dates with day and month exchanged, another day, month, year or digit."""
    dates = born.astype("datetime64[D]")
    year = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    month = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    some, kind = random.random(len(born)) < chance, random.integers(0, 10, len(born))
    swap = some & (kind < 3) & (day <= 12)
    month, day = np.where(swap, day, month), np.where(swap, month, day)
    step = np.where(random.random(len(born)) < 0.5, -1, 1)
    ten = np.where(random.random(len(born)) < 0.3, 10, 1)
    day = np.where(some & (kind >= 3) & (kind < 6), (day + step * ten).clip(1, 28), day)
    month = np.where(some & (kind == 6), random.integers(1, 13, len(born)), month)
    year = np.where(some & (kind > 6), year + step * ten, year)
    month_start = ((year - 1970) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[D]")
    wrong = (month_start.astype(np.int64) + day.clip(1, 28) - 1).clip(None, TODAY)
    return np.where(some, wrong, born)


def make(records: int, seed: int) -> Made:
    """That many records of made-up people, in random order."""
    random = np.random.default_rng(seed)
    crowd = people(random, int(records / PER_PERSON) + 60)
    homes = int(crowd.household.max()) + 1
    codes, words = Words(), Words()
    now = places(random, codes, words, homes)
    elsewhere = random.permutation(homes)  # where each household lived before: somebody else's home
    held = [
        np.flatnonzero(random.random(len(crowd.adult)) < np.where(crowd.adult, source.adults, source.children))
        for source in SOURCES.values()
    ]
    source = np.repeat(np.arange(len(held)), [len(persons) for persons in held])
    order = random.permutation(len(source))[:records]
    person, source = np.concatenate(held)[order], source[order]
    rate = {
        name: np.array([getattr(of, name) for of in SOURCES.values()])[source]
        for name in ("typing", "dob", "sex", "postcode", "moved")
    }

    def lacking(name: str) -> npt.NDArray[np.bool_]:
        return random.random(len(person)) < rate[name]

    home = crowd.household[person]
    home = np.where(lacking("moved"), elsewhere[home], home)
    forename, surname = written_names(random, crowd, person, rate["typing"])
    typed = mistyped(random, codes, now.postcode[home], rate["typing"] * 0.7, LETTERS + DIGITS)
    typed = np.where(lacking("postcode"), -1, typed)
    codes.texts = [text[:-3] + " " + text[-3:] for text in codes.texts]
    number = mistyped(
        random, words, words.codes([str(n) for n in range(100)])[now.number[home]], rate["typing"], DIGITS
    )
    dates = erring_dates(random, crowd.born[person], rate["typing"])
    told = ~lacking("sex")
    ids = pa.array(np.arange(len(person)))
    columns = {
        "record_id": ids,
        "source": pa.DictionaryArray.from_arrays(pa.array(source, pa.int32()), pa.array(list(SOURCES))).dictionary_decode(),
        "forename": crowd.words.column(forename),
        "surname": crowd.words.column(surname),
        "dob": pa.array(dates.astype(np.int32), pa.int32(), mask=lacking("dob")).cast(pa.date32()),
        "sex": pa.array(np.where(crowd.male[person], "M", "F"), pa.string(), mask=~told),
        "postcode": codes.column(typed),
        "number": words.column(np.where(typed < 0, -1, number)),
        "street": words.column(np.where(typed < 0, -1, now.street[home])),
    }  # fmt: skip
    return Made(pa.table(columns), pa.table({"record_id": ids, "entity": pa.array(person)}))


def written_names(
    random: np.random.Generator, crowd: People, person: Ints, typing: npt.NDArray[np.float64]
) -> tuple[Ints, Ints]:
    """Forenames and surnames as the sources write them: pet names, other spellings, maiden names, slips, swaps."""
    words, size = crowd.words, len(person)
    short, spelt = others_of(words, names.nicknames()), others_of(words, names.variants())
    married = ~crowd.male[person] & crowd.adult[person] & (random.random(size) < MARRIED)
    forename = otherwise(random, crowd.forename[person], short, NICKNAMED)
    surname = np.where(married, crowd.maiden[person], crowd.surname[person])
    forename, surname = (
        mistyped(random, words, otherwise(random, code, spelt, RESPELT), typing, LETTERS)
        for code in (forename, surname)
    )
    swapped = random.random(size) < SWAPPED
    return np.where(swapped, surname, forename), np.where(swapped, forename, surname)
