"""Hostile and broken input through the real entry points: a thousand inputs here, any number with scripts/hostile_inputs.py."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.extracts import read
from matcher.memory import peak_rss_mb
from tests.hostile import bombs, texts
from tests.hostile.commands import run_commands
from tests.hostile.kinds import KINDS, make
from tests.hostile.oracle import reading
from tests.hostile.properties import SPECS, Broken, Sent, check_inbox
from tests.hostile.shapes import as_csv, month

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes, sockets and links are made as POSIX has them")

SEED, INPUTS, SHARES = 2013, 850, 8


@pytest.mark.parametrize("share", range(SHARES))
def test_every_property_holds_of_spoilt_files_of_every_kind(tmp_path: Path, share: int) -> None:
    kinds = set()
    for index in range(share * INPUTS // SHARES, (share + 1) * INPUTS // SHARES):
        folder = tmp_path / str(index)
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of the writer, about doubled parts
            kind, sent = make(SEED, index, folder)
        kinds.add(kind)
        try:
            check_inbox(folder, sent)
        except Exception as error:
            raise AssertionError(f"{kind}: python scripts/hostile_inputs.py --seed {SEED} --only {index}") from error
        shutil.rmtree(folder)
    assert kinds == set(KINDS)


_HEADER = ("Nominal Ref", "Full Name", "DOB", "Address", "Flag", "Flag Date")
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_DATE = st.one_of(
    st.sampled_from(texts.DATES).map(lambda text: text.replace("\0", "")),
    st.dates(dt.date(1890, 1, 1), dt.date(2020, 1, 1)).map(lambda day: day.strftime("%d/%m/%Y")),
    st.from_regex(
        r"[0-9]{1,2}[-/. ][0-9A-Za-z]{1,4}[-/. ][0-9]{1,4}([T ][0-9]{1,2}:[0-9]{2}(Z|[+-][0-9]{4})?)?", fullmatch=True
    ),
    _TEXT,
)
_ROW = st.tuples(_TEXT, _TEXT, _DATE, _TEXT, st.sampled_from(("PPO", "IOM", "x")), _DATE)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_ROW, min_size=1, max_size=4))
def test_every_property_holds_of_whatever_hypothesis_thinks_of(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("inbox")
    (folder / "police_iom.csv").write_bytes(as_csv(list(_HEADER), [list(row) for row in rows], quote=1))
    check_inbox(folder, {"police_iom.csv": Sent(_HEADER, tuple(rows))})


def test_the_properties_find_a_wrong_date_and_a_told_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ["N1", "A, B", "01/02/1998", "1 High Street", "IOM", "03/04/2013"]
    (tmp_path / "police_iom.csv").write_bytes(as_csv(list(_HEADER), [row]))
    month_first = Sent(_HEADER, (("N1", "A, B", "02/01/1998", "1 High Street", "IOM", "03/04/2013"),))
    with pytest.raises(Broken, match="wrong date in silence in DOB"):
        check_inbox(tmp_path, {"police_iom.csv": month_first})
    with pytest.raises(Broken, match="not counted"):
        check_inbox(tmp_path, {"police_iom.csv": Sent(_HEADER, (tuple(row), tuple(row)))})
    monkeypatch.setattr(read, "words", lambda rule: "Zqxcanary")
    (tmp_path / "police_iom.csv").write_bytes(as_csv(list(_HEADER), []))
    with pytest.raises(Broken, match="a message holds a value"):
        check_inbox(tmp_path)


@pytest.mark.parametrize(
    ("text", "day"),
    [("01/02/1998", (1998, 2, 1)), ("12/25/1998", None), ("1st Feb 1998", (1998, 2, 1)), ("1998-06-30T23:00:00Z", None),
     ("1998-12-31T23:00:00Z", (1998, 12, 31)), ("01/02/98", None), ("01/02/1998 25:00", None)],
)  # fmt: skip
def test_the_oracle_reads_as_the_contract_says(text: str, day: tuple[int, int, int] | None) -> None:
    assert reading(text) == (dt.date(*day) if day else None)


QUICK = ("zip bomb that lies", "billion laughs", "far cells", "a million columns", "a file of holes", "a sidecar of holes",
         "one string in many cells", "prefixes", "nested yaml")  # fmt: skip


@pytest.mark.parametrize("name", QUICK)
def test_bombs_are_refused_before_they_are_laid_out(tmp_path: Path, name: str) -> None:
    bombs.write(name, tmp_path)
    before = peak_rss_mb()
    assert check_inbox(tmp_path) == "rejected"
    assert peak_rss_mb() - before < bombs.MOST_MEMORY


def test_whole_commands_end_well_on_a_spoilt_month(tmp_path: Path) -> None:
    assert run_commands(SEED, 1, tmp_path).startswith("sealed")


def test_every_data_set_is_among_the_shapes() -> None:
    assert {one.dataset for one in month()} >= {name for name, spec in SPECS.items() if spec.about != "reference"}
