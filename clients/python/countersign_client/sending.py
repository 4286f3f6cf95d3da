"""Sends requests, and again what may pass: with full jitter, within bounds, and never to where an answer points.

Everything that goes through here may be repeated: reading, a PUT of the same bytes, and writes that carry an
Idempotency-Key, by which the server tells a repeat.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import IO, Any

import requests

from .errors import CountersignError, Unreachable

MAY_PASS = frozenset({429, 500, 502, 503, 504})
IN_PROGRESS = "upload_in_progress"
SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 8.0
LONGEST_RETRY_AFTER = 30.0
"""Seconds; who is told to wait longer hears so at once."""

Body = bytes | IO[bytes]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and how many seconds for a connection and between two bytes of an answer."""

    tries: int = 5
    connect_seconds: float = 3.0
    answer_seconds: float = 70.0


class Sender:
    """A session without proxies, cookies and redirects; may be shared by threads."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def send(
        self, method: str, url: str, headers: Callable[[], Mapping[str, str]], body: Callable[[], Body]
    ) -> requests.Response:
        """The answer where it is a success; headers and body are made anew for each try. Raises CountersignError."""
        for tried in range(1, self._patience.tries + 1):
            try:
                return self._sent(method, url, headers(), body())
            except CountersignError as error:
                if tried == self._patience.tries or not _may_pass(error):
                    raise
                time.sleep(error.retry_after + pause(tried))
        raise ValueError("patience.tries must be at least 1")

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def _sent(self, method: str, url: str, headers: Mapping[str, str], body: Body) -> requests.Response:
        timeout = (self._patience.connect_seconds, self._patience.answer_seconds)
        try:
            answer = self._session.request(
                method, url, data=body, headers=dict(headers), timeout=timeout, allow_redirects=False
            )
        except requests.RequestException as fault:
            # Without its cause, whose message has the whole URL: it would be in every traceback that is logged.
            raise Unreachable(f"{method} {without_query(url)}: {type(fault).__name__}") from None
        if not 200 <= answer.status_code < 300:
            raise _refusal(answer)
        return answer


def pause(tried: int) -> float:
    """Seconds before the next try: full jitter, on top of what Retry-After asks."""
    # No secret hangs on it.
    return random.uniform(0, min(LONGEST_PAUSE, SHORTEST_PAUSE * 2**tried))  # noqa: S311


def without_query(url: str) -> str:
    """A URL without its query: a signed one's opens what it names to whoever reads the log."""
    return url.partition("?")[0]


def _may_pass(error: CountersignError) -> bool:
    is_passing = isinstance(error, Unreachable) or error.status in MAY_PASS or error.code == IN_PROGRESS
    return is_passing and error.retry_after <= LONGEST_RETRY_AFTER


def _refusal(answer: requests.Response) -> CountersignError:
    said = _said(answer)
    return CountersignError(
        str(said.get("error", "unexpected_answer")),
        str(said.get("message", f"the answer was {answer.status_code}")),
        status=answer.status_code,
        request_id=answer.headers.get("X-Request-Id"),
        retry_after=_seconds(answer.headers.get("Retry-After", "")),
        said=said,
    )


def _said(answer: requests.Response) -> dict[str, Any]:
    """What a refusal says: ours in JSON, or S3's in XML."""
    if found := re.search(r"<Code>(\w+)</Code>", answer.text[:4096]):
        return {"error": found[1], "message": f"the storage answered {answer.status_code}"}
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(text: str) -> float:
    """Retry-After in seconds; 0 where it is a date, or nothing (RFC 9110 §10.2.3)."""
    return float(text) if text.isascii() and text.isdigit() else 0.0
