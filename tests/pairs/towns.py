"""A small made-up town as a RECORDS table with the true person of each record, for tests of linkage.

Families share surname and address; some hold twins, some a father and son of one name. Each supply sees a part of the
people with its own errors. Nothing here knows the matcher's tables of names.
"""

from __future__ import annotations

import datetime as dt
import random

import numpy as np
import pyarrow as pa

from matcher.pairs.encode import whole
from specs.tables import RECORDS

SYLLABLES = [
    "BAR",
    "DEL",
    "FOR",
    "GAN",
    "HOL",
    "JEN",
    "KEL",
    "LAN",
    "MOR",
    "NOR",
    "PEN",
    "RAD",
    "SEL",
    "TUR",
    "VAN",
    "WES",
]
ENDS = ["TON", "LEY", "SON", "WOOD", "MAN", "FIELD", "ER", "BY", "SHAW", "WICK"]
GIVEN = [
    "A",
    "BE",
    "CO",
    "DA",
    "E",
    "FI",
    "GE",
    "HA",
    "I",
    "JO",
    "KA",
    "LU",
    "MI",
    "NE",
    "O",
    "PA",
    "RO",
    "SA",
    "TE",
    "VI",
]
GIVEN_ENDS = {"M": ["LAN", "RIC", "MUND", "BERT", "TON", "DRIC"], "F": ["LINA", "RIA", "BELLE", "NETTE", "SSA", "THEA"]}
SUPPLIES = [
    ("education", 0.0, 0.01, "UPN"),
    ("dwp", 0.02, 0.01, "NINO"),
    ("yos", 0.05, 0.04, "REF"),
    ("residents", 0.3, 0.03, "REF"),
]


def _typo(text: str, draw: random.Random) -> str:
    at = draw.randrange(len(text))
    return draw.choice([text[:at] + text[at + 1 :] or text, text[:at] + draw.choice("AEIORST") + text[at + 1 :]])


def town(families: int = 150, *, seed: int = 1, errors: float = 1.0) -> tuple[pa.Table, np.ndarray]:
    """RECORDS and the true person of each record."""
    draw = random.Random(seed)
    people = []
    for number in range(families):
        surname = draw.choice(SYLLABLES) + draw.choice(ENDS)
        street, postcode = (
            f"{draw.choice(SYLLABLES)} ROAD",
            f"LE{number % 5 + 1} {number // 9 % 9 + 1}A{chr(65 + number % 20)}",
        )
        home = {"number": str(number + 1), "street": street, "postcode": postcode}
        birth = 1955 + draw.randrange(30)
        members = [("M", birth), ("F", birth + draw.randrange(4))]
        members += [(draw.choice("MF"), birth + 22 + draw.randrange(12)) for _ in range(draw.randrange(4))]
        born = [dt.date(year, draw.randrange(1, 13), draw.randrange(1, 29)) for _, year in members]
        if len(members) > 3 and draw.random() < 0.2:
            born[3] = born[2]
        names: list[str] = []
        for sex, _ in members:
            name = draw.choice(GIVEN) + draw.choice(GIVEN_ENDS[sex])
            names.append(names[0] if len(names) == 2 and draw.random() < 0.05 and sex == "M" else name)
        people += [(n, surname, s[0], b, home) for n, s, b in zip(names, members, born, strict=True)]
    rows, truth = [], []
    for dataset, no_dob, wrong, _ in SUPPLIES:
        for person, (forename, surname, sex, born, home) in enumerate(people):
            child = born.year > 1995
            if {"education": not child, "dwp": child}.get(dataset, draw.random() > 0.5):
                continue
            row = {
                "dataset": dataset,
                "ref_system": dataset,
                "ref": f"{dataset}{person}",
                "forename": forename,
                "surname": surname,
            }
            row |= {"sex": sex if draw.random() < 0.5 else None, "dob": born, **home}
            if draw.random() < wrong * errors * 2:
                row["forename"] = _typo(forename, draw)
            if draw.random() < wrong * errors * 2:
                row["surname"] = _typo(surname, draw)
            if draw.random() < wrong * errors:
                row["forename"], row["surname"] = row["surname"], row["forename"]
            if draw.random() < wrong * errors:
                row["dob"] = born.replace(day=draw.randrange(1, 29))
            if draw.random() < no_dob * errors:
                row["dob"] = None
            if draw.random() < 0.05 * errors:
                row |= {
                    "number": str(draw.randrange(1, 400)),
                    "postcode": f"LE{draw.randrange(1, 9)} 3BB",
                    "street": "OLD LANE",
                }
            for _ in range(draw.choice([1, 1, 2])):
                rows.append(row)
                truth.append(person)
    order = list(range(len(rows)))
    draw.shuffle(order)
    table = pa.Table.from_pylist([rows[n] for n in order], schema=_schema(rows))
    return whole(table).cast(RECORDS.schema), np.array([truth[n] for n in order])


def _schema(rows: list[dict[str, object]]) -> pa.Schema:
    return pa.schema([field for field in RECORDS.schema if field.name in rows[0]])


def measured(table: pa.Table, truth: np.ndarray, person: np.ndarray) -> tuple[float, float]:
    """Pairwise precision and recall across supplies; rows of one person in one supply that were found together count once."""
    import pandas as pd

    frame = pd.DataFrame({"supply": table["dataset"].to_pylist(), "true": truth, "found": person}).drop_duplicates()

    def pairs(keys: list[str]) -> int:
        sizes = frame.groupby(keys).size()
        return int((sizes * (sizes - 1) // 2).sum())

    both = pairs(["true", "found"])
    return both / max(pairs(["found"]), 1), both / max(pairs(["true"]), 1)
