"""Where a Chromium is that tests may drive."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
INSTALL = (
    "no Chromium or Chrome found: install one (Debian: apt-get install chromium) or set MAPWRIGHT_BROWSER"
)


def find_browser() -> str | None:
    """The one that MAPWRIGHT_BROWSER names, else an installed one, else Playwright's own."""
    given = os.environ.get("MAPWRIGHT_BROWSER", "").strip()
    installed = [shutil.which(name) for name in NAMES]
    own = sorted(Path.home().glob(".cache/ms-playwright/chromium*/chrome-linux*/*"))
    bundled = [str(path) for path in own if path.name in ("chrome", "headless_shell")]
    return next((path for path in (given, *installed, *bundled) if path and Path(path).exists()), None)
