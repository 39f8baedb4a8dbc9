"""From productions of the grammar to syntax nodes.

One function a production, named after it, pure: it gets the span that the production covers and
its pieces (leaves and nodes) and returns a node. So one parser serves any number of threads.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from dsl.building import expressions, flows, heads, maps, playbooks, rules, tables, testblocks, types
from dsl.source import Span

MODULES: tuple[ModuleType, ...] = (
    expressions,
    types,
    heads,
    maps,
    tables,
    rules,
    flows,
    playbooks,
    testblocks,
)


class Productions:
    """What lark calls for each production: our function of that name, given the span as well."""

    def __init__(self) -> None:
        for module in MODULES:
            for name, value in vars(module).items():
                if callable(value) and getattr(value, "__module__", "") == module.__name__:
                    setattr(self, name, _spanned(value))


def _spanned(build: Callable[..., Any]) -> Callable[[list[Any]], Any]:
    def reduce(children: list[Any]) -> Any:
        return build(Span(children[0].span.start, children[-1].span.end), *children)

    return reduce
