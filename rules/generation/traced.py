"""Where the values of functions that pass elements on come from: a node of a tree is still its element."""

from collections.abc import Callable
from dataclasses import replace

from dsl import syntax
from dsl.functions import PASSING
from rules.generation.plans import Origin, extend

TRACED = PASSING | {"compare"}
Of = Callable[[syntax.Expression], Origin]


def call_origin(node: syntax.Call, of: Of) -> Origin:
    """The origin of what such a function gives."""
    lists = [elements(of(argument)) for argument in node.arguments]
    if node.function == "compare":
        return _comparison(lists[0], lists[1], node) if len(lists) == 2 else NOTHING_KNOWN
    if not lists:
        return NOTHING_KNOWN
    return _tree(lists[0], node) if node.function == "tree" else lists[0]


NOTHING_KNOWN = Origin()


def elements(source: Origin) -> Origin:
    """All elements of a list at once."""
    one = element_origin(source)
    return Origin(one.sources, one.decisions, one.base, one.keys, True, one.parts)


def element_origin(source: Origin) -> Origin:
    """An element of a list, when it does not matter which one."""
    if source.base is None or source.spread:
        return Origin(source.sources, source.decisions, source.base, parts=source.parts)
    base = extend(source.base, "[*]")
    return Origin((base,), source.decisions, base, parts=source.parts)


def _tree(source: Origin, node: syntax.Call) -> Origin:
    """A node has the fields of its element; its children are nodes, its level is the field that `kind` names."""
    parts: dict[str, Origin] = {}
    found = Origin(source.sources, source.decisions, source.base, None, True, parts)
    parts["children"] = found
    levels = _named(source, node, "kind")
    if levels:
        parts["level"] = levels[-1][1]
    return found


def _comparison(old: Origin, new: Origin, node: syntax.Call) -> Origin:
    """Added elements are of the new list, removed ones of the old, changed ones of both."""
    both = old.joined(new)
    removed, added = (
        replace(side, decisions=both.decisions) for side in (old, new)
    )  # each tells of both sides
    keys = _named(added, node, "key")
    key = (
        keys[0][1]
        if len(keys) == 1
        else Origin(added.sources, added.decisions, added.base, None, True, dict(keys))
    )
    parts = {"old": removed, "new": added, "key": key, "fields": both}
    change = Origin(both.sources, both.decisions, new.base, None, True, parts)
    return Origin(both.sources, both.decisions, parts={"added": added, "removed": removed, "changed": change})


def _named(source: Origin, node: syntax.Call, argument: str) -> list[tuple[str, Origin]]:
    """The fields that an argument names, each with its origin."""
    fields = dict(node.named).get(argument)
    found = []
    for path in fields.paths if isinstance(fields, syntax.FieldNames) else ():
        at = source
        for name in path:
            at = at.at(name, f".{name}" if name.isidentifier() else f'."{name}"')
        found.append((path[-1], at))
    return found
