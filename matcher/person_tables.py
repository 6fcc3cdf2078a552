"""Any table of person records -> columns that linkage can read, each of its type and in its usual form.

Takes an Arrow table and a model; gives a table of the columns that the model reads, in RECORDS' types, rows numbered from 0,
and each row's own id. Names and addresses in another script, lower case or with accents come out as upper-case ASCII, but
where a model compares a column as it stands. Refuses, naming the column and never a value: what cannot be read as that column's
type, texts too long for a name, ids that are missing, stand twice or are not whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matcher.errors import UserError
from matcher.fields.postcodes import repair
from matcher.pairs import LinkageModel
from matcher.pairs.variants import SAYS
from matcher.records.scripts import to_ascii
from specs.tables import RECORDS

TELLING = ("forename", "surname", "dob", "nino", "upn", "nhs")
READ = (*SAYS, "surname_parts", "seen_on", "address_from", "names_person")
NUMBERS = ("nino", "upn", "nhs", "uprn")
AS_WRITTEN = ("ref_system", "ref", "dataset", "supplier", "known_person", "address_kind")
LONGEST = 1000  # characters of a text: no name or address is longer, and comparing takes the square of it
EARLIEST, LATEST = -719_162, 2_932_896  # 1 January of the year 1 and 31 December 9999, days since 1970


def readable(records: pa.Table, model: LinkageModel) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """The columns that the model reads, and the id of each row. Raises UserError."""
    if not isinstance(records, pa.Table):
        raise UserError(
            "Linkage takes an Arrow table.", todo="give a pyarrow.Table: pa.Table.from_pandas(frame) makes one"
        )
    telling = model.fields or TELLING
    if not set(telling) & set(records.column_names):
        raise UserError("The table holds no column to link by.", todo=f"give at least one of: {', '.join(telling)}")
    names = [name for name in dict.fromkeys((*READ, *model.fields)) if name in records.column_names]
    for name in (*names, "record_id"):
        if records.column_names.count(name) > 1:
            raise UserError("A column stands twice.", where=f"column {name}", todo="give each column once")
    dates = {comparison.field for comparison in model.comparison if comparison.comparator == "date"}
    columns = {name: _column(records.column(name), name, name in model.fields, name in dates) for name in names}
    return pa.table({"record_id": pa.array(np.arange(records.num_rows)), **columns}), _ids(records)


def _ids(records: pa.Table) -> npt.NDArray[np.int64]:
    if "record_id" not in records.column_names:
        return np.arange(records.num_rows, dtype=np.int64)
    column = _plain(records.column("record_id"))
    if column.null_count:
        raise UserError(
            "Records without an id.",
            where="column record_id",
            todo=f"give an id to the {column.null_count} that lack one",
        )
    if not pa.types.is_integer(column.type) and records.num_rows:
        raise UserError(
            "The ids are not whole numbers.", where="column record_id", todo="number the records, or leave it out"
        )
    ids: npt.NDArray[np.int64] = _cast(column, "record_id", pa.int64()).to_numpy()
    rising = bool((ids[1:] > ids[:-1]).all())  # as ids mostly are: then none stands twice
    twice = 0 if rising else len(ids) - len(np.unique(ids))
    if twice:
        raise UserError(
            "An id stands for more than one record.", where="column record_id", todo=f"renumber: {twice} too many"
        )
    return ids


def _column(column: pa.ChunkedArray, name: str, as_it_stands: bool, date: bool) -> pa.ChunkedArray:
    column = _plain(column)
    if name not in RECORDS.schema.names:
        return _cast(_dates(column, name), name, pa.string()) if date else _texts(column, name)
    kind = RECORDS.schema.field(name).type
    if pa.types.is_date(kind):
        return _dates(column, name)
    if pa.types.is_boolean(kind):
        flags = _cast(column, name, kind)
        if flags.null_count:
            raise UserError("Missing values where each record must say yes or no.", where=f"column {name}")
        return flags
    if pa.types.is_integer(kind):
        return pc.fill_null(_cast(column, name, kind), 0)
    if pa.types.is_list(kind):
        return _lists(column, name)
    texts = _texts(column, name)
    if date:
        return _cast(_dates(texts, name), name, pa.string())
    return texts if as_it_stands or name in AS_WRITTEN else _usual(texts, name)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column without its dictionary."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _cast(column: pa.ChunkedArray, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # their text quotes values
        raise UserError(
            "A column holds what cannot be read.", where=f"column {name}", todo=f"give it as {kind}"
        ) from None


def _texts(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type) or pa.types.is_nested(column.type):
        raise UserError("A column holds no text.", where=f"column {name}", todo="give it as string")
    texts = _cast(column, name, pa.string())
    if (pc.max(pc.utf8_length(texts)).as_py() or 0) > LONGEST:
        raise UserError(
            "A text is too long to be compared.", where=f"column {name}", todo=f"cut texts to {LONGEST:,} characters"
        )
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(texts), ""), pa.scalar(None, pa.string()), texts)


def _dates(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Days of dates, times or texts such as 1980-05-06."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        texts = pc.utf8_trim_whitespace(_cast(column, name, pa.string()))
        column = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
        wrong = pc.sum(pc.invert(pc.match_substring_regex(column, r"^\d{4}-\d\d-\d\d$"))).as_py()
        if wrong:
            raise UserError(
                f"A column of dates holds {wrong:,} texts in another form.",
                where=f"column {name}",
                todo="write dates as yyyy-mm-dd and leave missing ones empty, or give the column as date32[day]",
            )
    elif pa.types.is_timestamp(column.type):
        column = pc.floor_temporal(column, unit="day")
    elif not (pa.types.is_date(column.type) or pa.types.is_null(column.type)):
        raise UserError("A column holds no dates.", where=f"column {name}", todo="give it as date32[day]")
    dates = _cast(column, name, pa.date32())
    span = pc.min_max(dates.cast(pa.int32()))
    least, most = span["min"].as_py(), span["max"].as_py()
    if least is not None and (least < EARLIEST or most > LATEST):
        raise UserError(
            "A date is outside the years 1 to 9999.", where=f"column {name}", todo="leave such dates missing"
        )
    return dates


def _lists(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Lists of names, each in its usual form."""
    lists = _cast(column, name, pa.list_(pa.string()))
    if lists.null_count == len(lists):
        return lists
    given = [[part for part in parts if part] if parts else None for parts in lists.to_pylist()]
    flat = _usual(
        _texts(pa.chunked_array([[part for parts in given for part in parts or ()]], pa.string()), name), name
    )
    values = iter(flat.to_pylist())
    return pa.chunked_array([[[next(values) for _ in parts] if parts else None for parts in given]], lists.type)


def _usual(texts: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Texts as the monthly match has them: upper-case ASCII, a postcode with its space. Each distinct text is read once."""
    form: Callable[[str], str] = _upper
    if name == "postcode":
        form = _postcode
    elif name in NUMBERS:
        form = _without_spaces
    elif pc.all(pc.match_substring_regex(texts, "^[A-Z0-9 ]*$")).as_py() is not False:
        return texts
    encoded = pc.dictionary_encode(texts).unify_dictionaries()
    if not encoded.num_chunks:
        return texts
    values = encoded.chunk(0).dictionary.to_pylist()
    read = pa.array([form(value) or None for value in values], pa.string())
    return pa.chunked_array([read.take(chunk.indices) for chunk in encoded.chunks], pa.string())


def _upper(text: str) -> str:
    return " ".join(to_ascii(text).upper().split())


def _postcode(text: str) -> str:
    plain = _upper(text)
    return repair(plain) or plain


def _without_spaces(text: str) -> str:
    return _upper(text).replace(" ", "")
