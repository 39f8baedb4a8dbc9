"""What is declared once is documented: functions, codes, settings, connectors, public things, packages."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "connectors", "dsl", "rules")


def modules() -> list[Path]:
    """Every Python module of the four packages."""
    return sorted(
        p for name in PACKAGES for p in (ROOT / name).rglob("*.py") if "node_modules" not in p.parts
    )


def undocumented(path: Path) -> list[str]:
    """Public functions and classes without a docstring; decorated declarations say it in their decorator."""
    tree = ast.parse(path.read_text("utf-8"))
    missing = [] if ast.get_docstring(tree) else ["(module)"]
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        declared = any(
            isinstance(d, ast.Call) and getattr(d.func, "id", "") == "function" for d in node.decorator_list
        )
        if not ast.get_docstring(node) and not declared:
            missing.append(node.name)
    return missing


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_public_things_have_a_sentence(path: Path) -> None:
    assert undocumented(path) == []


def test_every_function_of_the_language_has_a_doc_and_examples() -> None:
    from dsl.functions import registry

    for spec in registry().values():
        assert spec.doc and spec.doc.rstrip().endswith((".", ")")), spec.name
        assert spec.examples or spec.implementation is None, spec.name


def test_every_function_is_in_the_reference() -> None:
    from dsl.functions import registry

    pages = "".join(p.read_text("utf-8") for p in (ROOT / "docs" / "reference").rglob("*.md"))
    assert [name for name in registry() if f"{name}(" not in pages] == []


def test_every_code_is_documented_and_in_the_reference() -> None:
    from dsl.codes import CODES

    pages = "".join(p.read_text("utf-8") for p in (ROOT / "docs" / "reference").rglob("*.md"))
    for code, spec in CODES.items():
        assert re.fullmatch(r"M[1-9]\d\d", code)
        assert spec.title and spec.doc, code
        assert code in pages, code


def test_every_code_is_used_at_one_place() -> None:
    from dsl.codes import CODES

    texts = [p.read_text("utf-8") for p in (ROOT / "dsl").rglob("*.py") if "codes" not in p.parts]
    used = {code: sum(len(re.findall(rf'"{code}"', text)) for text in texts) for code in CODES}
    assert {code: times for code, times in used.items() if times != 1} == {}


def test_the_reference_is_as_the_declarations_say() -> None:
    from app.commands.docs import pages

    for name, text in pages().items():
        assert (ROOT / "docs" / "reference" / name).read_text("utf-8") == text, f"{name}: run make docs"


def test_every_connector_has_a_readme() -> None:
    for kind in ("codecs", "transports"):
        for folder in (ROOT / "connectors" / kind).iterdir():
            if folder.is_dir() and folder.name != "__pycache__":
                assert (folder / "README.md").is_file(), folder.name


def test_each_package_opens_with_an_essay() -> None:
    for name in (*PACKAGES, "app/runtime", "app/design", "app/sandbox", "app/demo"):
        essay = ast.get_docstring(ast.parse((ROOT / name / "__init__.py").read_text("utf-8"))) or ""
        assert len(essay.splitlines()) >= 6, name


@pytest.mark.parametrize("name", ["glossary.md", "adr/README.md", "README.md"])
def test_the_docs_have_their_pages(name: str) -> None:
    assert (ROOT / "docs" / name).is_file()


def test_every_link_of_the_docs_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"
