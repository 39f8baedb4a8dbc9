"""How much a query may do."""

from dsl.errors import DslError

STEPS = 300_000
LONGEST_TEXT = 1_000_000
LARGEST_RESULT = 200_000
LONGEST_RESULT = 10_000_000
DEEPEST_VALUE = 100


class QueryFailure(DslError):
    """The query can't be answered for this value: wrong kind of argument, or too much work."""

    code = "query_failed"


class Budget:
    """Counts the work of one query; raises QueryFailure when there is no more to spend."""

    __slots__ = ("left",)

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take so many steps off."""
        self.left -= steps
        if self.left < 0:
            raise QueryFailure(f"the JMESPath expression does too much work (more than {STEPS} steps)")


def too_long() -> QueryFailure:
    """The failure of a text that would be too long."""
    return QueryFailure(f"the JMESPath expression makes a text of more than {LONGEST_TEXT} characters")


def too_large() -> QueryFailure:
    """The failure of a result that would be too large."""
    return QueryFailure(f"the result of the JMESPath expression is larger than {LARGEST_RESULT} values")


def too_deep() -> QueryFailure:
    """The failure of a value that is nested too deeply."""
    return QueryFailure(f"a value of the JMESPath expression is nested more than {DEEPEST_VALUE} levels deep")
