"""Settings: defaults right for the demo, every fault at once, never a value."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from matcher.disclosures.control import ControlPolicy
from matcher.errors import UserError
from matcher.persons.thresholds import Thresholds
from matcher.settings import Settings, load_settings, parse_settings
from matcher.workspace import SHIPPED

SHIPPED_TEXT = (SHIPPED / "matcher.toml").read_text(encoding="utf-8").replace("@ID@", "W-ABCDEFG2")
COMMENTED = re.compile(r"^# (?=[a-z_0-9]+ = )", re.MULTILINE)


def test_the_shipped_settings_are_right_for_the_demo() -> None:
    settings = parse_settings(SHIPPED_TEXT)
    assert settings.joint_match.on and settings.joint_match.made_up and settings.joint_match.agreement
    assert settings.expected.supplies == () and not settings.referral.on and settings.hold.days == 28


def test_every_commented_setting_shows_its_default_and_every_setting_is_there() -> None:
    opened = tomllib.loads(COMMENTED.sub("", SHIPPED_TEXT))
    defaults = Settings.model_validate({"workspace": {"id": "W-ABCDEFG2"}}).model_dump(mode="json")
    for table, values in defaults.items():
        assert set(opened[table]) == set(values), table
        for name, value in values.items():
            if table != "joint_match" and (table, name) not in {("workspace", "id"), ("expected", "supplies")}:
                assert opened[table][name] == value, (table, name)


def test_the_commented_thresholds_are_the_defaults() -> None:
    text = (SHIPPED / "policy" / "thresholds.2012-04-01.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == {}
    assert tomllib.loads(COMMENTED.sub("", text)) == Thresholds().model_dump()


def test_the_shipped_disclosure_control_is_the_default() -> None:
    text = (SHIPPED / "policy" / "disclosure_control.2012-04-01.toml").read_text(encoding="utf-8")
    assert ControlPolicy.from_toml(text) == ControlPolicy()


def test_all_faults_are_told_at_once_without_values() -> None:
    text = """
    [workspace]
    id = "secretvalue"
    [hold]
    days = 900
    colour = "secretvalue"
    [expected]
    supplies = ["Secret Value"]
    [referral]
    on = true
    [joint_match]
    on = true
    """
    with pytest.raises(UserError) as refused:
        parse_settings(text)
    told = str(refused.value)
    for place in ("workspace.id", "hold.days", "hold.colour", "expected.supplies.0", "referral", "joint_match"):
        assert f"matcher.toml: {place}:" in told
    assert "secret" not in told.casefold() and "900" not in told and "6 fault(s)" in told


def test_text_that_is_not_toml_is_told_with_its_line() -> None:
    with pytest.raises(UserError, match="not TOML") as refused:
        parse_settings("[workspace]\nid = \n")
    assert "line 2" in str(refused.value)


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / "matcher.toml").write_bytes("[workspace]\nname = 'é'\n".encode("cp1252"))
    with pytest.raises(UserError, match="not UTF-8"):
        load_settings(tmp_path / "matcher.toml")


def test_a_byte_order_mark_of_notepad_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "matcher.toml").write_bytes(b"\xef\xbb\xbf" + SHIPPED_TEXT.encode("utf-8"))
    assert load_settings(tmp_path / "matcher.toml").workspace.id == "W-ABCDEFG2"
