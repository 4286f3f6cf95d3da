"""Uploads in parts as Uppy makes them: version 6 by `signRequest`, 4 and 5 by Companion's routes."""

import json
import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote

import requests
from PIL import Image

from tests.integration.uploads_stack import Answer, Person

MIB = 2**20


def a_heavy_picture(size: tuple[int, int] = (2400, 2000)) -> bytes:
    """Noise, which no encoder makes small: some 9 MB of JPEG."""
    written = BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(written, "JPEG", quality=100)
    return written.getvalue()


def in_parts(octets: bytes, size: int = 5 * MIB) -> list[bytes]:
    return [octets[start : start + size] for start in range(0, len(octets), size)]


@dataclass
class Companion:
    """What Uppy 5 does by its `endpoint`; `key` and `multipart_id` are what the answer to its beginning said."""

    person: Person
    key: str
    multipart_id: str
    upload_id: str
    file_type: str = "photo"

    @classmethod
    def creates(cls, person: Person, file_type: str = "photo", **said: Any) -> "Companion":
        answer = asks_to_create(person, file_type, **said)
        assert answer.status_code == 200, answer.text
        return cls(person, answer.json["key"], answer.json["uploadId"], answer.headers["X-Upload-Id"], file_type)

    def asks(self, method: str, more: str = "", **options: Any) -> Answer:
        """One of the routes below the upload's own; `key` in the query is the upload's, unless it is named."""
        query = {"key": options.pop("key", self.key), **options.pop("query", {})}
        path = f"/uppy/{self.file_type}/s3/multipart/{quote(self.multipart_id, safe='')}{more}"
        asked = "&".join(f"{name}={quote(text, safe='')}" for name, text in query.items() if text is not None)
        return self.person.ask(method, f"{path}?{asked}", **options)

    def sends(self, number: int, octets: bytes) -> dict[str, Any]:
        answer = self.asks("GET", f"/{number}")
        assert answer.status_code == 200, answer.text
        return {"PartNumber": number, "ETag": put(answer.json["url"], octets)}

    def sends_all(self, octets: bytes) -> list[dict[str, Any]]:
        return [self.sends(number, part) for number, part in enumerate(in_parts(octets), 1)]

    def listed(self) -> list[dict[str, Any]]:
        """The parts that S3 has, as Uppy 5 reads them."""
        answer = self.asks("GET")
        assert answer.status_code == 200, answer.text
        parts: list[dict[str, Any]] = json.loads(answer.text)
        return parts

    def completes(self, parts: list[dict[str, Any]], **more: Any) -> Answer:
        return self.asks("POST", "/complete", json={"parts": parts}, **more)


def asks_to_create(person: Person, file_type: str = "photo", **said: Any) -> Answer:
    asked = {"filename": "cat.jpg", "type": "image/jpeg", "metadata": {"name": "cat.jpg"}} | said
    given = {name: value for name, value in asked.items() if value is not None}
    return person.ask("POST", f"/uppy/{file_type}/s3/multipart", json=given)


def put(url: str, octets: bytes) -> str:
    """Send a part; its ETag, in quotes."""
    sent = requests.put(url, data=octets, timeout=20)
    assert sent.status_code == 200, sent.text
    return sent.headers["ETag"]


@dataclass
class SignRequest:
    """What Uppy 6 does by `signRequest`."""

    person: Person
    file_type: str = "photo"
    key: str = "cat.jpg"
    multipart_id: str | None = None
    upload_id: str = ""

    def asks(self, method: str, **more: Any) -> Answer:
        asked = {"method": method, "key": self.key, "uploadId": self.multipart_id} | more
        given = {name: value for name, value in asked.items() if value is not None}
        return self.person.ask("POST", f"/uppy/{self.file_type}/sign", json=given)

    def signed(self, method: str, **more: Any) -> dict[str, Any]:
        answer = self.asks(method, **more)
        assert answer.status_code == 200, answer.text
        return answer.json

    def creates(self, **more: Any) -> "SignRequest":
        answer = self.asks("POST", **more)
        assert answer.status_code == 200, answer.text
        begun = answer.json
        created = requests.post(begun["url"], headers=begun["headers"], timeout=10)
        found = re.search(r"<UploadId>(.*)</UploadId>", created.text)
        assert found, created.text
        self.key, self.multipart_id, self.upload_id = begun["key"], found[1], answer.headers["X-Upload-Id"]
        return self

    def sends(self, number: int, octets: bytes) -> dict[str, Any]:
        return {"PartNumber": number, "ETag": put(self.signed("PUT", partNumber=number)["url"], octets)}

    def sends_all(self, octets: bytes) -> list[dict[str, Any]]:
        return [self.sends(number, part) for number, part in enumerate(in_parts(octets), 1)]

    def completes_at_s3(self, parts: list[dict[str, Any]]) -> requests.Response:
        listed = "".join(
            f"<Part><PartNumber>{part['PartNumber']}</PartNumber><ETag>{part['ETag'].strip(chr(34))}</ETag></Part>"
            for part in parts
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>"
        signed = self.signed("POST")
        headers = {"Content-Type": "application/xml", **signed["headers"]}
        return requests.post(signed["url"], data=body, headers=headers, timeout=20)


def at_s3(person: Person) -> list[str]:
    """Keys of the uploads in parts that S3 has open of a person."""
    deployment = person.stack.deployment
    listed = deployment.client("s3").list_multipart_uploads(Bucket=deployment.bucket)
    return [each["Key"] for each in listed.get("Uploads", []) if f"/{person.sub}/" in each["Key"]]
