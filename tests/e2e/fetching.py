"""fetch() as a browser does it for a page of some origin: a preflight where one is due, and CORS on the answer.

Fetch Standard, "CORS-preflight fetch" and "CORS check". A refusal here is the page's "Failed to fetch".
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.e2e.client import Answer, patiently, send

NEEDS_NO_PREFLIGHT = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


@dataclass(frozen=True)
class Browser:
    """A page that was loaded from this origin."""

    origin: str

    def fetch(
        self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """The answer as the page's script gets it; what the browser would keep from it fails the test."""
        sent = {"Accept": "*/*", "User-Agent": "Mozilla/5.0", "Referer": f"{self.origin}/", **(headers or {})}
        crosses = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" != self.origin
        if crosses or method not in ("GET", "HEAD"):
            sent["Origin"] = self.origin
        if crosses:
            self._preflight(url, method, headers or {})
        answer = patiently(lambda: send(method, url, body, sent))
        if crosses:
            assert answer.headers.get("access-control-allow-origin") == self.origin, f"{answer}: kept from the page"
        return answer

    def _preflight(self, url: str, method: str, headers: Mapping[str, str]) -> None:
        unsafe = sorted(name.lower() for name, text in headers.items() if not _is_safe(name, text))
        if method in ("GET", "HEAD", "POST") and not unsafe:
            return
        asked = {"Origin": self.origin, "Access-Control-Request-Method": method}
        if unsafe:
            asked["Access-Control-Request-Headers"] = ",".join(unsafe)
        answer = send("OPTIONS", url, headers=asked)
        assert 200 <= answer.status < 300, f"{answer}: the preflight failed"
        assert answer.headers["access-control-allow-origin"] == self.origin
        assert method in ("GET", "HEAD", "POST") or method in _listed(answer, "methods"), f"{method} is not allowed"
        allowed = _listed(answer, "headers")
        assert all(name in allowed or ("*" in allowed and name != "authorization") for name in unsafe), allowed


def _is_safe(name: str, text: str) -> bool:
    if name.lower() == "content-type":
        return text.partition(";")[0].strip().lower() in NEEDS_NO_PREFLIGHT
    return name.lower() in ("accept", "accept-language", "content-language")


def _listed(answer: Answer, what: str) -> set[str]:
    listed = answer.headers.get(f"access-control-allow-{what}", "")
    return {part.strip() if what == "methods" else part.strip().lower() for part in listed.split(",")}


def form_data(
    fields: Mapping[str, str], octets: bytes, content_type: str, name: str = "picture.jpg"
) -> tuple[bytes, dict[str, str]]:
    """What a browser makes of a FormData with these fields and, last, `file`: the body, and its Content-Type."""
    boundary = f"----WebKitFormBoundary{uuid.uuid4().hex[:16]}"
    disposition = f"--{boundary}\r\nContent-Disposition: form-data; name="
    before = "".join(f'{disposition}"{field}"\r\n\r\n{text}\r\n' for field, text in fields.items())
    before += f'{disposition}"file"; filename="{name}"\r\nContent-Type: {content_type}\r\n\r\n'
    body = before.encode() + octets + f"\r\n--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
