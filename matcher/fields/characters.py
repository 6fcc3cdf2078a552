"""Characters that are no text. Takes text; says which characters nobody sees or a terminal obeys, and writes them out.

Control characters steer terminals and spreadsheets. Invisible ones (marks and overrides of direction, zero-width characters but the
two joiners that Indic and Persian spelling needs, soft hyphens, interlinear and tag characters) can disguise a value; none of
them belongs to one.
"""

from __future__ import annotations

CONTROL = r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\x{2028}\x{2029}]"
"""As a pattern of Arrow's (RE2): control characters and line separators, but not tabs and line ends."""

INVISIBLE = (
    r"[\x{ad}\x{61c}\x{180e}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{fff9}-\x{fffb}"
    r"\x{e0000}-\x{e007f}]"
)
"""As a pattern of Arrow's (RE2)."""

_HIDDEN = (
    *(0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF),
    *(*range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)),
)
_STEERING = (*(code for code in range(0x20) if chr(code) not in "\t\n"), *range(0x7F, 0xA0))


def _escaped(code: int) -> str:
    units = chr(code).encode("utf-16-be")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


_WRITTEN_OUT = {code: _escaped(code) for code in (*_STEERING, *_HIDDEN)}


def visible(text: str) -> str:
    r"""The text for a terminal or a JSON string: control and invisible characters as \u001b, tabs and line ends as they are."""
    return text if text.isascii() and text.isprintable() else text.translate(_WRITTEN_OUT)
