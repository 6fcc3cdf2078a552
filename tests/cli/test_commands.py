"""Every command says what it does, with an example; every README names its package's modules; nothing is promised that is not there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from matcher.cli import cli
from matcher.errors import Exit, UserError

ROOT = Path(__file__).parent.parent.parent
PACKAGES = sorted(path.parent for path in (ROOT / "matcher").glob("*/__init__.py"))


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in group.list_commands(click.Context(group)):
        command = group.commands[name]
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def command_of(path: tuple[str, ...]) -> Any:
    command: Any = cli
    for name in path:
        command = command.commands[name]
    return command


def test_a_group_has_its_commands_of_every_module_when_it_is_loaded_alone() -> None:
    alone = "from matcher.cli import cli; print(*sorted(cli.get_command(None, 'subject').commands))"
    done = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True, check=True)
    assert {"find", "erase", "request", "found", "decide", "list"} <= set(done.stdout.split())


def test_a_command_loads_no_other_commands_module() -> None:
    loaded = "import sys, matcher.cli as c; c.cli.main(['families', '--help'], standalone_mode=False); print([m for m in sys.modules if m.startswith('matcher.cli.') or m == 'pandas'])"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, encoding="utf-8", check=True)
    modules = found.stdout.splitlines()[-1]
    assert "matcher.cli.families" in modules and "matcher.cli.check" not in modules and "pandas" not in modules


def is_group(path: tuple[str, ...]) -> bool:
    return isinstance(command_of(path), click.Group)


@pytest.mark.parametrize("path", list(commands(cli)), ids=" ".join)
def test_every_command_has_a_help_with_an_example_and_explained_options(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*path, "--help"])
    assert result.exit_code == 0
    assert " ".join(result.output.split()).count(f"Example: matcher {path[0]}") == 1
    for option in command_of(path).params:
        assert isinstance(option, click.Argument) or getattr(option, "help", None), option.name


@pytest.mark.parametrize("group", [(), *(path for path in commands(cli) if is_group(path))], ids=" ".join)
def test_a_list_of_commands_says_each_in_one_line_that_is_not_cut(group: tuple[str, ...]) -> None:
    text = CliRunner().invoke(cli, [*group, "--help"], terminal_width=80).output
    lines = text.partition("Commands:\n")[2].splitlines()
    assert len(lines) == len(command_of(group).commands)
    for line in lines:
        assert len(line) < 80 and not line.endswith("...")


# of every group a subcommand that needs nothing but a workspace
ON_A_WORKSPACE = {
    "audit": "show", "keys": "show", "passwords": "list", "registry": "move", "retention": "list", "review": "list",
    "subject": "list",
}  # fmt: skip


def test_every_group_on_workspaces_takes_one_and_shows_it_so_in_its_examples() -> None:
    takes = set()
    for path in commands(cli):
        command = command_of(path)
        if len(path) > 1 and any(option.name == "workspace" for option in command.params):
            takes.add(path[0])
            assert f"Example: matcher {path[0]} -w workspace {path[1]}" in (command.help or ""), path
    assert takes == set(ON_A_WORKSPACE)


@pytest.mark.parametrize(("group", "subcommand"), ON_A_WORKSPACE.items())
def test_the_workspace_stands_before_or_after_the_subcommand(group: str, subcommand: str, tmp_path: Path) -> None:
    def reached(*arguments: str) -> str:
        error = CliRunner().invoke(cli, [group, *arguments]).exception
        assert isinstance(error, UserError) and error.title == "This is not a workspace."
        return error.where

    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    assert reached("-w", one, subcommand) == reached(subcommand, "-w", one) == one
    assert reached("--workspace", one, subcommand) == one
    assert reached("-w", other, subcommand, "-w", one) == one, "the nearer one counts"
    missing = CliRunner().invoke(cli, [group, subcommand])
    assert missing.exit_code == Exit.USAGE and "Missing option '-w' / '--workspace'" in missing.output


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_package_has_a_readme_that_names_its_modules_and_no_others(package: Path) -> None:
    text = (package / "README.md").read_text(encoding="utf-8")
    modules = {path.name for path in package.glob("*.py")} - {"__init__.py"}
    assert not {name for name in modules if f"`{name}`" not in text}
    named = set(re.findall(r"`([a-z_]+\.py)`", text))
    everywhere = {path.name for folder in ("matcher", "criteria", "specs") for path in (ROOT / folder).rglob("*.py")}
    assert named <= everywhere


def test_the_readme_links_to_files_that_are_there() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_every_control_of_the_threat_model_has_its_test() -> None:
    """Every row that names a control names a test or script that is there."""
    text = (ROOT / "matcher" / "purge" / "README.md").read_text(encoding="utf-8")
    model = text[text.index("## Threat model") : text.index("## Decisions and why")]
    rows = [row for row in model.splitlines() if row.startswith("| ") and not row.startswith("| who or what")]
    assert len(rows) > 30
    for row in rows:
        named = re.findall(r"`([a-z_]+/[a-z_]+\.py)`", row.split("|")[4])
        assert named, row
        assert not [name for name in named if not (ROOT / "tests" / name).exists() and not (ROOT / name).exists()], row


def test_every_command_of_the_readme_is_one_that_exists() -> None:
    known = {" ".join(path) for path in commands(cli)}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"(?:^    |`)matcher ([a-z]+)", text, re.M):
        assert name in known, name
