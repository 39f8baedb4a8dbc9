"""Processes that are forked from a server that has imported everything: tests wait for their fault, not for imports."""

import multiprocessing

from app.commands import COMMANDS

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.kinds", *sorted({place.module for place in COMMANDS.values()})])
