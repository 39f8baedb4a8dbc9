"""A message's journey in one sentence and on a time line."""

from datetime import UTC, datetime, timedelta

import pytest

from app.web.journeys import deeds, sentence, timeline

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def delivery(state, **more):
    attempt = {"number": 1, "started_at": START, "ended_at": None, "result": "", "detail": "", "status": None}
    known = {"endpoint": "erp.hold", "reason": "HTTP 503", "next_at": START, "attempts": [attempt]}
    return {"state": state, **known, **more}


def view(state, deliveries=(), reason="", history=()):
    message = {"state": state, "reason": reason, "endpoint": "qms.nc", "received_at": START}
    return {"message": message, "deliveries": list(deliveries), "history": list(history)}


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (view("received"), "Stored; a worker takes it next."),
        (view("done"), "Processed; no rule had to send anything."),
        (view("done", [delivery("delivered")]), "Processed; 1 of 1 delivery arrived."),
        (view("done", [delivery("delivered"), delivery("pending")]), "1 of 2 deliveries still to be sent"),
        (view("done", [delivery("dead")]), "erp.hold: HTTP 503. 1 attempt so far. Nobody tries again"),
        (view("done", [delivery("retry")]), "Next try"),
        (view("done", [delivery("uncertain")]), "ask the target before you send it again"),
        (view("done", [delivery("discarded")]), "1 discarded by a person"),
        (view("held", reason="no lot"), "Held: a person has to decide. no lot."),
        (view("rejected", reason="a field failed"), "Rejected: nothing of it was sent. a field failed."),
        (view("dead", reason="poison"), "Dead letter"),
        (view("quarantined"), "under the same id"),
        (view("ignored"), "nothing had to happen"),
    ],
)
def test_the_sentence_says_what_happened_and_what_is_next(seen, words):
    assert words in sentence(seen)[1]


def test_bars_lie_within_the_whole_journey():
    attempts = [
        {
            "number": number,
            "started_at": START + timedelta(seconds=number),
            "ended_at": START + timedelta(seconds=number + 1),
            "result": "retry",
            "detail": "HTTP 503",
            "status": 503,
        }
        for number in (1, 2, 3)
    ]
    moved = {"at": START, "from_state": "received", "to_state": "done", "by": "worker", "reason": ""}
    steps = timeline(view("done", [delivery("retry", attempts=attempts)], history=[moved]))
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert all(0 <= step.x and step.x + step.width <= 1000 for step in steps)
    assert [step.x for step in steps[-3:]] == sorted({step.x for step in steps[-3:]})


def test_a_message_that_was_dead_on_arrival_says_so_on_the_line():
    steps = timeline(view("dead", reason="IEA02 is 49"))
    assert [(step.title, step.note) for step in steps[1:]] == [("Dead letter", "IEA02 is 49")]


def test_an_instant_journey_still_has_bars():
    assert all(step.width > 0 for step in timeline(view("received")))


def test_what_may_be_done_depends_on_the_state():
    assert [deed.name for deed in deeds("dead")] == ["retry", "replay", "discard"]
    assert [deed.name for deed in deeds("dead", has_flow=False)] == ["replay", "discard"]
    assert [deed.name for deed in deeds("done")] == ["replay"]
    assert deeds("received") == ()
