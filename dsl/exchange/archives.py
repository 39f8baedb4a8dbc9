"""Zip archives and XML from outside, opened only where they can do no harm.

Refused: entries that lead out of the archive or are links, more than 50 MB expanded, more than 200 times
         the packed size, more than 1,000 entries; XML with a DOCTYPE or in another encoding than UTF-8
"""

import io
import re
import stat
import zipfile
from typing import Any

from dsl.errors import ExchangeError

EXPANDED = 50_000_000
RATIO = 200
ENTRIES = 1_000
XML_BYTES = 5_000_000
DEEPEST = 100
_SMALL = 100_000
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def open_archive(content: bytes) -> io.BytesIO:
    """The bytes of an archive (an Office file) as a file, after a look at everything in it."""
    made = io.BytesIO(content)
    try:
        with zipfile.ZipFile(made) as archive:
            _check_entries(archive.infolist(), len(content))
            for entry in archive.infolist():
                if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                    refuse_doctype(archive.read(entry), entry.filename)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ExchangeError(f"the file is no archive that can be read: {error}") from None
    made.seek(0)
    return made


def _check_entries(entries: list[zipfile.ZipInfo], packed: int) -> None:
    if len(entries) > ENTRIES:
        raise ExchangeError(f"the archive has more than {ENTRIES} entries")
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise ExchangeError("the archive has two entries of one name")
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise ExchangeError(f"the archive has an entry outside of it: {entry.filename[:80]}")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ExchangeError(f"the archive has a link: {entry.filename[:80]}")
        if entry.file_size > _SMALL and entry.file_size > RATIO * max(entry.compress_size, 1):
            raise ExchangeError(
                f"{entry.filename[:80]} is packed more than {RATIO} times: refused as a zip bomb"
            )
    expanded = sum(entry.file_size for entry in entries)
    if expanded > EXPANDED or expanded > max(RATIO * packed, _SMALL):
        raise ExchangeError(f"the archive is {expanded} bytes when expanded: refused")


def refuse_doctype(content: bytes, name: str = "the file") -> None:
    """ExchangeError for XML with a DOCTYPE, and for encodings in which one could hide."""
    declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf"))
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii"):
        raise ExchangeError(f"{name} is XML in {declared[1].decode()}: only UTF-8 is read")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ExchangeError(f"{name} is not UTF-8") from None
    if "\x00" in text:
        raise ExchangeError(f"{name} is not UTF-8")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ExchangeError(f"{name} has a DOCTYPE: refused")


def parse_xml(content: bytes, name: str = "the file") -> Any:
    """The root element of an XML file (an lxml element); ExchangeError for everything that is not plain XML."""
    from lxml import etree

    if len(content) > XML_BYTES:
        raise ExchangeError(f"{name} is larger than {XML_BYTES // 1_000_000} MB")
    refuse_doctype(content, name)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise ExchangeError(f"{name} is not XML: {error.msg}", [f"line {line}, column {column}"]) from None
