"""How much a supply may hold. Constants with their reasons; what is beyond is refused before it is laid out in memory.

The measure is a supply of 1 million rows of 18 columns, more than ten times a county's largest: 18 million cells, some 200
MB as CSV. A file that unpacks or multiplies to far more than its size is no supply, whatever it is.
"""

from __future__ import annotations

LARGEST_FILE = 1 << 29
"""Bytes of a file: two and a half times a million rows as CSV."""

MOST_ROWS = 3_000_000
MOST_CELLS = 60_000_000
"""Of the rectangle that holds all cells: three times a million rows."""

MOST_COLUMNS = 16_384
"""What a spreadsheet can hold: a row that was formatted to its end has so many blank cells."""

LARGEST_HEADER = 1 << 20
"""Bytes of the first record of a CSV."""

LONGEST_CELL = 4000
"""Characters of a cell that is read; a longer one is reported and left out."""

LONGEST_QUOTED = 1 << 24
"""Characters of one quoted cell of a CSV; beyond, the quotation mark that opened it is taken for a slip."""

LONGEST_RECORD = 1000
"""Lines of one record of a CSV; beyond, the quotation mark that kept it open is taken for a slip."""

MOST_LINES_AGAIN = 500_000
"""Lines that may be read again, in all, after such slips; from then on a record is one line."""

LARGEST_UNPACKED = 1 << 30
"""Bytes of a workbook or Parquet file when unpacked, and of the text of its cells when written out."""

MOST_TIMES_PACKED = 50
"""How often its packed size a part of a workbook may come to, beyond the first UNPACKED_FREELY bytes: sheets come to 8 to 20."""

UNPACKED_FREELY = 1 << 25
"""Bytes that are unpacked whatever the packed size."""

MOST_PARTS = 10_000
"""Files inside a workbook."""

MOST_EMPTY = 100
"""Places of a sheet's rectangle for each of its cells, beyond the first million: stray cells far away are laid out too."""

MOST_LISTED = 5_000
"""Problems of one rule and column that are listed row by row; the rest is counted."""
