"""Environments, bindings to the sandbox, the rule set, its release and its promotions."""

from pathlib import Path

import app
from app.demo.people import SETUP
from app.design import connections, promotions, releases, rulesets
from app.runtime.installation import Installation
from app.security import tokens
from app.storage import environments

RULESET = "incoming-quality"
CHAIN = ("dev", "test", "prod")
LIVE = "prod"
TARGETS = {
    "erp.inventory_hold": "erp/holds",
    "supplier.corrective_action": "supplier/{to}/corrective-actions",
    "purchasing.task": "purchasing/tasks",
    "wms.receipt": "wms/receipts",
    "qms.inspection_request": "qms/inspection-requests",
}
DROP = "edi.asn"


def example_folder() -> Path:
    """The example's files: in a checkout beside the packages, in an installed one inside `app`."""
    here = Path(app.__file__).resolve().parent
    return next(f for f in (here.parent / "examples" / RULESET, here / "examples" / RULESET) if f.is_dir())


def drop_folder(installation: Installation) -> Path:
    """Where X12 files are dropped for the live environment."""
    return installation.settings.home.resolve() / "drop" / "asn"


def bind_environments(installation: Installation, sandbox: str) -> None:
    """The chain of environments, each with its outgoing endpoints at the sandbox and a folder for X12."""
    drop = drop_folder(installation)
    drop.mkdir(parents=True, exist_ok=True)
    vault = installation.vault
    assert vault is not None
    with installation.database.begin() as tx:
        for position, name in enumerate(CHAIN, 1):
            environments.ensure_environment(tx, name, position, name.capitalize())
            for endpoint, path in TARGETS.items():
                wanted = {
                    "url": f"{sandbox}/{path}",
                    "allow_private": True,
                    "timeout": 10,
                    "error_body": {"path": "error", "result": "refused"},
                }
                before = environments.binding(tx, name, endpoint)
                if before is None or before.settings.get("url") != wanted["url"]:
                    connections.bind(tx, vault, name, endpoint, "http", wanted, SETUP)
        folder = {"folder": str(drop), "min_age": 0.3}
        before = environments.binding(tx, LIVE, DROP)
        if before is None or dict(before.settings) != folder:
            connections.bind(tx, vault, LIVE, DROP, "file", folder, SETUP)


def release_example(installation: Installation) -> None:
    """Bring the example in and make it live in every environment, unless something is live already."""
    with installation.database.read() as tx:
        live = [environments.live_release(tx, name, RULESET) for name in CHAIN]
    if all(live):
        return
    files = rulesets.read_folder(example_folder())
    releases.build(files)
    with installation.database.begin() as tx:
        rulesets.import_files(tx, files, SETUP)
        record = releases.cut_release(tx, RULESET, SETUP, "the example as it is shipped")
    for name, by in zip(CHAIN, (SETUP, "ivan", "ivan"), strict=True):
        with installation.database.begin() as tx:
            if environments.live_release(tx, name, RULESET) is None:
                promotions.promote(tx, record.id, name, by, "first release")


def machine_token(installation: Installation) -> str:
    """A token of the machine that sends the samples; a new one each time, valid for a day."""
    from datetime import timedelta

    with installation.database.begin() as tx:
        issued = tokens.issue(
            tx, "demo sender", LIVE, ["qms.nonconformance", DROP], SETUP, valid_for=timedelta(days=1)
        )
    return issued.text
