"""Trials: checked once for equal files, samples read as their endpoint reads them, nothing stored."""

import json
from pathlib import Path

import pytest

from app.design import rulesets, samples, trials
from app.design.errors import NotRunnable, SampleInvalid

EXAMPLE = Path(__file__).parents[3] / "examples" / "incoming-quality"


@pytest.fixture(scope="module")
def example() -> dict[str, bytes]:
    return rulesets.read_folder(EXAMPLE)


def changed(files: dict[str, bytes], path: str, old: str, new: str) -> dict[str, bytes]:
    assert old in files[path].decode()
    return {**files, path: files[path].decode().replace(old, new, 1).encode()}


def test_equal_files_are_checked_once(files: dict[str, bytes]) -> None:
    assert trials.check_files(files) is trials.check_files(dict(files))


def test_a_changed_file_is_checked_anew(files: dict[str, bytes]) -> None:
    other = changed(files, "maps/orders.mw", "map order_to_work", "# x\nmap order_to_work")
    assert trials.check_files(files) is not trials.check_files(other)


def test_no_two_sets_of_files_look_the_same() -> None:
    assert trials.content_hash({"a": b"bc"}) != trials.content_hash({"ab": b"c"})


def test_the_check_has_the_shape_of_the_command_line(files: dict[str, bytes]) -> None:
    broken = changed(files, "maps/orders.mw", "o.number", "o.numbre")
    found = trials.check_json(trials.check_files(broken))
    assert found["ok"] is False
    assert {"code", "severity", "message", "file", "line", "column", "help", "fixes"} <= set(
        found["diagnostics"][0]
    )


def test_a_flow_runs_on_a_sample(files: dict[str, bytes]) -> None:
    result = trials.run_sample(files, "orders", "order.json")
    assert result["state"] == "done" and result["event"]["id"] == "WO-1001"


def test_a_map_that_reads_the_sample_runs_on_it(files: dict[str, bytes]) -> None:
    assert trials.preview(files, "order_to_work", "order.json")["event"]["urgency"] == "urgent"


def test_a_map_that_reads_the_event_runs_on_what_the_flow_made(files: dict[str, bytes]) -> None:
    assert trials.preview(files, "to_plant", "order.json")["event"]["id"] == "WO-1001"


def test_a_preview_shows_an_unsaved_change(files: dict[str, bytes]) -> None:
    other = changed(files, "maps/orders.mw", '"WO-"', '"ORDER-"')
    assert trials.preview(other, "order_to_work", "order.json")["event"]["id"] == "ORDER-1001"


def test_a_rule_set_with_errors_does_not_run_and_says_why(files: dict[str, bytes]) -> None:
    with pytest.raises(NotRunnable) as refused:
        trials.run_sample(changed(files, "maps/orders.mw", "o.number", "o.numbre"), "orders", "order.json")
    assert refused.value.details["diagnostics"]


@pytest.mark.parametrize(("flow", "sample"), [("orders", "nothing.json"), ("nothing", "order.json")])
def test_an_unknown_sample_or_flow_is_refused(files: dict[str, bytes], flow: str, sample: str) -> None:
    with pytest.raises(SampleInvalid):
        trials.run_sample(files, flow, sample)


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a": NaN}', b"[" * 10_000])
def test_a_sample_that_cannot_be_read_says_why(files: dict[str, bytes], body: bytes) -> None:
    with pytest.raises(SampleInvalid, match=r"order\.json"):
        trials.run_sample({**files, "samples/order.json": body}, "orders", "order.json")


def test_a_sample_has_the_document_that_is_asked_for(files: dict[str, bytes]) -> None:
    with pytest.raises(SampleInvalid, match="there is no number 2"):
        trials.run_sample(files, "orders", "order.json", document=2)


def test_tests_are_green_for_the_starter(files: dict[str, bytes]) -> None:
    assert trials.run_tests(files).passed


def test_expected_outputs_and_notes_are_no_samples(files: dict[str, bytes]) -> None:
    more = {**files, "samples/order.expected.json": b"{}", "samples/README.md": b"x"}
    assert samples.sample_names(more) == ["order.json"]


def test_an_x12_sample_is_read_by_the_guide_of_its_endpoint(example: dict[str, bytes]) -> None:
    program = trials.check_files(example)
    document = samples.decode_sample(program, example, "asn_castings.edi")[0].data
    assert document["ST"]["01"] == "856"


def test_a_malformed_x12_sample_names_the_segment(example: dict[str, bytes]) -> None:
    program = trials.check_files(example)
    with pytest.raises(SampleInvalid) as refused:
        samples.decode_sample(program, example, "asn_wrong_count.edi")
    assert refused.value.details["faults"][0]["place"]["segment"]


def test_a_sample_that_cannot_be_read_does_not_stop_the_tests_of_others(example: dict[str, bytes]) -> None:
    program = trials.check_files(example)
    decoded = samples.decoded_samples(program, example)
    assert "defect_valve_body.json" in decoded and "asn_wrong_count.edi" not in decoded


def test_a_preview_is_plain_json(files: dict[str, bytes]) -> None:
    json.dumps(trials.preview(files, "orders", "order.json"), allow_nan=False)
