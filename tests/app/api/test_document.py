"""The API's description, health and figures."""

import json
import re
from typing import Any

import pytest


def document(site: Any) -> dict[str, Any]:
    return dict(site.app.test_client().get("/openapi.json").json)


def calls(spec: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    methods = ("get", "put", "post", "delete", "patch")
    return [(m, p, item[m]) for p, item in spec["paths"].items() for m in methods if m in item]


def test_every_call_is_described(site: Any) -> None:
    described = {(method.upper(), path) for method, path, _ in calls(document(site))}
    served = set()
    for rule in site.app.url_map.iter_rules():
        if rule.rule.startswith("/v1/"):
            path = "".join(f"{{{part}}}" if variable else part for variable, part in _parts(rule))
            served |= {(method, path) for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert served == described


def _parts(rule: Any) -> list[tuple[bool, str]]:
    return [part for part in rule._trace if part[1] != "|"]


def test_every_call_says_what_it_does(site: Any) -> None:
    assert [(m, p) for m, p, call in calls(document(site)) if not call.get("summary")] == []


def test_errors_are_described_as_problem_documents(site: Any) -> None:
    spec = document(site)
    assert "application/problem+json" in json.dumps(spec["components"]["responses"])
    assert '"$ref": "#/components/schemas/Problem"' in json.dumps(spec["components"]["responses"])


def test_the_description_asks_for_a_log_in(site: Any) -> None:
    assert document(site)["security"] == [{"token": []}, {"session": []}]


def test_the_page_loads_nothing_from_elsewhere(site: Any) -> None:
    page = site.app.test_client().get("/docs").text
    assert re.findall(r'(?:src|href)="([^"]+)"', page) == [
        "data:,",
        "/docs/static/docs.css",
        "/docs/static/docs.js",
        "/openapi.json",
    ]
    assert "<script>" not in page and "style=" not in page


@pytest.mark.parametrize("name", ["docs.css", "docs.js"])
def test_what_the_page_loads_is_there(site: Any, name: str) -> None:
    answer = site.app.test_client().get(f"/docs/static/{name}")
    assert answer.status_code == 200 and "http" not in answer.text.replace("https", "")


def test_the_page_explains_every_code(site: Any) -> None:
    page = site.app.test_client().get("/docs").text
    for code in ("own_change", "edit_conflict", "undecodable", "length_required"):
        assert f'id="{code}"' in page


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_health_needs_no_log_in(site: Any, path: str) -> None:
    assert site.app.test_client().get(path).status_code == 200


def test_an_installation_without_its_database_is_not_ready(site: Any) -> None:
    site.installation.database.close()
    (site.installation.settings.home / "mapwright.db").write_bytes(b"this is no database" * 100)
    answer = site.app.test_client().get("/health/ready")
    assert answer.status_code == 503 and answer.json["checks"]["database"] == "unreachable"


def test_figures_count_messages_by_environment_and_state(site: Any) -> None:
    site.machine("send").call(
        "POST", "/v1/in/shop.orders", data=b'{"number": "1"}', content_type="application/json"
    )
    text = site.app.test_client().get("/metrics").text
    assert 'mapwright_messages{environment="dev",state="received"} 1.0' in text


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT"])
def test_an_unknown_method_is_a_problem(site: Any, method: str) -> None:
    answer = site.machine("view").call(method, "/v1/messages")
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")


def test_an_unknown_path_is_a_problem(site: Any) -> None:
    answer = site.machine("view").call("GET", "/v1/nothing")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_an_unexpected_error_says_nothing_of_the_inside(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.storage import lane_list

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(lane_list, "list_lanes", broken)
    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = site.machine("view").call("GET", "/v1/lanes")
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "secret inside" not in answer.text and "Traceback" not in answer.text
