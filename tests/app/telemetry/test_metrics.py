"""Figures of all processes of a data folder: counted by each, seen at once, kept over restarts."""

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from prometheus_client import generate_latest

from app.commands.docs import metrics_page
from app.settings import Settings
from app.telemetry.metrics import FIGURES, RECORDED
from app.telemetry.sharing import everybody, folder_of

COUNTING = """
import sys, time
from pathlib import Path
from app.settings import Settings
from app.telemetry.metrics import count, observe
from app.telemetry.sharing import share, serve_metrics
settings = Settings(home=Path(sys.argv[1]), metrics_bind=sys.argv[4])
place = share(settings, sys.argv[2])
count("mapwright_ticks_total", "owner", by=int(sys.argv[3]))
observe("mapwright_batch_seconds", "commit", seconds=0.004)
if settings.metrics_bind:
    serve_metrics(settings)
print(place, flush=True)
sys.stdin.read()
"""


def counting(home: Path, kind: str, number: int, bind: str = "") -> subprocess.Popen[str]:
    """A process that counts and stays; it has said its place."""
    command = [sys.executable, "-c", COUNTING, str(home), kind, str(number), bind]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert any(line.startswith(f"{kind}-") for line in process.stdout)
    return process


def end(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        process.kill()
        process.communicate()


def seen(home: Path) -> str:
    return generate_latest(everybody(Settings(home=home))).decode()


def test_the_figures_of_all_processes_are_added_up(tmp_path: Path) -> None:
    processes = [
        counting(tmp_path, "worker", 2),
        counting(tmp_path, "worker", 3),
        counting(tmp_path, "clock", 5),
    ]
    text = seen(tmp_path)
    end(*processes)
    assert 'mapwright_ticks_total{role="owner"} 10.0' in text
    assert 'mapwright_batch_seconds_count{step="commit"} 3.0' in text
    assert 'mapwright_process_memory_bytes{process="worker-2"}' in text


def test_what_a_killed_process_counted_stays_and_its_successor_goes_on_counting(tmp_path: Path) -> None:
    first = counting(tmp_path, "worker", 2)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    end(counting(tmp_path, "worker", 3))
    assert 'mapwright_ticks_total{role="owner"} 5.0' in seen(tmp_path)
    assert len(list(folder_of(Settings(home=tmp_path)).glob("counter_*.db"))) == 1


def test_a_file_that_is_broken_is_left_out_and_begun_anew(tmp_path: Path) -> None:
    end(counting(tmp_path, "worker", 2), counting(tmp_path, "clock", 5))
    (folder_of(Settings(home=tmp_path)) / "counter_worker-1.db").write_bytes(b"\xff" * 100)
    assert 'mapwright_ticks_total{role="owner"} 5.0' in seen(tmp_path)
    end(counting(tmp_path, "worker", 4))
    assert 'mapwright_ticks_total{role="owner"} 9.0' in seen(tmp_path)


def test_files_have_their_room_before_anything_is_counted(tmp_path: Path) -> None:
    end(counting(tmp_path, "worker", 2))
    for path in folder_of(Settings(home=tmp_path)).glob("*.db"):
        assert path.stat().st_blocks * 512 >= 1 << 20, "a hole in it would kill its process on a full disk"


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text("not a folder")
    process = subprocess.run(
        [sys.executable, "-c", COUNTING, str(tmp_path), "worker", "1", ""], input="", text=True
    )
    assert process.returncode == 0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_host_without_a_web_server_gives_its_figures_itself(tmp_path: Path) -> None:
    port = free_port()
    process = counting(tmp_path, "worker", 7, f"127.0.0.1:{port}")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    end(process)
    assert 'mapwright_ticks_total{role="owner"} 7.0' in text


def test_every_figure_is_on_the_page_of_the_reference() -> None:
    page = metrics_page()
    assert all(figure.name in page and figure.doc in page for figure in FIGURES)
    assert all(f"mapwright_{name}" in page for name in RECORDED)


def test_names_follow_the_conventions_of_prometheus() -> None:
    for figure in FIGURES:
        unit = {"counter": "_total", "histogram": "_seconds", "gauge": "_bytes"}[figure.kind]
        assert figure.name.startswith("mapwright_") and figure.name.endswith(unit), figure.name
