"""Hostile texts: cells, dates, numbers, names and headers that partners send, by slip or by intent. Made up, all of them."""

from __future__ import annotations

import random

from tests.hostile.properties import CANARY

DATES = (
    "01/02/1998", "1/2/1998", "1998-02-01", "01-Feb-1998", "01.02.1998", "01022003", "29/02/1996", "29/02/1997", "29/02/1900",
    "29 Feb 2000", "12/25/1998", "25/12/1998", "13/13/1998", "00/01/1998", "31/04/1998", "01/02/98", "1-2-98", "010298",
    "01/01/1900", "01/01/1901", "31/12/9999", "01/01/0001", "0000-00-00", "9999-12-31", "1998-13-01", "1998-1-1", "35827",
    "35827.5", "1022003", "20030201", "1998", "Feb 1998", "1 Febuary 1998", "1st Feb 1998", "31st June 1998", "1998-02-01T00:00:00",
    "1998-02-01 00:00:00", "1998-02-01T00:00:00Z", "1998-06-30T23:00:00Z", "1998-06-30T23:30:00+00:00", "1998-06-30 23:00 Z",
    "1998-07-01T00:00:00+01:00", "1998-07-01T00:00:00+14:00", "1998-07-01T23:59:59-11:00", "01/02/1998 25:00", "01/02/1998 24:00",
    "01/02/1998 10:60", "01/02/1998 11:30 PM", "01/02/1998 13:30 PM", "01/02/1998 0:00", "01/02/1998T", "01/02/1998 +01:00",
    "01/02/1998 12:00:60", "1998-02-01 00:00:00.000000000", "01\uff0f02\uff0f1998", "٠١/٠٢/١٩٩٨", "01/02/1998\u200b",
    "\u202e8991/20/10", "\u200e01/02/1998", "01\u00ad/02/1998", "01/ 02/1998", "01 02 1998", "01_02_1998", "1998/02/01", "1998.2.1",
    "01-02/1998", "1/Feb/1998", "1 SEPT 1998", "1 September, 1998", "-01/02/1998", "01/02/-1998", "01/02/19980", "+1/2/1998",
    "31/10/2013", "01/11/2013", "30/10/1893", "31/10/1893", "1998-W05-7", "1998-032", "887328000", "8.87328e8", "1e5", "NaT", "NaN",
    "None", "NULL", "N/A", "unknown", "today", "01/02/1998\x00", "01/02/1998\x1b[0m", "01\x0702/1998", "5/6/1998 5:06:07.5 am",
    "01-Feb-1998 10:00", "1 Feb 1998 10:00 Z", "01 Jan 1998 T10:00", "2013-03-31T01:30:00Z", "2013-10-27T00:30:00+01:00",
)  # fmt: skip
NUMBERS = (
    "0", "1", "-1", "3.0", "3.5", "1e3", "1E+3", "999999999", "9999999999", "1" * 400, "NaN", "inf", "-inf", "1,200", "1,20", "0x1f",
    "1_000", "٣", "½", "²", "+5", "--5", "5-", "1.7976931348623157e308", "4.9e-324", "0.1", "1/2", "1 000", "12345678901234567890", ".",
)  # fmt: skip
CONTROL = "".join(map(chr, [*range(1, 9), 11, 12, *range(14, 32), *range(127, 160)]))
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad\u061c\u180e\ufff9\U000e0041"
INJECTIONS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "=HYPERLINK(\"http://x.invalid\",\"a\")", "=cmd|' /C calc'!A0", "@=1", "\t=1+1", "\r=1+1", "＝1+1",
    "<script>document.title='owned'</script>", "<img src=x onerror=\"document.title='owned'\">", "<svg/onload=document.title='owned'>",
    "\"><script>document.title='owned'</script>", "{{7*7}}", "${7*7}", "{% raise %}", "</style><style>*{display:none}</style>",
    "javascript:document.title='owned'", "../../../etc/passwd", "..\\..\\windows", "C:\\con", "\x1b[2J\x1b[31m", "\x1b]0;owned\x07",
    "\x9b31m", "\x1b]8;;http://x.invalid\x07a\x1b]8;;\x07", "[a](javascript:1)", "![a](http://x.invalid/a.png)", "a;=1+1", "a,=1+1",
    "a\n=1+1", "a|=1+1", "\u202eevil", "\u2066evil\u2069", "'; DROP TABLE families; --", "%s%n", "{0.__class__}", "&lt;b&gt;", "]]>", "\\N",
)  # fmt: skip
ODD = (
    "", " ", "\u00a0", "\u3000", "\ufffd", "\u2028", "\u2029", "\x85", "a" * 3999, "a" * 4000, "a" * 4001, "é" * 5000, "Z\u0351" * 500,
    "Ａnn", "𝐀𝐧𝐧", "Ⅻ", "ﬁ", "İ", "ı", "ß", "ẞ", "Ǆ", "\u0345", "नमस्ते", "ﷺ", "王小明", "한국", "עברית", "𒀀", "🤷🏽‍♀️", "\U0010ffff", "\ue000",
    "NULL", "null", "None", "nan", "TRUE", "#REF!", "#N/A", "(" * 500, "Flat " * 300, "1 " * 400, "-" * 999, "'" * 300, "," * 300, "A&B " * 200,
    "Mr A & Mrs B & Ms C & Dr D", "a/b/c/d/e", "LE1 1AA " * 100, "0" * 300, "x y " * 900, "&" * 900, ". " * 900, "\"", "\"\"", "\"\"\"",
)  # fmt: skip
YAML = (
    "a: &a [x]\nb: *a\n", "a: !!python/object/apply:os.system [id]\n", "!<tag:x> a: b\n", "[" * 5000, "{a: " * 3000, "- " * 4000,
    "records: 1e3\n", "records: 2013-10-31\n", "records: 0x10\n", "records: [1]\n", "fields: {a: {b: c}}\n", "fields: 3\n", "? [a]\n: b\n",
    "dataset: [yos]\n", "period_to: 31/10/2013\n", "period_to: 2013-10-31T00:00:00Z\n", "period_to: 10/31/2013\n", "period_to: [1]\n",
    "period_to: 99999999999\n", "--- a\n--- b\n", "%YAML 9.9\n---\na: b\n", "a: 'x\n", "a: |\n  text\n b\n", "\tkey: v\n", "a: b: c\n", "a: \x00\n",
    "a: \x1b[2J\n", "{\"records\": 1, \"dataset\": \"x\"}\n", "{\"a\": " * 4000, "a: &x\n  <<: *x\n", "x" * 70000, "k: v\n" * 9000, "\ufeffrecords: 1\n",
    "null\n", "~\n", "[]\n", "3\n", "a\n", "<<: {a: b}\n", "a: .nan\n", "supplied_on: 2013-02-30\n", "codings: {" + "a: b, " * 2000 + "}\n",
)  # fmt: skip


