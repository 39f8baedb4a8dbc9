"""Faults of the database: sessions that end, rows that others lock, transactions that cross."""

import pytest
from sqlalchemy import Connection, event, text

from app.runtime.processing import drain
from tests.faults.checker import check
from tests.faults.plant import Plant, figures, send

pytestmark = [pytest.mark.faults, pytest.mark.postgres]
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@on_postgresql
def test_a_session_that_ends_while_a_message_is_decided_kills_no_message(plant: Plant) -> None:
    (id,) = send(plant, 1)
    killed: list[int] = []

    def end_own_session(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if "releases" in statement and not killed:
            killed.append(connection.connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]
            with plant.database.engine.connect() as other:
                other.execute(text("select pg_terminate_backend(:pid)"), {"pid": killed[0]})

    plant.installation._releases.clear()
    event.listen(plant.database.engine, "before_cursor_execute", end_own_session)
    assert drain(plant.installation, range(256)) == 1
    assert killed and figures(plant.database)["messages"] == {"done": 1}
    check(plant.database, 1)
