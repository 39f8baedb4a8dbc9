"""Hand the samples in through the doors that machines use, and wait until all is done."""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from app.demo.setup import LIVE, drop_folder
from app.errors import AppError
from app.runtime.installation import Installation

JSON_ENDPOINT = "qms.nonconformance"
PATIENCE = 60.0


class DemoStuck(AppError):
    """The samples were not through in time: see the logs in the data folder."""

    code = "demo_stuck"


@dataclass
class Sent:
    """One sample and how it went in; `answer` is what the intake said over HTTP."""

    sample: str
    door: str
    answer: Mapping[str, Any] = field(default_factory=dict)


def send_samples(
    installation: Installation, samples: Path, token: str, known: Callable[[Path], bool]
) -> list[Sent]:
    """JSON over HTTP, X12 as files into the watched folder; what is known from an earlier start is left."""
    sent = []
    for file in _bodies(samples, ".json"):
        sent.append(Sent(file.name, "HTTP", {} if known(file) else _post(installation, file, token)))
    for file in _bodies(samples, ".edi"):
        if not known(file):
            _drop(file, drop_folder(installation))
        sent.append(Sent(file.name, "file"))
    return sent


def _bodies(samples: Path, suffix: str) -> list[Path]:
    return sorted(file for file in samples.glob(f"*{suffix}") if not file.name.endswith(".expected.json"))


def _post(installation: Installation, file: Path, token: str) -> dict[str, Any]:
    answer = urllib3.request(
        "POST",
        f"{installation.settings.url}/v1/in/{JSON_ENDPOINT}",
        body=file.read_bytes(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        timeout=30,
        retries=False,
    )
    body: dict[str, Any] = answer.json()
    return {"status": answer.status, **body}


def _drop(file: Path, folder: Path) -> None:
    """Written beside and renamed, so that nobody reads half a file."""
    beside = folder / f".{file.name}.part"
    shutil.copyfile(file, beside)
    beside.rename(folder / file.name)


def wait(installation: Installation, patience: float = PATIENCE) -> None:
    """Until no file lies in the folder, no message waits and no delivery is under way. Errors: DemoStuck."""
    deadline = time.monotonic() + patience
    while _under_way(installation):
        if time.monotonic() > deadline:
            raise DemoStuck(details={"faults": _under_way(installation)})
        time.sleep(0.1)


def _under_way(installation: Installation) -> list[str]:
    files = [f"file {file.name}" for file in drop_folder(installation).glob("*.edi")]
    return files or _open_work(installation)


def _open_work(installation: Installation) -> list[str]:
    from sqlalchemy import func, select

    from app.storage.deliveries import deliveries_table
    from app.storage.messages import messages_table

    with installation.database.read() as tx:
        found = []
        for table, states in (
            (messages_table, ("received",)),
            (deliveries_table, ("pending", "inflight", "retry")),
        ):
            open_ones = (table.c.environment == LIVE) & table.c.state.in_(states)
            count = tx.execute(select(func.count()).select_from(table).where(open_ones)).scalar_one()
            found += [f"{count} {table.name} under way"] if count else []
    return found
