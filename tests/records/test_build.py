"""Records of a month: who each row names, in which order, with which references; the gazetteer; records known before."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest

from matcher.records import Built, build
from specs.tables import EVIDENCE, RECORDS, check
from tests.records.supplies import AS_AT, SPECS, Delivered, delivered, on


def built(*supplies: Delivered, known: pa.Table | None = None) -> Built:
    return build(supplies, SPECS, AS_AT, known=known)


def records(*supplies: Delivered) -> list[dict[str, Any]]:
    return built(*supplies).records.to_pylist()


YOS = delivered(
    "yos",
    "city",
    {
        "yos_id": " Y1 ",
        "full_name": "Tara Bramwell",
        "dob": on("1999-01-02"),
        "address": "12 High St, Leicester, LE1 1AA",
    },
    {"yos_id": "Y2", "full_name": "Balraj Singh"},
)
HOUSING = delivered(
    "housing",
    "charnwood",
    {
        "case_ref": "C1",
        "name": "Mr A & Mrs B BRAMWELL",
        "dob": on("1980-01-01"),
        "address": "Flat 2, 12 High St",
        "postcode": "le11aa",
        "uprn": "0100",
        "intervention": "NOSP",
        "intervention_date": on("2013-05-01"),
        "complaints": 3,
    },
    {
        "case_ref": "C2",
        "address": "1 Mill Lane",
        "postcode": "LE1 1AB",
        "intervention": "EVICT",
        "intervention_date": on("2012-12-01"),
    },
    {"case_ref": "C3", "name": "J Tolley", "intervention": "NONE", "beyond_row": True},
)


def test_a_row_names_a_person() -> None:
    first, second = records(YOS)
    assert (first["forename"], first["surname"], first["dob"]) == ("TARA", "BRAMWELL", on("1999-01-02"))
    assert (first["number"], first["street"], first["postcode"], first["address_kind"]) == (
        "12",
        "HIGH STREET",
        "LE1 1AA",
        "dwelling",
    )
    assert (first["ref_system"], first["ref"]) == ("yos.city", "Y1")
    assert second["address_kind"] == "none"


def test_a_joint_name_is_two_records_and_what_is_the_first_persons_stays_theirs() -> None:
    first, second, *_ = records(HOUSING)
    assert [(r["row"], r["part"], r["title"], r["forename"], r["surname"]) for r in (first, second)] == [
        (1, 0, "MR", "A", "BRAMWELL"),
        (1, 1, "MRS", "B", "BRAMWELL"),
    ]
    assert (first["dob"], second["dob"]) == (on("1980-01-01"), None)
    assert (first["sex"], second["sex"]) == ("M", "F")
    assert first["address"] == second["address"]
    assert (first["uprn"], second["uprn"]) == ("100", "100")


def test_the_two_people_of_a_case_never_share_a_reference_system() -> None:
    first, second, *_ = records(HOUSING)
    assert first["ref"] == second["ref"] == "C1"
    assert first["ref_system"] != second["ref_system"]


def test_a_row_without_a_name_is_about_the_dwelling() -> None:
    *_, dwelling, other = records(HOUSING)
    assert (dwelling["names_person"], dwelling["row"]) == (False, 2)
    assert (other["names_person"], other["beyond"]) == (True, True)


def test_a_row_without_a_name_that_holds_a_persons_number_names_a_person() -> None:
    (pupil,) = records(delivered("education", "city", {"forename": "Unknown", "dob": on("2001-05-05")}))
    assert pupil["names_person"] and pupil["forename"] is None


@pytest.mark.parametrize(
    ("delivered_as", "upn", "ref"),
    [
        ("H801200001001", "H801200001001", "H801200001001"),
        (" h801 2000 01001 ", "H801200001001", "H801200001001"),
        ("Z801200001001", None, "Z801200001001"),  # the check letter is wrong: still the same pupil in this supply
        (None, None, None),
    ],
)
def test_without_a_reference_column_the_upn_is_the_reference(
    delivered_as: str | None, upn: str | None, ref: str | None
) -> None:
    (pupil,) = records(delivered("education", "city", {"upn": delivered_as, "forename": "Kai", "surname": "Tolley"}))
    assert (pupil["upn"], pupil["ref"], pupil["ref_system"]) == (upn, ref, "upn" if ref else None)


def test_a_nino_without_its_suffix_stays_a_reference() -> None:
    (claimant,) = records(delivered("dwp", "", {"nino": "ab 12 34 56", "forename": "Kai", "surname": "Tolley"}))
    assert (claimant["nino"], claimant["ref"], claimant["ref_system"]) == ("AB123456", "AB123456", "nino")


def test_two_police_data_sets_share_one_reference_system() -> None:
    systems = {
        record["ref_system"]
        for record in records(
            delivered("police_iom", "", {"nominal_ref": "N1", "full_name": "TOLLEY, Kai"}),
            delivered("police_monthly", "", {"nominal_ref": "N1", "full_name": "TOLLEY, Kai"}),
        )
    }
    assert systems == {"police_nominal"}


def test_the_sex_column_goes_before_the_title() -> None:
    pupils = records(
        delivered(
            "education",
            "city",
            {"forename": "Mr Kai", "surname": "Tolley", "sex": "F"},
            {"forename": "Mr Kai", "surname": "Tolley", "sex": "unknown"},
            {"forename": "Kai", "surname": "Tolley", "sex": "male"},
        )
    )
    assert [pupil["sex"] for pupil in pupils] == ["F", "M", "M"]


def test_residents_bring_dates_of_residence_and_relationship() -> None:
    (resident,) = records(
        delivered(
            "residents",
            "",
            {
                "resident_ref": "R1",
                "forename": "Kai",
                "surname": "Tolley",
                "address": "12 High St",
                "from": on("2010-01-01"),
                "to": on("2012-01-01"),
                "relationship": "Son (step)",
            },
        )
    )
    assert (resident["address_from"], resident["address_to"]) == (on("2010-01-01"), on("2012-01-01"))
    assert resident["relationship"] == "SON STEP"


def test_records_stand_in_one_order_whatever_the_order_of_supplies_and_rows() -> None:
    supplies = [YOS, HOUSING, delivered("yos", "county", {"yos_id": "Y1", "full_name": "Tara Bramwell"})]
    expected = built(*supplies)
    assert [r["record_id"] for r in expected.records.to_pylist()] == list(range(expected.records.num_rows))
    for seed in range(4):
        shuffled = [
            Delivered(
                s.dataset, s.supplier, s.rows.take(random.Random(seed).sample(range(s.rows.num_rows), s.rows.num_rows))
            )
            for s in random.Random(seed).sample(supplies, len(supplies))
            if s.rows is not None
        ]
        found = built(*shuffled)
        assert found.records.equals(expected.records) and found.evidence.equals(expected.evidence)


def test_records_known_before_follow_and_keep_who_they_are() -> None:
    known = pa.table(
        {
            "record_id": pa.array([7], pa.int64()),
            "dataset": ["yos"],
            "forename": ["TARA"],
            "surname": ["BRAMWELL"],
            "dob": pa.array([on("1999-01-02")], pa.date32()),
            "known_person": ["P-ABCDEFGH"],
            "known_family": ["F-ABCDEFGH"],
        }
    )
    *new, last = built(YOS, known=known).records.to_pylist()
    assert len(new) == 2
    assert (last["record_id"], last["dataset"], last["supplier"], last["row"]) == (2, "registry", "", 0)
    assert (last["known_person"], last["names_person"], last["address_kind"]) == ("P-ABCDEFGH", True, "none")


def test_records_that_were_built_may_come_back_as_known() -> None:
    first = built(YOS, HOUSING).records
    again = built(known=first).records
    assert again.num_rows == first.num_rows
    assert again["surname"].equals(first["surname"]) and again["surname_parts"].equals(first["surname_parts"])


def test_no_supply_gives_empty_tables_of_the_declared_shape() -> None:
    nothing = built(Delivered("yos", "city", None), delivered("yos", "county"))
    check(nothing.records, RECORDS)
    check(nothing.evidence, EVIDENCE)
    assert nothing.records.num_rows == nothing.evidence.num_rows == nothing.gazetteer.num_rows == 0


def test_the_gazetteer_is_places_and_no_records() -> None:
    found = built(
        delivered(
            "gazetteer",
            "",
            {
                "uprn": "00100",
                "address": "12 High St, Leicester",
                "postcode": "le1 1aa",
                "district": "Leicester",
                "easting": 1.5,
            },
        )
    )
    assert found.records.num_rows == 0
    (place,) = found.gazetteer.to_pylist()
    assert (place["uprn"], place["number"], place["street"], place["postcode"]) == (
        "100",
        "12",
        "HIGH STREET",
        "LE1 1AA",
    )
    assert (place["district"], place["easting"], place["northing"]) == ("Leicester", 1.5, None)


def test_absent_optional_columns_are_blank() -> None:
    rows = YOS.rows
    assert rows is not None
    found = built(Delivered("yos", "city", rows.select(["row", "full_name"])))
    assert [record["surname"] for record in found.records.to_pylist()] == ["BRAMWELL", "SINGH"]
    assert found.evidence.num_rows == 0
