"""What a connector declares stands in its README."""

from pathlib import Path

import pytest

from connectors.codecs.x12.faults import FAULTS
from connectors.registry import BUILT_IN, codecs, transports

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [
    Path(target.split(":")[0].replace(".", "/")).parent
    for group in BUILT_IN.values()
    for target in group.values()
]


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_every_connector_has_its_files(folder):
    names = {path.name for path in (ROOT / folder).iterdir()}
    sides = {"decode.py", "encode.py"} if folder.parts[1] == "codecs" else {"source.py", "sink.py"}
    assert {"spec.py", "README.md", "__init__.py"} | sides <= names


def test_every_fault_of_x12_stands_in_its_readme():
    text = (ROOT / "connectors/codecs/x12/README.md").read_text("utf-8")
    for code, kind in FAULTS.items():
        assert f"| `{code}` | {kind.severity} | {kind.meaning} |" in text


@pytest.mark.parametrize("connector", [*codecs().values(), *transports().values()], ids=lambda one: one.name)
def test_defaults_are_of_the_declared_kind(connector):
    from connectors.settings import read_settings

    needed = {setting.name: "http://x.example/" for setting in connector.settings if setting.required}
    defaults = read_settings(connector.settings, needed)
    read_settings(connector.settings, {name: value for name, value in defaults.items() if value is not None})


@pytest.mark.parametrize("connector", transports().values(), ids=lambda one: one.name)
def test_what_is_secret_is_declared_secret(connector):
    for setting in connector.settings:
        if any(word in setting.name for word in ("password", "token", "secret")):
            assert setting.kind == "secret"
