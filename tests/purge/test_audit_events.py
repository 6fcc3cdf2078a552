"""Every event that the program writes is described, said in plain English, and stands in the README with its fields."""

from __future__ import annotations

import ast
import importlib
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from matcher.purge import chain
from matcher.purge.audit_events import EVENTS, REFUSALS, sentence

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "matcher" / "purge" / "README.md"
OF_THE_CHAIN = {chain.CHAIN_BROKEN, chain.INTERRUPTED}
"""Written by the chain itself, inside `Audit.append`."""


@dataclass
class Called:
    """How an event is written: the fields named at its calls, and whether a call adds others by `**`."""

    fields: set[str] = field(default_factory=set)
    open: bool = False


def _is_audit(value: ast.expr, names: set[str]) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "Audit"
    return isinstance(value, ast.Name) and value.id in names


def _texts(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _events(first: ast.expr, tree: ast.Module, module: str) -> set[str]:
    """The codes that a call's first argument can be."""
    if isinstance(first, ast.Constant):
        return {str(first.value)}
    found = _texts(first)
    for name in (n.id for n in ast.walk(first) if isinstance(n, ast.Name)):
        constant = getattr(importlib.import_module(module), name, None)
        if isinstance(constant, str):
            found.add(constant)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
                found |= _texts(node.value)
    return found & set(EVENTS)


def written() -> dict[str, Called]:
    found: dict[str, Called] = {}
    for path in sorted((ROOT / "matcher").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        names = {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and _is_audit(node.value, set())
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        names |= {
            arg.arg
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
            for arg in node.args.args
            if isinstance(arg.annotation, ast.Name) and arg.annotation.id == "Audit"
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr not in ("append", "append_once") or not _is_audit(node.func.value, names):
                continue
            events = _events(node.args[0], tree, module)
            assert events, f"{path.relative_to(ROOT)}:{node.lineno}: which event is this?"
            for event in events:
                called = found.setdefault(event, Called())
                called.fields |= {k.arg for k in node.keywords if k.arg not in (None, "then")}
                called.open |= any(k.arg is None for k in node.keywords)
    return found


def in_readme() -> dict[str, set[str]]:
    rows = re.findall(r"^\| `([a-z_]+)` \| [^|]+ \| ([^|]*) \|$", README.read_text(encoding="utf-8"), re.M)
    return {event: set(re.findall(r"`(\w+)`", fields)) for event, fields in rows}


def placeholders(template: str) -> Iterator[str]:
    for _, name, _, _ in string.Formatter().parse(template.replace("?}", "}")):
        if name:
            yield name


def test_every_event_that_is_written_is_described_and_no_other() -> None:
    assert set(written()) | OF_THE_CHAIN | {chain.CHAIN_LOST} == set(EVENTS)


def test_the_readme_lists_every_event_with_its_fields() -> None:
    listed = in_readme()
    assert set(listed) == set(EVENTS)
    for event, called in written().items():
        assert called.fields <= listed[event], event
        assert called.open or called.fields == listed[event], event


def test_a_sentence_only_says_what_is_recorded() -> None:
    listed = in_readme()
    for event, template in EVENTS.items():
        said = set(placeholders(template)) - ({"what"} if event == "access_refused" else set())
        assert said <= listed[event], event


def test_every_refusal_of_the_program_is_described() -> None:
    codes: set[str] = set()
    for path in sorted((ROOT / "matcher").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        codes |= set(re.findall(r'refusal="([a-z_]+)"', text)) | set(re.findall(r'_refuse\("([a-z_]+)"\)', text))
    assert codes == set(REFUSALS)


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_every_event_reads_as_a_sentence(event: str) -> None:
    bare = sentence({"event": event, "counts": {}})
    assert bare and "{" not in bare and "~" not in bare
    full = dict.fromkeys(in_readme()[event], 3)
    assert "{" not in sentence({"event": event, "counts": full})


def test_parts_about_nothing_are_left_out() -> None:
    counts = {"batch": "2013-10-31-1", "supplies": 3, "made_up": False}
    assert sentence({"event": "run_started", "counts": counts}) == "Batch 2013-10-31-1 begun: 3 supplies"
    counts["made_up"] = True
    assert sentence({"event": "run_started", "counts": counts}).endswith("3 supplies, made-up data")


def test_an_event_of_a_later_version_is_told_by_its_code_and_fields() -> None:
    assert (
        sentence({"event": "moon_landed", "counts": {"people": 2, "by": None}}) == "moon_landed: by unknown; people 2"
    )


def _calls(node: ast.FunctionDef) -> set[str]:
    """Names of the functions and methods that a function calls."""
    called = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else f.id for f in called if isinstance(f, ast.Attribute | ast.Name)}


def test_whatever_is_recorded_as_a_disclosure_stands_in_the_chain_too() -> None:
    """Each function that calls `disclosed` of the registry, or each that calls it, appends to the chain as well."""
    seen = 0
    for path in sorted((ROOT / "matcher").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {node.name: _calls(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for name, called in calls.items():
            if "disclosed" in called and name != "disclosed":
                seen += 1
                callers = [inner for inner in calls.values() if name in inner] or [called]
                told = [called] if called & {"append", "append_once"} else callers
                assert all(one & {"append", "append_once"} for one in told), f"{path.relative_to(ROOT)}: {name}"
    assert seen >= 6
