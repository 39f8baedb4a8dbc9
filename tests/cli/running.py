"""The command as people run it: a process of its own, with its arguments, folder, environment, output and exit code."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from app.cli import main
from tests.forks import FORKS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "incoming-quality"


def mapwright(*arguments: str, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; nothing of the caller's own settings reaches it."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("MAPWRIGHT_")}
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / "stdout", Path(folder) / "stderr"]
        words = (arguments, str(cwd or ROOT), {**given, **environ}, *map(str, outputs))
        process = FORKS.Process(target=_run, args=words, daemon=True)
        process.start()
        process.join(240)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(list(arguments), 240)
        told = [output.read_text("utf-8") for output in outputs]
    return subprocess.CompletedProcess(list(arguments), process.exitcode, *told)


def _run(arguments: tuple[str, ...], cwd: str, environ: Mapping[str, str], stdout: str, stderr: str) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    for number, path in ((1, stdout), (2, stderr)):
        with open(path, "wb") as file:
            os.dup2(file.fileno(), number)
    main(list(arguments))
