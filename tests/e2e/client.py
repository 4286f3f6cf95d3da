"""A client of the public gateway that says exactly what goes over the wire, and the people who use it.

It knows the documented interface and nothing of the services. Bodies and paths are sent as they are given, so that a
test can spell them wrongly.
"""

import http.client
import io
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from PIL import Image

from tests.e2e.local_stack import Runner

SIZES = ("150", "400", "800")
CONTENT_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
ANSWER_SECONDS = 30
RATE_LIMITED_TRIES = 40


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the headers by their names in lower case (given twice: joined), and the bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    asked: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The `error` of a refusal; None where the answer is none."""
        try:
            found = self.json
        except ValueError:
            return None
        return found.get("error") if isinstance(found, dict) else None

    def expect(self, *statuses: int) -> Any:
        """The JSON of an answer that must have one of these statuses."""
        assert self.status in statuses, f"{self}, where {statuses} was due"
        return self.json if self.body else None

    def __str__(self) -> str:
        return f"{self.asked} -> {self.status} {self.body[:400].decode(errors='replace')}"


def send(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    target: str | None = None,
) -> Answer:
    """One request on a connection of its own, redirects not followed; `target` replaces the URL's path and query."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
    path = target or (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        found: dict[str, str] = {}
        for name, value in response.getheaders():
            found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
        return Answer(response.status, found, response.read(), f"{method} {path[:200]}")
    finally:
        connection.close()


def patiently(ask: Callable[[], Answer]) -> Answer:
    """The answer; where there were too many requests, wait as told and ask again."""
    for _ in range(RATE_LIMITED_TRIES):
        answer = ask()
        if answer.status != 429 or answer.code != "rate_limited":
            break
        time.sleep(float(answer.headers["retry-after"]))
    return answer


@dataclass
class Person:
    """Somebody at the gateway: with a token, or nobody in particular."""

    gateway: str
    token: str | None = None
    name: str = ""

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call the gateway: `body` goes as JSON, `raw` as it is. Where there were too many requests, wait as told."""
        octets = raw if raw is not None else None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if octets is not None:
            sent["Content-Type"] = "application/json"
        sent |= dict(headers or {})
        return patiently(lambda: send(method, self.gateway, octets, sent, target=path))

    def get(self, path: str, **more: Any) -> Answer:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.call("POST", path, {} if body is None and "raw" not in more else body, **more)

    def delete(self, path: str, **more: Any) -> Answer:
        return self.call("DELETE", path, **more)

    # --- what people do -------------------------------------------------------------------------------------

    def with_profile(self, **fields: Any) -> "Person":
        """This person, now with a profile of their own name."""
        self.post("/profiles", {"username": self.name, "full_name": self.name.title()} | fields).expect(200)
        return self

    def asks(self, file_type: str, content_type: str = "image/jpeg", **more: Any) -> Any:
        """The answer of POST /upload-url."""
        asked = {"file_type": file_type, "content_type": content_type} | more
        return self.post("/upload-url", asked).expect(200)

    def puts(self, place: Any, octets: bytes) -> Answer:
        """Send the bytes straight to S3, as the place says."""
        return send(place["method"], place["upload_url"], octets, place["headers"])

    def sends(self, file_type: str, octets: bytes, content_type: str = "image/jpeg", **more: Any) -> Any:
        """Ask for a place and send the bytes; what was answered for the place."""
        place = self.asks(file_type, content_type, **more)
        self.puts(place, octets).expect(200)
        return place

    def completes(self, place: Any) -> Answer:
        return self.post(f"/uploads/{place['upload_id']}/complete")

    def uploads(self, file_type: str, octets: bytes, content_type: str = "image/jpeg", **more: Any) -> Any:
        """Ask, send and complete: what the completed upload is."""
        return self.completes(self.sends(file_type, octets, content_type, **more)).expect(200)

    def state_of(self, place: Any) -> Any:
        return self.get(f"/uploads/{place['upload_id']}").expect(200)


class People:
    """Everyone at one stack; each call makes a new person."""

    def __init__(self, stack: Runner) -> None:
        self.stack = stack
        self.nobody = Person(stack.gateway)

    def new(self, name: str = "person") -> Person:
        """A person in the local user pool whose name nobody had before."""
        unique = f"{name}-{uuid.uuid4().hex[:10]}"
        return Person(self.stack.gateway, self.stack.token(unique), unique)


def a_picture(
    width: int = 640, height: int = 480, colour: tuple[int, int, int] = (200, 30, 30), kind: str = "JPEG"
) -> bytes:
    """A picture of one colour, in JPEG, PNG or WEBP."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(written, kind)
    return written.getvalue()


def a_heavy_picture() -> bytes:
    """Some 1.5 MB of noise in 1200×900, which takes its time on a slow line."""
    written = io.BytesIO()
    Image.effect_noise((1200, 900), 90).convert("RGB").save(written, "JPEG", quality=98)
    return written.getvalue()


def a_pdf(extra: str = "") -> bytes:
    """A PDF of one empty page; `extra` goes into its catalog."""
    objects = (
        f"<< /Type /Catalog /Pages 2 0 R {extra} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
    )
    written = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, text in enumerate(objects, 1):
        offsets.append(len(written))
        written += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = (
        f"xref\n0 4\n0000000000 65535 f \n{table}trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n{len(written)}\n%%EOF\n"
    )
    return bytes(written) + end.encode()


def looked_at(octets: bytes) -> tuple[str | None, tuple[int, int]]:
    """A picture's format and its width and height, by decoding it whole."""
    with Image.open(io.BytesIO(octets)) as image:
        image.load()
        return image.format, image.size


def colour_of(octets: bytes) -> tuple[int, ...]:
    """The colour in the middle of a picture."""
    with Image.open(io.BytesIO(octets)) as image:
        found = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert isinstance(found, tuple)
    return tuple(int(part) for part in found)


def is_near(found: tuple[int, ...], colour: tuple[int, ...]) -> bool:
    """Whether two colours differ by no more than what JPEG does to them."""
    return all(abs(one - other) <= 6 for one, other in zip(found, colour, strict=True))


def fetched(url: str) -> Answer:
    """GET an address as an <img> does: without a token, one redirect followed."""
    first = patiently(lambda: send("GET", url))
    return send("GET", first.headers["location"]) if first.status == 302 else first


def in_path(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")
