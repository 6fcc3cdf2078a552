from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.fields.characters import CONTROL, INVISIBLE, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\x1b[2J", "\\u001b[2J"), ("a\rb", "a\\u000db"), ("\x9b31m", "\\u009b31m"), ("\u202eabc", "\\u202eabc"), ("a\tb\n", "a\tb\n"),
     ("\U000e0041", "\\udb40\\udc41"), ("Zoë नमस्ते क्\u200dष", "Zoë नमस्ते क्\u200dष"), ("", "")],
)  # fmt: skip
def test_what_a_terminal_obeys_or_nobody_sees_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_nothing_steers_a_terminal_any_more_and_json_stays_what_it_was(text: str) -> None:
    shown = visible(text)
    column = pa.array([shown.encode("utf-8", "replace").decode()])
    assert not pc.match_substring_regex(column, f"{INVISIBLE}|{CONTROL}")[0].as_py()
    assert json.loads(visible(json.dumps(text, ensure_ascii=False))) == text
