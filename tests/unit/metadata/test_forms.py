"""A form with one file: taken as browsers and .NET send it, refused in words where it is none, and never an error."""

import io
from contextlib import suppress

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.test import create_environ

from metadata_service import forms
from metadata_service.errors import ValidationFailed
from metadata_service.forms import SentFile

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
LONGEST = 1_000
JPEG = b"\xff\xd8 --not a boundary-- \r\n\r\n-- \xff\xd9"


def part(head: str, octets: bytes = JPEG) -> bytes:
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode("latin-1") + octets + b"\r\n"


def a_file(name: str = "file", filename: str = "me.jpg", octets: bytes = JPEG, kind: str = "image/jpeg") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {kind}'
    return part(head, octets)


def a_form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def read(body: bytes, content_type: str = MULTIPART, length: int | None = None, longest: int = LONGEST) -> SentFile:
    """What comes of a request with this body that says that it has this length."""
    said = str(len(body) if length is None else length)
    environ = create_environ(method="POST")
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": said, "CONTENT_TYPE": content_type}
    with Flask(__name__).request_context(environ):
        return forms.file("file", longest)


@pytest.mark.parametrize(
    "parts",
    [
        [a_file()],
        [part('Content-Disposition: form-data; name="__token"', b"abc"), a_file()],
        [a_file("thumbnail", "other.gif", b"GIF89a", "image/gif"), a_file()],
        [a_file(kind="IMAGE/JPEG; charset=binary")],
        [a_file(filename="../../../etc/passwd")],
        [a_file(filename='a\\"; name=\\"other.jpg')],
        [part("content-disposition: form-data; name=file; filename=me.jpg\r\nContent-Type: image/jpeg")],
        [part("Content-Disposition: form-data; name=file; filename*=utf-8''%E2%82%AC.jpg\r\nContent-Type: image/jpeg")],
        # Angular and others append a bare blob, which has a type and an empty name.
        [a_file(filename="")],
    ],
)
def test_the_file_is_read_as_it_was_sent(parts: list[bytes]) -> None:
    assert read(a_form(*parts)) == SentFile("image/jpeg", JPEG)


def test_a_file_as_long_as_may_be_is_read_whole() -> None:
    octets = b"\r\n--" * (LONGEST // 4)
    assert read(a_form(a_file(octets=octets))).octets == octets


def test_a_file_longer_than_what_is_read_at_once_is_read_whole() -> None:
    octets = bytes(range(256)) * 4_096
    assert read(a_form(a_file(octets=octets)), longest=len(octets)).octets == octets


REFUSED: dict[str, tuple[bytes, str]] = {
    "json": (b'{"file": "x"}', "application/json"),
    "a form that is no multipart": (b"file=x", "application/x-www-form-urlencoded"),
    "raw bytes": (JPEG, "image/jpeg"),
    "no type": (a_form(a_file()), ""),
    "no boundary": (a_form(a_file()), "multipart/form-data"),
    "another boundary": (a_form(a_file()), "multipart/form-data; boundary=x"),
    "a boundary in no alphabet": (a_form(a_file()), "multipart/form-data; boundary=\u00fc"),
    "nothing": (b"", MULTIPART),
    "no part": (a_form(), MULTIPART),
    "another field": (a_form(a_file("photo")), MULTIPART),
    "another case": (a_form(a_file("File")), MULTIPART),
    "a field without a file name": (a_form(part('Content-Disposition: form-data; name="file"')), MULTIPART),
    "two files": (a_form(a_file(), a_file()), MULTIPART),
    "nobody chose a file": (a_form(a_file(filename="", octets=b"", kind="application/octet-stream")), MULTIPART),
    "cut off in the file": (a_form(a_file())[:-60], MULTIPART),
    "cut off in a header": (a_form(a_file())[:80], MULTIPART),
    "without its last boundary": (a_file(), MULTIPART),
    "a part without a disposition": (a_form(part("Content-Type: image/jpeg")), MULTIPART),
    "a header in no UTF-8": (a_form(part('Content-Disposition: form-data; name="file"; filename="\xfc"')), MULTIPART),
    "a part without a name": (a_form(part('Content-Disposition: form-data; filename="a.jpg"')), MULTIPART),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_form_with_one_file_is_refused_in_words(case: str) -> None:
    body, content_type = REFUSED[case]
    with pytest.raises(ValidationFailed) as refused:
        read(body, content_type)
    [sentence] = refused.value.fields["file"]
    assert sentence


@pytest.mark.parametrize(
    "body",
    [
        a_form(a_file(octets=b"x" * (LONGEST + forms.AROUND))),
        a_form(*[part(f'Content-Disposition: form-data; name="f{n}"', b"x") for n in range(forms.MOST_PARTS + 1)]),
    ],
)
def test_a_form_that_is_too_large_is_refused(body: bytes) -> None:
    with pytest.raises(RequestEntityTooLarge):
        read(body)


@pytest.mark.parametrize("said", [LONGEST + forms.AROUND + 1, 2**63])
def test_a_length_that_is_too_large_is_refused_before_anything_is_read(said: int) -> None:
    with pytest.raises(RequestEntityTooLarge):
        read(b"", length=said)


@pytest.mark.parametrize("said", [len(a_form(a_file())) + 10, len(a_form(a_file())) - 60, 0])
def test_a_length_that_is_not_the_bodys_makes_no_file(said: int) -> None:
    with pytest.raises((ValidationFailed, BadRequest)):
        read(a_form(a_file()), length=said)


PIECES = [
    b"--",
    BOUNDARY.encode(),
    b"\r\n",
    b"\n",
    b"\r",
    b'Content-Disposition: form-data; name="file"',
    b"; filename",
]
PIECES += [b'="a"', b"*=utf-8''%", b"Content-Type: image/jpeg", b":", b'"', b"\\", b" ", b"\t", b"\x00", b"\xff", JPEG]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=40).map(b"".join))
def test_no_bytes_make_anything_but_a_file_or_a_refusal(body: bytes) -> None:
    for form in (body, a_form(part(body.decode("latin-1"))), a_form(a_file(), body)):
        with suppress(ValidationFailed, RequestEntityTooLarge):
            assert isinstance(read(form), SentFile)


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40))
def test_no_content_type_makes_anything_but_a_file_or_a_refusal(parameters: str) -> None:
    with suppress(ValidationFailed):
        assert isinstance(read(a_form(a_file()), f"multipart/form-data; {parameters}"), SentFile)
