"""Every command says what it does, with an example; every README names its package's modules; nothing is promised that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from matcher.cli import cli

ROOT = Path(__file__).parent.parent.parent
PACKAGES = sorted(path.parent for path in (ROOT / "matcher").glob("*/__init__.py"))


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", list(commands(cli)), ids=" ".join)
def test_every_command_has_a_help_with_an_example_and_explained_options(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*path, "--help"])
    assert result.exit_code == 0
    assert f"Example: matcher {path[0]}" in " ".join(result.output.split())
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    for option in command.params:
        assert isinstance(option, click.Argument) or getattr(option, "help", None), option.name


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


def test_every_command_of_the_readme_is_one_that_exists() -> None:
    known = {" ".join(path) for path in commands(cli)}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"(?:^    |`)matcher ([a-z]+)", text, re.M):
        assert name in known, name
