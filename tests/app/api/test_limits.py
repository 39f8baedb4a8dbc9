"""Guessing tokens and endless trials are bounded, with Redis and without."""

from dataclasses import replace
from typing import Any

from app.factory import create_app
from app.wiring import wire


def guess(client: Any) -> Any:
    return client.get("/v1/messages", headers={"Authorization": "Bearer wrong"})


def test_guessing_tokens_ends_in_429_with_the_time_to_wait(site: Any) -> None:
    client = site.app.test_client()
    answers = [guess(client) for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {401}
    assert (answers[60].status_code, answers[60].json["code"]) == (429, "too_many_requests")
    assert int(answers[60].headers["Retry-After"]) > 0


def test_a_valid_token_is_not_slowed_down_by_the_guesses_of_others(site: Any) -> None:
    machine = site.machine("view")
    for _ in range(61):
        guess(site.app.test_client())
    assert machine.call("GET", "/v1/messages").status_code == 200


def test_processes_count_together(site: Any, redis_url: str) -> None:
    settings = replace(site.installation.settings, redis_url=redis_url)
    installations = [wire(settings) for _ in range(2)]
    clients = [create_app(installation).test_client() for installation in installations]
    answers = [guess(clients[number % 2]).status_code for number in range(61)]
    for installation in installations:
        installation.close()
    assert answers.count(429) == 1


def test_a_redis_that_is_away_does_not_lift_the_limit(site: Any) -> None:
    installation = wire(replace(site.installation.settings, redis_url="redis://127.0.0.1:1/0"))
    client = create_app(installation).test_client()
    answers = [guess(client).status_code for _ in range(61)]
    installation.close()
    assert answers[-1] == 429
