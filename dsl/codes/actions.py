"""M72x to M74x: datasets and the actions of rules that wait, gather and remember."""

from dsl.codes.spec import CodeSpec

CODES = (
    CodeSpec(
        "M720",
        "Key column that can't be a key",
        "the key column `{column}` is {given}, and a key is text, a number, a date, a datetime, a boolean or an "
        "enumeration",
        "A record of a dataset is found by its key, so every part of the key is one plain value that is always there.",
        "dataset cases : severity: severity? -> canon.case",
        "dataset cases : severity: severity -> canon.case",
    ),
)
