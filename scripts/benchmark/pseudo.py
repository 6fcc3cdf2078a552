"""pseudopeople's bundled sample, run by the Python of its own environment: `python -m benchmark.pseudo FOLDER`.

Takes nothing from the net. Gives the files of `benchmark.data` for six of its sources: census, two surveys, tax forms (W2 and
1099), nutrition programme, social security. The truth is its own number of each simulated person; SSNs are given to nobody.
Every postcode of the sample is 00000, so the place is the street with the house number in the postcode's stead.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pseudopeople as psp

from benchmark.data import cleaned, write

SOURCES = {
    "census": (psp.generate_decennial_census, "%m/%d/%Y"),
    "american_community_survey": (psp.generate_american_community_survey, "%m/%d/%Y"),
    "current_population_survey": (psp.generate_current_population_survey, "%m/%d/%Y"),
    "tax": (psp.generate_taxes_w2_and_1099, None),
    "nutrition": (psp.generate_women_infants_and_children, "%m%d%Y"),
    "social_security": (psp.generate_social_security, "%Y%m%d"),
}
SEED = 1


def main(folder: Path) -> None:
    frames = []
    for name, (generate, form) in SOURCES.items():
        raw = generate(seed=SEED)
        nothing = pd.Series(pd.NA, index=raw.index, dtype="string")
        place = "mailing_address_" if name == "tax" else ""
        number, street = (
            cleaned(raw[place + part]) if place + part in raw else nothing for part in ("street_number", "street_name")
        )
        sex = raw["sex"].astype("string").str[:1].str.upper() if "sex" in raw else nothing
        dob = nothing if form is None else raw["date_of_birth"].astype("string")
        frames.append(
            pd.DataFrame({
                "source": name,
                "forename": cleaned(raw["first_name"]),
                "surname": cleaned(raw["last_name"]),
                "dob": pd.to_datetime(dob, format=form, errors="coerce"),
                "sex": sex.where(sex.isin(["M", "F"])),
                "postcode": street.str.replace(" ", "") + " " + number,
                "number": number,
                "street": street,
                "entity": raw["simulant_id"],
            })
        )  # fmt: skip
    together = pd.concat(frames, ignore_index=True)
    write(folder, together, together["entity"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
