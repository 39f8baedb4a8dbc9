"""M9xx: constructs that the grammar knows and this version does not run; never passed over in silence."""

from dsl.codes.spec import CodeSpec

LEFT_OUT_CALLS = frozenset({"recall"})


def _left_out(code: str, construct: str, instead: str, bad: str) -> CodeSpec:
    return CodeSpec(
        code,
        f"{construct} is not available yet",
        f"{construct} is part of the language, but this version does not run it",
        f"The line is read and kept, but a rule set with it can't be released. {instead}",
        bad,
        f"# {instead}",
    )


CODES = (
    _left_out("M905", "`recall`", "Use a lookup.",
              "map a : nc -> canon.x\n  id = recall items(nc.A)\nend"),
    _left_out("M906", "`enrich`", "Use a lookup in the map.",
              'flow f\n  receive a.b as nc : s.x "v1"\n  enrich i = recall items(nc.A)\n  map with m\nend'),
    _left_out("M907", "`call`", "Let the other system send its answer as a message of its own.",
              'flow f\n  receive a.b as nc : s.x "v1"\n  call a.c using m as r : s.y\n  map with m\nend'),
    _left_out("M908", "`reply`", "Send the answer to an endpoint.",
              'flow f\n  receive a.b as nc : s.x "v1"\n  map with m\n  reply using r\nend'),
)  # fmt: skip
