"""Requests read strictly: never a 500, and nothing that two parsers could read as two things."""

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import EXCLUDE, RAISE, Schema, fields
from werkzeug.exceptions import RequestEntityTooLarge

from metadata_service import strict_json
from metadata_service.errors import InvalidJson, ValidationFailed


class Strict(Schema):
    class Meta:
        unknown = RAISE

    number = fields.Integer(strict=True)
    text = fields.String()


class Lenient(Schema):
    class Meta:
        unknown = EXCLUDE

    text = fields.String(required=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"text":"a"}x',
        b"\xef\xbb\xbf{}",
        '{"text":"a"}'.encode("utf-16"),
        b'{"text":"\xff"}',
        b'{"text":"\\ud800"}',
        b'{"\\udfff":"a"}',
        b'{"text":"a","text":"b"}',
        b'{"text":"a","\\u0074ext":"b"}',
        b'{"number":NaN}',
        b'{"number":Infinity}',
        b'{"number":-Infinity}',
        b'{"number":1e400}',
        b'{"number":' + b"9" * 6000 + b"}",
        b'{"text":' + b"[" * 21 + b"]" * 21 + b"}",
        b'{"text":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"text":' + b'{"a":' * 12_000,
        b'{"text":"a\nb"}',
        b"{'text':1}",
        b'{"number":01}',
    ],
)
def test_s20_what_is_not_strict_json_is_refused(body: bytes) -> None:
    with Flask("t").test_request_context(method="POST", data=body), pytest.raises(InvalidJson) as refused:
        strict_json.body(Strict())
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "body", [b'{"number":1.5}', b'{"number":1.0}', b'{"number":"1"}', b'{"number":true}', b'{"x":1}']
)
def test_s20_a_field_of_another_type_is_named(body: bytes) -> None:
    with Flask("t").test_request_context(method="POST", data=body), pytest.raises(ValidationFailed) as refused:
        strict_json.body(Strict())
    assert list(refused.value.answer()["fields"]) == list(json.loads(body))


def test_twenty_levels_are_taken() -> None:
    text = b"[" * 20 + b"]" * 20
    assert strict_json.decode(text) == json.loads(text)


def test_brackets_in_text_are_no_levels() -> None:
    text = json.dumps({"text": "[{" * 50 + '\\"'}).encode()
    assert strict_json.decode(text)["text"].startswith("[{[{")


def test_a_body_beyond_64_kib_is_too_large() -> None:
    body = b'{"text":"' + b"a" * 64 * 1024 + b'"}'
    with Flask("t").test_request_context(method="POST", data=body), pytest.raises(RequestEntityTooLarge):
        strict_json.body(Strict())


def test_an_optional_body_may_be_absent_but_not_wrong() -> None:
    with Flask("t").test_request_context(method="POST"):
        assert strict_json.body(Strict(), optional=True) == {}
    with Flask("t").test_request_context(method="POST", data=b"{"), pytest.raises(InvalidJson):
        strict_json.body(Strict(), optional=True)


@given(st.binary(max_size=300))
def test_s20_any_bytes_are_json_or_refused(text: bytes) -> None:
    try:
        strict_json.decode(text)
    except InvalidJson:
        return
    json.loads(text)


@given(
    st.recursive(
        st.one_of(st.text(), st.integers(-(10**30), 10**30), st.booleans(), st.none()),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
        max_leaves=15,
    )
)
def test_what_is_json_is_read_as_it_is(value: Any) -> None:
    assert strict_json.decode(json.dumps(value).encode()) == value


def test_a_parameter_given_twice_is_refused() -> None:
    with Flask("t").test_request_context("/?text=a&text=a"), pytest.raises(ValidationFailed):
        strict_json.query(Lenient())
    with Flask("t").test_request_context("/?text=a&other=b&other=c"), pytest.raises(ValidationFailed):
        strict_json.query(Lenient())
    with Flask("t").test_request_context("/?text=a&other=b"):
        assert strict_json.query(Lenient()) == {"text": "a"}
