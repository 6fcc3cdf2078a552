"""Write the lock files again: `python scripts/lock.py` (needs `uv` on the path and the package registry).

`locks/run.lock` holds what the program needs, `locks/check.lock` that and what the check needs, `locks/spark.lock` all that and
the spark engine; each with the hash of every file of each release. `locks/wheels.json` names the wheels behind the hashes, so
that a test can hold every default dependency to a wheel for Windows and for Linux without asking a registry.
"""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from pathlib import Path

from pip._internal.models.index import PyPI

ROOT = Path(__file__).parent.parent
LOCKS = Path(__file__).parent / "locks"


def compile_lock(name: str, *options: str) -> Path:
    """Resolve pyproject.toml for every platform and Python from 3.11 into a lock with hashes."""
    target = LOCKS / f"{name}.lock"
    subprocess.run(
        [
            "uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--generate-hashes",
            "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--upgrade", "--fork-strategy", "fewest",
            *options, "-o", str(target),
        ],
        check=True, cwd=ROOT, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return target


def locked(path: Path) -> dict[str, tuple[str, set[str]]]:
    """Package name -> (version, hashes) of a lock file."""
    found: dict[str, tuple[str, set[str]]] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", line):
            name = match[1]
            found[name] = (match[2], set())
        for digest in re.findall(r"--hash=sha256:([0-9a-f]{64})", line):
            found[name][1].add(digest)
    return found


def wheels_of(name: str, hashes: set[str]) -> dict[str, str]:
    """File name -> sha256 of the wheels for Windows and Linux of a release whose hashes the lock holds."""
    request = urllib.request.Request(  # noqa: S310
        f"{PyPI.simple_url}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        files = json.load(answer)["files"]
    wheels = {file["filename"]: file["hashes"].get("sha256", "") for file in files if file["filename"].endswith(".whl")}
    served = re.compile(r"(win_amd64|manylinux\S*x86_64|-any)\.whl$")
    return {name: digest for name, digest in sorted(wheels.items()) if digest in hashes and served.search(name)}


def main() -> None:
    LOCKS.mkdir(exist_ok=True)
    run = compile_lock("run", "--extra", "build")
    compile_lock("check", "--extra", "build", "--extra", "check")
    compile_lock("spark", "--extra", "build", "--extra", "check", "--extra", "spark")
    wheels = {f"{name}=={version}": wheels_of(name, hashes) for name, (version, hashes) in locked(run).items()}
    text = json.dumps(wheels, indent=1, sort_keys=True)
    (LOCKS / "wheels.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    print(f"{len(wheels)} packages locked")


if __name__ == "__main__":
    main()
