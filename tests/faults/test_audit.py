"""An audit row that somebody alters in the database is found and named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from app.runtime.recovery import discard_message
from app.security.audit import verify
from tests.faults.plant import Plant, send
from tests.journey import drain_all

pytestmark = pytest.mark.faults
ROOT = Path(__file__).parents[2]


def test_an_altered_audit_row_is_found_by_verify_which_names_it(plant: Plant) -> None:
    ids = send(plant, 5, mode="hold")
    drain_all(plant.installation)
    for id in ids:
        discard_message(plant.installation, id, by="olga", reason="not wanted")
    with plant.database.read() as tx:
        assert verify(tx).ok
        row = tx.execute(text("select seq from audit where target = :id"), {"id": ids[2]}).scalar_one()
    with plant.database.begin() as tx:
        tx.execute(text("update audit set who = 'nobody' where seq = :seq"), {"seq": row})
    with plant.database.read() as tx:
        found = verify(tx)
    assert (found.ok, found.broken) == (False, row) and "changed" in found.problem
    command = [sys.executable, "-m", "app.cli", "audit", "verify"]
    told = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **plant.environ}, capture_output=True, text=True
    )
    assert told.returncode == 1 and str(row) in told.stdout + told.stderr
