"""Made-up months: the same bytes for the same seed, one county at many dates, every kind of near-miss, an honest truth."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter, defaultdict

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook
from stdnum.gb import upn as upn_rules

from matcher.errors import UserError
from matcher.synthetic import Month, make_month
from matcher.synthetic.delivered import HEADERS, Supply, months_before
from matcher.synthetic.lives import County
from matcher.synthetic.months import make_supplies
from matcher.synthetic.places import DISTRICTS, Places
from matcher.synthetic.truth import Judge
from specs.load import load_extract_specs

AS_AT = dt.date(2013, 10, 31)


@pytest.fixture(scope="module")
def month() -> Month:
    return make_month(2000, 7, AS_AT)


@pytest.fixture(scope="module")
def large() -> tuple[list[Supply], County]:
    return make_supplies(12_000, 3, AS_AT)


@pytest.fixture(scope="module")
def clean() -> tuple[list[Supply], County]:
    return make_supplies(2000, 7, AS_AT, errors=0)


def data_rows(name: str, content: bytes) -> int:
    if name.endswith(".parquet"):
        return pq.read_table(io.BytesIO(content)).num_rows
    if name.endswith(".xlsx"):
        return len(CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()) - 1
    text = content.decode(
        "utf-8-sig" if content[:3] == b"\xef\xbb\xbf" else "cp1252" if name.startswith("housing") else "utf-8"
    )
    return sum(1 for _ in csv.reader(io.StringIO(text, newline=""))) - 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_county(month: Month) -> None:
    again = make_month(2000, 7, AS_AT)
    assert again.files == month.files
    assert again.truth == month.truth
    assert make_month(300, 8, AS_AT).truth != make_month(300, 9, AS_AT).truth


def test_the_truth_has_one_row_for_each_data_row_of_each_file(month: Month) -> None:
    truth = list(csv.DictReader(io.StringIO(month.truth.decode("utf-8"))))
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for line in truth:
        rows[line["dataset"], line["supplier"]].append(int(line["row"]))
    for name, content in month.files.items():
        parts = name.split(".")
        if parts[-1] in ("yaml", "txt") or parts[0] == "gazetteer":
            continue
        supplier = parts[1] if len(parts) == 3 else ""
        assert rows.pop((parts[0], supplier), []) == list(range(1, data_rows(name, content) + 1)), name
    assert not rows
    assert {line["decision"] for line in truth} <= {"automatic", "discretion", "no"}
    assert all(line["household_id"] for line in truth)
    assert any(not line["person_id"] and not line["origin"] for line in truth), "a row that names nobody"


def test_every_data_set_and_a_mark_are_there(month: Month) -> None:
    assert {name.split(".")[0] for name in month.files} == {*HEADERS, "MADE-UP"}
    assert {"education.city.csv", "education.county.csv", "yos.city.csv", "yos.county.csv", "housing.city.csv"} <= set(
        month.files
    )
    assert any(name.endswith(".xlsx") for name in month.files)
    assert any(name.endswith(".parquet") for name in month.files)
    assert any(name.endswith(".meta.yaml") for name in month.files)


def test_headers_are_those_of_the_specifications() -> None:
    specs = load_extract_specs()
    assert set(HEADERS) == set(specs)
    for dataset, header in HEADERS.items():
        assert set(header) <= {column.name for column in specs[dataset].column}, dataset
        assert {column.name for column in specs[dataset].column if column.required} <= set(header), dataset


def test_another_date_of_one_seed_is_the_same_county() -> None:
    before, county = make_supplies(2000, 7, AS_AT)
    after, later = make_supplies(2000, 7, dt.date(2013, 11, 30))
    assert [(p.forename, p.born) for p in county.persons] == [(p.forename, p.born) for p in later.persons]
    assert [home.dwellings for home in county.households] == [home.dwellings for home in later.households]

    def register(supplies: list[Supply]) -> dict[int, tuple[object, ...]]:
        return {
            person: row[:7]
            for supply in supplies
            if supply.dataset == "residents"
            for row, (person, _) in zip(supply.rows, supply.behind, strict=True)
        }

    old, new = register(before), register(after)
    both = old.keys() & new.keys()
    assert len(both) > 0.97 * len(old)
    same = sum(old[person] == new[person] for person in both)
    assert 0.95 * len(both) < same < len(both), "nearly all entries are as they were, and some people have moved"
    assert {row[0] for row in old.values()} != {row[0] for row in new.values()}, "some came, some went"


def test_lives_go_on_over_the_years() -> None:
    county = make_supplies(1500, 2, AS_AT)[1]
    first, last = dt.date(2010, 1, 31).toordinal(), dt.date(2016, 12, 31).toordinal()
    there = {person.uid for person in county.persons if person.alive(first)}
    later = {person.uid for person in county.persons if person.alive(last)}
    assert there - later, "some died"
    assert any(person.born > first for person in county.persons if person.uid in later), "some were born"
    moved = [uid for uid in there & later if county.persons[uid].home(first) != county.persons[uid].home(last)]
    assert moved, "some left home or parted"
    assert any(len(person.surnames) > 1 for person in county.persons), "some took another name"


def test_without_errors_every_entry_is_true_and_complete(clean: tuple[list[Supply], County]) -> None:
    supplies, county = clean
    day = AS_AT.toordinal()
    for supply in supplies:
        if supply.dataset == "gazetteer":
            continue
        for row, (uid, household) in zip(supply.rows, supply.behind, strict=True):
            cells = dict(zip(supply.header, row, strict=True))
            home = county.households[household].dwelling(day)
            assert (
                cells.get("Postcode", county.places.dwellings[home].postcode) == county.places.dwellings[home].postcode
            )
            if uid < 0:
                continue
            person = county.persons[uid]
            assert household == person.home(day)
            if not str(cells.get("Case Ref", "")).startswith("J"):
                assert cells["DOB"] == dt.date.fromordinal(person.born)
            if "Surname" in cells:
                assert (
                    str(cells["Surname"]) in {person.surname(day), person.surname(day).upper()}
                    or supply.dataset == "dwp"
                )
                assert str(cells["Forename"]).split()[0].isascii() or person.forename in str(cells["Forename"])
            for name in ("UPN", "NINO"):
                assert cells.get(name, "-")
            for name in ("Offence Date", "Claim Start", "Start", "Date", "Flag Date"):
                assert cells.get(name, "-") is not None
            if cells.get("Intervention") or cells.get("Disposal"):
                assert cells.get("Intervention Date") or cells.get("Disposal Date")


def test_pupil_numbers_have_their_check_letter_and_nobody_shares_one(clean: tuple[list[Supply], County]) -> None:
    owner: dict[object, int] = {}
    for supply in clean[0]:
        if supply.dataset in ("education", "dwp"):
            for row, (person, _) in zip(supply.rows, supply.behind, strict=True):
                assert owner.setdefault(row[0], person) == person
                if supply.dataset == "education":
                    assert upn_rules.is_valid(str(row[0]))


def test_the_usual_errors_occur_at_about_their_rates(large: tuple[list[Supply], County]) -> None:
    supplies, county = large
    blank: Counter[str] = Counter()
    total: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    swapped = 0
    for supply in supplies:
        for row, (uid, _) in zip(supply.rows, supply.behind, strict=False):  # nobody stands behind a gazetteer
            if uid < 0:
                continue
            cells = dict(zip(supply.header, row, strict=True))
            total[supply.dataset] += 1
            blank[supply.dataset] += cells["DOB"] is None
            born = dt.date.fromordinal(county.persons[uid].born)
            wrong[supply.dataset] += cells["DOB"] not in (None, born)
            swapped += cells.get("Forename") == county.persons[uid].surname(AS_AT.toordinal())
    assert blank["education"] == 0
    assert 0.28 < blank["residents"] / total["residents"] < 0.40
    assert 0.10 < blank["police_asb"] / total["police_asb"] < 0.22
    assert 0.35 < blank["housing"] / total["housing"] < 0.65
    assert wrong["dwp"] / total["dwp"] < 0.01 < wrong["police_asb"] / total["police_asb"]
    assert swapped > 20


def test_a_county_of_families_hostels_twins_and_namesakes(large: tuple[list[Supply], County]) -> None:
    county = large[1]
    day = AS_AT.toordinal()
    alive = [person for person in county.persons if person.alive(day)]
    homes: dict[int, list[int]] = defaultdict(list)
    for person in alive:
        homes[person.home(day)].append(person.uid)
    doors = Counter(county.places.dwellings[county.households[uid].dwelling(day)].kind for uid in homes)
    assert {"house", "flat", "half", "unnumbered", "hmo", "hostel", "refuge", "care"} <= set(doors)
    people = county.persons
    pairs = [(people[a], people[b]) for uids in homes.values() for a in uids for b in uids if a < b]
    assert any(a.born == b.born and a.mother == b.mother >= 0 for a, b in pairs), "twins"
    assert any(b.father == a.uid and (a.forename, a.surname(day)) == (b.forename, b.surname(day)) for a, b in pairs), (
        "namesakes"
    )
    alike = [(a, b) for a, b in pairs if a.mother == b.mother >= 0 and a.called == b.called]
    assert all(people[a.father].called == a.called for a, _ in alike), "no two children of one name but their father's"
    assert any(len({people[uid].surname(day) for uid in uids}) > 2 for uids in homes.values())
    apart = [
        child for child in alive if child.father >= 0 and people[child.father].home(day) not in (child.home(day), -1)
    ]
    assert any(child.age(day) < 18 and people[child.father].alive(day) for child in apart), "parted parents"
    assert {person.family.origin for person in alive} >= {
        "british",
        "hindu",
        "sikh",
        "muslim_south_asian",
        "eastern_european",
    }
    city = Counter(
        person.family.origin == "british"
        for person in alive
        if county.places.dwellings[county.households[person.home(day)].dwelling(day)].district == 0
    )
    assert 0.3 < city[True] / city.total() < 0.65, "the city is the most diverse part"
    everywhere = sum(person.family.origin == "british" for person in alive) / len(alive)
    assert everywhere > 1.3 * city[True] / city.total()


def test_hard_doubles_what_is_hard() -> None:
    usual, hard = make_supplies(4000, 1, AS_AT)[1], make_supplies(4000, 1, AS_AT, hard=True)[1]

    def shared(county: County) -> int:
        return sum(home.kind in ("hmo", "hostel") for home in county.households if home.began == county.start)

    assert shared(hard) > 1.4 * shared(usual)


def test_between_one_and_two_and_a_half_per_cent_of_households_qualify(large: tuple[list[Supply], County]) -> None:
    supplies, county = large
    judge = Judge(supplies, AS_AT)
    homes = {person.home(AS_AT.toordinal()) for person in county.persons if person.alive(AS_AT.toordinal())}
    decisions = Counter(judge.decision(home) for home in homes)
    assert decisions["automatic"] > 0
    assert decisions["discretion"] > 0
    assert 0.01 < (decisions["automatic"] + decisions["discretion"]) / len(homes) < 0.025


def test_every_kind_of_near_miss_occurs(large: tuple[list[Supply], County]) -> None:
    supplies, county = large
    year_ago, two_years = months_before(AS_AT, 12), months_before(AS_AT, 24)
    seen: set[str] = set()
    absence: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    enrolled: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for supply in supplies:
        for row, (uid, _) in zip(supply.rows, supply.behind, strict=False):
            cells = dict(zip(supply.header, row, strict=True))
            for column in ("Outcome", "Intervention", "Disposal", "Status", "Provision", "Benefit"):
                if column in cells:
                    seen.add(f"{supply.dataset} {cells[column]}")
            if supply.dataset == "yos":
                decided, offence = cells["Outcome Date"], cells["Offence Date"]
                if isinstance(decided, dt.date) and year_ago - dt.timedelta(40) < decided <= year_ago:
                    seen.add("just out of the window")
                if isinstance(offence, dt.date) and county.persons[uid].age(offence.toordinal()) >= 18:
                    seen.add("offence at 18")
            elif supply.dataset == "police_asb":
                begun = cells["Disposal Date"]
                if (
                    cells["Disposal"] == "ABC"
                    and cells["Expiry Date"] is None
                    and isinstance(begun, dt.date)
                    and begun < two_years
                ):
                    seen.add("old contract without expiry")
                if isinstance(cells["Expiry Date"], dt.date) and cells["Expiry Date"] < AS_AT:
                    seen.add("expired order")
                if cells["Disposal"] and begun is None:
                    seen.add("undated")
            elif supply.dataset == "dwp" and cells["Claim End"] == AS_AT - dt.timedelta(1):
                seen.add("claim ended the day before")
            elif supply.dataset == "dwp" and cells["Claim End"] == AS_AT:
                seen.add("claim ended on the day")
            elif supply.dataset == "education":
                key = (uid, cells["Estab"], cells["Term"])
                enrolled[key].add(supply.supplier)
                if len(enrolled[key]) == 1:
                    for place, name in enumerate(("Sessions Possible", "Unauthorised Sessions", "Fixed Exclusions")):
                        absence[uid][place] += cells[name] if isinstance(cells[name], int) else 0
                if cells["Provision"] == "PRU" and cells["Previously Excluded"] == "N":
                    seen.add("PRU without exclusion")
                if cells["Provision"] == "NOR" and county.persons[uid].age(dt.date(2012, 9, 1).toordinal()) >= 16:
                    seen.add("NOR over age")
    if any(len(suppliers) == 2 for suppliers in enrolled.values()):
        seen.add("one enrolment in two supplies")
    for possible, missed, exclusions in absence.values():
        if possible and missed * 100 == 15 * possible:
            seen.add("absence of 15.0")
        if possible and 1485 < missed * 10000 / possible < 1500:
            seen.add("absence of 14.9")
        if exclusions == 2:
            seen.add("two exclusions")
    wanted = {
        "yos RJ", "yos NFA", "yos PEND", "just out of the window", "offence at 18", "old contract without expiry", "expired order",
        "undated", "claim ended the day before", "claim ended on the day", "education EHE", "education NOR", "NOR over age",
        "PRU without exclusion", "one enrolment in two supplies", "absence of 15.0", "absence of 14.9", "two exclusions",
        "housing NOSPRENT", "housing WARN", "housing NONE", "police_asb WARN", "social_care CIN", "dwp HB",
    }  # fmt: skip
    assert not wanted - seen


@pytest.mark.parametrize(
    ("people", "errors", "as_at"), [(0, 1.0, AS_AT), (10, -1.0, AS_AT), (10, 1.0, dt.date(1930, 1, 1))]
)
def test_senseless_wishes_are_refused(people: int, errors: float, as_at: dt.date) -> None:
    with pytest.raises(UserError, match="made-up month"):
        make_month(people, 1, as_at, errors=errors)


@pytest.mark.parametrize(
    "as_at", [dt.date(2010, 1, 1), dt.date(2012, 2, 29), dt.date(2016, 12, 31), dt.date(2024, 6, 15)]
)
def test_months_of_other_years_can_be_made(as_at: dt.date) -> None:
    month = make_month(150, 1, as_at)
    assert month.truth.count(b"\n") > 100


def test_a_town_that_has_used_its_street_names_up_goes_on_building() -> None:
    places = Places(seed=1)
    melton = next(number for number, district in enumerate(DISTRICTS) if district.key == "melton")
    homes = [places.dwellings[places.special(melton, "hmo")] for _ in range(4000)]
    assert len({home.street for home in homes}) == len(homes)
