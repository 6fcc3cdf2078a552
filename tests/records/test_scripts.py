"""Other scripts in ASCII."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.records.scripts import is_han, to_ascii


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zoë Núñez", "Zoe Nunez"),
        ("Łukasz Ørsted Strauß", "Lukasz Orsted Strauss"),
        ("Đặng İnci ŞAHİN", "Dang Inci SAHIN"),
        ("JosÃ©", "Jose"),
        ("Ãngela", "Angela"),
        ("Щербаков ЮРИЙ", "Shcherbakov YuRIY"),
        ("Παππούς", "Pappous"),
        ("हरप्रीत", "haraprit"),
        ("ਸਿੰਘ", "singh"),
        ("পাল", "pal"),
        ("محمد", "mhmd"),
        ("王小明", "wangxiaoming"),
        ("김민준", "gimminjun"),
        ("O’Brien–Day", "O'Brien-Day"),
        ("١٢", "12"),
    ],
)
def test_script(text: str, expected: str) -> None:
    assert to_ascii(text) == expected


def test_characters_that_no_table_knows_stay_apart() -> None:
    first, second = to_ascii("\u9f98"), to_ascii("\u9f97")
    assert first.isalpha() and first.isascii() and first != second


def test_a_name_in_chinese_characters() -> None:
    assert is_han("王小明") and not is_han("王") and not is_han("王 小") and not is_han("Wang")


@given(st.text(max_size=60))
def test_any_text_is_ascii_afterwards_and_then_stays(text: str) -> None:
    found = to_ascii(text)
    assert found.isascii() and to_ascii(found) == found
