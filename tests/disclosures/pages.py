"""What every page that leaves must be: whole, self-contained, without script."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

VOID = {"meta", "br", "img", "hr"}


def check_page(content: bytes) -> str:
    page = content.decode("utf-8")
    opened: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            for name, value in attrs:
                assert not name.startswith("on")
                assert name not in ("src", "href", "xlink:href") or str(value).startswith("#")
            if tag not in VOID:
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Parser().feed(page)
    assert opened == []
    assert "<script" not in page and "@import" not in page
    outside = page.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "")
    assert "http" not in outside
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for chart in re.findall(r"<svg.*?</svg>", page, re.S):
        ElementTree.fromstring(chart)
        assert 'role="img"' in chart and "aria-label" in chart
    return page
