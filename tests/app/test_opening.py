"""The data folder is looked at by every process that starts, several at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.commands.opening import check_home
from app.terminal import Stop


def test_processes_that_start_at_the_same_time_do_not_trip_over_each_other(tmp_path):
    home = tmp_path / "var"
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(lambda: [check_home(home) for _ in range(200)]) for _ in range(8)]:
            done.result()
    assert list(home.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path):
    (tmp_path / "var").write_text("")
    with pytest.raises(Stop, match="is not a folder"):
        check_home(tmp_path / "var")
