"""Same input, same output, whatever the order of rows and files, the cores, the locale, the time zone, the hash seed, the umask."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "same_output.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPT.parent))
        spec = importlib.util.spec_from_file_location("same_output", SCRIPT)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def test_a_month_in_other_circumstances_comes_to_the_same() -> None:
    command = [sys.executable, str(SCRIPT), "--here", "--people", "300", "--variants", "all"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all: 0 difference(s)" in done.stdout


CSV = b'Ref,Name\r\n1,"A ""B"" C"\r\n2,"two\r\nlines"\r\n3,plain\r\n'


def test_the_rows_come_in_another_order_and_stay_what_they_are(script: ModuleType) -> None:
    orders = {script.shuffled("yos.csv", CSV, seed) for seed in range(20)}
    assert len(orders) > 3
    for content in orders:
        assert content.startswith(b"Ref,Name\r\n") and b'"two\r\nlines"' in content and len(content) == len(CSV)


def test_workbooks_and_parquet_are_shuffled_too(script: ModuleType) -> None:
    import datetime as dt
    import io

    import pyarrow.parquet as pq
    from python_calamine import CalamineWorkbook

    from matcher.synthetic import make_month

    files = make_month(2000, 3, dt.date(2013, 10, 31)).files
    book = files["probation.xlsx"]
    rows, other = (
        CalamineWorkbook.from_object(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        for content in (book, script.shuffled("probation.xlsx", book, 1))
    )
    assert len(rows) > 5 and rows != other and rows[0] == other[0]
    assert sorted(map(repr, rows)) == sorted(map(repr, other))
    table, mixed = (
        pq.read_table(io.BytesIO(content)).to_pylist()
        for content in (files["health.parquet"], script.shuffled("health.parquet", files["health.parquet"], 1))
    )
    assert table != mixed and sorted(map(repr, table)) == sorted(map(repr, mixed))


def test_a_difference_is_seen(script: ModuleType) -> None:
    one = {"families": [{"id": "F:1"}, {"id": "F:2"}], "report": "abc", "n": {"x": 1}}
    assert list(script.differences(one, one)) == []
    other = {"families": [{"id": "F:2"}, {"id": "F:3"}], "report": "abd", "n": {}}
    assert [line.split(":")[0] for line in script.differences(one, other)] == ["/families", "/n/x", "/report"]
