"""Finding one's way in a rule set: what a name means, where it is declared and used, how it is renamed.

Way of the data: `names` reads the tokens of every module for names of the whole rule set (maps, tables,
rules, endpoints ...), `variables` and `fields` walk the syntax for what is known only with types; `index`
joins them into occurrences. Definition, references and rename are questions to that index; the web editor
and the language server ask the same functions. Names are read from tokens, so that a line that does not
parse keeps its references.
"""

from dsl.navigation.hovering import hover
from dsl.navigation.index import Index, definition, references
from dsl.navigation.outline import Entry, outline
from dsl.navigation.renaming import RenameRefused, nameable, rename
from dsl.navigation.signatures import Signature, signature
from dsl.navigation.symbols import Occurrence, Place, Symbol

__all__ = [
    "Entry", "Index", "Occurrence", "Place", "RenameRefused", "Signature", "Symbol", "definition", "hover",
    "nameable", "outline", "references", "rename", "signature",
]  # fmt: skip
