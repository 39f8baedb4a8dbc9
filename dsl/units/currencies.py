"""The currencies of ISO 4217 by code, and what to say about a code that is none."""

from difflib import get_close_matches

from dsl.decimals import shown

CURRENCIES = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
    CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD
    KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK
    NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
    STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST
    XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG
    """.split()
)
_FORMER = {
    "ANG": "XCG", "BYR": "BYN", "CUC": "CUP", "DEM": "EUR", "ATS": "EUR", "FRF": "EUR", "ITL": "EUR", "ESP": "EUR", "NLG": "EUR",
    "BEF": "EUR", "HRK": "EUR", "LTL": "EUR", "LVL": "EUR", "EEK": "EUR", "MRO": "MRU", "STD": "STN", "SLL": "SLE",
    "TRL": "TRY", "VEF": "VES", "VEB": "VES", "ZMK": "ZMW", "ZWL": "ZWG", "ROL": "RON", "RUR": "RUB", "PLZ": "PLN",
}  # fmt: skip
_MEANT = {
    "RMB": "CNY",
    "STG": "GBP",
    "UKP": "GBP",
    "YEN": "JPY",
    "SFR": "CHF",
    "EURO": "EUR",
    "US$": "USD",
    "€": "EUR",
}


def unknown_currency(code: str) -> str | None:
    """What is wrong with a currency code, with what was probably meant; None for one of ISO 4217."""
    if code in CURRENCIES:
        return None
    folded = code.strip().upper()
    if folded in _FORMER:
        return f"{shown(code)} is no longer a currency of ISO 4217; {_FORMER[folded]} has come in its place"
    close = [folded] if folded in CURRENCIES else [_MEANT[folded]] if folded in _MEANT else []
    close = close or get_close_matches(folded[:10], sorted(CURRENCIES), n=2, cutoff=0.6)
    words = f"{shown(code)} is no currency code of ISO 4217"
    return f"{words}; did you mean {' or '.join(close)}?" if close else words
