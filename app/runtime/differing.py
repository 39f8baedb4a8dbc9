"""In which fields outputs differ, and what many messages have in common in that.

Pure: values in, differences out; `Report` counts them by output, field and pair of values, as
"/severity major -> critical (60)", with some examples each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["changed", "added", "removed"]
MOST_PAIRS = 20
MOST_GROUPS = 200
EXAMPLES = 3
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one output: what was there the first time, and what would be now.

    `path` is a JSON pointer in the output, empty where the whole output came or went.
    """

    output: str
    path: str
    kind: Kind
    before: Any = None
    after: Any = None

    @property
    def place(self) -> str:
        """The path without positions in lists: `/lines/3/qty` is `/lines/*/qty`."""
        return "/".join("*" if part.isdigit() else part for part in self.path.split("/"))

    def as_json(self) -> dict[str, Any]:
        """For answers and pages; what was not there is left out."""
        said: dict[str, Any] = {"output": self.output, "path": self.path, "kind": self.kind}
        said |= {"before": self.before} if self.kind != "added" else {}
        return said | ({"after": self.after} if self.kind != "removed" else {})


def compare(output: str, before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Every field in which two values differ, in order."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*before, *(n for n in after if n not in before)]:
            where = f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"
            yield from _member(output, where, before, after, name)
    elif isinstance(before, list) and isinstance(after, list):
        old, new = dict(enumerate(before)), dict(enumerate(after))
        for index in range(max(len(before), len(after))):
            yield from _member(output, f"{path}/{index}", old, new, index)
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield Difference(output, path, "changed", before, after)


def _member(
    output: str, where: str, before: Mapping[Any, Any], after: Mapping[Any, Any], name: Any
) -> Iterator[Difference]:
    if name not in after:
        yield Difference(output, where, "removed", before=before[name])
    elif name not in before:
        yield Difference(output, where, "added", after=after[name])
    else:
        yield from compare(output, before[name], after[name], where)


@dataclass
class Report:
    """What a dry run found so far, as it is stored and shown."""

    same: int = 0
    differ: int = 0
    refused: int = 0
    groups: dict[tuple[str, str, str, str, str], dict[str, Any]] = field(default_factory=dict)
    refusals: dict[str, dict[str, Any]] = field(default_factory=dict)
    withheld: dict[str, int] = field(default_factory=dict)
    more: int = 0

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Report":
        """A stored report."""
        made = cls(
            said.get("same", 0), said.get("differ", 0), said.get("refused", 0), more=said.get("more", 0)
        )
        made.groups = {_key(group): dict(group) for group in said.get("groups", ())}
        made.refusals = {one["code"]: dict(one) for one in said.get("refusals", ())}
        made.withheld = dict(said.get("withheld", {}))
        return made

    def as_json(self) -> dict[str, Any]:
        """For storage and answers: the largest groups first."""
        return {
            "same": self.same,
            "differ": self.differ,
            "refused": self.refused,
            "groups": sorted(self.groups.values(), key=lambda g: (-g["count"], _key(g))),
            "refusals": sorted(self.refusals.values(), key=lambda r: (-r["count"], r["code"])),
            "withheld": dict(sorted(self.withheld.items())),
            "more": self.more,
        }

    def add(self, message_id: str, found: Sequence[Difference], withheld: Sequence[str] = ()) -> None:
        """One message that would run."""
        self.same += not found
        self.differ += bool(found)
        for endpoint in withheld:
            self.withheld[endpoint] = self.withheld.get(endpoint, 0) + 1
        once = {self._place_of(one): one for one in reversed(found)}
        for key, one in once.items():
            self._count(key, one, message_id)

    def refuse(self, message_id: str, code: str, reason: str) -> None:
        """One message that can't run."""
        self.refused += 1
        known = self.refusals.setdefault(code, {"code": code, "reason": reason, "count": 0, "examples": []})
        known["count"] += 1
        if len(known["examples"]) < EXAMPLES:
            known["examples"].append(message_id)

    def _place_of(self, one: Difference) -> tuple[str, str, str, str, str]:
        """The group of a difference; too many pairs of values of one field are one group of the field."""
        before, after = _shown(one.before), _shown(one.after)
        key = (one.output, one.place, one.kind, before, after)
        alike = sum(known[:3] == key[:3] for known in self.groups)
        return key if key in self.groups or alike < MOST_PAIRS else (*key[:3], "", "")

    def _count(self, key: tuple[str, str, str, str, str], one: Difference, message_id: str) -> None:
        if key not in self.groups and len(self.groups) >= MOST_GROUPS:
            self.more += 1
            return
        output, place, kind, before, after = key
        new = {"output": output, "path": place, "kind": kind, "before": before, "after": after, "count": 0}
        group = self.groups.setdefault(key, {**new, "examples": []})
        group["count"] += 1
        if len(group["examples"]) < EXAMPLES:
            example = {"message_id": message_id, "path": one.path}
            example |= {"before": _shown(one.before), "after": _shown(one.after)}
            group["examples"].append(example)


def _key(group: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    return group["output"], group["path"], group["kind"], group["before"], group["after"]


def _shown(value: Any) -> str:
    """A value as a person reads it, shortened."""
    if value is None:
        return "null"
    if value == "":
        return '""'
    said = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 3]}..."
