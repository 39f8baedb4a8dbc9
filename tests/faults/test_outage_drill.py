"""An outage as operators see it: the ERP is away, 312 holds wait, one alert says so; then it is back."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from app.commands.figures import screen
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.settings import load_settings
from app.storage.alerts import alerts
from app.storage.figures import figures
from app.storage.queries import search_messages
from app.wiring import wire
from tests.faults.checker import check
from tests.journey import ENVIRONMENT, Answer, Target, bind, deliver_all, deploy, drain_all
from tests.servers import Valkey

pytestmark = pytest.mark.faults
EXAMPLE = Path(__file__).parents[2] / "examples" / "incoming-quality"
HOLDS = 312
LOTS = {"010000004711": "DE1", "010000004712": "DE1", "010000004823": "US1", "010000004901": "DE1"}
OTHERS = ("supplier.corrective_action", "purchasing.task", "wms.receipt", "qms.inspection_request")
CONTROL = {"breaker_failures": 3, "breaker_cool_down": 0.2, "breaker_cool_down_cap": 0.2}
PLAYBOOK = b"""\
playbook "holds"
  runbook "runbooks/erp-away.md"
  on transport retry for 24 hours then dead_letter alert operations "holds do not reach the ERP"
end
"""


def quality_files() -> dict[str, bytes]:
    """The example, with the plant as a key and a playbook: what a team adds when it goes live."""
    files = {p.relative_to(EXAMPLE).as_posix(): p.read_bytes() for p in EXAMPLE.rglob("*") if p.is_file()}
    files = {path: content for path, content in files.items() if not path.startswith(("tests/", "samples/"))}
    name = "flows/incoming_nonconformance.mw"
    flow = (
        files[name]
        .decode()
        .replace(".batch\n", ".batch, plant = lookup inspection_lots(d.InspectionLot).plant\n")
    )
    flow = flow.replace("  apply containment\n", '  apply containment\n  on failure playbook "holds"\n')
    return {**files, name: flow.encode(), "flows/playbooks.mw": PLAYBOOK}


@pytest.fixture
def erp() -> Iterator[Target]:
    """The system that goes away."""
    target = Target()
    yield target
    target.close()


@pytest.fixture
def quality(database_url: str, valkey: Valkey, tmp_path: Path, erp: Target) -> Iterator[Installation]:
    """The example in production; every other system runs."""
    environ = {"MAPWRIGHT_HOME": str(tmp_path), "MAPWRIGHT_DATABASE_URL": database_url}
    environ |= {
        "MAPWRIGHT_REDIS_URL": valkey.url,
        "MAPWRIGHT_RETRY_BASE": "0.05",
        "MAPWRIGHT_RETRY_CAP": "0.05",
    }
    installation = wire(load_settings(environ))
    deploy(installation, quality_files())
    others = Target()
    for endpoint in OTHERS:
        bind(installation, endpoint, others.url)
    bind(installation, "erp.inventory_hold", erp.url, control=CONTROL)
    yield installation
    installation.close()
    others.close()


def defects(installation: Installation) -> list[str]:
    """One defect after the other, over four lots."""
    sample = json.loads((EXAMPLE / "samples" / "defect_bracket.json").read_bytes())
    lots = list(LOTS)
    ids = []
    for n in range(HOLDS):
        changed = {"DefectInternalID": f"NC2026{n:06}", "InspectionLot": lots[n % 4]}
        body = json.dumps({**sample, **changed}).encode()
        ids.append(accept(installation, ENVIRONMENT, "qms.nonconformance", body)[0].message_id)
    drain_all(installation)
    return ids


def found(installation: Installation, key: str) -> int:
    with installation.database.read() as tx:
        page = search_messages(tx, ENVIRONMENT, key=key, limit=500)
    return len(page.items)


def breaker_alerts(installation: Installation) -> list[str]:
    with installation.database.read() as tx:
        return [a["text"] for a in reversed(alerts(tx, ENVIRONMENT)) if a["rule"].startswith("breaker/")]


def shown(installation: Installation) -> str:
    """The screen of `mapwright messages`."""
    console = Console(width=160, record=True, file=open("/dev/null", "w"))
    with installation.database.read() as tx:
        console.print(screen(figures(tx, ENVIRONMENT)))
    return console.export_text()


def waiting(installation: Installation) -> int:
    with installation.database.read() as tx:
        rows = figures(tx, ENVIRONMENT)["waiting_endpoints"]
    return sum(row["count"] for row in rows if row["endpoint"] == "erp.inventory_hold")


def work_until(installation: Installation, left: int, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while waiting(installation) != left:
        assert time.monotonic() < end, shown(installation)
        deliver_all(installation)
        time.sleep(0.1)


def test_an_outage_holds_312_deliveries_tells_once_and_drains_in_order(
    quality: Installation, erp: Target
) -> None:
    erp.script = lambda number: Answer(503)
    ids = defects(quality)
    for _ in range(5):
        deliver_all(quality)
        time.sleep(0.3)
    assert waiting(quality) == HOLDS and erp.effects == []
    assert len(erp.arrivals) < 40, "an open breaker asks now and then, no more"
    (alert,) = breaker_alerts(quality)
    assert "erp.inventory_hold" in alert and "Runbook: runbooks/erp-away.md" in alert
    assert found(quality, "lot:0000004711") == HOLDS / 4 and found(quality, "plant:US1") == HOLDS / 4
    screen_then = shown(quality)
    assert "erp.inventory_hold" in screen_then and str(HOLDS) in screen_then and "0000004711" in screen_then
    check(quality.database, HOLDS, acknowledged=ids)

    erp.script = lambda number: Answer()
    work_until(quality, 0)
    check(quality.database, HOLDS, acknowledged=ids, target=erp, endpoints=["erp.inventory_hold"])
    assert len({arrival.key for arrival in erp.effects}) == len(erp.effects) == HOLDS
    assert len(breaker_alerts(quality)) == 2 and "works again" in breaker_alerts(quality)[1]
