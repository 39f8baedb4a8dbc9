"""The front door: a file of another tool as the text of a module, a table of a module as such a file."""

from collections.abc import Callable, Mapping

from dsl.errors import ExchangeError
from dsl.exchange.content import NAME, Imported, LookupContent, TableContent
from dsl.exchange.dmn_reading import read_dmn
from dsl.exchange.dmn_writing import Values, to_dmn
from dsl.exchange.reading import read_lookup, read_table
from dsl.exchange.sheet_reading import Wish, read_sheet
from dsl.exchange.sheet_writing import to_csv, to_xlsx
from dsl.exchange.sheets import Sheet, read_csv, read_xlsx
from dsl.exchange.writing import module_text
from dsl.parser import Parsed

FORMATS = ("dmn", "csv", "xlsx")
_NO_VALUES: Values = {}


def import_dmn(content: bytes, only: str = "") -> Imported:
    """The decision tables of a DMN file; `only` names one decision."""
    tables, warnings = read_dmn(content, only)
    return Imported(module_text(tables), tuple(table.name for table in tables), warnings)


def import_sheet(content: bytes, format: str, wish: Wish, sheet: str = "") -> Imported:
    """The table or lookup of a CSV or XLSX file."""
    if wish.name and not NAME.fullmatch(wish.name):
        raise ExchangeError(f"{wish.name} is no name: small letters, digits and _ make one")
    read, warnings = read_sheet(open_sheet(content, format, sheet), wish)
    return Imported(module_text([read]), (read.name,), warnings)


def open_sheet(content: bytes, format: str, sheet: str = "") -> Sheet:
    """The rows of a CSV or XLSX file."""
    return read_csv(content) if format == "csv" else read_xlsx(content, sheet)


def export(parsed: Parsed, name: str, format: str, enumerations: Values = _NO_VALUES) -> bytes:
    """A table or lookup of a module as a file; a lookup has no DMN."""
    content = _content(parsed, name)
    if isinstance(content, LookupContent):
        writers: Mapping[str, Callable[[LookupContent], bytes]] = {"csv": to_csv, "xlsx": to_xlsx}
        if format not in writers:
            raise ExchangeError(f"{name} is a lookup: it can be written as csv or xlsx")
        return writers[format](content)
    return (
        to_dmn(content, enumerations)
        if format == "dmn"
        else to_csv(content)
        if format == "csv"
        else to_xlsx(content)
    )


def _content(parsed: Parsed, name: str) -> TableContent | LookupContent:
    kinds = {d.name: type(d).__name__ for d in parsed.module.declarations if hasattr(d, "name")}
    match kinds.get(name):
        case "Table":
            return read_table(parsed, name)
        case "Lookup":
            return read_lookup(parsed, name)
    raise ExchangeError(f"{parsed.source.path} has no table or lookup {name}")
