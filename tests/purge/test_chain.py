"""Any change to a real chain is found: a byte, an entry edited, removed, put in, doubled, moved, cut off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.purge import chain
from matcher.purge.audit import Audit
from matcher.workspace import AUDIT, Workspace


@dataclass(frozen=True)
class Real:
    """A chain as a workspace wrote it, with what checks it."""

    content: bytes
    keys: list[Ed25519PublicKey]
    head: chain.Head

    @property
    def lines(self) -> list[bytes]:
        return self.content.splitlines(keepends=True)

    def faults(self, content: bytes) -> list[chain.ChainFault]:
        return chain.check(content, self.keys, head=self.head).faults


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Real:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATCHER_KEYS", str(tmp_path_factory.mktemp("keys")))
        workspace = Workspace.create(tmp_path_factory.mktemp("w") / "w")
        audit = Audit(workspace)
        audit.append("workspace_made", files=12)
        for number in range(1, 10):
            audit.append("sealed", batch=f"2013-10-31-{number}", families=number, because="Zoë's reason", made_up=True)
        audit.append("families_erased", families=["F-AAAAAAAA", "F-BBBBBBBB"], reason="no_further_risk")
        return Real(workspace.read(AUDIT), workspace.keys.public_keys(), audit.head())


def test_the_chain_is_whole(real: Real) -> None:
    assert real.faults(real.content) == [] and len(real.lines) == 11


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_other_byte_is_found(real: Real, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(real.content) - 1))
    old = real.content[place]
    new = data.draw(
        st.one_of(st.integers(0, 255), st.sampled_from([old ^ 0x20, old ^ 1, 10, 32, 48])).filter(lambda b: b != old)
    )
    faults = real.faults(real.content[:place] + bytes([new]) + real.content[place + 1 :])
    assert faults
    line = real.content[:place].count(b"\n") + 1
    assert any(fault.line in (line, line + 1, None) for fault in faults), "the place is told"


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_byte_put_in_or_taken_out_is_found(real: Real, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(real.content) - 1))
    more = data.draw(st.binary(max_size=3) | st.sampled_from([b"\n", b" ", b"\r", b"\x00"]))
    skip = data.draw(st.integers(0, 3))
    changed = real.content[:place] + more + real.content[place + skip :]
    assert changed == real.content or real.faults(changed)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_other_choice_or_order_of_its_lines_is_found(real: Real, data: st.DataObject) -> None:
    """Lines removed, doubled, swapped, put elsewhere."""
    lines = data.draw(st.lists(st.sampled_from(real.lines), min_size=0, max_size=13) | st.permutations(real.lines))
    assert lines == real.lines or real.faults(b"".join(lines))


def told(faults: list[chain.ChainFault]) -> list[str]:
    return [str(fault) for fault in faults]


def test_the_line_and_the_number_are_named(real: Real) -> None:
    lines = real.lines
    assert told(real.faults(b"".join([*lines[:3], *lines[4:]]))) == [
        "line 4, entry 5: does not follow the entry before it: entry 4 is missing here (removed or moved)"
    ]
    assert told(real.faults(b"".join([*lines[:3], *lines[6:]]))) == [
        "line 4, entry 7: does not follow the entry before it: entries 4 to 6 are missing here (removed or moved)"
    ]
    assert told(real.faults(b"".join([*lines[:4], lines[3], *lines[4:]]))) == [
        "line 5, entry 4: stands here a second time, or out of its order"
    ]
    swapped = told(real.faults(b"".join([*lines[:3], lines[4], lines[3], *lines[5:]])))
    assert swapped[0].startswith("line 4, entry 5: does not follow") and swapped[1].startswith(
        "line 5, entry 4: stands out of its order"
    )
    edited = b"".join(lines).replace(b'"families":5', b'"families":6')
    assert told(real.faults(edited)) == ["line 6, entry 6: was edited"]
    assert told(real.faults(b"".join(lines[:-2]))) == ["entries at the end, up to number 11, are missing or changed"]
    assert told(real.faults(real.content + b"\n")) == ["line 12: an empty line was put in"]
    assert told(real.faults(real.content[:-1])) == [
        "line 11: the last line is cut off (an interrupted write, or removed)",
        "entries at the end, up to number 11, are missing or changed",
    ]


@pytest.mark.parametrize("how", [lambda s: s.upper(), lambda s: s[:2] + " " + s[2:], lambda s: s + "\n"])
def test_a_signature_written_otherwise_is_a_change(real: Real, how: Callable[[str], str]) -> None:
    entry = chain.parse(real.lines[-1])
    assert entry is not None
    content = b"".join([*real.lines[:-1], chain.line_of(entry | {"signature": how(entry["signature"])}), b"\n"])
    assert told(real.faults(content)) == ["line 11, entry 11: was edited"]


def test_an_entry_signed_by_a_stranger_is_found(real: Real) -> None:
    """Edited and everything made right again, but by another key."""
    entry = chain.parse(real.lines[-1])
    assert entry is not None
    entry["counts"]["reason"] = "other"
    entry["hash"] = chain.hash_of(entry)
    entry["signature"] = Ed25519PrivateKey.generate().sign(entry["hash"].encode("ascii")).hex()
    content = b"".join([*real.lines[:-1], chain.line_of(entry), b"\n"])
    assert told(chain.check(content, real.keys).faults) == [
        "line 11, entry 11: is not signed with this workspace's key"
    ]


def test_an_entry_put_in_with_the_next_number_is_found(real: Real) -> None:
    entry = chain.parse(real.lines[3])
    assert entry is not None
    content = b"".join([*real.lines, chain.line_of(entry | {"number": 12}), b"\n"])
    assert told(real.faults(content)) == [
        "line 12, entry 12: does not follow the entry before it (one of them was replaced)", "line 12, entry 12: was edited",
    ]  # fmt: skip
