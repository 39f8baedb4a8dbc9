"""Lines of the report: a figure, the ratio it makes, and the goal."""

import statistics
from collections.abc import Callable, Mapping


def rounds(ways: Mapping[str, Callable[[], float]], count: int) -> dict[str, float]:
    """The median of each, measured in turn so that a busy minute meets all of them."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(count):
        for name, way in ways.items():
            found[name].append(way())
    return {name: statistics.median(values) for name, values in found.items()}


def line(name: str, rate: float, unit: str = "messages/s") -> None:
    """A figure by itself."""
    print(f"  {name:<44} {rate:9,.0f} {unit}", flush=True)


def ratio(name: str, value: float, goal: float) -> None:
    """A ratio and whether the goal is reached."""
    verdict = "reached" if value >= goal else "not reached"
    print(f"  {name:<44} {value:9.2f} x   goal {goal:g} x, {verdict}", flush=True)
