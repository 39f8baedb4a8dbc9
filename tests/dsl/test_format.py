"""Formatting: idempotent, changes no meaning, keeps comments, puts columns in line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.printer import format_text
from dsl.source import Source
from dsl.tree import parse_tree

UGLY = """\


map a : nc->canon.y
    on missing reject
# key
  id="SAP-"&nc.A    # unique
  a.long_name   =  coalesce( nc.B ,nc.C )   on missing skip
      let x = f( 1,2 ) on error skip


  each d in nc.D into t
  line = -d.N*2
    # last
  end
  text = coalesce(
 nc.A,
      nc.B
   )
  if x
  broken = =
  else
  y = [ 1 ,2 ]
  end
end
table t policy unique
|row|a:text|b : percent=>c:boolean|
|r1|x|[1%..5%)=>true| # one
  |r22 | "long text" | - => false |
  otherwise=>false|
end
"""
NEAT = """\
map a : nc -> canon.y
  on missing reject
  # key
  id          = "SAP-" & nc.A  # unique
  a.long_name = coalesce(nc.B, nc.C)  on missing skip
  let x = f(1, 2)                     on error skip

  each d in nc.D into t
    line = -d.N * 2
    # last
  end
  text = coalesce(
    nc.A,
    nc.B
  )
  if x
  broken = =
  else
    y = [1, 2]
  end
end
table t policy unique
  | row | a: text     | b : percent => c: boolean |
  | r1  | x           | [1%..5%)    => true       |  # one
  | r22 | "long text" | -           => false      |
  otherwise => false |
end
"""


def formatted(text: str) -> str:
    return format_text(Source("a.mw", text))


def test_layout() -> None:
    assert formatted(UGLY) == NEAT


def test_formatting_twice_is_formatting_once() -> None:
    assert formatted(NEAT) == NEAT


@pytest.mark.parametrize("path", sorted(Path("examples").rglob("*.mw")), ids=str)
def test_examples_format_to_a_fixed_point_of_the_same_meaning(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    once = formatted(text)
    assert formatted(once) == once
    assert words(once) == words(text)


def words(text: str) -> list[str]:
    return [t.text for t in parse_tree(text).tokens if t.kind not in ("space", "newline")]


LINES = st.sampled_from(
    ["map a : nc -> x", "  a=1+2 # c", "b.c   = f( x ,y) on missing skip", "let z= 1", "each d in l into t", "if c", "else",
     "end", "", "# note", "  x = (", "1)", " & 2", "table t", "|row|a: text=>b: text|", "|r1|-=>x|", "broken = =", "\t",
     "otherwise=>x"]
)  # fmt: skip


@given(st.lists(LINES, max_size=25), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_module_formats_to_a_fixed_point(lines: list[str], ends: bool) -> None:
    text = "\n".join([*lines, "end"] if ends else lines)
    once = formatted(text)
    assert formatted(once) == once
    assert [w.split() for w in words(once)] == [w.split() for w in words(text)]


def test_blocks_that_do_not_close_are_left_alone() -> None:
    assert formatted("map a : nc -> x\n    f  =  1\n") == "map a : nc -> x\n    f  =  1\n"


def test_windows_line_breaks_stay() -> None:
    assert formatted(UGLY.replace("\n", "\r\n")) == NEAT.replace("\n", "\r\n")
