"""The record that is kept of what the engine decided: JSON, written once, in the order of `rules.outcome.to_json`.

A batch that waits for its commit holds these bytes and no tree of records.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from connectors.contract import Fault
from rules.generation.plans import Lineage
from rules.generation.telling import lineage_text
from rules.outcome import Outcome, Trace, lineage_json, to_json

_MOST_FAULTS = 50
_JSON = msgspec.json.Encoder(decimal_format="string", enc_hook=str)


def record_of(outcome: Outcome, faults: Sequence[Fault] = (), withheld: Any = ()) -> msgspec.Raw:
    """An outcome as bytes, with what the codec found wrong with the document and what was not sent."""
    said = to_json(outcome, _told)
    if withheld:
        said["withheld"] = withheld
    if faults:
        said["faults"] = [{"code": f.code, "message": f.message} for f in faults[:_MOST_FAULTS]]
    return msgspec.Raw(_JSON.encode(said))


def _told(lineage: Mapping[str, Trace]) -> Any:
    return msgspec.Raw(lineage_text(lineage)) if isinstance(lineage, Lineage) else lineage_json(lineage)
