"""The layout is the flow: who may import whom, read from the sources."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
STAGES = (
    "extracts",
    "records",
    "pairs",
    "persons",
    "households",
    "review",
    "registry",
    "purge",
    "disclosures",
    "synthetic",
)
LEAVES = {"matcher.errors", "matcher.progress", "matcher.fields", "matcher.memory", "matcher"}
# What each stage may import beside itself, the specs and the leaves.
ALLOWED: dict[str, set[str]] = {
    "pairs": {"matcher.engines"},
    "persons": {"matcher.pairs"},
    "review": {"matcher.tables"},
    "registry": {"matcher.workspace", "matcher.purge", "matcher.settings"},
    "purge": {"matcher.workspace", "matcher.settings", "matcher.registry"},
}
CRITERIA_USERS = (
    "matcher/month.py",
    "matcher/claims/",
    "matcher/impact.py",
    "matcher/runs/",
    "matcher/evaluation/",
    "matcher/cli/",
)


def imports(path: Path) -> set[str]:
    """Absolute names of the modules of ours that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name for name in found if name.split(".")[0] in {"matcher", "criteria", "specs"}}


def sources(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, folder
    return found


def package(name: str) -> str:
    return ".".join(name.split(".")[:2])


def test_specs_import_nothing_of_ours() -> None:
    for path in sources("specs"):
        assert all(name.startswith("specs") for name in imports(path)), path.name


def test_criteria_import_specs_only_and_so_never_see_a_name() -> None:
    for path in sources("criteria"):
        assert all(name.split(".")[0] in {"criteria", "specs"} for name in imports(path)), path.name


def test_stages_do_not_import_one_another() -> None:
    for stage in STAGES:
        for path in sources(f"matcher/{stage}"):
            for name in imports(path):
                if name.startswith("matcher"):
                    allowed = {f"matcher.{stage}"} | LEAVES | ALLOWED.get(stage, set())
                    assert package(name) in allowed, f"{path.relative_to(ROOT)} imports {name}"


def test_only_the_month_and_what_stands_around_it_import_criteria() -> None:
    for path in sources("matcher"):
        if any(name.startswith("criteria") for name in imports(path)):
            name = path.relative_to(ROOT).as_posix()
            assert name.startswith(CRITERIA_USERS), name


def test_the_data_is_made_up_independently_of_what_matches_it() -> None:
    for path in sources("matcher/synthetic"):
        assert not any(name.startswith(("matcher.records", "matcher.pairs", "criteria")) for name in imports(path)), (
            path.name
        )


def test_recordlinkage_is_imported_in_the_reference_engine_alone() -> None:
    for path in sources("matcher"):
        if "recordlinkage" in path.read_text(encoding="utf-8") and path.name != "reference.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
            names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
            assert not any(name.split(".")[0] == "recordlinkage" for name in names), path.name


MAY_WRITE = (
    "matcher/workspace", "matcher/purge/", "matcher/registry/", "matcher/cli/", "matcher/synthetic/",
)  # fmt: skip


def test_stages_never_write_files() -> None:
    for path in sources("matcher"):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(MAY_WRITE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in {"write_bytes", "write_text", "unlink", "rmtree", "mkdir", "touch"}, (
                    f"{name}:{node.lineno}"
                )
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
                modes = [
                    a.value for a in [*node.args[1:], *(k.value for k in node.keywords)] if isinstance(a, ast.Constant)
                ]
                assert not any(isinstance(m, str) and set(m) & set("wax+") for m in modes), f"{name}:{node.lineno}"