def cell(r: random.Random) -> str:
    """One hostile text of any sort."""
    sort = r.randrange(8)
    if sort == 0:
        return r.choice(DATES)
    if sort == 1:
        return r.choice(NUMBERS)
    if sort == 2:
        return r.choice(INJECTIONS) + r.choice(("", CANARY))
    if sort == 3:
        return CANARY + r.choice(CONTROL) + r.choice(INVISIBLE)
    if sort == 4:
        return "".join(
            chr(r.choice((r.randrange(32, 127), r.randrange(0xA0, 0xD800), r.randrange(0xE000, 0x110000))))
            for _ in range(r.randrange(30))
        )
    if sort == 5:
        return r.choice(ODD)
    if sort == 6:
        return disguised(r, CANARY + " " + r.choice(("Smith", "O'Neill-Jones", "van der Berg")))
    return r.choice(ODD) + r.choice(INJECTIONS) + r.choice(DATES)


def date(r: random.Random) -> str:
    """One date's text, often of no day at all."""
    if r.random() < 0.5:
        return r.choice(DATES)
    d, m, y = (
        r.randrange(33),
        r.randrange(14),
        r.choice((r.randrange(1880, 2030), r.randrange(10000), r.randrange(100))),
    )
    s = r.choice("/-. ")
    form = r.choice(("{d:02}{s}{m:02}{s}{y:04}", "{d}{s}{m}{s}{y}", "{y:04}{s}{m:02}{s}{d:02}", "{m:02}{s}{d:02}{s}{y:04}", "{d:02}{m:02}{y:04}",
                     "{d}{s}{n}{s}{y}", "{y:04}{m:02}{d:02}", "{d:02}{s}{m:02}{s}{y2:02}"))  # fmt: skip
    names = [
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Oct",
        "Nov",
        "Dec",
        "january",
        "SEPT",
        "sept.",
        "Mai",
        "xx",
    ]
    text = form.format(d=d, m=m, y=y, y2=y % 100, s=s, n=r.choice(names))
    if r.random() < 0.3:
        text += r.choice((" ", "T", "  ", " T")) + r.choice(
            ("00:00", "23:59:59", "9:05 pm", "00:00:00Z", "23:00:00Z", "23:30+00:00", "01:00+0200", "7", "::", "24:00")
        )
    return disguised(r, text) if r.random() < 0.1 else text


def disguised(r: random.Random, text: str) -> str:
    """The text with an invisible or control character somewhere in it."""
    place = r.randrange(len(text) + 1)
    return text[:place] + r.choice(INVISIBLE + CONTROL) + text[place:]
