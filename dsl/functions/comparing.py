"""Two states of one list compared: what came, what went, what changed and how."""

from collections.abc import Iterator, Sequence
from typing import Any

from dsl import types
from dsl.decimals import shown
from dsl.errors import FunctionFailure
from dsl.functions import kinds
from dsl.functions.declaration import Argument, TypeRuleError, function
from dsl.functions.declaration import Parameter as P
from dsl.functions.edi import PARENT
from dsl.functions.lists import identity_key
from dsl.functions.text import text
from dsl.functions.trees import FieldPath, always_there, check_key, field_at
from dsl.types import TEXT, FieldSpec, ListOf, Record

_AMOUNTS = ({"value", "unit"}, {"value", "currency"}, {"amount", "unit"})
_CHANGED_FIELD = Record(
    "changed field", {"field": FieldSpec(TEXT, True), "old": FieldSpec(TEXT), "new": FieldSpec(TEXT)}
)


def _element(of: types.Type) -> Record | None:
    item = of.item if isinstance(of, ListOf) else of
    return item if isinstance(item, Record) else None


def _comparison_type(arguments: Sequence[Argument]) -> types.Type:
    old, new = _element(arguments[0].type), _element(arguments[1].type)
    old, new = old or new, new or old
    if old is None or new is None:
        raise TypeRuleError("lists of records are compared")
    if len(arguments) < 4:
        _check_same(old, new)
    of_key = types.present(arguments[2].type)
    for spec in of_key.fields.values() if isinstance(of_key, Record) and len(arguments[2].value) > 1 else ():
        check_key("key", spec.type)
    if len(arguments[2].value) == 1:
        check_key("key", of_key)
    names = [path[-1] for path in arguments[2].value]
    if len(set(names)) < len(names):
        raise TypeRuleError("two parts of the key have one name")
    change = {
        "key": FieldSpec(types.present(arguments[2].type), True),
        "old": FieldSpec(old, True),
        "new": FieldSpec(new, True),
        "fields": FieldSpec(ListOf(_CHANGED_FIELD), True),
    }
    return Record(
        "comparison",
        {
            "added": FieldSpec(ListOf(new), True),
            "removed": FieldSpec(ListOf(old), True),
            "changed": FieldSpec(ListOf(Record("change", change)), True),
        },
    )


def _check_same(old: Record, new: Record) -> None:
    """Without `fields:` every field is compared, so both sides have to have it, of one type."""
    if old is new:
        return
    hint = "; say which fields to compare: `fields: [...]`"
    for name in {**old.fields, **new.fields}:
        if name not in old.fields or name not in new.fields:
            side = "old" if name in old.fields else "new"
            raise TypeRuleError(f"only the {side} elements have a field `{name}`{hint}")
        one, other = (types.present(of.fields[name].type) for of in (old, new))
        if types.join(one, other) is None:
            words = f"`{name}` is {types.describe(one)} in the old and {types.describe(other)} in the new elements"
            raise TypeRuleError(words + hint)


@function(
    "compare",
    [
        P("old", kinds.LIST),
        P("new", kinds.LIST),
        P("key", kinds.FIELD, named=True, fields=True),
        P("fields", kinds.FIELD, default=None, named=True, fields=True),
    ],
    _comparison_type,
    "Two states of a list, element by element of equal key: `added` (elements of the new list), `removed` (of the old) and "
    "`changed`, each with `key`, `old`, `new` and `fields`: the name of every field that differs, with its old and new value "
    "as text. All fields are compared, or those that `fields:` names. A key that occurs twice in a list fails as `many`.",
    [
        ("compare([{ line: 1, qty: 5 }], [{ line: 1, qty: 7 }], key: line).changed.fields.new", '["7"]'),
        ("compare([{ line: 1, qty: 5 }], [{ line: 2, qty: 5 }], key: line).added.line", "[2]"),
        ("compare([{ line: 1, qty: 5 }], [{ line: 2, qty: 5 }], key: line).removed.line", "[1]"),
        ("compare([], [{ line: 1 }, { line: 1 }], key: line)", "fails many"),
    ],
    fails=["missing", "many"],
    safe=always_there("key"),
    result_words="record of added, removed, changed",
)
def compare(
    old: list[dict[str, Any]],
    new: list[dict[str, Any]],
    key: Sequence[FieldPath],
    fields: Sequence[FieldPath] | None,
) -> dict[str, Any]:
    before, after = _by_key(old, key, "old"), _by_key(new, key, "new")
    changed = []
    for stand_in, element in after.items():
        if stand_in in before:
            other = before[stand_in]
            differing = list(_named(other, element, fields) if fields else _all(other, element, "", key))
            if differing:
                changed.append(
                    {"key": _key_of(element, key), "old": other, "new": element, "fields": differing}
                )
    return {
        "added": [element for stand_in, element in after.items() if stand_in not in before],
        "removed": [element for stand_in, element in before.items() if stand_in not in after],
        "changed": changed,
    }


def _by_key(
    elements: list[dict[str, Any]], key: Sequence[FieldPath], which: str
) -> dict[Any, dict[str, Any]]:
    found: dict[Any, dict[str, Any]] = {}
    for number, element in enumerate(elements, 1):
        values = [field_at(element, path) for path in key]
        for value, path in zip(values, key, strict=True):
            if value is None:
                raise FunctionFailure("missing", f"{'.'.join(path)} of {which} element {number} is missing")
        stand_in = tuple(map(identity_key, values))
        if stand_in in found:
            words = ", ".join(
                f"{'.'.join(path)} {shown(value)}" for path, value in zip(key, values, strict=True)
            )
            raise FunctionFailure("many", f"{words} occurs twice in the {which} list", values[-1])
        found[stand_in] = element
    return found


def _key_of(element: dict[str, Any], key: Sequence[FieldPath]) -> Any:
    if len(key) == 1:
        return field_at(element, key[0])
    return {path[-1]: field_at(element, path) for path in key}


def _named(old: dict[str, Any], new: dict[str, Any], fields: Sequence[FieldPath]) -> Iterator[dict[str, str]]:
    for path in fields:
        yield from _difference(field_at(old, path), field_at(new, path), ".".join(path), ())


def _all(
    old: dict[str, Any], new: dict[str, Any], prefix: str, key: Sequence[FieldPath]
) -> Iterator[dict[str, str]]:
    """What differs, field by field, records field by field too; the key itself is left out."""
    skipped = {".".join(path) for path in key}
    for name in {**old, **new}:
        if name != PARENT and prefix + name not in skipped:
            yield from _difference(old.get(name), new.get(name), prefix + name, key)


def _difference(old: Any, new: Any, name: str, key: Sequence[FieldPath]) -> Iterator[dict[str, str]]:
    if identity_key(old) == identity_key(new) or (old in (None, []) and new in (None, [])):
        return
    if _is_record(old) and _is_record(new):
        yield from _all(old, new, f"{name}.", key)
        return
    sides = {"old": old, "new": new}
    yield {"field": name, **{side: shown_value(value) for side, value in sides.items() if value is not None}}


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() not in _AMOUNTS


def shown_value(value: Any) -> str:
    """A value of any type as text: `7`, `5 KGM`, `[a, b]`, `{id: V1}`."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown_value, value))}]"
    if _is_record(value):
        inner = (
            f"{name}: {shown_value(part)}"
            for name, part in value.items()
            if name != PARENT and part is not None
        )
        return f"{{{', '.join(inner)}}}"
    return text(value)
