"""Asking a running stack, and remembering what it answered."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, Final

import requests

from .examples import Example

TIMEOUT: Final = 30
DEFAULTS: Final = ("http://127.0.0.1:8080", "http://127.0.0.1:8081", "http://127.0.0.1:4566")
"""Where the default stack has its public listener, its internal one, and S3, whichever ports this one has."""
KEY_ID: Final = "AKIAIOSFODNN7EXAMPLE"
"""Amazon's documentation has it wherever an access key id stands."""


class Taker:
    """Asks, and remembers what was answered under the route's endpoint."""

    def __init__(self, public: str, internal: str, s3: str) -> None:
        self.public, self.internal, self.s3 = public, internal, s3
        self.taken: dict[str, list[Example]] = {}
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(
        self,
        endpoint: str,
        line: str,
        body: Any = None,
        *,
        by: str = "",
        name: str = "",
        at: str = "",
        files: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Ask `line` ("GET /path") and return the answer; without an `endpoint` nothing is remembered.

        `files`: what a form brings, as requests takes it.
        """
        method, path = line.split(" ")
        named = {"Authorization": f"Bearer {os.environ[by]}"} if by else {}
        sent = body if isinstance(body, str) else None if body is None else json.dumps(body)
        url = (at or self.public) + path
        answer = self._session.request(
            method,
            url,
            data=sent,
            files=files,
            headers={**named, **(headers or {})},
            timeout=TIMEOUT,
            allow_redirects=False,
        )
        spoken: Any = answer.json() if answer.content else {}
        if endpoint:
            code = spoken.get("error") if isinstance(spoken, dict) else None
            example: Example = {"name": code or name or "answer", "status": answer.status_code}
            if isinstance(body, dict) and answer.ok:
                example["asked"] = body
            if answer.content:
                example["answered"] = spoken
            if "Location" in answer.headers:
                example["location"] = answer.headers["Location"]
            self._remember(endpoint, example)
        return spoken

    def send(self, begun: dict[str, Any], octets: bytes) -> None:
        """Send an upload's bytes where they go."""
        answer = self._session.put(begun["upload_url"], data=octets, headers=begun["headers"], timeout=TIMEOUT)
        answer.raise_for_status()

    def fetched(self, path: str) -> bytes:
        """A file of the gateway's."""
        return self._session.get(self.public + path, timeout=TIMEOUT).content

    def _remember(self, endpoint: str, example: Example) -> None:
        told = self.taken.setdefault(endpoint, [])
        if not any((each["name"], each["status"]) == (example["name"], example["status"]) for each in told):
            told.append(example)

    def written(self) -> str:
        """What was taken, with the default stack's addresses and an access key id that is none."""
        text = json.dumps(self.taken, indent=2, ensure_ascii=False) + "\n"
        for ours, default in zip((self.public, self.internal, self.s3), DEFAULTS, strict=True):
            text = text.replace(ours, default)
        return re.sub(r"\b(AKIA|ASIA)[A-Z0-9]{12,20}\b", KEY_ID, text)
