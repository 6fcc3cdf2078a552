"""Forms of names that matching may treat worse than others: an apostrophe, a hyphen, a double surname, and their like.

Takes records and the supplies they came from (records hold names without apostrophes and hyphens); gives one mask a form over
the records. Refuses nothing: who bears no name has no form but a missing date of birth. Gives no name away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matcher.pairs.comparators.names import table
from matcher.records.build import SupplyLike
from matcher.records.people import column
from specs.load import ExtractSpec, Role
from specs.tables import supplies_of

Mask = npt.NDArray[np.bool_]

FORMS: dict[str, str] = {
    "apostrophe": "an apostrophe in the name",
    "hyphen": "a hyphen in the name",
    "double_surname": "a double surname",
    "other_spellings": "a surname with other spellings",
    "short_surname": "a surname of up to 3 letters",
    "long_surname": "a surname of 11 letters or more",
    "rare_surname": "a rare surname",
    "common_surname": "a common surname",
    "order_unsure": "order of the names not told",
    "initial": "a forename of one letter",
    "no_dob": "no date of birth",
    "plain": "no such form of name",
}
"""Form -> words. `plain`: nothing but how common the surname is; what the others are held against."""

OF_ONE_ROW = ("order_unsure", "initial", "no_dob")
"""Forms that one row may have and another row of the same person not; the others are the person's."""

UNUSUAL = ("apostrophe", "hyphen", "double_surname", "other_spellings", "short_surname", "long_surname")
SHORT, LONG = 3, 11  # letters
FIFTH = 0.2  # of the records bear what is called a rare, and a common surname
_APOSTROPHES = "'`\u00b4\u2018\u2019\u02bc"
_HYPHENS = "\u2010\u2011\u2013-"
_APOSTROPHE = f"[{_APOSTROPHES}]"
_HYPHEN = f"\\p{{L}}\\s?[{_HYPHENS}]\\s?\\p{{L}}"
_ODD = f"[{_APOSTROPHES}{_HYPHENS}]"


def name_forms(records: pa.Table, supplies: Iterable[SupplyLike], specs: Mapping[str, ExtractSpec]) -> dict[str, Mask]:
    """One mask a form, in the order of `records` (RECORDS)."""
    apostrophe, hyphen = _as_written(records, supplies, specs)
    surname = records["surname"].combine_chunks()
    encoded = pc.dictionary_encode(surname)
    which = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    named = which >= 0
    values = encoded.dictionary.to_pylist()
    lengths = np.array([len(value.replace(" ", "")) for value in values] + [0])[which]
    known = table().family
    spelt = np.array([any(part in known for part in (*value.split(), value)) for value in values] + [False])[which]
    borne = np.append(np.bincount(which[named], minlength=len(values)), 0)[which]
    rare, common = np.quantile(borne[named], (FIFTH, 1 - FIFTH)) if named.any() else (0.0, 1.0)
    parts = pc.fill_null(pc.list_value_length(records["surname_parts"]), 0).to_numpy()
    forename = pc.fill_null(pc.utf8_length(records["forename"]), 0).to_numpy()
    out = {
        "apostrophe": apostrophe,
        "hyphen": hyphen,
        "double_surname": parts >= 2,
        "other_spellings": spelt & named,
        "short_surname": named & (lengths <= SHORT),
        "long_surname": named & (lengths >= LONG),
        "rare_surname": named & (borne <= rare),
        "common_surname": named & (borne >= common),
        "order_unsure": named & ~records["name_order_sure"].to_numpy(zero_copy_only=False),
        "initial": forename == 1,
        "no_dob": (named | (forename > 0)) & records["dob"].is_null().to_numpy(zero_copy_only=False),
    }
    out["plain"] = named & ~np.logical_or.reduce([out[name] for name in UNUSUAL])
    return out


def linkage_by_form(
    forms: Mapping[str, Mask], records: pa.Table, person: npt.NDArray[np.int64], uncertain: pa.Table, counted: Mask
) -> dict[str, dict[str, int]]:
    """Form ("all": every one) -> how many of the `counted` records have it, are of one person with a record of another
    supply, and stand in a link that a person could decide. `person`: of each record, -1 for none."""
    named = counted & (person >= 0)
    supplies = supplies_of(records)
    shown = np.zeros((int(person.max(initial=-1)) + 2, len(supplies.dictionary)), dtype=bool)
    shown[person[named], supplies.indices.to_numpy()[named]] = True
    linked = named & (shown.sum(axis=1) > 1)[person]
    doubtful = np.zeros(len(person), dtype=bool)
    for end in ("record_id_l", "record_id_r"):
        doubtful[uncertain[end].to_numpy()] = True
    masks = {"all": named, **{form: named & mask for form, mask in forms.items()}}
    return {
        form: {"records": int(mask.sum()), "linked": int((mask & linked).sum()), "uncertain": int((mask & doubtful).sum())}
        for form, mask in masks.items()
    }  # fmt: skip


def _as_written(
    records: pa.Table, supplies: Iterable[SupplyLike], specs: Mapping[str, ExtractSpec]
) -> tuple[Mask, Mask]:
    """Whether the delivered name of each record holds an apostrophe, and a hyphen between letters."""
    delivered_row, total = np.full(records.num_rows, -1), 0  # of each record, counted through all supplies
    odd_rows, odd_texts = [np.zeros(0, dtype=np.int64)], []
    roles: tuple[Role, ...] = ("full_name", "forename", "surname")
    row = records["row"].to_numpy()
    supplied = supplies_of(records)
    names, which = supplied.dictionary.to_pylist(), supplied.indices.to_numpy()
    by_supply = np.argsort(which, kind="stable")
    starts = np.searchsorted(which[by_supply], np.arange(len(names) + 1))
    places = {name: by_supply[starts[at] : starts[at + 1]] for at, name in enumerate(names)}
    for supply in supplies:
        at = places.get(f"{supply.dataset}.{supply.supplier}")
        if supply.rows is None or at is None:
            continue
        delivered = supply.rows["row"].to_numpy()
        order = np.argsort(delivered, kind="stable")
        place = order[np.minimum(np.searchsorted(delivered, row[at], sorter=order), len(order) - 1)]
        delivered_row[at] = np.where(delivered[place] == row[at], total + place, -1)
        for text in (column(supply.rows, specs[supply.dataset], role) for role in roles):
            if text.null_count < len(text):
                odd = _odd(text)
                odd_rows.append(total + odd)
                odd_texts.append(text.take(pa.array(odd)))
        total += len(delivered)
    rows, texts = np.concatenate(odd_rows), pa.chunked_array(odd_texts, pa.string())
    apostrophe, hyphen = np.zeros((2, total + 1), dtype=bool)
    for held, pattern in ((apostrophe, _APOSTROPHE), (hyphen, _HYPHEN)):
        held[rows[pc.match_substring_regex(texts, pattern).to_numpy()]] = True
    return apostrophe[delivered_row], hyphen[delivered_row]


def _odd(written: pa.Array) -> npt.NDArray[np.int64]:
    """Where the few texts stand that hold any apostrophe or hyphen."""
    return np.flatnonzero(pc.fill_null(pc.match_substring_regex(written, _ODD), False).to_numpy(zero_copy_only=False))
