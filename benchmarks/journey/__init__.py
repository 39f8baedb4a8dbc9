"""A message's journey on PostgreSQL with every commit on disk: intake, inbox to outbox, and end to end over HTTP.

Everything is measured beside something in the same run: the CPU alone, one RQ job a message, a bare insert in
the same web server, Node-RED. Rounds are interleaved and medians count. `python -m benchmarks.journey intake`
runs a part; the parts are pipeline, intake and end_to_end.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the benchmarks beside this one
