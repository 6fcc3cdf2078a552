"""What a fresh machine has to install: pinned, hashed, a wheel for Windows and Linux, and no registry named anywhere."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).parent.parent.parent
LOCKS = ROOT / "scripts" / "locks"
PYTHONS = ("cp311", "cp312", "cp313")
NOT_FOR_EVERY_SYSTEM = {
    "jeepney",
    "secretstorage",
    "cryptography-vectors",
    "pywin32-ctypes",
    "colorama",
    "importlib-metadata",
}
FIXED = ("recordlinkage", "jellyfish", "pandas", "pyarrow", "sqlalchemy", "click")


def wheels() -> dict[str, dict[str, str]]:
    return json.loads((LOCKS / "wheels.json").read_text(encoding="utf-8"))


def fits(file: str, python: str, system: str) -> bool:
    """Whether a wheel installs on this CPython and system (win_amd64 or x86_64 Linux)."""
    for tag in parse_wheel_filename(file)[3]:
        version = re.fullmatch(r"cp3(\d+)", tag.interpreter)
        abi3 = tag.abi == "abi3" and version is not None and int(version[1]) <= int(python[3:])
        right_python = tag.interpreter in (python, "py3", "py2.py3") or abi3
        right_system = tag.platform == "any" or (
            tag.platform == "win_amd64"
            if system == "windows"
            else "manylinux" in tag.platform and "x86_64" in tag.platform
        )
        if right_python and right_system:
            return True
    return False


@pytest.mark.parametrize("system", ["windows", "linux"])
@pytest.mark.parametrize("python", PYTHONS)
def test_every_default_dependency_has_a_wheel(system: str, python: str) -> None:
    lacking = [
        name for name, files in wheels().items()
        if name.split("==")[0] not in NOT_FOR_EVERY_SYSTEM and not any(fits(file, python, system) for file in files)
    ]  # fmt: skip
    assert not lacking


def test_the_wheels_named_are_those_of_the_lock() -> None:
    lock = (LOCKS / "run.lock").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([A-Za-z0-9._-]+==[^ ;\\]+)", lock, re.M))
    assert pinned == set(wheels())
    hashes = set(re.findall(r"sha256:([0-9a-f]{64})", lock))
    assert all(digest in hashes for files in wheels().values() for digest in files.values())


@pytest.mark.parametrize("name", ["run", "check", "spark"])
def test_every_requirement_of_a_lock_is_pinned_and_hashed(name: str) -> None:
    text = (LOCKS / f"{name}.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    assert all(re.match(r"[A-Za-z0-9._-]+==\S+.*--hash=sha256:", line) for line in lines)


def test_the_packages_fixed_at_the_start_are_locked_and_imported() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "matcher").rglob("*.py"))
    lock = (LOCKS / "run.lock").read_text(encoding="utf-8")
    for package in FIXED:
        assert re.search(rf"^{package}==", lock, re.M), package
        assert re.search(rf"^\s*(import|from) {package}\b", sources, re.M), package


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def test_no_file_names_a_registry() -> None:
    address = re.compile(
        r"(index|extra-index)[-_]url\s*[=:]|find[-_]links\s*[=:]|https?://[^\s\"']*(pypi|pythonhosted|npmjs)", re.I
    )
    for path in tracked():
        if path.suffix in {".py", ".toml", ".lock", ".json", ".md", ".txt", ".cfg", ""} and path.is_file():
            assert not address.search(path.read_text(encoding="utf-8", errors="ignore")), path.relative_to(ROOT)


RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.I)


def test_every_path_is_one_that_windows_allows() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    for name in names:
        assert len(name) < 150, name
        for part in name.split("/"):
            assert not re.search(r'[<>:"|?*\\\x00-\x1f]', part), name
            assert not part.endswith((" ", ".")), name
            assert not RESERVED.match(part), name
    assert len({name.lower() for name in names}) == len(names)
