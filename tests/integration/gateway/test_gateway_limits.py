"""So many requests a second for each address and for each token (S21)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.gateway.gateway_process import Gateway
from tests.integration.gateway.raw_http import Answer, request

# One request in a second and a burst of two more, so that what is counted does not depend on how fast we are.
SLOW = "1"
SIGNATURE = "s" * 86


def a_token(signature: str = SIGNATURE) -> str:
    return f"eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.{signature}"


def asked(gateway: Gateway, address: str, authorization: str | None = None, path: str = "/profiles") -> Answer:
    headers = {"X-Forwarded-For": address} | ({"Authorization": authorization} if authorization else {})
    return request(gateway.port, "GET", path, headers)


@pytest.fixture
def gateway_(a_gateway: Callable[..., Gateway]) -> Gateway:
    """Believes us about addresses, so that one test can have many."""
    return a_gateway(RATE_LIMIT=SLOW, TRUSTED_PROXIES="127.0.0.1")


def at_once(gateway: Gateway, requests: list[tuple[str, str | None]], path: str = "/profiles") -> list[Answer]:
    """Many requests together, so that a busy machine does not spread them over seconds."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda one: asked(gateway, one[0], one[1], path), requests))


def statuses(answers: list[Answer]) -> list[int]:
    return [answer.status for answer in answers]


@pytest.mark.parametrize("path", ["/profiles", "/healthz", "/nothing", "/static/favicon.svg"])
def test_s21_an_address_has_its_limit_on_every_path(gateway_: Gateway, path: str) -> None:
    assert 429 not in [asked(gateway_, "192.0.2.1", path=path).status for _ in range(3)]
    answers = at_once(gateway_, [("192.0.2.1", None)] * 24, path)
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.json["error"] == "rate_limited"
    assert refused["retry-after"] == "1"
    assert asked(gateway_, "192.0.2.2", path=path).status != 429


def test_s21_a_token_has_its_limit_from_many_addresses(gateway_: Gateway) -> None:
    answers = at_once(gateway_, [(f"198.51.100.{host}", f"Bearer {a_token()}") for host in range(24)])
    assert 429 in statuses(answers)
    assert statuses(answers).count(200) >= 3
    other = asked(gateway_, "198.51.100.99", f"Bearer {a_token('t' * 86)}")
    assert other.status == 200


def test_s21_another_spelling_of_a_token_is_the_same_token(gateway_: Gateway) -> None:
    spellings = [
        f"Bearer {a_token()}",
        f"bearer {a_token()}",
        f"Bearer  {a_token()}",
        f"Bearer {a_token()}==",
        f"Bearer {a_token(SIGNATURE[:-1] + 't')}",
        f"BEARER {a_token()}=",
    ]
    answers = at_once(gateway_, [(f"203.0.113.{host}", spelling) for host, spelling in enumerate(spellings * 3)])
    assert statuses(answers).count(429) > len(spellings)


def test_s21_no_token_is_no_token_of_everybody(gateway_: Gateway) -> None:
    assert statuses([asked(gateway_, f"192.0.2.{host}") for host in range(10, 20)]) == [200] * 10


def test_s21_a_strangers_word_about_its_address_does_not_count(a_gateway: Callable[..., Gateway]) -> None:
    gateway = a_gateway(RATE_LIMIT=SLOW)
    assert 429 in statuses(at_once(gateway, [(f"192.0.2.{host}", None) for host in range(24)]))


def test_preflights_are_not_counted(gateway_: Gateway) -> None:
    headers = {"Origin": "http://localhost:3000", "X-Forwarded-For": "192.0.2.50"}
    assert {request(gateway_.port, "OPTIONS", "/links", headers).status for _ in range(10)} == {204}
    assert asked(gateway_, "192.0.2.50").status == 200


def test_r12_a_burst_of_100_at_once_is_answered_and_more_is_429(a_gateway: Callable[..., Gateway]) -> None:
    gateway = a_gateway(RATE_LIMIT="50")
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: request(gateway.port, "GET", "/profiles").status, range(300)))
    assert set(answers) <= {200, 429}
    assert answers.count(200) >= 101


def test_off_lifts_the_limits(gateway: Gateway) -> None:
    assert {request(gateway.port, "GET", "/healthz").status for _ in range(250)} == {200}


def test_the_internal_listener_has_none(gateway_: Gateway) -> None:
    assert {request(gateway_.internal_port, "GET", "/readyz").status for _ in range(20)} == {200}
