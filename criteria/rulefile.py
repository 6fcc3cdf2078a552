"""Reads a rule file: takes TOML, gives its table and resolved tests, refuses with every fault at once.

Shared by frameworks and policies. A fault is one line: file, place in the file, what is wrong.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from criteria.shapes import TEST, AnyTest
from specs.faults import faults_of
from specs.load import SpecError

Scalar = int | bool | str | tuple[str, ...]


def resolve(
    table: Mapping[str, Any], threshold: Callable[[str], int], reading: Callable[[str, str], Scalar]
) -> tuple[AnyTest, tuple[str, ...], tuple[str, ...]]:
    """The typed test of a TOML table, and the names of the thresholds and readings that it refers to.

    Raises KeyError for an unknown reference, pydantic's ValidationError for a test that no shape allows.
    """
    thresholds: list[str] = []
    readings: list[str] = []

    def value(given: Any) -> Any:
        if not isinstance(given, str):
            return given
        head, colon, name = given.partition(":")
        if colon and head == "threshold":
            thresholds.append(name)
            return threshold(name)
        if colon and head == "reading":
            name, _, part = name.partition(".")
            readings.append(name)
            return value(reading(name, part or "value"))  # an option may itself refer to a threshold
        return given

    test = TEST.validate_python({key: value(given) for key, given in table.items()})
    return test, tuple(dict.fromkeys(thresholds)), tuple(dict.fromkeys(readings))


def read_toml(path: Path) -> dict[str, Any]:
    """The table of a TOML file. Raises SpecError where the file is missing or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SpecError([f"{path.name}: no such file"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError([f"{path.name}: not TOML: {error}"]) from None


def validated(model: type[BaseModel], raw: Mapping[str, Any], name: str, more: list[str]) -> Any:
    """`raw` as `model`. Raises SpecError with the model's faults and `more` together."""
    try:
        made = model.model_validate(raw)
    except ValidationError as error:
        raise SpecError([*faults_of(error, name), *more]) from None
    if more:
        raise SpecError(more)
    return made


def tables_of(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The tables of an array of tables; whatever is not one is the model's to refuse."""
    entries = raw.get(key)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    entry = raw.get(key)
    return entry if isinstance(entry, dict) else {}


def reference_faults(raw: Mapping[str, Any], name: str) -> list[str]:
    """Faults of references of a framework: documents, criteria, thresholds and readings, under every option."""
    documents = {entry.get("id") for entry in tables_of(raw, "document")}
    criteria = [entry.get("id") for entry in tables_of(raw, "criterion")]
    thresholds, readings = _table(raw, "threshold"), _table(raw, "reading")
    cited = [(f"{kind}.{key}", entry) for kind in ("threshold", "reading") for key, entry in _table(raw, kind).items()]
    cited += [(f"{kind} {entry.get('id')}", entry) for kind in ("clause", "route") for entry in tables_of(raw, kind)]
    faults = [
        f"{name}: {where}: cites a document that the file does not list"
        for where, entry in cited
        if isinstance(entry, dict) and entry.get("document") not in documents
    ]
    seen: set[str] = set()
    for entry in tables_of(raw, "clause"):
        where = f"clause {entry.get('id')}"
        if where in seen:
            faults.append(f"{name}: {where}: this id twice")
        seen.add(where)
        if entry.get("criterion") not in criteria:
            faults.append(f"{name}: {where}: no such criterion")
        faults += _test_faults(entry, thresholds, readings, name, where)
    for entry in tables_of(raw, "route"):
        named = entry.get("criteria")
        if isinstance(named, list) and any(criterion not in criteria for criterion in named):
            faults.append(f"{name}: route {entry.get('id')}: no such criterion")
    wanted = [(f"route {entry.get('id')}", entry.get("at_least"), thresholds) for entry in tables_of(raw, "route")]
    wanted += [
        ("household.must_contain_child", _table(raw, "household").get("must_contain_child"), readings),
        ("household.adult_age", _table(raw, "household").get("adult_age"), thresholds),
        ("payment.year_of_rate", _table(raw, "payment").get("year_of_rate"), readings),
    ]
    faults += [
        f"{name}: {where}: refers to something that the file does not hold"
        for where, given, pool in wanted
        if isinstance(given, str) and given.partition(":")[2] not in pool
    ]
    return faults


def _test_faults(
    entry: Mapping[str, Any], thresholds: Mapping[str, Any], readings: Mapping[str, Any], name: str, where: str
) -> list[str]:
    """Faults of one clause's test and sentence, tried under every option of every reading that it refers to."""
    written = _table(entry, "test")
    heads = [given.removeprefix("reading:").partition(".")[0] for given in written.values()
             if isinstance(given, str) and given.startswith("reading:")]  # fmt: skip
    options = {key: list(_table(_table(readings, key), "option")) for key in heads}
    cases: list[dict[str, str]] = [{}, *({key: option} for key, names in options.items() for option in names)]

    def number(key: str) -> int:
        thresholds[key]  # a KeyError names it
        return 1

    found: list[str] = []
    for case in cases:

        def option(key: str, part: str, case: Mapping[str, str] = case) -> Any:
            reading = _table({key: readings[key]}, key)
            chosen = _table(_table(reading, "option"), case.get(key, str(reading.get("default"))))
            return _table(chosen, "values")[part]

        try:
            test, _, _ = resolve(written, number, option)
            str(entry.get("says")).format_map(dict.fromkeys(thresholds, 0) | test.model_dump())
        except KeyError as error:
            found.append(f"{name}: {where}: no threshold, reading or field {error}")
        except ValueError as error:  # pydantic's, or a brace left open in the sentence
            found += (
                faults_of(error, name, where) if isinstance(error, ValidationError) else [f"{name}: {where}: {error}"]
            )
    return list(dict.fromkeys(found))
