"""Who looks after what the product leaves to people: uncertain deliveries, and letters that are dead."""

import threading
import time

from sqlalchemy import select

from app.runtime.recovery import confirm_delivery, retry_delivery
from app.storage.database import now
from app.storage.deliveries import deliveries_table
from tests.faults.soak.site import Site

# Longer than anything that is frozen sleeps: whoever looks earlier may decide before the last bytes are there.
PATIENCE_SECONDS = 9.0


class Person:
    """Looks at the target before saying what became of a delivery; sends dead ones again."""

    def __init__(self, site: Site) -> None:
        self.confirmed = self.sent_again = 0
        self._site, self._stop = site, threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Go home."""
        self._stop.set()
        self._thread.join(30)

    def _work(self) -> None:
        while not self._stop.wait(1):
            try:
                self._look()
            except Exception:
                time.sleep(0.5)

    def _look(self) -> None:
        c, site = deliveries_table.c, self._site
        columns = (c.id, c.ledger_key, c.state, c.updated_at)
        with site.installation.database.read() as tx:
            at = now(tx)
            found = tx.execute(select(*columns).where(c.state.in_(["uncertain", "dead"]))).all()
        for row in found:
            if (at - row.updated_at).total_seconds() < (PATIENCE_SECONDS if row.state == "uncertain" else 1):
                continue
            if row.state == "uncertain" and site.target.times(row.ledger_key):
                confirm_delivery(site.installation, row.id, by="soak", reason="the target has it")
                self.confirmed += 1
            else:
                retry_delivery(site.installation, row.id, by="soak", reason="the target lacks it")
                self.sent_again += 1
