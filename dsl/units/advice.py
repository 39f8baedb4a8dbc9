"""What to say about a code that is no unit, or no longer one."""

from difflib import get_close_matches
from functools import lru_cache

from dsl.decimals import shown
from dsl.units.table import find, known, rows

_MEANT = {
    "PCE": "H87", "PC": "H87", "PCS": "H87", "ST": "H87", "STK": "H87", "KG": "KGM", "KGS": "KGM",
    "LB": "LBR", "LBS": "LBR", "G": "GRM", "GR": "GRM", "MG": "MGM", "T": "TNE", "TO": "TNE", "TON": "TNE",
    "OZ": "ONZ", "M": "MTR", "MT": "MTR", "CM": "CMT", "MM": "MMT", "KM": "KMT", "IN": "INH", "FT": "FOT",
    "YD": "YRD", "L": "LTR", "LT": "LTR", "ML": "MLT", "GAL": "GLL", "M2": "MTK", "M3": "MTQ", "QM": "MTK",
    "DZ": "DZN", "DOZ": "DZN", "TS": "MIL", "MI": "MIL", "H": "HUR", "HR": "HUR", "STD": "HUR", "S": "SEC",
    "PCT": "P1", "BX": "XBX", "CS": "XCS", "CT": "XCT", "CA": "XCA", "PK": "XPK", "PA": "XPA", "PL": "XPX",
    "PF": "XPX", "RO": "XRO", "BG": "XBG", "BO": "XBO", "DR": "XDR", "CN": "XCX", "PAL": "XPX",
    "KAR": "XCT", "EACH": "EA",
}  # fmt: skip
_ELSEWHERE = {
    "PCE": "the EDIFACT and SAP world writes it, but it is not in UN/ECE Rec 20",
    "KG": "in UN/ECE Rec 20 it meant keg and is withdrawn; X12 writes it for kilogram",
    "PC": "X12 and SAP write it for piece, but it is not in UN/ECE Rec 20",
}


def unit_fault(code: str) -> tuple[str, tuple[str, ...]] | None:
    """What is wrong with a unit code, and codes that were probably meant; None for a unit in use."""
    if known(code):
        return None
    meant = _meant(code)
    unit = find(code)
    if code in _ELSEWHERE:
        words = f"{shown(code)} is no unit code here: {_ELSEWHERE[code]}"
    elif unit is not None:
        words = f"{shown(code)} ({unit.name}) is withdrawn from UN/ECE Rec 20"
        words += "; packages have the codes of Rec 21" if meant[:1] and meant[0][0] == "X" else ""
    else:
        words = f"{shown(code)} is no unit code of UN/ECE Rec 20"
    if meant:
        words += "; did you mean " + " or ".join(f"{name} ({_name(name)})" for name in meant) + "?"
    return words, meant


def _name(code: str) -> str:
    unit = find(code)
    return unit.name if unit is not None else code


def _meant(code: str) -> tuple[str, ...]:
    folded = code.strip().upper()
    if folded in _MEANT:
        return (_MEANT[folded],)
    if known(folded):
        return (folded,)
    if len(code) > 60:
        return ()
    by_word = _by_word()
    exact = by_word.get(code.strip()) or by_word.get(code.strip().lower())
    if exact:
        return (exact,)
    close = get_close_matches(
        code.strip().lower(), [word for word in by_word if len(word) > 3], n=2, cutoff=0.8
    )
    return tuple(dict.fromkeys(by_word[word] for word in close))


@lru_cache(maxsize=1)
def _by_word() -> dict[str, str]:
    words: dict[str, str] = {}
    for code, row in rows().items():
        if not row["Status"]:
            words.setdefault(row["Symbol"].strip(), code)
            words.setdefault(row["Name"].partition(" [")[0].partition(" (")[0].strip().lower(), code)
    words.pop("", None)
    return words
